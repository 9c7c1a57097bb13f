import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/**
 * INV-STANDBY-NO-VOTE (catalogue): a host that is no voter of its epoch says nothing that counts towards a quorum: no
 * acknowledgement of a prepare, no proposal of a view, no vote for one, no answer to a recovery. Judged by who is a voter as
 * the engine was told and by the entries that the host has applied, not by what replicas believe. A voter that is removed
 * speaks until the entry that removes it has reached it: whether that counts is for those who count.
 */
export class StandbyNoVote implements Property {
  readonly id = 'INV-STANDBY-NO-VOTE';
  readonly kinds = ['prepareOk', 'startViewChange', 'doViewChange', 'recoveryResponse'] as const;
  private readonly truth: GroundTruth;
  private readonly voters: Voters;
  private readonly report: Report;
  /** Per replica: the last op that it has applied or installed. */
  private readonly applied: Float64Array;

  constructor(truth: GroundTruth, voters: Voters, report: Report) {
    this.truth = truth;
    this.voters = voters;
    this.report = report;
    this.applied = new Float64Array(truth.replicaCount);
  }

  onApply(replica: number, _incarnation: number, { op }: Prepare): void {
    this.applied[replica] = Math.max(op, this.applied[replica] as number);
  }

  onInstall(replica: number, _incarnation: number, op: number): void {
    this.applied[replica] = Math.max(op, this.applied[replica] as number);
  }

  onState({ replica, mustRecover }: ReplicaObservation): void {
    if (mustRecover) this.applied[replica] = 0;
  }

  /** Of the lost ops nothing is known in the log that goes on. */
  onDeclaredLoss(op: number): void {
    for (let replica = 0; replica < this.applied.length; replica++) {
      this.applied[replica] = Math.min(op, this.applied[replica] as number);
    }
  }

  onSend(from: number, to: number, message: VsrMessage): void {
    // Hosts that voted when the cluster began are the business of the properties of reconfiguration.
    if (from < (this.truth.voterCount ?? this.truth.replicaCount) || from >= this.truth.replicaCount) return;
    if (this.voters.mayVote(message.epoch, from, this.applied[from] as number)) return;
    this.report(this.id, 'non-voter-spoke', { replica: from, to, kind: message.kind, epoch: message.epoch });
  }
}
