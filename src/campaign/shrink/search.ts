import type { RunPlan } from '../../plan/plan.ts';
import { readPlan } from '../../plan/plan-file.ts';
import type { Finding, RunResult } from '../../plan/result.ts';
import type { RunPlanFunction } from '../worker-protocol.ts';
import { type Failure, findingOf } from './failure.ts';

/** How long a search may go on; the first bound that is reached ends it. */
export interface ShrinkBudget {
  readonly runsMax: number;
  readonly wallMs: number;
  readonly nowMs: () => number;
  /** A user's Ctrl-C: the best plan so far stands. */
  readonly cancelled: () => boolean;
  /** Lets signals and screens have their turn; called between runs. */
  readonly breathe: () => Promise<void>;
}

export type Ended = 'done' | 'runs' | 'time' | 'cancelled';

/** What makes a plan a long story, the weightiest first. All of it is counted up to the failure. */
export interface Counts {
  readonly faults: number;
  readonly steps: number;
  /** Listed chance decisions; those that rates made while the plan still has rates. */
  readonly decisions: number;
  /** Operations that clients began. */
  readonly operations: number;
  readonly clients: number;
  readonly replicas: number;
  readonly events: number;
}

type Taken = NonNullable<Awaited<ReturnType<RunPlanFunction>>['decisions']>;

/** A plan that fails alike, with its run up to the failure. */
export interface Attempt {
  readonly plan: RunPlan;
  readonly finding: Finding;
  readonly result: RunResult;
  readonly taken: Taken;
  readonly counts: Counts;
}

/** A candidate may fail this much later than the best plan and still count; times shrink afterwards. */
const SLACK_US = 500_000;
const EVENTS_SLACK = 5_000;

/**
 * The search for a smaller plan: runs candidates and keeps the best. A candidate counts only when the plan reader takes
 * it, its run shows the same failure, and, for a planted bug, the same plan without the bug does not (R27): otherwise a
 * cluster could be shrunk into one that fails by itself.
 */
export class Search {
  best: Attempt;
  runs: number;
  private readonly runPlan: RunPlanFunction;
  readonly failure: Failure;
  private readonly budget: ShrinkBudget;
  private readonly startMs: number;
  private readonly rejected: Set<string>;
  private runsMax: number;
  private wallMs: number;

  constructor(first: Attempt, failure: Failure, runPlan: RunPlanFunction, budget: ShrinkBudget, startMs: number) {
    this.best = first;
    this.runs = 1;
    this.failure = failure;
    this.runPlan = runPlan;
    this.budget = budget;
    this.startMs = startMs;
    this.rejected = new Set();
    this.runsMax = budget.runsMax;
    this.wallMs = budget.wallMs;
  }

  /** Why the search must stop now; '' while it may go on. */
  get over(): Exclude<Ended, 'done'> | '' {
    if (this.budget.cancelled()) return 'cancelled';
    if (this.runs >= this.runsMax) return 'runs';
    return this.budget.nowMs() - this.startMs >= this.wallMs ? 'time' : '';
  }

  /** Leaves only a share (0 to 1) of the budget as a whole to what follows; 1 gives it all free. */
  allow(share: number): void {
    this.runsMax = Math.floor(this.budget.runsMax * share);
    this.wallMs = this.budget.wallMs * share;
  }

  /** Runs a candidate and takes it when it fails alike and tells a shorter story than the best one. */
  async improve(plan: RunPlan): Promise<boolean> {
    return this.consider(plan, (counts) => compare(counts, this.best.counts) < 0);
  }

  /** As {@link improve}, for candidates that are simpler in themselves: an equally long story is good enough. */
  async simplify(plan: RunPlan): Promise<boolean> {
    return this.consider(plan, (counts) => compare(counts, this.best.counts) <= 0);
  }

