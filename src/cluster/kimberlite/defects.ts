import type { Us } from '../../sim/time.ts';

/** What is wrong with a release (catalogue, vocabulary: release.regression). */
export interface ReleaseDefect {
  /** Label of the fault: by it the defect ends. */
  readonly label: string;
  readonly release: number;
  /** `latency`: each event costs `cpuUs` of CPU, from `afterUs` after a start on. `crash-on-start`: the server panics. */
  readonly kind: 'latency' | 'crash-on-start';
  readonly cpuUs: Us;
  readonly afterUs: Us;
}
