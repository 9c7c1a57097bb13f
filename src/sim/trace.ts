import { hi32 } from './mix.ts';
import type { Us } from './time.ts';

/** Kinds of trace records: what an event was. The numbers enter the hash. */
export const RECORD = {
  draw: 0,
  deliver: 1,
  timer: 2,
  disk: 3,
  start: 4,
  send: 5,
  drop: 6,
  crash: 7,
  fault: 8,
  operator: 9,
  log: 10,
  mark: 11,
  write: 12,
  note: 13,
} as const;

/** One line of a recorded trace. `text` is filled only while recording. */
export interface TraceRecord {
  readonly index: number;
  readonly atUs: Us;
  readonly kind: number;
  readonly host: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly text: string;
}

/**
 * The append-only trace of a run and its rolling 64-bit hash (R24a): two 32-bit lanes over integers only. The hash is
 * the same whether records are kept or not, and whatever checkers listen: recording only adds `text`.
 */
export class Trace {
  /** Number of folds so far; the position of a divergence. */
  count: number;
  /** Whether records (with texts) are kept. */
  readonly recording: boolean;
  readonly records: TraceRecord[];
  /** When set, the hash after every `checkpointEvery` folds is kept, to find the first divergence by bisection. */
  readonly checkpoints: number[];
  private lane0: number;
  private lane1: number;

  constructor(recording: boolean) {
    this.count = 0;
    this.recording = recording;
    this.records = [];
    this.checkpoints = [];
    this.lane0 = 0x6a09e667 | 0;
    this.lane1 = 0xbb67ae85 | 0;
  }

  /** Folds one event into the hash: four integers and the time. */
  fold(atUs: Us, kind: number, host: number, a: number, b: number, c: number): void {
    let x = this.lane0;
    let y = this.lane1;
    x = Math.imul(x ^ atUs, 0x85ebca6b);
    y = Math.imul(y ^ hi32(atUs), 0xc2b2ae35);
    x = Math.imul((x ^ (kind << 16) ^ host) + ((y << 13) | (y >>> 19)), 0x27d4eb2f);
    y = Math.imul((y ^ a) + ((x << 17) | (x >>> 15)), 0x165667b1);
    x = Math.imul((x ^ b) + ((y << 11) | (y >>> 21)), 0x9e3779b1);
    y = Math.imul((y ^ c) + ((x << 7) | (x >>> 25)), 0x85ebca77);
    this.lane0 = x ^ (y >>> 15);
    this.lane1 = y ^ (x >>> 13);
    this.count++;
    if ((this.count & 1023) === 0 && this.checkpoints.length < 1 << 20) this.checkpoints.push(this.lane0);
  }

  /** Folds a draw's result, so that the first divergent draw is found and not only its consequence. */
  foldDraw(value: number): void {
    this.lane0 = Math.imul(this.lane0 ^ value, 0x9e3779b1) ^ (this.lane1 >>> 11);
    this.lane1 = (Math.imul(this.lane1, 0x85ebca77) + this.lane0) | 0;
  }

  /** Keeps a record while recording; call {@link fold} as well for anything that is part of the hash. */
  record(atUs: Us, kind: number, host: number, a: number, b: number, c: number, text: string): void {
    this.records.push({ index: this.count, atUs, kind, host, a, b, c, text });
  }

  /** The hash as 16 hexadecimal digits. */
  hash(): string {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return hex(this.lane0) + hex(this.lane1);
  }
}
