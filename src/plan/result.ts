import type { Us } from '../sim/time.ts';
import type { RunPlan } from './plan.ts';

/** A property's code and arguments; the words live in `report`. `site` is a literal of the source (R23). */
export interface Finding {
  readonly property: string;
  readonly site: string;
  readonly atUs: Us;
  readonly args: Readonly<Record<string, number | string>>;
}

/** Why a run proved nothing. */
export type InconclusiveReason = 'vacuous' | 'excused' | 'out-of-budget' | 'out-of-model' | 'crashed' | 'hung';

export type Verdict = 'passed' | 'failed' | 'inconclusive';

/** One missing copy of an op, named by the injected fault that damaged it (R11). */
export interface Certificate {
  readonly op: number;
  readonly host: number;
  readonly ledgerIndex: number;
  readonly label: string;
}

export interface CommandRecord {
  readonly step: string;
  readonly on: string;
  readonly script: string;
  readonly startedUs: Us;
  readonly endedUs: Us;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly asExpected: boolean;
}

export interface AlertRecord {
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly labels: string;
  readonly pendingUs: Us;
  readonly firingUs: Us;
  /** -1 while it still fires. */
  readonly resolvedUs: Us;
}

/** Everything that a run says of itself. Wall time is added outside. */
export interface RunResult {
  readonly plan: RunPlan;
  readonly verdict: Verdict;
  readonly reason: InconclusiveReason | '';
  /** First failed property, in the order in which the properties judged; empty when none failed. */
  readonly property: string;
  readonly findings: readonly Finding[];
  readonly traceHash: string;
  readonly traceCheckpoints: readonly number[];
  /** Deliveries, disk completions and timers that fired while armed (R29). */
  readonly events: number;
  readonly virtualUs: Us;
  readonly acknowledged: number;
  readonly committed: number;
  /** Marks reached, sorted by name, with counts. */
  readonly reached: readonly (readonly [string, number])[];
  /** Coverage features (R25), distinct and ascending, where they were asked for. */
  readonly coverage?: readonly number[];
  readonly faultsFired: readonly string[];
  readonly faultsSuppressed: readonly string[];
  readonly alerts: readonly AlertRecord[];
  readonly commands: readonly CommandRecord[];
  readonly certificates: readonly Certificate[];
  /** Virtual time from the first alert (or first fault) to recovery; -1: not recovered or not applicable. */
  readonly alertToRecoveryUs: Us;
  /** Of a scenario: when the first fault took effect; absent where none did. */
  readonly firstFaultUs?: Us;
  /** What did not converge, in one line; empty when all did. */
  readonly pending: string;
}
