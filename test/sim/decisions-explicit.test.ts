import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { type Decision, Decisions, keyOf } from '../../src/sim/decisions.ts';

const KILLS = JSON.parse(readFileSync(new URL('../selfcheck/kills.json', import.meta.url), 'utf8')) as Record<
  string,
  number
>;

/** Mutants that fail in most plans, so that consecutive seeds give failing runs. */
const OFTEN = ['ack-before-sync', 'commit-quorum-half', 'primary-resumes', 'projection-ahead', 'ok-counted-twice'];
const FAILING = 50;

const message = { kind: 'prepare', tag: 2, id0: 0, id1: 9 };

const ONE_OF_EACH: readonly Decision[] = [
  {
    kind: 'packet',
    what: 'reorder',
    from: 0,
    to: 1,
    message: 'prepare',
    tag: 2,
    id0: 0,
    id1: 9,
    attempt: 1,
    delayUs: 70,
  },
  { kind: 'rarity', name: 'early-timer', host: 2, key: 7 },
  { kind: 'sector', cause: 'power-loss', label: 'f', host: 1, file: 'wal', sector: 3, version: 4, fate: 'torn' },
  { kind: 'directory', label: 'f', host: 1, sequence: 5, kept: 2 },
];

describe('decisions', () => {
  it('by a list: what is listed deviates, everything else takes its default', () => {
    const decisions = new Decisions(ONE_OF_EACH);
    expect(decisions.packet(1, 'reorder', 0, 1, message, 1, 0)).toBe(70);
    expect(decisions.packet(2, 'reorder', 0, 1, message, 0, 55)).toBe(0);
    expect(decisions.packet(3, 'loss', 0, 1, message, 1, 1)).toBe(0);
    expect(decisions.rarity(4, 'early-timer', 2, 7, false)).toBe(true);
    expect(decisions.rarity(5, 'early-timer', 2, 8, true)).toBe(false);
    expect(decisions.sector(6, 'power-loss', 'f', 1, 'wal', 3, 4, 'lost')).toBe('torn');
    expect(decisions.sector(7, 'power-loss', 'f', 1, 'wal', 3, 5, 'written')).toBe('lost');
    expect(decisions.directory(8, 'f', 1, 5, 0, 1)).toBe(1);
    expect(decisions.directory(9, 'f', 1, 6, 3, 4)).toBe(0);
    expect(decisions.taken.map(({ decision, atUs }) => [decision.kind, atUs])).toEqual([
      ['packet', 1],
      ['rarity', 4],
      ['sector', 6],
      ['directory', 8],
    ]);
  });

  it('recording: what was drawn stands, and only deviations are kept', () => {
    const decisions = new Decisions(null);
    expect(decisions.packet(1, 'loss', 0, 1, message, 0, 0)).toBe(0);
    expect(decisions.packet(2, 'duplicate', 0, 1, message, 0, 1)).toBe(1);
    expect(decisions.sector(3, 'fsync-error', 'f', 1, 'wal', 3, 4, 'lost')).toBe('lost');
    expect(decisions.sector(4, 'fsync-error', 'f', 1, 'wal', 3, 5, 'written')).toBe('written');
    expect(decisions.taken.map(({ decision }) => keyOf(decision))).toEqual([
      'packet duplicate 0 1 2 0 9 0',
      'sector fsync-error 1 3 5 wal f',
    ]);
  });

  it('stand in a plan file losslessly, and mistakes are named', () => {
    const plan: RunPlan = { ...swarmPlan(1), decisions: ONE_OF_EACH };
    expect(readPlan(JSON.parse(JSON.stringify(plan)))).toEqual({ kind: 'plan', plan });
    const wrong = { ...plan, decisions: [{ ...ONE_OF_EACH[2], fate: 'lost' }] };
    expect(readPlan(JSON.parse(JSON.stringify(wrong)))).toMatchObject({ mistake: { path: 'decisions[0].fate' } });
  });

  it(`replay ${FAILING} failing runs with the same findings and the same hash`, async () => {
    // The rare mutants at their killing seeds, the frequent ones at the seeds that follow.
    const plans = Object.entries(KILLS).map(([mutant, seed]): RunPlan => ({ ...swarmPlan(seed), mutant }));
    for (let seed = 2; plans.length < FAILING + 60; seed++) {
      plans.push({ ...swarmPlan(seed), mutant: OFTEN[seed % OFTEN.length] as string });
    }
    let failing = 0;
    for (const whole of plans) {
      if (failing === FAILING) break;
      // What happens early is enough; the whole campaign takes too long for a test.
      const plan = { ...whole, limits: { ...whole.limits, eventsMax: 3_000 } };
      const first = await runPlan(plan, { recording: false, recordDecisions: true });
      if (first.result.verdict !== 'failed') continue;
      failing++;
      const listed = { ...plan, decisions: (first.decisions ?? []).map(({ decision }) => decision) };
      const again = await runPlan(JSON.parse(JSON.stringify(listed)), { recording: false });
      expect(again.result.findings).toEqual(first.result.findings);
      expect(again.result.traceHash).toBe(first.result.traceHash);
    }
    expect(failing).toBe(FAILING);
  });
});
