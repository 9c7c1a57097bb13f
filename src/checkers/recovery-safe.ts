import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { GroundTruth, Property, Report } from './property.ts';

/**
 * INV-RECOVERY-SAFE: a replica that cannot trust its journal (`mustRecover`) sends no prepare_ok, DoViewChange or
 * StartViewChange (R7).
 *
 * The handler that ends the recovery may vote at once, and its state is sampled only after that handler. So a vote that
 * looks forbidden is held until the next sample, or the next thing that happens to the replica at a later time.
 */
export class RecoverySafe implements Property {
  readonly id = 'INV-RECOVERY-SAFE';
  readonly kinds = ['prepareOk', 'doViewChange', 'startViewChange', 'recovery', 'ping', 'pong'] as const;
  private readonly truth: GroundTruth;
  private readonly report: Report;
  /** Per replica: `mustRecover` at the last sample. */
  private readonly mustRecover: Uint8Array;
  /** Per replica: time and kind of a vote in doubt; -1 for none. */
  private readonly doubtUs: Float64Array;
  private readonly doubts: (VsrMessage | null)[];

  constructor(truth: GroundTruth, report: Report) {
    this.truth = truth;
    this.report = report;
    this.mustRecover = new Uint8Array(truth.replicaCount);
    this.doubtUs = new Float64Array(truth.replicaCount).fill(-1);
    this.doubts = new Array(truth.replicaCount).fill(null);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (from >= this.mustRecover.length || this.mustRecover[from] === 0) return;
    if ((this.doubtUs[from] as number) >= 0 && this.truth.nowUs() > (this.doubtUs[from] as number)) this.fail(from);
    const { kind } = message;
    if (kind !== 'prepareOk' && kind !== 'doViewChange' && kind !== 'startViewChange') return;
    if (this.doubts[from] !== null) return;
    this.doubtUs[from] = this.truth.nowUs();
    this.doubts[from] = message;
  }

  onState(now: ReplicaObservation): void {
    const { replica } = now;
    const doubtful = (this.doubtUs[replica] as number) >= 0;
    // A later sample that changed nothing of this flag proves that the vote left without leave.
    if (doubtful && (now.mustRecover || this.truth.nowUs() > (this.doubtUs[replica] as number))) this.fail(replica);
    this.clear(replica);
    this.mustRecover[replica] = now.mustRecover ? 1 : 0;
  }

  onStop(replica: number): void {
    if ((this.doubtUs[replica] as number) >= 0 && this.truth.nowUs() > (this.doubtUs[replica] as number)) {
      this.fail(replica);
    }
    this.clear(replica);
    this.mustRecover[replica] = 0;
  }

  onEnd(): void {
    for (let replica = 0; replica < this.mustRecover.length; replica++) {
      if ((this.doubtUs[replica] as number) >= 0) this.fail(replica);
    }
  }

  private fail(replica: number): void {
    const vote = this.doubts[replica] as VsrMessage;
    this.clear(replica);
    this.report(this.id, 'votes-while-recovering', {
      replica,
      incarnation: vote.incarnation,
      kind: vote.kind,
      view: vote.view,
    });
  }

  private clear(replica: number): void {
    this.doubtUs[replica] = -1;
    this.doubts[replica] = null;
  }
}
