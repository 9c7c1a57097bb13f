import { describe, expect, test } from 'vitest';
import { pctPlan } from '../../src/faults/pct.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { Scheduling } from '../../src/sim/scheduling.ts';

describe('unfair scheduling', () => {
  test('delays messages by the lower rank of the two ends, never beyond its bound', () => {
    const unfair = new Scheduling({ ranks: [0, 1, 2, 3], changes: [], delayUsMax: 3_000 }, 5);
    expect(unfair.delayUs(0, 4)).toBe(0);
    expect(unfair.delayUs(0, 1)).toBe(1_000);
    expect(unfair.delayUs(3, 1)).toBe(3_000);
    for (let from = 0; from < 5; from++)
      for (let to = 0; to < 5; to++) expect(unfair.delayUs(from, to)).toBeLessThanOrEqual(3_000);
  });

  test('a host falls behind all others after so many events of its own, whatever the others do', () => {
    const changes = [
      { host: 0, afterEvents: 3 },
      { host: 0, afterEvents: 5 },
      { host: 1, afterEvents: 1 },
    ];
    const unfair = new Scheduling({ ranks: [0, 1, 2], changes, delayUsMax: 5_000 }, 3);
    for (let event = 0; event < 100; event++) unfair.ran(2);
    expect(unfair.delayUs(0, 0)).toBe(0);
    unfair.ran(0);
    unfair.ran(0);
    expect(unfair.delayUs(0, 0)).toBe(0);
    unfair.ran(0);
    expect(unfair.delayUs(0, 0)).toBe(3_000);
    unfair.ran(1);
    expect(unfair.delayUs(1, 1)).toBe(4_000);
    unfair.ran(0);
    unfair.ran(0);
    expect(unfair.delayUs(0, 0)).toBe(5_000);
    unfair.clear();
    expect(unfair.delayUs(0, 0)).toBe(0);
    unfair.ran(1);
    expect(unfair.delayUs(1, 1)).toBe(0);
  });

  test('ties go by rank, then by the mixed key; the engine comes first', () => {
    const unfair = new Scheduling({ ranks: [1, 0], changes: [], delayUsMax: 0 }, 2);
    expect(unfair.tie(1, 0xffff_ffff)).toBeLessThan(unfair.tie(0, 0));
    expect(unfair.tie(0, 64)).toBeLessThan(unfair.tie(0, 0xffff_ffff));
    expect(unfair.tie(-1, 0xffff_ffff)).toBeLessThan(unfair.tie(0, 0));
  });
});

describe('plans with unfair scheduling', () => {
  const plan = pctPlan(3);

  test('run deterministically, differ from the fair run, and recover once the fault phase is over', async () => {
    const run = async (each: RunPlan) => (await runPlan(each, { recording: false })).result;
    const unfair = await run(plan);
    expect(unfair.verdict).toBe('passed');
    expect((await run(JSON.parse(JSON.stringify(plan)) as RunPlan)).traceHash).toBe(unfair.traceHash);
    const { scheduling: _scheduling, ...fair } = plan;
    expect((await run(fair)).traceHash).not.toBe(unfair.traceHash);
  });

  test('keep every delay below the smallest timeout', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { scheduling, cluster, workload } = pctPlan(seed);
      expect(scheduling!.delayUsMax).toBeLessThan(
        Math.min(cluster.heartbeatUs, cluster.prepareRetryUs, cluster.electionTimeoutUs, workload.retryUs),
      );
      expect([...scheduling!.ranks].sort((left, right) => left - right)).toEqual(
        scheduling!.ranks.map((_rank, index) => index),
      );
    }
  });

  const mistaken = (changes: Partial<NonNullable<RunPlan['scheduling']>>, rest: Partial<RunPlan> = {}) => {
    const reading = readPlan({ ...plan, ...rest, scheduling: { ...plan.scheduling!, ...changes } });
    return reading.kind === 'plan'
      ? ''
      : `${reading.mistake.path} ${reading.mistake.problem}: ${reading.mistake.remedy}`;
  };

  test('are refused with place and remedy', () => {
    expect(mistaken({})).toBe('');
    expect(mistaken({ delayUsMax: 100_000 })).toMatch(/^scheduling.delayUsMax reaches the smallest timeout.*give less/);
    expect(mistaken({ ranks: new Array<number>(60).fill(1) })).toMatch(/^scheduling.ranks names 60 hosts/);
    expect(mistaken({ changes: [{ host: 50, afterEvents: 1 }] })).toMatch(
      /^scheduling.changes\[0\].host does not exist/,
    );
    expect(mistaken({ changes: [{ host: 1, afterEvents: 0 }] })).toMatch(/^scheduling.changes\[0\].afterEvents/);
    expect(mistaken({}, { variant: 'safe' })).toMatch(/^scheduling stands in a safe plan: leave it out/);
    const odd = readPlan({ ...swarmPlan(1), budget: 'none' });
    expect(odd.kind === 'mistake' && odd.mistake.path).toBe('budget');
  });
});
