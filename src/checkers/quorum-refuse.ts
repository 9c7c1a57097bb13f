import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/**
 * INV-QUORUM-REFUSE: without a quorum no write is acknowledged. Judged on the wire alone: when the first reply for an op
 * leaves, at least Qr voters must have spoken for it, by a prepare_ok that reaches it, by sending it as primary, or by
 * sending the reply. Whether they really hold it is INV-DURABLE-ACK's question.
 */
export class QuorumRefuse implements Property {
  readonly id = 'INV-QUORUM-REFUSE';
  readonly kinds = ['prepareOk', 'prepare', 'startView', 'reply'] as const;
  private readonly committed: CommittedOps;
  private readonly voters: Voters;
  private readonly report: Report;
  /** Per replica: highest op that it ever spoke for. */
  private readonly spoken: Float64Array;
  /** Per slot of the window: the op whose first reply was judged. */
  private readonly judged: Float64Array;

  constructor(truth: GroundTruth, committed: CommittedOps, voters: Voters, report: Report) {
    this.committed = committed;
    this.voters = voters;
    this.report = report;
    this.spoken = new Float64Array(truth.replicaCount);
    this.judged = new Float64Array(committed.windowOps).fill(-1);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (from >= this.spoken.length) return;
    const { kind } = message;
    if (kind === 'prepareOk' || kind === 'prepare' || kind === 'startView') {
      if (message.op > (this.spoken[from] as number)) this.spoken[from] = message.op;
    } else if (kind === 'reply') this.judge(from, message);
  }

  onDeclaredLoss(op: number): void {
    for (let at = 0; at < this.judged.length; at++) if ((this.judged[at] as number) > op) this.judged[at] = -1;
  }

  private judge(from: number, message: VsrMessage): void {
    const { op, epoch } = message;
    if (!this.committed.contains(op)) return;
    const slot = this.committed.slot(op);
    if (this.judged[slot] === op) return;
    this.judged[slot] = op;
    for (const voters of this.voters.sets(epoch, from, op)) this.count(from, message, voters);
  }

  private count(from: number, { op, view }: VsrMessage, voters: readonly number[]): void {
    let count = 0;
    for (const voter of voters) if (voter === from || (this.spoken[voter] as number) >= op) count++;
    const quorum = Math.floor(voters.length / 2) + 1;
    if (count < quorum) {
      this.report(this.id, 'ack-without-votes', { replica: from, op, view, count, quorum });
    }
  }
}