  /** As {@link improve}, for a plan with rates again: no more faults, and at most so many operations, within `untilUs`. */
  async leap(plan: RunPlan, operationsMax: number, untilUs: number): Promise<boolean> {
    const takes = ({ faults, steps, operations }: Counts): boolean =>
      faults + steps <= this.best.counts.faults + this.best.counts.steps && operations <= operationsMax;
    return this.consider(plan, takes, untilUs);
  }

  /** A run with nothing cut off, for looking at; counts against the budget. Null where the engine refuses the plan. */
  async look(plan: RunPlan, recording: boolean): Promise<Awaited<ReturnType<RunPlanFunction>> | null> {
    this.runs++;
    await this.budget.breathe();
    try {
      return await this.runPlan(plan, { recording, recordDecisions: true });
    } catch {
      return null;
    }
  }

  private async consider(
    candidate: RunPlan,
    takes: (counts: Counts) => boolean,
    untilUs: number = Number.MAX_SAFE_INTEGER,
  ): Promise<boolean> {
    if (this.over !== '') return false;
    const key = JSON.stringify(candidate);
    if (this.rejected.has(key) || readPlan(JSON.parse(key)).kind !== 'plan') return false;
    const attempt = await this.attempt(candidate, untilUs);
    if (attempt === null || !takes(attempt.counts) || !(await this.honestPasses(attempt))) {
      this.rejected.add(key);
      return false;
    }
    this.best = attempt;
    return true;
  }

  private async attempt(candidate: RunPlan, untilUs: number): Promise<Attempt | null> {
    this.runs++;
    await this.budget.breathe();
    const { finding, counts } = this.best;
    const limits = {
      ...candidate.limits,
      eventsMax: Math.min(candidate.limits.eventsMax, counts.events * 3 + EVENTS_SLACK),
      virtualUsMax: Math.min(candidate.limits.virtualUsMax, Math.floor((finding.atUs * 5) / 4) + SLACK_US, untilUs),
    };
    return attemptOf(candidate, limits, this.failure, this.runPlan);
  }

  private async honestPasses({ plan, finding }: Attempt): Promise<boolean> {
    if (plan.mutant === null) return true;
    this.runs++;
    const limits = { ...plan.limits, virtualUsMax: Math.min(plan.limits.virtualUsMax, finding.atUs + SLACK_US) };
    const { result } = await this.runPlan({ ...plan, mutant: null, limits }, { recording: false });
    return result.verdict !== 'failed';
  }
}

/** Runs a plan up to the failure; null when it does not come, or when the engine refuses the plan. */
export async function attemptOf(
  candidate: RunPlan,
  limits: RunPlan['limits'],
  failure: Failure,
  runPlan: RunPlanFunction,
): Promise<Attempt | null> {
  let outcome: Awaited<ReturnType<RunPlanFunction>>;
  try {
    outcome = await runPlan({ ...candidate, limits }, { recording: false, recordDecisions: true, stopAt: failure });
  } catch {
    // A candidate that contradicts itself (a host that is gone, a journal too small) is no smaller plan.
    return null;
  }
  const { result, decisions: taken = [], invoked = 0 } = outcome;
  const finding = findingOf(result, failure);
  if (finding === null) return null;
  // Decisions that nothing asked for before the failure play no role.
  const plan =
    candidate.decisions === undefined ? candidate : { ...candidate, decisions: taken.map(({ decision }) => decision) };
  const counts = {
    faults: plan.faults.length,
    steps: plan.operator?.steps.length ?? 0,
    decisions: taken.length,
    operations: invoked,
    clients: plan.cluster.clientCount,
    replicas: plan.cluster.replicaCount,
    events: result.events,
  };
  return { plan, finding, result, taken, counts };
}

/** Below 0 when `left` is the shorter story. Events do not count: they vary with every breath. */
export function compare(left: Counts, right: Counts): number {
  return (
    left.faults + left.steps - right.faults - right.steps ||
    left.decisions - right.decisions ||
    left.operations - right.operations ||
    left.clients - right.clients ||
    left.replicas - right.replicas
  );
}
