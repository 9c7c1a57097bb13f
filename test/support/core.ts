import type { DiskOp } from '../../src/sim/api.ts';
import type { WorldCore } from '../../src/sim/core.ts';
import { Ledger } from '../../src/sim/ledger.ts';
import type { Us } from '../../src/sim/time.ts';
import { Trace } from '../../src/sim/trace.ts';

/** A queue entry as the parts of a world schedule it. */
export interface TestEvent {
  readonly atUs: Us;
  readonly order: number;
  readonly kind: number;
  readonly host: number;
  readonly a: number;
  readonly b: number;
  readonly ref: unknown;
}

/** A world core for tests of single parts: a sorted queue, FIFO at equal times, that tests pop by hand. */
export class TestCore implements WorldCore {
  readonly seed: number;
  nowUs: Us;
  readonly trace: Trace;
  readonly ledger: Ledger;
  readonly queue: TestEvent[];
  private scheduled: number;

  constructor(seed = 1) {
    this.seed = seed;
    this.nowUs = 0;
    this.trace = new Trace(false);
    this.ledger = new Ledger();
    this.queue = [];
    this.scheduled = 0;
  }

  schedule(atUs: Us, kind: number, host: number, a: number, b: number, ref: unknown): void {
    if (!Number.isInteger(atUs) || atUs < this.nowUs) throw new Error(`scheduled at ${atUs}, now ${this.nowUs}`);
    const event = { atUs, order: this.scheduled++, kind, host, a, b, ref };
    let index = this.queue.length;
    while (index > 0 && this.queue[index - 1]!.atUs > atUs) index--;
    this.queue.splice(index, 0, event);
  }

  /** Removes the next event and advances the time to it; null when there is none. */
  next(): TestEvent | null {
    const event = this.queue.shift();
    if (event === undefined) return null;
    this.nowUs = event.atUs;
    return event;
  }
}

/** Completes everything in flight; returns the operations that a process would hear of, in order. */
export function drain(core: TestCore, disk: { complete(op: DiskOp): boolean }): DiskOp[] {
  const done: DiskOp[] = [];
  for (let event = core.next(); event !== null; event = core.next()) {
    const op = event.ref as DiskOp;
    if (disk.complete(op)) done.push(op);
  }
  return done;
}
