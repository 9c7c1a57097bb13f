import type { Prepare } from '../cluster/storage/prepare.ts';
import { equalSums, parseRecord, recordSum } from './disk-image.ts';
import type { Property, Report } from './property.ts';

/** One op of so many has its sum computed again. */
const SAMPLE_OPS = 16;

/**
 * INV-HASH-CHAIN: what is applied is what its hash says. For one op in 16 the record's sum is computed again by a
 * digest of our own, and every field of the entry must be the record's. Links between entries are INV-PREFIX's.
 */
export class HashChain implements Property {
  readonly id = 'INV-HASH-CHAIN';
  private readonly report: Report;
  /** The entry judged last: replicas of one world share the object that a message carried. */
  private judged: Prepare | null;

  constructor(report: Report) {
    this.report = report;
    this.judged = null;
  }

  onApply(replica: number, incarnation: number, prepare: Prepare): void {
    if (prepare.op % SAMPLE_OPS !== 0 || prepare === this.judged) return;
    this.judged = prepare;
    const sum = recordSum(prepare.record);
    if (sum === null || !equalSums(sum, prepare.sum)) {
      this.report(this.id, 'sum-is-not-the-record-s', { replica, incarnation, op: prepare.op });
    } else if (!saysTheSame(prepare)) {
      this.report(this.id, 'entry-is-not-the-record', { replica, incarnation, op: prepare.op });
    }
  }
}

/** Whether the entry's fields are those of its record, whose checksums must be right. */
export function saysTheSame(prepare: Prepare): boolean {
  const record = parseRecord(prepare.record, 0);
  return (
    record !== null &&
    record.sizeBytes === prepare.record.length &&
    record.op === prepare.op &&
    record.view === prepare.view &&
    record.epoch === prepare.epoch &&
    record.operation === prepare.operation &&
    record.client === prepare.client &&
    record.request === prepare.request &&
    record.timestampUs === prepare.timestampUs &&
    equalSums(record.sum, prepare.sum) &&
    equalSums(record.parent, prepare.parent) &&
    record.sizeBytes === prepare.body.length + 128
  );
}
