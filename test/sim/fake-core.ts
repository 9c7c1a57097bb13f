import type { Message } from '../../src/sim/api.ts';
import { EVENT, type WorldCore } from '../../src/sim/core.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { Ledger } from '../../src/sim/ledger.ts';
import type { LinkOptions } from '../../src/sim/link.ts';
import { DOMAIN, hi32, mix3 } from '../../src/sim/mix.ts';
import { Network } from '../../src/sim/network.ts';
import type { Us } from '../../src/sim/time.ts';
import { Trace } from '../../src/sim/trace.ts';

/** A world of nothing but a queue: enough to drive a network or a clock. */
export class FakeCore implements WorldCore {
  readonly seed: number;
  nowUs: Us = 0;
  readonly trace: Trace;
  readonly ledger = new Ledger();
  readonly queue = new EventQueue();

  constructor(seed: number, recording = false) {
    this.seed = seed;
    this.trace = new Trace(recording);
  }

  schedule(atUs: Us, kind: number, host: number, a: number, b: number, ref: unknown): void {
    const tie = mix3(this.seed, DOMAIN.tie, hi32(atUs), atUs, host);
    this.queue.push(atUs, tie, kind, host, a, b, ref);
  }
}

export interface Arrival {
  readonly atUs: Us;
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** Runs every pending message up to `untilUs` and returns those that arrived; `at` events call back. */
export function drain(core: FakeCore, network: Network, untilUs = Number.MAX_SAFE_INTEGER): Arrival[] {
  const arrivals: Arrival[] = [];
  const queue = core.queue;
  while (queue.size > 0 && queue.peekUs() <= untilUs) {
    queue.pop();
    core.nowUs = queue.timeUs;
    if (queue.kind === EVENT.control) {
      (queue.ref as () => void)();
      continue;
    }
    const { a: from, host: to } = queue;
    const message = queue.ref as Message;
    if (network.arrive(from, to, message)) arrivals.push({ atUs: core.nowUs, from, to, message });
  }
  return arrivals;
}

export const CALM: LinkOptions = {
  latencyUsMin: 100,
  latencyUsMean: 500,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 0,
  queueMax: 0,
};

export function messageOf(id: number, tag = 1, sizeBytes = 128): Message {
  return { kind: 'test', tag, id0: id, id1: 0, digest: id * 7, sizeBytes };
}

export function calmNetwork(core: FakeCore, hostCount: number, changes: Partial<LinkOptions> = {}): Network {
  return new Network(core, hostCount, { ...CALM, ...changes });
}
