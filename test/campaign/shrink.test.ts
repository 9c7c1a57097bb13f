import { beforeAll, describe, expect, it } from 'vitest';
import { withClients, withReplicas } from '../../src/campaign/shrink/hosts.ts';
import { milliseconds, scalarsOf, smallerValues } from '../../src/campaign/shrink/scalars.ts';
import type { ShrinkBudget } from '../../src/campaign/shrink/search.ts';
import { type Shrunk, shrink } from '../../src/campaign/shrink/shrink.ts';
import { storyOf } from '../../src/cli/commands/shrink.ts';
import { traceHostName } from '../../src/cli/host-names.ts';
import { pctPlan } from '../../src/faults/pct.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { storyText } from '../../src/report/story.ts';
import { runPlan } from '../../src/scenarios/run.ts';

/** The storm in which a replica that forgot its log votes (test/selfcheck/kills.json). */
const PLAN: RunPlan = { ...swarmPlan(27), mutant: 'blank-voter' };

function budget(runsMax: number, changes: Partial<ShrinkBudget> = {}): ShrinkBudget {
  return { runsMax, wallMs: 600_000, nowMs: () => 0, cancelled: () => false, breathe: async () => {}, ...changes };
}

describe('shrinking a planted bug', () => {
  let shrunk: Shrunk;

  beforeAll(async () => {
    const found = await shrink(PLAN, runPlan, { ...budget(90), onPass: () => {} });
    if (found === null) throw new Error('the plan of blank-voter does not fail: see test/selfcheck/kills.json');
    shrunk = found;
  });

  it('keeps property and site, and leaves little', () => {
    const { original, minimal, failure } = shrunk;
    expect(failure.property).toBe('INV-DURABLE-ACK');
    expect(minimal.finding).toMatchObject(failure);
    expect(minimal.counts.faults).toBeLessThanOrEqual(3);
    expect(minimal.counts.operations).toBeLessThanOrEqual(20);
    expect(minimal.counts.decisions).toBe(0);
    expect(minimal.counts.events).toBeLessThan(original.events);
  });

  it('gives a plan that fails alike from its file, and passes without the bug', async () => {
    const plan = JSON.parse(JSON.stringify(shrunk.minimal.plan)) as RunPlan;
    const { result } = await runPlan(plan, { recording: false });
    expect(result.findings).toContainEqual(shrunk.minimal.finding);
    const honest = await runPlan({ ...plan, mutant: null }, { recording: false });
    expect(honest.result.findings).toEqual([]);
  });

  it('names the nearest neighbour that passes', () => {
    const [nearest] = shrunk.neighbours;
    expect(nearest).toMatchObject({ passes: true });
    expect(shrunk.neighbours.find(({ change }) => change.kind === 'without-bug')).toMatchObject({ passes: true });
    // The journal's loss is the heart of the storm.
    const heart = shrunk.neighbours.find(
      ({ change }) => change.kind === 'without-fault' && change.fault.kind === 'disk.file-lost',
    );
    expect(heart).toMatchObject({ passes: true });
  });

  it('tells the story', async () => {
    const { plan } = shrunk.minimal;
    const outcome = await runPlan(plan, { recording: true, recordDecisions: true });
    const text = storyText(storyOf(shrunk, outcome), (host) => traceHostName(plan, host));
    // Times move with every change of the protocol; the story does not.
    expect(text.replace(/\d+(\.\d+)?/g, '#').replace(/[│┌└├┤┐┘┬┴┼─]+ ?/g, '|')).toMatch(
      /planted bug blank-voter[\s\S]*faults[\s\S]*client operations[\s\S]*disk\.file-lost \(storm-loss\) strikes replica-#[\s\S]*INV-DURABLE-ACK[\s\S]*nearest passing neighbour: with[\s\S]* it passes\.\nWithout the planted bug blank-voter it passes\./,
    );
  });

  it('gives the same plan for the same number of runs, and the best so far when it is cut off', async () => {
    const few = await shrink(PLAN, runPlan, { ...budget(14), onPass: () => {} });
    const again = await shrink(PLAN, runPlan, { ...budget(14), onPass: () => {} });
    expect(few?.minimal.plan).toEqual(again?.minimal.plan);
    expect(few?.ended).toBe('runs');
    let runs = 0;
    const cancelled = (): boolean => runs >= 8;
    const breathe = async (): Promise<void> => void runs++;
    const cut = await shrink(PLAN, runPlan, { ...budget(1_000, { cancelled, breathe }), onPass: () => {} });
    expect(cut).toMatchObject({ ended: 'cancelled', neighbours: [] });
    expect(cut?.runs).toBeLessThan(20);
    const late = await shrink(PLAN, runPlan, { ...budget(1_000, { nowMs: () => runs++ * 100_000 }), onPass: () => {} });
    expect(late?.ended).toBe('time');
  });

  it('has nothing to do for a plan that does not fail', async () => {
    expect(await shrink({ ...PLAN, mutant: null }, runPlan, { ...budget(50), onPass: () => {} })).toBeNull();
  });
});

