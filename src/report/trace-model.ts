/**
 * A recorded run, or a part of one, for people and other tools: records with words, messages with both ends, what held
 * for a while, and how the replicas stood. Plain data; times are virtual microseconds.
 */
export interface TraceModel {
  readonly hosts: readonly TraceHost[];
  /** In order; `index` ascends but is no position in this list. */
  readonly records: readonly TraceEntry[];
  /** Messages sent, by `sentUs`; those with an end in this part are all there. */
  readonly messages: readonly TraceMessage[];
  readonly spans: readonly TraceSpan[];
  /** Samples at changes, by `atUs`; the first of each host tells its state at the start of the part. */
  readonly states: readonly TraceState[];
  /** Of the whole run. */
  readonly virtualUs: number;
  readonly events: number;
}

export interface TraceHost {
  readonly host: number;
  readonly name: string;
  readonly role: 'replica' | 'standby' | 'client' | 'operator' | 'monitor' | 'other';
}

export interface TraceEntry {
  /** Position in the whole trace, as `firedrill replay` shows it. Several records may share one. */
  readonly index: number;
  readonly atUs: number;
  /** -1 for the engine itself. */
  readonly host: number;
  /** `send`, `deliver`, `drop`, `timer`, `disk`, `log`, `mark`, `fault`, `crash`, `start`, `operator`, ... */
  readonly kind: string;
  readonly detail: string;
  /** Which of `TraceModel.messages` it sends, delivers or drops, by `id`; -1 for none. */
  readonly message: number;
}

export interface TraceMessage {
  /** Unique in the run. A packet that came twice has two messages. */
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly sentUs: number;
  /** When it was handled or dropped; -1: still under way, or lost on a host that was down. */
  readonly endUs: number;
  readonly fate: 'delivered' | 'dropped' | 'open';
  /** Why it was dropped; '' otherwise. */
  readonly cause: string;
  /** Name of the message and its fields as the trace words them. */
  readonly kind: string;
  readonly detail: string;
  /** Trace indexes of its two ends; -1 for none. */
  readonly sentIndex: number;
  readonly endIndex: number;
}

/** Something that held from one time to another. */
export interface TraceSpan {
  readonly kind: 'fault' | 'alert' | 'pending' | 'command' | 'view' | 'down';
  readonly name: string;
  readonly detail: string;
  /** -1: of no single host. */
  readonly host: number;
  readonly fromUs: number;
  /** Up to the end of the run where it never ended. */
  readonly toUs: number;
}

/** How a replica stood from a moment on. */
export interface TraceState {
  readonly atUs: number;
  readonly host: number;
  /** `down` while no process runs. */
  readonly status: 'recovering' | 'normal' | 'view-change' | 'down';
  readonly isPrimary: boolean;
  readonly view: number;
  readonly op: number;
  readonly commit: number;
}
