import type { Prepare } from '../cluster/storage/prepare.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { GroundTruth, Property, Report } from './property.ts';

/**
 * INV-PREFIX: what one incarnation applies is a gapless run of ops, each the child of the one before it; it begins at
 * op 1 or right above the checkpoint that it installed. With agreement, applied logs are prefixes of one another.
 */
export class Prefix implements Property {
  readonly id = 'INV-PREFIX';
  private readonly committed: CommittedOps;
  private readonly report: Report;
  /** Per replica: the last op that its present incarnation applied or installed. */
  private readonly lastOps: Float64Array;
  /** Per replica: the entry applied last, null when the last step was an install. */
  private readonly last: (Prepare | null)[];

  constructor(truth: GroundTruth, committed: CommittedOps, report: Report) {
    this.committed = committed;
    this.report = report;
    this.lastOps = new Float64Array(truth.replicaCount);
    this.last = new Array(truth.replicaCount).fill(null);
  }

  onStart(replica: number): void {
    this.lastOps[replica] = 0;
    this.last[replica] = null;
  }

  onInstall(replica: number, incarnation: number, op: number): void {
    this.lastOps[replica] = op;
    this.last[replica] = null;
    if (op > this.committed.head && !this.committed.isLost(replica, op)) {
      this.report(this.id, 'install-above-committed', { replica, incarnation, op, head: this.committed.head });
    }
  }

  onApply(replica: number, incarnation: number, prepare: Prepare): void {
    const expected = (this.lastOps[replica] as number) + 1;
    const before = this.last[replica] as Prepare | null;
    this.lastOps[replica] = prepare.op;
    this.last[replica] = prepare;
    if (prepare.op !== expected) {
      this.report(this.id, 'gap-in-applied', { replica, incarnation, op: prepare.op, expected });
      return;
    }
    const { parent } = prepare;
    const chained =
      before === null
        ? this.committed.isLost(replica, prepare.op - 1) || this.committed.compare(prepare.op - 1, parent) !== 0
        : parent === before.sum ||
          (parent.a === before.sum.a &&
            parent.b === before.sum.b &&
            parent.c === before.sum.c &&
            parent.d === before.sum.d);
    if (!chained) this.report(this.id, 'parent-is-not-predecessor', { replica, incarnation, op: prepare.op });
  }
}
