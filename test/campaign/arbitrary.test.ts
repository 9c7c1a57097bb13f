import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawnPlan, planArbitrary } from '../../src/campaign/plan-arbitrary.ts';
import { fitPlan } from '../../src/faults/fit.ts';
import { faultKind, validateFault } from '../../src/faults/kinds.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { uniformPlan } from '../../src/faults/uniform.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { runPlan } from '../../src/scenarios/run.ts';

const SEEDS = Array.from({ length: 200 }, (_none, index) => index + 1);
const drawn = SEEDS.map(drawnPlan);

/** What a plan is after a file. */
function reread(plan: RunPlan): RunPlan {
  const reading = readPlan(JSON.parse(JSON.stringify(plan)));
  if (reading.kind === 'mistake') throw new Error(`${reading.mistake.path}: ${reading.mistake.problem}`);
  return reading.plan;
}

describe.each([
  ['drawn', drawn],
  ['uniform', SEEDS.map(uniformPlan)],
] as const)('%s plans', (_name, plans) => {
  test('survive being written and read', () => {
    for (const plan of plans) expect(reread(plan)).toEqual(plan);
  });

  test('hold faults that the nemesis takes, on hosts that exist', () => {
    for (const { cluster, faults } of plans) {
      const hosts = cluster.replicaCount + cluster.clientCount;
      expect(new Set(faults.map(({ label }) => label)).size).toBe(faults.length);
      for (const fault of faults) {
        expect(validateFault(fault)).toBeNull();
        if (fault.target.kind !== 'hosts') continue;
        const onlyReplicas = faultKind(fault.kind)?.targets !== 'clients';
        const [low, high] = onlyReplicas ? [0, cluster.replicaCount] : [cluster.replicaCount, hosts];
        for (const host of fault.target.hosts) expect(host >= low && host < high).toBe(true);
      }
    }
  });

  test('of one seed are the same, of two seeds differ', () => {
    expect(new Set(plans.map((plan) => JSON.stringify({ ...plan, seed: 0 }))).size).toBe(SEEDS.length);
  });
});

describe('drawn plans', () => {
  test('depend on nothing but the seed', () => {
    for (const seed of [7, 150, 3]) expect(drawnPlan(seed)).toEqual(drawn[seed - 1]);
  });

  test('are of every sort: triggers at moments, writes of a zone, correlated power loss, both sizes of cluster', () => {
    const faults = drawn.flatMap((plan) => plan.faults);
    const marks = new Set(faults.map(({ trigger }) => (trigger.kind === 'on' ? trigger.mark : 'at')));
    for (const mark of ['at', 'prepare-quorum', 'checkpoint-durable', 'view-change-started', 'write:journal-headers']) {
      expect(marks).toContain(mark);
    }
    const blackouts = faults.filter(({ kind, target }) => kind === 'host.power-loss' && target.kind === 'role');
    expect(blackouts.some(({ target }) => target.kind === 'role' && target.role === 'all-replicas')).toBe(true);
    const sizes = drawn.map((plan) => plan.cluster.replicaCount);
    expect(sizes.filter((size) => size === 3).length).toBeGreaterThan(60);
    expect(sizes.filter((size) => size === 5).length).toBeGreaterThan(60);
    // Swarm testing: kinds are missing from a plan, so that they do not suppress others.
    for (const plan of drawn) expect(new Set(plan.faults.map(({ kind }) => kind)).size).toBeLessThan(13);
  });

  test('shrink after having been read from a file, without the context in which they were drawn', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const plan = reread(drawnPlan(seed));
      const arbitrary = planArbitrary({ ...swarmPlan(seed), faults: [] });
      expect(arbitrary.canShrinkWithoutContext(plan)).toBe(true);
      const simpler = arbitrary.shrink(plan, undefined).map((value) => value.value_);
      let looked = 0;
      let fewer = false;
      for (const each of simpler) {
        if (looked++ < 40) expect(reread(each)).toEqual(each);
        fewer ||= each.faults.length < plan.faults.length;
        if (fewer || looked === 2_000) break;
      }
      expect(fewer).toBe(true);
    }
  });

  test('shrink to the fault that a property needs, seldom with one or two others', () => {
    // A stand-in for a run: it fails as long as some fault cuts power.
    const fails = ({ faults }: RunPlan): boolean => faults.some(({ kind }) => kind === 'host.power-loss');
    const plans = drawn.filter((plan) => plan.faults.length > 5 && fails(plan)).slice(0, 20);
    const left = plans.map((plan) => {
      const arbitrary = planArbitrary({ ...swarmPlan(plan.seed), faults: [] });
      const report = fc.check(
        fc.property(arbitrary, (each) => !fails(each)),
        { examples: [[reread(plan)]], numRuns: 1, endOnFailure: false },
      );
      const smallest = report.counterexample![0]!;
      expect(fails(smallest)).toBe(true);
      return smallest.faults.length;
    });
    expect(left.length).toBeGreaterThan(9);
    // A list is shortened from its front only, so that what follows the fault in need may stay.
    expect(Math.max(...left)).toBeLessThan(4);
    expect(left.filter((count) => count === 1).length).toBeGreaterThan(left.length * 0.7);
  });

  test('run, stay in budget and are not vacuous', async () => {
    for (const seed of [1, 2, 4]) {
      const { result } = await runPlan(drawnPlan(seed), { recording: false });
      expect([seed, result.verdict, result.property, result.pending]).toEqual([seed, 'passed', '', '']);
      expect(result.faultsSuppressed.length).toBeLessThanOrEqual(2);
    }
  });
});

describe('fitPlan', () => {
  test('leaves drawn and swarm plans alone', () => {
    for (const plan of drawn) expect(fitPlan(plan)).toEqual(plan);
    const swarm = SEEDS.map((seed) => swarmPlan(seed)).filter(({ faults }) => !faults[0]?.label.startsWith('storm'));
    for (const plan of swarm) expect(fitPlan(plan).faults).toEqual(plan.faults);
  });

  test('brings a plan back that was changed without looking', () => {
    const plan = drawn.find(({ cluster, faults }) => cluster.replicaCount === 5 && faults.length > 3)!;
    const torn: RunPlan = {
      ...plan,
      cluster: { ...plan.cluster, replicaCount: 3, journalSlots: 32, checkpointOps: 31, clientCount: 2 },
      workload: { ...plan.workload, thinkUsMin: 9, thinkUsMax: 3, bodyBytesMin: 9_000, bodyBytesMax: 8_000 },
      faults: [
        ...plan.faults,
        ...plan.faults,
        {
          label: 'late',
          kind: 'process.crash',
          trigger: { kind: 'at', atUs: 900_000_000 },
          target: { kind: 'hosts', hosts: [4] },
          durationUs: 0,
          params: { cause: 'crash', zone: 'none of its own' },
        },
      ],
    };
    const fitted = fitPlan(torn);
    expect(reread(fitted)).toEqual(fitted);
    expect(fitPlan(fitted)).toEqual(fitted);
    const late = fitted.faults.find(({ label }) => label === 'late')!;
    expect(late.trigger.kind === 'at' && late.trigger.atUs < plan.faultPhaseUs).toBe(true);
    expect(late.target).toEqual({ kind: 'hosts', hosts: [1] });
    expect(late.params).toEqual({ cause: 'crash' });
  });
});
