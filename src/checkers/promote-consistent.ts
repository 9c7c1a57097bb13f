import type { Sum } from '../cluster/storage/prepare.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { Property, Report } from './property.ts';

/** A standby that becomes the only voter. */
export interface Promotion {
  readonly host: number;
  /** Last op of the log that it leads from. */
  readonly head: number;
  /** Sum of its entry at `op`; null where its journal has none (under its checkpoint). */
  readonly sumAt: (op: number) => Sum | null;
  /** How old the oldest lost operation may be at the moment of the newest one, in µs, by what was declared. */
  readonly declaredUs: number;
}

/**
 * INV-PROMOTE-CONSISTENT (catalogue): a promoted standby's log is a prefix of the log that was in force, or goes beyond it by
 * entries that nobody had committed, and what it lacks is no more than was declared. Judged by ground truth when the
 * promotion has taken effect, before the loss is taken out of the books. Time is that of the primary's stamps.
 */
export class PromoteConsistent implements Property {
  readonly id = 'INV-PROMOTE-CONSISTENT';
  private readonly committed: CommittedOps;
  private readonly report: Report;

  constructor(committed: CommittedOps, report: Report) {
    this.committed = committed;
    this.report = report;
  }

  promoted({ host, head, sumAt, declaredUs }: Promotion): void {
    const { committed } = this;
    const last = committed.head;
    for (let op = Math.min(head, last); op > 0; op--) {
      const sum = sumAt(op);
      if (sum === null) break;
      if (committed.compare(op, sum) === 0) {
        this.report(this.id, 'other-log', { host, op, head });
        return;
      }
    }
    if (head >= last) return;
    const [first, newest] = [committed.slot(head + 1), committed.slot(last)];
    const known = committed.contains(head + 1) && committed.contains(last);
    const lostUs = known
      ? (committed.timestampUs[newest] as number) - (committed.timestampUs[first] as number)
      : Number.MAX_SAFE_INTEGER;
    if (lostUs <= declaredUs) return;
    const lost = { firstOp: head + 1, lostOps: last - head };
    this.report(this.id, 'loss-above-declared', {
      host,
      ...lost,
      lostMs: Math.floor(lostUs / 1_000),
      declaredMs: Math.floor(declaredUs / 1_000),
    });
  }
}
