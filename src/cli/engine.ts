import type { RunPlanFunction } from '../campaign/worker-protocol.ts';
import type { Versions } from './bundle.ts';
import type { ScenarioSource } from './scenario-source.ts';

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
