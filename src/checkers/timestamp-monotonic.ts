import type { Prepare } from '../cluster/storage/prepare.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { Property, Report } from './property.ts';

/** INV-TIMESTAMP-MONOTONIC: in the order of committed ops no timestamp lies below its predecessor's (R6). */
export class TimestampMonotonic implements Property {
  readonly id = 'INV-TIMESTAMP-MONOTONIC';
  private readonly committed: CommittedOps;
  private readonly report: Report;
  private judged: number;

  constructor(committed: CommittedOps, report: Report) {
    this.committed = committed;
    this.report = report;
    this.judged = 0;
  }

  onApply(replica: number, incarnation: number, prepare: Prepare): void {
    const { op, timestampUs } = prepare;
    if (op <= this.judged || this.committed.isLost(replica, op)) return;
    this.judged = op;
    if (!this.committed.contains(op - 1)) return;
    const beforeUs = this.committed.timestampUs[this.committed.slot(op - 1)] as number;
    if (timestampUs < beforeUs) {
      this.report(this.id, 'timestamp-below-predecessor', { replica, incarnation, op, timestampUs, beforeUs });
    }
  }

  onDeclaredLoss(op: number): void {
    this.judged = Math.min(this.judged, op);
  }
}
