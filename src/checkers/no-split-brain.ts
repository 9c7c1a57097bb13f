import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/** Ops whose entries are remembered, of each replica and of the acknowledged log: a power of two. */
const WINDOW_OPS = 2048;

/** A ring of op -> sum. */
class Sums {
  readonly ops: Float64Array;
  readonly words: Int32Array;

  constructor() {
    this.ops = new Float64Array(WINDOW_OPS).fill(-1);
    this.words = new Int32Array(WINDOW_OPS * 4);
  }

  has(op: number): boolean {
    return this.ops[op & (WINDOW_OPS - 1)] === op;
  }

  put(op: number, a: number, b: number, c: number, d: number): void {
    const at = op & (WINDOW_OPS - 1);
    this.ops[at] = op;
    this.words[at * 4] = a;
    this.words[at * 4 + 1] = b;
    this.words[at * 4 + 2] = c;
    this.words[at * 4 + 3] = d;
  }

  /** Takes over what `other` has at `op`. */
  copy(op: number, other: Sums): void {
    const at = (op & (WINDOW_OPS - 1)) * 4;
    const { words } = other;
    this.put(op, words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
  }

  /** Whether both have the same entry at `op`, which both have. */
  agrees(op: number, other: Sums): boolean {
    const at = (op & (WINDOW_OPS - 1)) * 4;
    for (let word = at; word < at + 4; word++) if (this.words[word] !== other.words[word]) return false;
    return true;
  }

  forgetAbove(op: number): void {
    for (let at = 0; at < WINDOW_OPS; at++) if ((this.ops[at] as number) > op) this.ops[at] = -1;
  }
}

/**
 * INV-NO-SPLIT-BRAIN: at most one lineage of the cluster acknowledges writes. A reply acknowledges the entry that its
 * sender applied at that op number; two replies for one op number with different entries are two logs that both took
 * writes. And once the newer of two configurations has acknowledged (a leader was forced), the older one acknowledges
 * nothing new; it may repeat a reply. A declared loss (R16) takes the lost acknowledgements back.
 */
export class NoSplitBrain implements Property {
  readonly id = 'INV-NO-SPLIT-BRAIN';
  readonly kinds = ['reply'] as const;
  private readonly voters: Voters;
  private readonly report: Report;
  private readonly applied: readonly Sums[];
  private readonly acknowledged: Sums;
  /** The newest lineage that has acknowledged anything. */
  private newest: number;

  constructor(truth: GroundTruth, voters: Voters, report: Report) {
    this.voters = voters;
    this.report = report;
    const applied: Sums[] = [];
    for (let replica = 0; replica < truth.replicaCount; replica++) applied.push(new Sums());
    this.applied = applied;
    this.acknowledged = new Sums();
    this.newest = 0;
  }

  onApply(replica: number, _incarnation: number, prepare: Prepare): void {
    const { sum } = prepare;
    (this.applied[replica] as Sums).put(prepare.op, sum.a, sum.b, sum.c, sum.d);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (message.kind !== 'reply' || from >= this.applied.length) return;
    const { op, epoch, view } = message;
    const lineage = this.voters.lineage(epoch, from);
    if (lineage > this.newest) this.newest = lineage;
    const own = this.applied[from] as Sums;
    // From a checkpoint: the entry is not known, and StateEqual has judged the state that holds it.
    if (!own.has(op)) return;
    if (!this.acknowledged.has(op)) {
      this.acknowledged.copy(op, own);
      if (lineage < this.newest) {
        this.report(this.id, 'older-lineage-acknowledges', { replica: from, op, epoch, view, newest: this.newest });
      }
    } else if (!this.acknowledged.agrees(op, own)) {
      this.report(this.id, 'two-entries-acknowledged', { replica: from, op, epoch, view });
    }
  }

  onDeclaredLoss(op: number): void {
    this.acknowledged.forgetAbove(op);
  }
}
