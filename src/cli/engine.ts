import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import type { TraceRecord } from '../sim/trace.ts';
import type { Versions } from './bundle.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** What a run is asked to do beside its plan. Plan and options decide everything; nothing else is read. */
export interface RunOptions {
  /** Keeps trace records with their texts: for replay, not for many runs. */
  readonly recording: boolean;
  /** Stops after this event; without it the plan's limits hold. */
  readonly untilEvent?: number;
}

export interface RunOutcome {
  readonly result: RunResult;
  readonly records: readonly TraceRecord[];
}

/** `runPlan` of `src/scenarios/run.ts` as a type, so that tests can hand in another. */
export type RunPlanFunction = (plan: RunPlan, options: RunOptions) => Promise<RunOutcome>;

/** Everything that a command needs from the layers below; loaded when a command first asks for it. */
export interface Engine {
  readonly versions: Versions;
  /** Entry of a worker process. */
  readonly worker: URL;
  /** Wall time after which a run in a worker is killed and repeated alone. */
  readonly watchdogMs: number;
  source(): Promise<ScenarioSource>;
  runPlan(): Promise<RunPlanFunction>;
  /** A seed that nobody chose. Entropy enters here and nowhere else. */
  entropy(): number;
}
