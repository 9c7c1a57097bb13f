import { expect, test } from 'vitest';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { painter } from '../../src/report/paint.ts';
import { strategyTable } from '../../src/report/strategy-table.ts';
import { MUTANTS } from '../../src/scenarios/rules-table.ts';
import { MUTANT_FIRED } from '../../src/scenarios/run.ts';
import { compareStrategies, type Duel, type PlanSource } from '../../src/selfcheck/compare.ts';

const [mutant] = MUTANTS;
const EVENTS = 1_000;

/** A source of numbered plans; it counts what was folded. */
function source(step: number, folds: number[]): PlanSource {
  return {
    generation: (_g, seeds) => seeds.map((seed) => ({ plan: { ...swarmPlan(1), seed: seed * step } })),
    fold: (_g, runs) => void folds.push(runs.length),
  };
}

/** Runs of `EVENTS` events each: the mutant shows in plans whose seed is a multiple of 20; those of 40 fail without it too. */
async function execute(plans: readonly RunPlan[]): Promise<readonly RunResult[]> {
  return plans.map((plan) => {
    const shows = plan.mutant !== null && plan.seed % 20 === 0;
    const fails = shows || (plan.mutant === null && plan.seed % 40 === 0);
    return {
      plan,
      verdict: fails ? 'failed' : 'passed',
      events: EVENTS,
      reached: plan.mutant === null ? [] : [[MUTANT_FIRED, 1]],
      findings: fails ? [{ property: mutant!.property, site: 'fake', atUs: 0, args: {} }] : [],
    } as unknown as RunResult;
  });
}

const options = { ids: [mutant!.id], repetitions: 1, eventsMax: 100 * EVENTS, generation: 16, batch: 4 };

async function duels(folds: number[] = []): Promise<Duel[]> {
  const contenders = [
    { name: 'each', start: () => source(1, folds) },
    { name: 'fours', start: () => source(4, []) },
    { name: 'odd', start: () => source(0, []) },
  ];
  return compareStrategies(contenders, { ...options, ids: [mutant!.id] }, execute, () => {});
}

test('counts runs and events up to the first kill whose plan passes without the mutant', async () => {
  const folds: number[] = [];
  const [each, fours] = await duels(folds);
  // Seed 20 kills; with steps of four the fifth plan does.
  expect(each).toMatchObject({ strategy: 'each', killed: 1, medianRuns: 20, medianEvents: 20 * EVENTS });
  expect(fours).toMatchObject({ killed: 1, medianRuns: 5 });
  // The first generation was folded before the second was made.
  expect(folds).toEqual([16]);
});

test('a trial without a kill ends at its budget of events and counts as censored', async () => {
  const odd = (await duels())[2]!;
  expect(odd).toMatchObject({ killed: 0, medianRuns: -1, medianEvents: -1 });
  expect(odd.trials).toEqual([{ killed: false, runs: 100, events: 100 * EVENTS }]);
});

test('the table shows every strategy, and what was not found as such', async () => {
  const table = strategyTable(await duels(), painter(false));
  expect(table).toMatch(/mutant: runs \/ events to kill *│ each *│ fours *│ odd/);
  expect(table).toMatch(new RegExp(`${mutant!.id} *│ 20 / 0.0 M *│ 5 / 0.0 M *│ not found \\(0 of 1\\)`));
  expect(table).toMatch(/found in trials *│ 1 of 1 *│ 1 of 1 *│ 0 of 1/);
  expect(table).toMatch(/median of medians *│ 20 \/ 0.0 M *│ 5 \/ 0.0 M *│ not found/);
});
