import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { CommittedOps } from './committed-ops.ts';
import { blobSum, equalSums } from './disk-image.ts';
import { saysTheSame } from './hash-chain.ts';
import type { GroundTruth, Property, Report } from './property.ts';

/** One prepare of so many, by op, is verified; those sent for repair always are. */
const SAMPLE_OPS = 16;

/**
 * INV-NO-CORRUPT-SERVE: nothing that fails its checksum is sent to a peer or returned to a client. Prepares are verified
 * against their own records, checkpoints against their digest, and replies against what was applied.
 */
export class NoCorruptServe implements Property {
  readonly id = 'INV-NO-CORRUPT-SERVE';
  readonly kinds = ['prepare', 'repairPrepare', 'checkpoint', 'reply'] as const;
  private readonly replicaCount: number;
  private readonly committed: CommittedOps;
  private readonly replyDigestOf: ((body: Uint8Array) => number) | null;
  private readonly report: Report;
  private judged: Prepare | null;
  private judgedBytes: Uint8Array | null;

  /** `replyDigestOf` is the digest that replicas announce with an apply; null leaves replies to INV-EXACTLY-ONCE. */
  constructor(
    truth: GroundTruth,
    committed: CommittedOps,
    replyDigestOf: ((body: Uint8Array) => number) | null,
    report: Report,
  ) {
    this.replicaCount = truth.replicaCount;
    this.committed = committed;
    this.replyDigestOf = replyDigestOf;
    this.report = report;
    this.judged = null;
    this.judgedBytes = null;
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    switch (message.kind) {
      case 'prepare':
        if (message.op % SAMPLE_OPS === 0) this.judgePrepare(from, message);
        return;
      case 'repairPrepare':
        this.judgePrepare(from, message);
        return;
      case 'checkpoint':
        this.judgeCheckpoint(from, message);
        return;
      case 'reply':
        if (this.replyDigestOf !== null) this.judgeReply(from, message, this.replyDigestOf);
        return;
      default:
        return;
    }
  }

  private judgePrepare(from: number, message: VsrMessage): void {
    const { prepare } = message;
    if (prepare === null || prepare === this.judged) return;
    this.judged = prepare;
    if (saysTheSame(prepare)) return;
    this.report(this.id, 'prepare-fails-checksum', { replica: from, kind: message.kind, op: prepare.op });
  }

  private judgeCheckpoint(from: number, message: VsrMessage): void {
    const { blob } = message;
    if (blob === null || blob.bytes === this.judgedBytes) return;
    this.judgedBytes = blob.bytes;
    if (equalSums(blobSum(blob.bytes), blob.sum)) return;
    this.report(this.id, 'checkpoint-fails-checksum', { replica: from, op: blob.op });
  }

  private judgeReply(from: number, message: VsrMessage, digestOf: (body: Uint8Array) => number): void {
    const { committed } = this;
    const { op, body } = message;
    if (from >= this.replicaCount || body === null || !committed.contains(op)) return;
    const slot = committed.slot(op);
    if (committed.client[slot] !== message.client || committed.request[slot] !== message.request) return;
    if ((digestOf(body) | 0) === committed.replyDigest[slot]) return;
    this.report(this.id, 'reply-is-not-what-was-applied', { replica: from, op, client: message.client });
  }
}
