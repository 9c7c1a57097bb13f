import type { CommittedOps } from './committed-ops.ts';
import { PREPARES_FILE, parseRecord, VOTE_FILES } from './disk-image.ts';
import type { GroundTruth } from './property.ts';

/** Whether an injected fault stands between a replica and the bytes at that place, beyond what the ledger says. */
export type Excuse = (replica: number, file: string, offsetBytes: number, lengthBytes: number) => boolean;

/**
 * Which replicas hold an op, by the bytes that a power loss at this moment would leave. For a recent op these bytes are
 * compared with the record that was applied, which is stricter and cheaper than checksums; for an older one the record
 * is parsed by {@link parseRecord}.
 */
export class DurableCopies {
  private readonly truth: GroundTruth;
  private readonly committed: CommittedOps;
  private readonly sectorBytes: number;
  private readonly excuse: Excuse;
  /** Per replica: op of its newest checkpoint announced as durable. */
  private readonly checkpoints: Float64Array;
  /** Per replica: start of its present life while that cannot trust its journal, else -1. */
  private readonly recoveringSinceUs: Float64Array;
  private readonly startedUs: Float64Array;
  /** Where durable bytes are read to, and the part of it that was used last. */
  private readonly buffer: ArrayBuffer;
  private scratch: Uint8Array;

  constructor(truth: GroundTruth, committed: CommittedOps, sectorBytes: number, excuse: Excuse) {
    this.truth = truth;
    this.committed = committed;
    this.sectorBytes = sectorBytes;
    this.excuse = excuse;
    this.checkpoints = new Float64Array(truth.replicaCount);
    this.recoveringSinceUs = new Float64Array(truth.replicaCount).fill(-1);
    this.startedUs = new Float64Array(truth.replicaCount);
    this.scratch = new Uint8Array(truth.slotBytes);
    this.buffer = this.scratch.buffer as ArrayBuffer;
  }

  started(replica: number): void {
    this.startedUs[replica] = this.truth.nowUs();
    this.recoveringSinceUs[replica] = -1;
  }

  /** Whether the replica's present life has lost its journal and gets it back from its peers. */
  recovering(replica: number, isRecovering: boolean): void {
    this.recoveringSinceUs[replica] = isRecovering ? (this.startedUs[replica] as number) : -1;
  }

  /** A replica announced a durable checkpoint: its journal need not hold ops up to there. */
  checkpointed(replica: number, op: number): void {
    this.checkpoints[replica] = op;
  }

  /**
   * Whether `replica` holds committed `op` synced: its record, a checkpoint that covers it, or nothing but because an
   * injected fault took it away (R11): one that is still open at that place, or the one that took the vote of a
   * recovering life, which lays out a blank journal. (An acknowledgement of the former life may be under way then.)
   */
  holds(replica: number, op: number): boolean {
    const { truth } = this;
    const expected = this.committed.record(op);
    const offset = (op % truth.journalSlots) * truth.slotBytes;
    const length = expected === null ? truth.slotBytes : expected.length;
    if (this.scratch.length !== length) this.scratch = new Uint8Array(this.buffer, 0, length);
    const bytes = truth.peekDurable(replica, PREPARES_FILE, offset, length, this.scratch);
    if (bytes !== null && (expected === null ? this.parses(bytes, op) : sameBytes(bytes, expected))) return true;
    return op <= (this.checkpoints[replica] as number) || this.isExcused(replica, offset, length);
  }

  private parses(bytes: Uint8Array, op: number): boolean {
    const record = parseRecord(bytes, 0);
    return record !== null && record.op === op && this.committed.compare(op, record.sum) !== 0;
  }

  private isExcused(replica: number, offset: number, length: number): boolean {
    const last = Math.floor((offset + length - 1) / this.sectorBytes);
    for (let sector = Math.floor(offset / this.sectorBytes); sector <= last; sector++) {
      if (this.truth.ledger.find(replica, PREPARES_FILE, sector) !== null) return true;
    }
    const lifeUs = this.recoveringSinceUs[replica] as number;
    if (lifeUs >= 0 && this.truth.ledger.wasDamaged(replica, VOTE_FILES, lifeUs)) return true;
    return this.excuse(replica, PREPARES_FILE, offset, length);
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  const { length } = right;
  let at = 0;
  // Four at a time: this loop runs over every acknowledged byte, once for each copy.
  for (const last = length - 4; at <= last; at += 4) {
    const differs =
      ((left[at] as number) ^ (right[at] as number)) |
      ((left[at + 1] as number) ^ (right[at + 1] as number)) |
      ((left[at + 2] as number) ^ (right[at + 2] as number)) |
      ((left[at + 3] as number) ^ (right[at + 3] as number));
    if (differs !== 0) return false;
  }
  for (; at < length; at++) if (left[at] !== right[at]) return false;
  return true;
}
