import { describe, expect, test } from 'vitest';
import type { Replica } from '../../src/cluster/vsr/replica.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { bucket, Coverage } from '../../src/scenarios/coverage.ts';
import { runPlan } from '../../src/scenarios/run.ts';

async function covered(plan: RunPlan): Promise<ReadonlySet<number>> {
  const { result } = await runPlan(plan, { recording: false, coverage: true });
  return new Set(result.coverage);
}

describe('coverage of a run', () => {
  test('is there only when asked for, sorted and distinct, and changes nothing else', async () => {
    const plan = swarmPlan(3);
    const { result: without } = await runPlan(plan, { recording: false });
    const { result } = await runPlan(plan, { recording: false, coverage: true });
    expect(without.coverage).toBeUndefined();
    const { coverage, ...rest } = result;
    expect(rest).toEqual(without);
    expect(coverage!.length).toBeGreaterThan(100);
    expect([...new Set(coverage)].sort((left, right) => left - right)).toEqual(coverage);
    for (const feature of coverage!) expect(feature >>> 0).toBe(feature);
  });

  test('of two runs overlaps for the most part: states are abstract', async () => {
    const [first, second] = [await covered(swarmPlan(4)), await covered(swarmPlan(5))];
    const common = [...first].filter((feature) => second.has(feature)).length;
    expect(common).toBeGreaterThan(Math.min(first.size, second.size) / 4);
  });

  test('grows with trouble: a run without faults shows less', async () => {
    const plan = swarmPlan(4);
    const quiet = await covered({ ...plan, faults: [] });
    const troubled = await covered(plan);
    expect(quiet.size).toBeLessThan(troubled.size);
  });

  test('says nothing of faults: one that changes no state of the protocol adds no feature', async () => {
    const [fault] = swarmPlan(1).faults;
    const plan = { ...swarmPlan(4), faults: [] };
    const harmless = {
      ...fault!,
      label: 'harmless',
      kind: 'clock.step',
      trigger: { kind: 'at', atUs: 5_000_000 },
      target: { kind: 'hosts', hosts: [1] },
      durationUs: 0,
      params: { ms: 1 },
    } as const;
    const { result } = await runPlan({ ...plan, faults: [harmless] }, { recording: false, coverage: true });
    expect(result.faultsFired).toEqual(['harmless']);
    expect(new Set(result.coverage)).toEqual(await covered(plan));
  });
});

/** As much of a replica as coverage looks at. */
function replica(id: number, changes: Partial<Replica> = {}): Replica {
  const fields = {
    replica: id,
    status: 'normal',
    view: 0,
    proposed: 0,
    voteSent: false,
    chosen: false,
    installing: false,
    mustRecover: false,
    recoveryAnswers: new Map(),
    transferring: false,
    pendingCheckpoint: null,
    commit: 3,
    catchUpTo: 0,
    op: 3,
    checkpointOp: 0,
    dirty: false,
    isLeader: () => false,
    ...changes,
  };
  return fields as unknown as Replica;
}

describe('features', () => {
  test('numbers are bucketed as R25 says', () => {
    expect([0, 1, 2, 3, 7, 8, 1_000].map(bucket)).toEqual([0, 1, 2, 3, 3, 4, 4]);
  });

  test('do not depend on which replica is in which state', () => {
    const seen = (order: readonly number[]): readonly number[] => {
      const coverage = new Coverage(3);
      for (const id of order) coverage.sees(replica(id, id === order[2] ? { status: 'view-change' } : {}), true);
      return coverage.features();
    };
    expect(seen([2, 0, 1])).toEqual(seen([0, 1, 2]));
  });

  test('tell statuses, stages and journals apart, and repeat nothing', () => {
    const coverage = new Coverage(3);
    coverage.sees(replica(0), true);
    const before = coverage.features().length;
    coverage.sees(replica(0, { op: 4, commit: 4 }), true);
    // 3 and 4 ops above the checkpoint are one bucket.
    expect(coverage.features().length).toBe(before);
    coverage.sees(replica(0, { status: 'view-change', voteSent: true }), false);
    const voted = coverage.features().length;
    expect(voted).toBeGreaterThan(before);
    coverage.sees(replica(0, { mustRecover: true, status: 'recovering' }), false);
    expect(coverage.features().length).toBeGreaterThan(voted);
  });

  test('marks count, and pairs of different marks of one host; marks of faults and of mutants do not', () => {
    const coverage = new Coverage(3);
    for (const mark of ['fault:process.crash', 'mutant-fired']) coverage.reaches(mark, 0);
    expect(coverage.features()).toEqual([]);
    coverage.reaches('view-started', 0);
    coverage.reaches('view-started', 0);
    coverage.reaches('view-joined', 1);
    expect(coverage.features()).toHaveLength(2);
    coverage.reaches('view-joined', 0);
    expect(coverage.features()).toHaveLength(3);
  });
});
