import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import type { Voters } from './voters.ts';

/**
 * INV-NO-NEEDLESS-VIEW-CHANGE (R10): inside a fault-free core a normal primary of the newest view keeps that view, and
 * its oldest pending op commits in time (4 round trips and 2 prepare timeouts: the engine computes it).
 *
 * A primary that a change of voters has removed has to go, and is followed by another.
 *
 * `isStable` is the engine's word that all replicas have been up, all links open and no fault at work for at least 10
 * election timeouts.
 */
export class NoNeedlessViewChange implements Property {
  readonly id = 'INV-NO-NEEDLESS-VIEW-CHANGE';
  readonly kinds = ['heartbeat'] as const;
  private readonly truth: GroundTruth;
  private readonly voters: Voters;
  private readonly isStable: () => boolean;
  private readonly pendingUsMax: number;
  private readonly report: Report;
  private epoch: number;
  private view: number;
  /** Primary of (epoch, view), -1 before one was seen. */
  private primary: number;
  private incarnation: number;
  /** Whether the primary has been seen in a stable time: a view begun before is not judged by what came after. */
  private held: boolean;
  private pendingOp: number;
  private pendingSinceUs: number;

  constructor(truth: GroundTruth, voters: Voters, isStable: () => boolean, pendingUsMax: number, report: Report) {
    this.truth = truth;
    this.voters = voters;
    this.isStable = isStable;
    this.pendingUsMax = pendingUsMax;
    this.report = report;
    this.epoch = 0;
    this.view = -1;
    this.primary = -1;
    this.incarnation = 0;
    this.held = false;
    this.pendingOp = 0;
    this.pendingSinceUs = 0;
  }

  onSend(from: number): void {
    if (from !== this.primary) return;
    // The primary sends heartbeats, so what lasts is noticed without any change of state.
    if (!this.held && this.isStable()) this.held = true;
    if (this.pendingOp > 0) this.judgePending();
  }

  onState(now: ReplicaObservation): void {
    if (now.epoch > this.epoch || (now.epoch === this.epoch && now.view > this.view)) {
      this.newer(now);
      return;
    }
    if (now.epoch !== this.epoch || now.view !== this.view) return;
    if (this.primary < 0 && now.isPrimary) this.lead(now);
    if (now.replica !== this.primary || now.incarnation !== this.incarnation) return;
    if (now.isPrimary) {
      if (!this.held && this.isStable()) this.held = true;
      this.pend(now);
    } else this.lose(now, 'primary-gave-up');
  }

  onStop(replica: number): void {
    if (replica === this.primary) this.forget();
  }

  private newer(now: ReplicaObservation): void {
    // A replica that merely proposes stays in its view; one that has joined a newer view has left the primary.
    if (this.primary >= 0) this.lose(now, 'view-changed');
    this.epoch = now.epoch;
    this.view = now.view;
    if (now.isPrimary) this.lead(now);
  }

  private lead(now: ReplicaObservation): void {
    this.primary = now.replica;
    this.incarnation = now.incarnation;
    this.held = false;
    this.pend(now);
  }

  private lose(now: ReplicaObservation, site: string): void {
    const isRemoved = !this.voters.of(this.epoch, this.primary).includes(this.primary);
    if (this.held && !isRemoved && this.isStable()) {
      const { replica, view, epoch } = now;
      this.report(this.id, site, { replica, epoch, view, primary: this.primary, of: this.view });
    }
    this.forget();
  }

  private pend(now: ReplicaObservation): void {
    const pending = now.op > now.commitMax ? now.commitMax + 1 : 0;
    if (pending !== this.pendingOp) {
      this.pendingOp = pending;
      this.pendingSinceUs = this.truth.nowUs();
    } else if (pending > 0) this.judgePending();
  }

  private judgePending(): void {
    const waitedUs = this.truth.nowUs() - this.pendingSinceUs;
    if (waitedUs <= this.pendingUsMax || !this.isStable()) return;
    this.report(this.id, 'pending-op-stalls', { replica: this.primary, op: this.pendingOp, waitedUs });
    this.pendingSinceUs = this.truth.nowUs();
  }

  private forget(): void {
    this.primary = -1;
    this.held = false;
    this.pendingOp = 0;
  }
}
