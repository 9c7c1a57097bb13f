import type { Decisions } from './decisions.ts';
import type { Ledger } from './ledger.ts';
import type { Scheduling } from './scheduling.ts';
import type { Us } from './time.ts';
import type { Trace } from './trace.ts';

/** Kinds of queue entries. `message`, `timer` and `disk` are what R29 counts as events. */
export const EVENT = { message: 1, timer: 2, disk: 3, start: 4, resume: 5, control: 6, clock: 7 } as const;

/** What the parts of a world (disk, network, clock, machine) share. */
export interface WorldCore {
  /** The run's seed as a 32-bit key word for the mix. */
  readonly seed: number;
  /** True time. */
  nowUs: Us;
  readonly trace: Trace;
  readonly ledger: Ledger;
  /** Asked wherever a rate decides; null or absent when nobody records and no list is given. */
  readonly decisions?: Decisions | null;
  /** Delays messages of hosts of low priority; null or absent in a fair world. */
  readonly scheduling?: Scheduling | null;
  /** Puts an event into the queue; its tie key is mixed from (seed, time, host). */
  schedule(atUs: Us, kind: number, host: number, a: number, b: number, ref: unknown): void;
}
