import { chainStep, type KimberliteMachine, type StreamState } from './machine.ts';

/** An op that waits to be projected; `key` is -1 where it changes no stream. */
interface Waiting {
  readonly op: number;
  readonly key: number;
  readonly value: number;
}

/** Where the content of a projection is shown to those who compare it: every eighth op. */
const SHOWN_EVERY = 8;

/**
 * The projection of a replica's log: the streams as queries see them, built op by op behind the commit number. A process
 * begins with the streams of the checkpoint that it starts from.
 */
export class Projection {
  /** Op up to which it is built. */
  position: number;
  /** Order-free digest of all its streams. */
  digest: number;
  private readonly streams: Map<number, StreamState>;
  private waiting: Waiting[];
  private head: number;
  private restoredAt: number;

  constructor() {
    this.position = 0;
    this.digest = 0;
    this.streams = new Map();
    this.waiting = [];
    this.head = 0;
    this.restoredAt = 0;
  }

  /** The state machine stands at another state than the ops so far lead to: takes its streams. */
  install(machine: KimberliteMachine): void {
    this.streams.clear();
    this.digest = 0;
    for (const [key, stream] of machine.streams) this.put(key, { ...stream });
    this.position = machine.applied;
    this.restoredAt = machine.applied;
    this.waiting = [];
    this.head = 0;
  }

  /** An op was applied to the state machine. */
  note(op: number, key: number, value: number): void {
    this.waiting.push({ op, key, value });
  }

  /**
   * Projects ops up to `limit`, `count` at most. `times` says how often an op is projected, given the op that the
   * projection was restored at; `show` hears of positions with their digest.
   */
  advance(
    limit: number,
    count: number,
    times: (op: number, restoredAt: number) => number,
    show: (position: number, digest: number) => void,
  ): void {
    const target = Math.min(limit, this.position + count);
    if (target <= this.position) return;
    for (let next = this.waiting[this.head]; next !== undefined && next.op <= target; next = this.waiting[this.head]) {
      this.head++;
      for (let left = times(next.op, this.restoredAt); left > 0; left--) this.apply(next);
      if (next.op % SHOWN_EVERY === 0 && next.op < target) show(next.op, this.digest);
    }
    this.position = target;
    if (this.head > 1_024) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
  }

  private apply({ key, value }: Waiting): void {
    if (key < 0) return;
    const stream = this.streams.get(key) ?? { length: 0, chain0: 0, chain1: 0 };
    const next = chainStep(stream.chain0, stream.chain1, value);
    this.put(key, { length: stream.length + 1, chain0: next[0], chain1: next[1] });
  }

  private put(key: number, stream: StreamState): void {
    const before = this.streams.get(key);
    const without = before === undefined ? this.digest : this.digest - digestOf(key, before);
    this.digest = (without + digestOf(key, stream)) | 0;
    this.streams.set(key, stream);
  }
}

function digestOf(key: number, { length, chain0, chain1 }: StreamState): number {
  return Math.imul(Math.imul(chain0 ^ key, 0x9e3779b1) ^ chain1, 0x85ebca6b) ^ Math.imul(length + 1, 0xc2b2ae35);
}
