import type { RunPlan } from '../plan/plan.ts';
import type { PoolRun } from './pool.ts';

/**
 * What a range of runs is made from. `seeds` is expanded by whoever runs it (`expand.ts`), so that a job is a few
 * numbers; `plans` carries plans that only the coordinator can make (guided ones), and their results carry coverage.
 */
export type RangeSource =
  | {
      readonly kind: 'seeds';
      readonly scenario: string;
      readonly variant: string;
      readonly strategy: string;
      readonly seedFrom: number;
      readonly unrestricted: boolean;
    }
  | { readonly kind: 'plans'; readonly plans: readonly RunPlan[] };

/** A range of consecutive runs of a campaign: run i of it has the campaign's index `firstIndex` + i. */
export interface RangeJob {
  /** Unique name of the campaign, independent of the database. */
  readonly campaign: string;
  readonly firstIndex: number;
  readonly count: number;
  readonly source: RangeSource;
  readonly priority: 'new-coverage' | 'retest' | 'rest';
}

/** What executes ranges: child processes of this machine, or workers behind a queue. */
export interface CampaignEngine {
  readonly name: string;
  /** How many ranges it wants to hold at once (back-pressure). */
  readonly rangesMax: number;
  /** Runs of a range at most; without it 16. One for an engine beside us, so that each result is stored at once. */
  readonly rangeRuns?: number;
  /**
   * Runs one range; resolves with its runs in order. At-least-once delivery is the engine's affair: a range may run
   * twice, its results are equal.
   */
  run(job: RangeJob): Promise<readonly PoolRun[]>;
  /** Ends what still runs; ranges that have no results then never get any. */
  close(): Promise<void>;
}
