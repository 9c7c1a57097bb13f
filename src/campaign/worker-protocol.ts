import { performance } from 'node:perf_hooks';
import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import { isUserError } from '../plan/user-error.ts';
import type { runPlan } from '../scenarios/run.ts';

/** Runs one plan; as a type, so that nothing is loaded for it and tests can hand in another. */
export type RunPlanFunction = typeof runPlan;

/** To a worker: run this plan. Plans travel as JSON text, so that every run is a run of a serialised plan. */
export interface RunRequest {
  readonly index: number;
  readonly planJson: string;
  /** Whether the result is to carry coverage features (R25). */
  readonly coverage?: boolean;
  /** Leaves out what a campaign does not store: commands, and the checkpoints of a run that passed. */
  readonly slim?: boolean;
}

/** A result without its plan, which the parent has. */
export type PlanlessResult = Omit<RunResult, 'plan'>;

/** From a worker: one answer for each request, in order. */
export type RunAnswer =
  | { readonly kind: 'done'; readonly index: number; readonly result: PlanlessResult; readonly wallMs: number }
  /** The engine threw. `user`: because the plan cannot be run, else it is our bug. */
  | { readonly kind: 'threw'; readonly index: number; readonly user: boolean; readonly text: string };

/**
 * Serves run requests in a child process, one at a time, until the parent goes away. The engine is loaded once, before
 * the first request is looked at, so that no run pays for it or is shaped by it.
 */
export function serveRuns(load: () => Promise<RunPlanFunction>): void {
  const loaded = load();
  let turn: Promise<void> = Promise.resolve();
  process.on('message', (request: RunRequest) => {
    turn = turn.then(() => answer(loaded, request)).then((message) => void process.send?.(message));
  });
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole process group; the parent decides what becomes of its workers.
  process.on('SIGINT', () => {});
}

async function answer(loaded: Promise<RunPlanFunction>, request: RunRequest): Promise<RunAnswer> {
  const { index, planJson, coverage, slim } = request;
  try {
    const runPlan = await loaded;
    const plan = JSON.parse(planJson) as RunPlan;
    const startedMs = performance.now();
    const { result } = await runPlan(plan, { recording: false, coverage: coverage ?? false });
    const wallMs = Math.round(performance.now() - startedMs);
    return { kind: 'done', index, result: slim === true ? slimmed(result) : planless(result), wallMs };
  } catch (error) {
    const user = isUserError(error);
    const text = error instanceof Error ? (user ? error.message : (error.stack ?? error.message)) : String(error);
    return { kind: 'threw', index, user, text };
  }
}

function planless({ plan: _, ...rest }: RunResult): PlanlessResult {
  return rest;
}

function slimmed(result: RunResult): PlanlessResult {
  const traceCheckpoints = result.verdict === 'passed' ? [] : result.traceCheckpoints;
  return { ...planless(result), commands: [], traceCheckpoints };
}
