import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import type { Mutant } from '../scenarios/mutants/mutant.ts';
import { MUTANTS } from '../scenarios/rules-table.ts';
import { type Execute, failsAsNamed } from './mutants.ts';

/** A run as a source of plans learns from it. */
export interface LearntRun {
  readonly index: number;
  readonly plan: RunPlan;
  readonly events: number;
  readonly coverage: readonly number[];
  readonly verdict: string;
}

/** What a strategy is to the comparison; the campaign layer has them. */
export interface PlanSource {
  generation(g: number, seeds: readonly number[]): readonly { readonly plan: RunPlan }[];
  fold(g: number, runs: readonly LearntRun[]): void;
}

export interface Contender {
  readonly name: string;
  /** A source that has learnt nothing. */
  readonly start: (campaignSeed: number) => PlanSource;
}

export interface CompareOptions {
  /** Only these mutants; empty: all. */
  readonly ids: readonly string[];
  /** R25: 20; issue 3 allows 5. */
  readonly repetitions: number;
  /** Events after which a trial ends without a kill (censored); the same for every strategy. */
  readonly eventsMax: number;
  /** Plans of a generation. */
  readonly generation: number;
  /** Plans that are run at a time. */
  readonly batch: number;
}

/** One hunt of one strategy. `killed` false: censored, both counts are those at the end. */
export interface Trial {
  readonly killed: boolean;
  readonly runs: number;
  readonly events: number;
}

/** All trials of a strategy against a mutant. */
export interface Duel {
  readonly mutant: string;
  readonly property: string;
  readonly strategy: string;
  readonly killed: number;
  /** Median over all trials with censored ones as the longest; -1 when the median trial is one of those. */
  readonly medianRuns: number;
  readonly medianEvents: number;
  readonly trials: readonly Trial[];
}

/** Seeds of two repetitions are this far apart. */
const REPETITION_DISTANCE = 1_000_000;

/**
 * Lets every strategy hunt every mutant with the same budget of events (R25): seeds to kill would flatter strategies whose
 * runs are long. A learning strategy sees the coverage of the mutated runs, as it would of a system with that bug.
 */
export async function compareStrategies(
  contenders: readonly Contender[],
  options: CompareOptions,
  execute: Execute,
  progress: (duel: Duel) => void,
): Promise<Duel[]> {
  const duels: Duel[] = [];
  for (const mutant of MUTANTS) {
    if (options.ids.length > 0 && !options.ids.includes(mutant.id)) continue;
    for (const contender of contenders) {
      const trials: Trial[] = [];
      for (let repetition = 0; repetition < options.repetitions; repetition++) {
        trials.push(await trial(mutant, contender.start(repetition + 1), repetition, options, execute));
      }
      const duel = duelOf(mutant, contender.name, trials);
      duels.push(duel);
      progress(duel);
    }
  }
  return duels;
}

async function trial(
  mutant: Mutant,
  source: PlanSource,
  repetition: number,
  { eventsMax, generation, batch }: CompareOptions,
  execute: Execute,
): Promise<Trial> {
  let runs = 0;
  let events = 0;
  for (let g = 0; ; g++) {
    const first = 1 + repetition * REPETITION_DISTANCE + g * generation;
    const seeds = Array.from({ length: generation }, (_none, index) => first + index);
    const plans = source.generation(g, seeds).map(({ plan }) => plan);
    const learnt: LearntRun[] = [];
    for (let from = 0; from < plans.length; from += batch) {
      const some = plans.slice(from, from + batch);
      const results = await execute(some.map((plan) => ({ ...plan, mutant: mutant.id })));
      for (const [index, result] of results.entries()) {
        const plan = some[index] as RunPlan;
        runs++;
        events += result.events;
        if (failsAsNamed(result, mutant) && (await passesHonestly(plan, execute)))
          return { killed: true, runs, events };
        if (events >= eventsMax) return { killed: false, runs, events };
        learnt.push(learntRun(from + index, plan, result));
      }
    }
    source.fold(g, learnt);
  }
}

async function passesHonestly(plan: RunPlan, execute: Execute): Promise<boolean> {
  const [honest] = await execute([plan]);
  return honest?.verdict === 'passed';
}

function learntRun(index: number, plan: RunPlan, { events, coverage, verdict }: RunResult): LearntRun {
  return { index, plan, events, coverage: coverage ?? [], verdict };
}

function duelOf({ id, property }: Mutant, strategy: string, trials: readonly Trial[]): Duel {
  const order = [...trials].sort(
    (left, right) => Number(right.killed) - Number(left.killed) || left.events - right.events || left.runs - right.runs,
  );
  const middle = order[Math.floor((order.length - 1) / 2)];
  const found = middle?.killed === true;
  return {
    mutant: id,
    property,
    strategy,
    killed: trials.filter(({ killed }) => killed).length,
    medianRuns: found ? middle.runs : -1,
    medianEvents: found ? middle.events : -1,
    trials,
  };
}
