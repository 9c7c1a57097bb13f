import type { Prepare } from '../cluster/storage/prepare.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { DurableCopies } from './durable-copies.ts';
import { type MembershipEntry, membershipEntry } from './membership-entry.ts';
import type { Property, Report } from './property.ts';
import type { VoterTable } from './voters.ts';

/**
 * INV-MEMBERSHIP (catalogue): a change of voters is committed by a quorum of the old and a quorum of the new ones, by the
 * bytes on their disks; it ends in an odd size, after a joint phase; and whoever has applied it acts by it. What changes
 * are made is read from applied entries, never from what a replica believes.
 */
export class MembershipKept implements Property {
  readonly id = 'INV-MEMBERSHIP';
  private readonly copies: DurableCopies;
  private readonly voters: VoterTable;
  private readonly report: Report;

  constructor(copies: DurableCopies, voters: VoterTable, report: Report) {
    this.copies = copies;
    this.voters = voters;
    this.report = report;
  }

  onApply(replica: number, _incarnation: number, prepare: Prepare): void {
    const entry = membershipEntry(prepare);
    if (entry === null) return;
    const lineage = this.voters.lineage(prepare.epoch, replica);
    const before = this.voters.newest(lineage);
    if (before !== null && before.op >= entry.op) return;
    const voters = before?.voters ?? this.voters.of(prepare.epoch, replica);
    this.voters.change(lineage, entry);
    this.judge(replica, entry, before, voters);
  }

  onState(now: ReplicaObservation): void {
    const newest = this.voters.newest(this.voters.lineage(now.epoch, now.replica));
    if (newest === null || now.membership === undefined || now.retired === true || now.status !== 'normal') return;
    if (now.commit >= newest.op && now.membership.op < newest.op) {
      const { replica, commit } = now;
      this.report(this.id, 'forgotten', { replica, commit, op: newest.op, believed: now.membership.op });
    }
  }

  private judge(
    replica: number,
    entry: MembershipEntry,
    before: MembershipEntry | null,
    former: readonly number[],
  ): void {
    const { op, phase, voters, next } = entry;
    if (phase === 'stable' && voters.length % 2 === 0) this.report(this.id, 'even-size', { op, size: voters.length });
    const isSame = voters.length === former.length && voters.every((host) => former.includes(host));
    if (phase === 'stable' && !isSame && before?.phase !== 'joint') {
      this.report(this.id, 'without-joint-phase', { op, size: voters.length });
    }
    const sets = phase === 'joint' ? [voters, next] : [voters];
    for (const set of sets) {
      const quorum = Math.floor(set.length / 2) + 1;
      const held = set.filter((host) => this.copies.holds(host, op)).length;
      if (held < quorum) this.report(this.id, 'without-quorum', { replica, op, phase, held, quorum });
    }
  }
}
