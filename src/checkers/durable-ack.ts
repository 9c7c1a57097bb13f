import type { Prepare, Sum } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { DurableCopies } from './durable-copies.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import { ViewFloors } from './view-floors.ts';
import type { Voters } from './voters.ts';

/** More than a run has epochs. */
const EPOCHS_MAX = 65_536;

/**
 * INV-DURABLE-ACK (R10): when the first reply for an op leaves, at least Qr distinct voters hold its prepare synced, by
 * the bytes on their disks; afterwards no view starts without an acknowledged or committed op, and nobody applies
 * another entry there.
 */
export class DurableAck implements Property {
  readonly id = 'INV-DURABLE-ACK';
  readonly kinds = ['reply', 'prepare', 'heartbeat', 'startView'] as const;
  private readonly truth: GroundTruth;
  private readonly committed: CommittedOps;
  private readonly copies: DurableCopies;
  private readonly voters: Voters;
  private readonly report: Report;
  private readonly floors: ViewFloors;
  private judged: VsrMessage | null;
  /** After a declared loss: who went along, the lineage that they began, and who has lost its disk since. */
  private keepers: readonly number[];
  private keepersLineage: number;
  private readonly emptied: Set<number>;

  constructor(truth: GroundTruth, committed: CommittedOps, copies: DurableCopies, voters: Voters, report: Report) {
    this.truth = truth;
    this.committed = committed;
    this.copies = copies;
    this.voters = voters;
    this.report = report;
    this.floors = new ViewFloors();
    this.judged = null;
    this.keepers = [];
    this.keepersLineage = 0;
    this.emptied = new Set();
  }

  onCheckpoint(replica: number, _incarnation: number, op: number): void {
    this.copies.checkpointed(replica, op);
  }

  onStart(replica: number): void {
    this.copies.started(replica);
  }

  onState(now: ReplicaObservation): void {
    this.copies.recovering(now.replica, now.mustRecover);
    // A lost superblock takes the checkpoint with it, whatever the former process announced.
    if (now.mustRecover) {
      this.copies.checkpointed(now.replica, now.checkpointOp);
      if (this.keepers.length > 0) this.emptied.add(now.replica);
    }
    if (this.emptied.size > 0) this.joins(now);
  }

  /** A host that was emptied since the declared loss is judged as the keepers are from when it acts in their lineage. */
  private joins({ replica, epoch }: ReplicaObservation): void {
    if (!this.emptied.has(replica) || this.voters.lineage(epoch, replica) !== this.keepersLineage) return;
    this.committed.rejoined(replica);
    this.emptied.delete(replica);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    switch (message.kind) {
      case 'reply':
        if (from < this.truth.replicaCount) this.acknowledge(from, message);
        return;
      case 'prepare':
      case 'heartbeat':
        if (message === this.judged) return;
        this.judged = message;
        this.floors.raise(this.lineage(from, message), message.view, message.commit);
        return;
      case 'startView':
        if (message === this.judged) return;
        this.judged = message;
        this.judgeStartView(from, message);
        this.floors.raise(this.lineage(from, message), message.view, message.commit);
        return;
      default:
        return;
    }
  }

  onApply(replica: number, incarnation: number, prepare: Prepare): void {
    const { op } = prepare;
    if (this.committed.compare(op, prepare.sum) !== 0 || this.committed.isLost(replica, op)) return;
    if (this.committed.contains(op) && this.committed.acked[this.committed.slot(op)] === 0) return;
    this.report(this.id, 'acknowledged-op-replaced', { replica, incarnation, op, view: prepare.view });
  }

  onDeclaredLoss(op: number, keepers: readonly number[]): void {
    this.floors.lower(op);
    this.keepers = keepers;
    this.keepersLineage = this.voters.lineage(EPOCHS_MAX, keepers[0] as number);
    this.emptied.clear();
  }

  /** Epochs of a forced leader come after all others, also where it kept the number of the one that it left. */
  private lineage(from: number, message: VsrMessage): number {
    return this.voters.lineage(message.epoch, from) * EPOCHS_MAX + message.epoch;
  }

  /**
   * Looks at the disks once for every acknowledged op that journals must still hold: for the epilogue, when all hosts
   * have lost power and the cluster has converged (R10). Reports each op with fewer than Qr copies among those who vote
   * where `from` acts.
   */
  auditDisks(epoch: number, from = -1): void {
    const voters = this.voters.of(epoch, from);
    const quorum = Math.floor(voters.length / 2) + 1;
    const lowest = Math.max(1, this.committed.head - this.truth.journalSlots + 1);
    for (let op = lowest; op <= this.committed.head; op++) {
      if (!this.committed.contains(op) || this.committed.acked[this.committed.slot(op)] === 0) continue;
      const held = this.count(voters, -1, op, quorum);
      if (held < quorum) this.report(this.id, 'acknowledged-op-lost', { op, held, quorum });
    }
  }

  private acknowledge(from: number, message: VsrMessage): void {
    const { committed } = this;
    const { op } = message;
    if (op > committed.head && !committed.isLost(from, op)) {
      this.report(this.id, 'ack-before-apply', { replica: from, op, head: committed.head });
      return;
    }
    if (!committed.contains(op)) return;
    const slot = committed.slot(op);
    if (committed.acked[slot] === 1) return;
    committed.acked[slot] = 1;
    this.floors.raise(this.lineage(from, message), message.view, op);
    for (const voters of this.voters.sets(message.epoch, from, op)) {
      const quorum = Math.floor(voters.length / 2) + 1;
      const held = this.count(voters, from, op, quorum);
      if (held < quorum) {
        this.report(this.id, 'ack-without-quorum', { replica: from, op, view: message.view, held, quorum });
      }
    }
  }

  /** Counts copies up to `enough`, the likeliest holder first. */
  private count(voters: readonly number[], first: number, op: number, enough: number): number {
    let held = 0;
    if (first >= 0 && voters.includes(first) && this.copies.holds(first, op)) held++;
    for (const voter of voters) {
      if (held >= enough) break;
      if (voter !== first && this.copies.holds(voter, op)) held++;
    }
    return held;
  }

  private judgeStartView(from: number, message: VsrMessage): void {
    const { epoch, view, suffix } = message;
    const floor = this.floors.at(this.lineage(from, message), view);
    if (floor === 0) return;
    if (message.op < floor) {
      this.report(this.id, 'view-starts-without', { replica: from, epoch, view, op: floor, head: message.op });
      return;
    }
    let wrong = this.isOther(message.op, message.sum, floor) ? message.op : 0;
    for (let index = 0; suffix !== null && index < suffix.headers.length && wrong === 0; index++) {
      const header = suffix.headers[index] ?? null;
      if (header !== null && this.isOther(header.op, header.sum, floor)) wrong = header.op;
    }
    if (wrong > 0)
      this.report(this.id, 'view-starts-without', { replica: from, epoch, view, op: wrong, head: message.op });
  }

  private isOther(op: number, sum: Sum, floor: number): boolean {
    return op <= floor && this.committed.compare(op, sum) === 0;
  }
}
