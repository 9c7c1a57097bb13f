import type { RunPlan } from '../../plan/plan.ts';
import type { RunPlanFunction } from '../worker-protocol.ts';
import { moveToEarlierOperations } from './earlier.ts';
import { type Failure, failureOf } from './failure.ts';
import { dropUnfired, materialise, reduceDecisions, reduceFaults, reduceSteps } from './lists.ts';
import { reduceOperations, reduceReplicas, shorterRing } from './load.ts';
import { type Neighbour, nearestPassing } from './neighbours.ts';
import { LONG, tryOtherSeeds } from './reseed.ts';
import { shrinkScalars } from './scalars.ts';
import { calmScheduling } from './scheduling.ts';
import { type Attempt, attemptOf, type Counts, compare, type Ended, Search, type ShrinkBudget } from './search.ts';
import { asTriggers, pullTogether } from './times.ts';

export interface ShrinkOptions extends ShrinkBudget {
  /** Hears how far the search is, after each pass. */
  readonly onPass: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly pass: string;
  readonly runs: number;
  readonly counts: Counts;
}

export interface Shrunk {
  readonly failure: Failure;
  readonly original: Counts;
  readonly minimal: Attempt;
  readonly runs: number;
  /** What ended the search: nothing left to try, or a bound of the budget. */
  readonly ended: Ended;
  /** False when the run with its chance decisions listed did not fail alike: a finding about the simulator. */
  readonly materialised: boolean;
  readonly neighbours: readonly Neighbour[];
}

/** Share of the budget; the neighbours get the rest. */
const SEARCH = 0.9;
/** Into how many parts the list of decisions is cut in the first rounds; later as finely as need be. */
const LIST_PARTS = [8, 32];
const ROUNDS_MAX = 8;
/** A run with more operations than this is dear: a few other seeds are tried before its numbers. */
const HUGE = 100;
const SEEDS_FEW = 8;
const SEEDS_MANY = 30;

/**
 * Makes a failing plan small by running smaller ones, in the order of R26. The failure keeps its property and site. Null
 * when the plan does not fail. The same budget in runs gives the same plan; a bound in time may cut the search anywhere.
 */
export async function shrink(plan: RunPlan, runPlan: RunPlanFunction, options: ShrinkOptions): Promise<Shrunk | null> {
  const startMs = options.nowMs();
  const whole = await runPlan(plan, { recording: false });
  const failure = failureOf(whole.result);
  if (failure === null) return null;
  const first = await attemptOf(plan, plan.limits, failure, runPlan);
  if (first === null) return null;
  const search = new Search(first, failure, runPlan, options, startMs);
  search.allow(SEARCH);
  const materialised = await passes(plan, search, options);
  const ended = search.over === '' ? 'done' : search.over;
  search.allow(1);
  const neighbours = search.over === 'cancelled' ? [] : await nearestPassing(search);
  return { failure, original: first.counts, minimal: search.best, runs: search.runs, ended, materialised, neighbours };
}

async function passes(plan: RunPlan, search: Search, options: ShrinkOptions): Promise<boolean> {
  let materialised = true;
  const pass = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    if (search.over !== '') return;
    await run();
    options.onPass({ pass: name, runs: search.runs, counts: search.best.counts });
  };
  const otherSeeds = (round: number, seeds: number): Promise<void> =>
    pass('other seeds', async () => {
      if (!(await tryOtherSeeds(search, plan, round, seeds))) return;
      await materialise(search);
      await reduceDecisions(search, LIST_PARTS[0] as number);
    });
  await pass('what never happened', () => dropUnfired(search));
  await pass('order of hosts', () => calmScheduling(search));
  await pass('rates', async () => {
    materialised = await materialise(search);
  });
  for (let round = 0; round < ROUNDS_MAX && search.over === ''; round++) {
    const before = search.best;
    const partsMax = LIST_PARTS[round] ?? Number.MAX_SAFE_INTEGER;
    if (round > 0) await pass('order of hosts', () => calmScheduling(search));
    await pass('decisions', () => reduceDecisions(search, partsMax));
    await pass('faults', () => reduceFaults(search));
    await pass('steps', () => reduceSteps(search));
    await pass('ring', () => shorterRing(search));
    await pass('operations', () => reduceOperations(search));
    if (search.best.counts.operations > HUGE) await otherSeeds(round, SEEDS_FEW);
    await pass('replicas', () => reduceReplicas(search));
    await pass('times', () => pullTogether(search));
    await pass('earlier operations', () => moveToEarlierOperations(search));
    await pass('numbers', () => shrinkScalars(search, round > 0));
    await otherSeeds(round, SEEDS_MANY);
    const coarse = search.best.counts.decisions > partsMax;
    const long = search.best.counts.operations > LONG;
    if (round > 0 && !coarse && !long && compare(search.best.counts, before.counts) === 0) break;
  }
  await pass('triggers', () => asTriggers(search));
  return materialised;
}
