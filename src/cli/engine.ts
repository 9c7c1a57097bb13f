import type { runPlan } from '../scenarios/run.ts';
import type { Versions } from './bundle.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** Runs one plan; as a type, so that nothing is loaded for it and tests can hand in another. */
export type RunPlanFunction = typeof runPlan;

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
