import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { GroundTruth, Property, Report } from './property.ts';

/** Columns of what is kept for a replica. */
const AT = { incarnation: 0, epoch: 1, view: 2, logView: 3, promisedEpoch: 4, okView: 5, voteView: 6 } as const;
const COLUMNS = 7;

/**
 * INV-VIEW-MONOTONIC: within an incarnation view and log view never go back, and no incarnation acts in a lower view
 * than any earlier one promised on the wire by a prepare_ok or a DoViewChange (R7). A StartViewChange carries the view
 * that the sender *has*, so it is judged but promises nothing new.
 *
 * A replica that lost its disk is bound by its prepare_oks only (f+1 normal answers include one at that view or above);
 * its former DoViewChanges are void, because their incarnation is dropped everywhere (Michael et al., DISC 2017).
 */
export class ViewMonotonic implements Property {
  readonly id = 'INV-VIEW-MONOTONIC';
  readonly kinds = ['prepareOk', 'doViewChange', 'prepare', 'heartbeat', 'startView', 'startViewChange'] as const;
  private readonly report: Report;
  private readonly replicaCount: number;
  private readonly kept: Float64Array;

  constructor(truth: GroundTruth, report: Report) {
    this.report = report;
    this.replicaCount = truth.replicaCount;
    this.kept = new Float64Array(truth.replicaCount * COLUMNS);
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (from >= this.replicaCount) return;
    switch (message.kind) {
      case 'prepareOk':
        this.act(from, message);
        this.promise(from, message, AT.okView);
        return;
      case 'doViewChange':
        this.act(from, message);
        this.judgeLogView(from, message);
        this.promise(from, message, AT.voteView);
        return;
      case 'prepare':
      case 'heartbeat':
      case 'startView':
      case 'startViewChange':
        this.act(from, message);
        return;
      default:
        return;
    }
  }

  onState(now: ReplicaObservation): void {
    const { kept } = this;
    const base = now.replica * COLUMNS;
    if (kept[base + AT.incarnation] === now.incarnation) this.judgeSample(now, base);
    kept[base + AT.incarnation] = now.incarnation;
    kept[base + AT.epoch] = now.epoch;
    kept[base + AT.view] = now.view;
    kept[base + AT.logView] = now.logView;
    if (now.mustRecover) kept[base + AT.voteView] = 0;
    else if (now.status !== 'recovering') this.compare(now.replica, now.epoch, now.view, 'resumes-below-promise');
  }

  private judgeSample(now: ReplicaObservation, base: number): void {
    const { kept } = this;
    const { replica, incarnation, view, logView, epoch } = now;
    if (epoch > (kept[base + AT.epoch] as number)) return;
    const before = kept[base + AT.view] as number;
    const logBefore = kept[base + AT.logView] as number;
    if (epoch < (kept[base + AT.epoch] as number)) {
      this.report(this.id, 'epoch-went-back', { replica, incarnation, epoch, before: kept[base + AT.epoch] as number });
    } else if (view < before) {
      this.report(this.id, 'view-went-back', { replica, incarnation, view, before });
    } else if (logView < logBefore) {
      this.report(this.id, 'log-view-went-back', { replica, incarnation, logView, before: logBefore });
    }
  }

  private act(from: number, message: VsrMessage): void {
    this.compare(from, message.epoch, message.view, 'acts-below-promise');
  }

  private compare(replica: number, epoch: number, view: number, site: string): void {
    const base = replica * COLUMNS;
    const promisedEpoch = this.kept[base + AT.promisedEpoch] as number;
    const promised = Math.max(this.kept[base + AT.okView] as number, this.kept[base + AT.voteView] as number);
    if (epoch > promisedEpoch || (epoch === promisedEpoch && view >= promised)) return;
    this.report(this.id, site, { replica, epoch, view, promisedEpoch, promised });
  }

  /** A prepare_ok of view v was given with log view v: a vote that weighs less has forgotten it. */
  private judgeLogView(from: number, message: VsrMessage): void {
    const base = from * COLUMNS;
    const promised = this.kept[base + AT.okView] as number;
    if (message.epoch !== this.kept[base + AT.promisedEpoch] || message.logView >= promised) return;
    this.report(this.id, 'log-view-below-promise', { replica: from, logView: message.logView, promised });
  }

  private promise(from: number, message: VsrMessage, column: number): void {
    const { kept } = this;
    const base = from * COLUMNS;
    if (message.epoch > (kept[base + AT.promisedEpoch] as number)) {
      kept[base + AT.promisedEpoch] = message.epoch;
      kept[base + AT.okView] = 0;
      kept[base + AT.voteView] = 0;
    }
    if (message.epoch === kept[base + AT.promisedEpoch] && message.view > (kept[base + column] as number)) {
      kept[base + column] = message.view;
    }
  }
}
