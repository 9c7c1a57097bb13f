import type { DiskOp, Message } from '../../sim/api.ts';
import { EVENT, type WorldCore } from '../../sim/core.ts';
import type { Disk } from '../../sim/disk.ts';
import { EventQueue } from '../../sim/event-queue.ts';
import { Ledger } from '../../sim/ledger.ts';
import { DOMAIN, hi32, mix3 } from '../../sim/mix.ts';
import type { Network } from '../../sim/network.ts';
import type { Us } from '../../sim/time.ts';
import { Trace } from '../../sim/trace.ts';

/** A message that reached its host. */
export interface Arrival {
  readonly atUs: Us;
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** A world of nothing but a queue: enough to drive one network or one disk. */
export class QueueCore implements WorldCore {
  readonly seed: number;
  nowUs: Us;
  readonly trace: Trace;
  readonly ledger: Ledger;
  private readonly queue: EventQueue;

  constructor(seed: number, ledger: Ledger = new Ledger()) {
    this.seed = seed;
    this.nowUs = 0;
    this.trace = new Trace(false);
    this.ledger = ledger;
    this.queue = new EventQueue();
  }

  schedule(atUs: Us, kind: number, host: number, a: number, b: number, ref: unknown): void {
    this.queue.push(atUs, mix3(this.seed, DOMAIN.tie, hi32(atUs), atUs, host), kind, host, a, b, ref);
  }

  /** Calls back at a time, in the order of the queue. */
  at(atUs: Us, act: () => void): void {
    this.schedule(atUs, EVENT.control, 0, 0, 0, act);
  }

  /** Runs everything that is pending and gives the messages that arrived. */
  arrivals(network: Network): Arrival[] {
    const found: Arrival[] = [];
    for (let kind = this.next(); kind !== 0; kind = this.next()) {
      if (kind !== EVENT.message) continue;
      const { a: from, host: to } = this.queue;
      const message = this.queue.ref as Message;
      if (network.arrive(from, to, message)) found.push({ atUs: this.nowUs, from, to, message });
    }
    return found;
  }

  /** Runs everything that is pending and gives the requests that a process would hear of. */
  completions(disk: Disk): DiskOp[] {
    const found: DiskOp[] = [];
    for (let kind = this.next(); kind !== 0; kind = this.next()) {
      const op = this.queue.ref as DiskOp;
      if (kind === EVENT.disk && disk.complete(op)) found.push(op);
    }
    return found;
  }

  /** The kind of the next event, control entries called; 0 at the end. */
  private next(): number {
    if (!this.queue.pop()) return 0;
    this.nowUs = this.queue.timeUs;
    if (this.queue.kind === EVENT.control) (this.queue.ref as () => void)();
    return this.queue.kind;
  }
}
