import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/**
 * INV-STANDBY-NO-VOTE (catalogue): a host that is no voter of its epoch says nothing that counts towards a quorum: no
 * acknowledgement of a prepare, no proposal of a view, no vote for one, no answer to a recovery. Judged by who is a voter as
 * the engine was told, not by what replicas believe.
 */
export class StandbyNoVote implements Property {
  readonly id = 'INV-STANDBY-NO-VOTE';
  readonly kinds = ['prepareOk', 'startViewChange', 'doViewChange', 'recoveryResponse'] as const;
  private readonly truth: GroundTruth;
  private readonly voters: Voters;
  private readonly report: Report;

  constructor(truth: GroundTruth, voters: Voters, report: Report) {
    this.truth = truth;
    this.voters = voters;
    this.report = report;
  }

  onSend(from: number, to: number, message: VsrMessage): void {
    // Hosts that voted when the cluster began are the business of the properties of reconfiguration.
    if (from < (this.truth.voterCount ?? this.truth.replicaCount) || from >= this.truth.replicaCount) return;
    if (this.voters.mayVote(message.epoch, from)) return;
    this.report(this.id, 'non-voter-spoke', { replica: from, to, kind: message.kind, epoch: message.epoch });
  }
}
