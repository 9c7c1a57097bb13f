import type { Prepare, Sum } from '../cluster/storage/prepare.ts';
import { SessionModel } from './session-model.ts';

/** Ops whose records are kept for comparison with disk bytes. */
const RECORDS = 1024;
/** Distance of the ops whose sums are kept for ever. Sums form a chain, so one equal sum vouches for all before it. */
const ANCHOR_OPS = 256;
const WINDOW_MIN = 8192;

/** Views of one epoch fit below this. */
const VIEWS_MAX = 0x1_0000_0000;

/** Number of an epoch and a view, in order of time. */
export function momentOf({ epoch, view }: { readonly epoch: number; readonly view: number }): number {
  return epoch * VIEWS_MAX + view;
}

/**
 * The ledger of committed ops (R10): what was applied at each op number by whoever applied it first. It is global and
 * outlives every crash. Memory is bounded: full detail for a window of the newest ops, and below it two words of every
 * 256th sum. Only INV-AGREEMENT writes it; the other properties read its columns at {@link slot}.
 */
export class CommittedOps {
  /** Highest op applied anywhere, 0 before the first. */
  head: number;
  /** Ops of the window: a power of two, at least four times the journal. */
  readonly windowOps: number;
  /** Columns of the window. `ops` says which op a slot holds, -1 for none. */
  readonly ops: Float64Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly c: Int32Array;
  readonly d: Int32Array;
  readonly client: Float64Array;
  readonly request: Float64Array;
  readonly timestampUs: Float64Array;
  readonly hash0: Int32Array;
  readonly hash1: Int32Array;
  readonly replyDigest: Int32Array;
  /** One of `EFFECT`. */
  readonly effect: Uint8Array;
  /** Epoch and view in which the entry was made, as {@link momentOf} numbers them. */
  readonly madeIn: Float64Array;
  /** 1 once a reply for the op has been sent. */
  readonly acked: Uint8Array;
  private readonly mask: number;
  /** The ops of the last declared loss: above the one, up to the other. */
  private lostAbove: number;
  private lostHead: number;
  /** Who holds none of the lost ops: those who went along, and who has joined them with an emptied disk since. */
  private readonly judged: Set<number>;
  private readonly sessions: SessionModel;
  private readonly records: (Uint8Array | null)[];
  private readonly anchors: Map<number, number>;

  constructor(journalSlots: number, sessionsMax: number) {
    let windowOps = WINDOW_MIN;
    while (windowOps < journalSlots * 4) windowOps *= 2;
    this.windowOps = windowOps;
    this.mask = windowOps - 1;
    this.lostAbove = 0;
    this.lostHead = 0;
    this.judged = new Set();
    this.head = 0;
    this.ops = new Float64Array(windowOps).fill(-1);
    this.a = new Int32Array(windowOps);
    this.b = new Int32Array(windowOps);
    this.c = new Int32Array(windowOps);
    this.d = new Int32Array(windowOps);
    this.client = new Float64Array(windowOps);
    this.request = new Float64Array(windowOps);
    this.timestampUs = new Float64Array(windowOps);
    this.hash0 = new Int32Array(windowOps);
    this.hash1 = new Int32Array(windowOps);
    this.replyDigest = new Int32Array(windowOps);
    this.effect = new Uint8Array(windowOps);
    this.madeIn = new Float64Array(windowOps);
    this.acked = new Uint8Array(windowOps);
    this.sessions = new SessionModel(sessionsMax);
    this.records = new Array(RECORDS).fill(null);
    this.anchors = new Map();
  }

  slot(op: number): number {
    return op & this.mask;
  }

  /** Whether full detail of `op` is in the window. */
  contains(op: number): boolean {
    return this.ops[op & this.mask] === op;
  }

  /** Enters an op above the head. */
  add(prepare: Prepare, hash0: number, hash1: number, replyDigest: number): void {
    const { op, sum } = prepare;
    const slot = op & this.mask;
    this.head = op;
    this.ops[slot] = op;
    this.a[slot] = sum.a;
    this.b[slot] = sum.b;
    this.c[slot] = sum.c;
    this.d[slot] = sum.d;
    this.client[slot] = prepare.client;
    this.request[slot] = prepare.request;
    this.timestampUs[slot] = prepare.timestampUs;
    this.hash0[slot] = hash0;
    this.hash1[slot] = hash1;
    this.replyDigest[slot] = replyDigest;
    this.effect[slot] = this.sessions.next(prepare);
    this.madeIn[slot] = momentOf(prepare);
    this.acked[slot] = 0;
    this.records[op & (RECORDS - 1)] = prepare.record;
    if (op % ANCHOR_OPS === 0) this.anchors.set(op, sum.a ^ Math.imul(sum.c, 31));
  }

  /**
   * Forgets the ops above `op`, which were lost with an approval (R16). Throws when more are lost than can be taken back
   * from the client table's model.
   */
  truncate(op: number, keepers: readonly number[]): void {
    this.lostAbove = op;
    this.lostHead = this.head;
    this.judged.clear();
    for (const keeper of keepers) this.judged.add(keeper);
    while (this.head > op) {
      const lost = this.head;
      const slot = lost & this.mask;
      this.sessions.undo(lost);
      if (this.ops[slot] === lost) this.ops[slot] = -1;
      this.records[lost & (RECORDS - 1)] = null;
      this.anchors.delete(lost);
      this.head = lost - 1;
    }
  }

  /**
   * Whether `op` of this replica may be one of the declared lost ones, which it holds because it did not go along. What
   * it commits beyond them is judged: nobody has approved that.
   */
  isLost(replica: number, op: number): boolean {
    return op <= this.lostHead && op > this.lostAbove && !this.judged.has(replica);
  }

  /** A host that lost its disk after the loss was declared acts among those who went along: it holds no lost op either. */
  rejoined(replica: number): void {
    this.judged.add(replica);
  }

  /** 1: `sum` is the committed one; 0: another is; -1: not known (above the head, or below the window). */
  compare(op: number, sum: Sum): -1 | 0 | 1 {
    const slot = op & this.mask;
    if (this.ops[slot] === op) {
      const same = this.a[slot] === sum.a && this.b[slot] === sum.b && this.c[slot] === sum.c && this.d[slot] === sum.d;
      return same ? 1 : 0;
    }
    if (op > this.head || op % ANCHOR_OPS !== 0) return -1;
    const anchor = this.anchors.get(op);
    if (anchor === undefined) return -1;
    return anchor === (sum.a ^ Math.imul(sum.c, 31)) ? 1 : 0;
  }

  /** The record of a recent op, else null. */
  record(op: number): Uint8Array | null {
    const newest = this.contains(op) && op > this.head - RECORDS;
    return newest ? (this.records[op & (RECORDS - 1)] ?? null) : null;
  }
}