describe('shrinking a plan with an order of hosts', () => {
  it('leaves the order out where the failure does not need it', async () => {
    const unfair: RunPlan = { ...pctPlan(1), mutant: 'ack-before-sync' };
    const shrunk = await shrink(unfair, runPlan, { ...budget(12), onPass: () => {} });
    expect(unfair.scheduling).toBeDefined();
    expect(shrunk?.minimal.plan.scheduling).toBeUndefined();
  });
});

describe('numbers of a plan', () => {
  it('shrink when the plan was read from JSON', () => {
    const read = JSON.parse(JSON.stringify(swarmPlan(3))) as RunPlan;
    const scalars = scalarsOf(read);
    expect(scalars.length).toBeGreaterThan(10);
    for (const scalar of scalars) {
      const values = smallerValues(scalar);
      if (scalar.value > 1 && scalar.path.endsWith('atUs')) expect(values.length, scalar.path).toBeGreaterThan(0);
      for (const value of values) {
        expect(value, scalar.path).toBeLessThan(scalar.value);
        const put = scalar.put(read, value);
        expect(scalarsOf(put).find(({ path }) => path === scalar.path)?.value ?? value, scalar.path).toBe(value);
      }
    }
  });

  it('go through whole milliseconds by an inverse', () => {
    const arbitrary = milliseconds(0, 5_000);
    expect(arbitrary.canShrinkWithoutContext(2_000_000)).toBe(true);
    expect(arbitrary.canShrinkWithoutContext(2_000_001)).toBe(false);
    const smaller = [...arbitrary.shrink(2_000_000, undefined)].map(({ value }) => value);
    expect(smaller.length).toBeGreaterThan(3);
    for (const value of smaller) expect(value % 1_000).toBe(0);
  });
});

describe('fewer hosts', () => {
  const plan: RunPlan = {
    ...swarmPlan(1, { replicaCount: 5, clientCount: 3 }),
    faults: [
      {
        label: 'a',
        kind: 'process.crash',
        trigger: { kind: 'on', mark: 'ack', nth: 1, host: 4, delayUs: 0 },
        target: { kind: 'hosts', hosts: [1, 4] },
        durationUs: 0,
        params: {},
      },
      {
        label: 'b',
        kind: 'client.crash',
        trigger: { kind: 'at', atUs: 5 },
        target: { kind: 'hosts', hosts: [7] },
        durationUs: 0,
        params: {},
      },
    ],
    decisions: [
      {
        kind: 'packet',
        what: 'loss',
        from: 4,
        to: 5,
        message: 'reply',
        tag: 4,
        id0: 1,
        id1: 1,
        attempt: 0,
        delayUs: 0,
      },
      { kind: 'rarity', name: 'x', host: 2, key: 0 },
    ],
  };

  it('renumbers targets, triggers, clocks and decisions', () => {
    const three = withReplicas(plan, [1, 3, 4]);
    expect(three.cluster.replicaCount).toBe(3);
    expect(three.clock.driftPpm).toHaveLength(6);
    expect(three.faults.map(({ target }) => target)).toEqual([
      { kind: 'hosts', hosts: [0, 2] },
      { kind: 'hosts', hosts: [5] },
    ]);
    expect(three.faults[0]?.trigger).toMatchObject({ host: 2 });
    expect(three.decisions).toEqual([{ ...plan.decisions?.[0], from: 2, to: 3 }]);
  });

  it('renumbers the order of hosts, so that a plan of the strategy pct stays readable', () => {
    const unfair = {
      ...plan,
      scheduling: { kind: 'pct', ranks: [7, 6, 5, 4, 3, 2, 1, 0], delayUsMax: 1_000 },
    } as const;
    const changes = [
      { host: 1, afterEvents: 9 },
      { host: 7, afterEvents: 5 },
    ];
    const pct: RunPlan = { ...unfair, scheduling: { ...unfair.scheduling, changes } };
    expect(withReplicas(pct, [1, 3, 4]).scheduling).toMatchObject({
      ranks: [6, 4, 3, 2, 1, 0],
      changes: [
        { host: 0, afterEvents: 9 },
        { host: 5, afterEvents: 5 },
      ],
    });
    const two = withClients(pct, 2);
    expect(two.scheduling).toMatchObject({ ranks: [7, 6, 5, 4, 3, 2, 1], changes: [{ host: 1, afterEvents: 9 }] });
    expect(readPlan(JSON.parse(JSON.stringify(two))).kind).toBe('plan');
  });

  it('drops what concerned only those who are gone', () => {
    const two = withClients(plan, 2);
    expect(two.faults.map(({ label }) => label)).toEqual(['a']);
    expect(two.clock.driftPpm).toHaveLength(7);
    expect(two.decisions).toHaveLength(2);
    expect(withReplicas(plan, [0, 1, 2]).faults.map(({ label }) => label)).toEqual(['b']);
  });
});
