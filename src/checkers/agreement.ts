import type { Prepare } from '../cluster/storage/prepare.ts';
import type { CommittedOps } from './committed-ops.ts';
import { sumDigits } from './disk-image.ts';
import type { Property, Report } from './property.ts';

/**
 * INV-AGREEMENT: the entry applied at an op number is the same for all replicas and for ever (R10). The first apply of
 * an op enters the ledger of committed ops; hence this property judges before those that read that ledger.
 */
export class Agreement implements Property {
  readonly id = 'INV-AGREEMENT';
  private readonly committed: CommittedOps;
  private readonly report: Report;

  constructor(committed: CommittedOps, report: Report) {
    this.committed = committed;
    this.report = report;
  }

  onApply(replica: number, incarnation: number, prepare: Prepare, hash0: number, hash1: number, reply: number): void {
    const { committed } = this;
    if (committed.isLost(replica, prepare.op)) return;
    if (prepare.op > committed.head) {
      committed.add(prepare, hash0, hash1, reply);
      return;
    }
    if (committed.compare(prepare.op, prepare.sum) === 0) {
      this.report(this.id, 'applied-other-entry', {
        replica,
        incarnation,
        op: prepare.op,
        view: prepare.view,
        sum: sumDigits(prepare.sum),
      });
    }
  }

  /** The ledger is this property's to write, and it is the first in order: the others then read the shorter one. */
  onDeclaredLoss(op: number, keepers: readonly number[]): void {
    this.committed.truncate(op, keepers);
  }
}
