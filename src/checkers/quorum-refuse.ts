import type { VsrMessage } from '../cluster/vsr/message.ts';
import { type CommittedOps, momentOf } from './committed-ops.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/** A voice for all ops up to one, said in a view. */
interface Voice {
  /** Epoch and view as {@link momentOf} numbers them. */
  readonly when: number;
  op: number;
}

/**
 * INV-QUORUM-REFUSE: without a quorum no write is acknowledged. Judged on the wire alone: when the first reply for an op
 * leaves, at least Qr voters must have spoken for it, by a prepare_ok that reaches it, by sending it as primary, or by
 * sending the reply. Only what was said in the view in which the entry was made, or a later one, is about this entry: an
 * earlier view may have had another there, which was cut. Whether they really hold it is INV-DURABLE-ACK's question.
 */
export class QuorumRefuse implements Property {
  readonly id = 'INV-QUORUM-REFUSE';
  readonly kinds = ['prepareOk', 'prepare', 'startView', 'reply'] as const;
  private readonly committed: CommittedOps;
  private readonly voters: Voters;
  private readonly report: Report;
  /** Per replica: what it spoke for; none of these covers another. */
  private readonly spoken: Voice[][];
  /** Per slot of the window: the op whose first reply was judged. */
  private readonly judged: Float64Array;

  constructor(truth: GroundTruth, committed: CommittedOps, voters: Voters, report: Report) {
    this.committed = committed;
    this.voters = voters;
    this.report = report;
    this.spoken = Array.from({ length: truth.replicaCount }, () => []);
    this.judged = new Float64Array(committed.windowOps).fill(-1);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (from >= this.spoken.length) return;
    const { kind } = message;
    if (kind === 'prepareOk' || kind === 'prepare' || kind === 'startView') {
      speak(this.spoken[from] as Voice[], momentOf(message), message.op);
    } else if (kind === 'reply') this.judge(from, message);
  }

  onDeclaredLoss(op: number): void {
    for (let at = 0; at < this.judged.length; at++) if ((this.judged[at] as number) > op) this.judged[at] = -1;
    for (const voices of this.spoken) for (const voice of voices) voice.op = Math.min(voice.op, op);
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
    const madeIn = this.committed.madeIn[this.committed.slot(op)] as number;
    let count = 0;
    for (const voter of voters) {
      if (voter === from || hasSpoken(this.spoken[voter] as Voice[], madeIn, op)) count++;
    }
    const quorum = Math.floor(voters.length / 2) + 1;
    if (count < quorum) {
      this.report(this.id, 'ack-without-votes', { replica: from, op, view, count, quorum });
    }
  }
}

/** Enters a voice; those that it covers go. */
function speak(voices: Voice[], when: number, op: number): void {
  for (let at = voices.length - 1; at >= 0; at--) {
    const known = voices[at] as Voice;
    if (known.when === when && voices.length === 1) {
      if (op > known.op) known.op = op;
      return;
    }
    if (known.when >= when && known.op >= op) return;
    if (known.when <= when && known.op <= op) voices.splice(at, 1);
  }
  voices.push({ when, op });
}

function hasSpoken(voices: readonly Voice[], madeIn: number, op: number): boolean {
  for (const voice of voices) if (voice.when >= madeIn && voice.op >= op) return true;
  return false;
}
