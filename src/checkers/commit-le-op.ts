import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Property, Report } from './property.ts';

/** INV-COMMIT-LE-OP: no replica has applied beyond its own log, nor beyond what it knows to be committed. */
export class CommitLeOp implements Property {
  readonly id = 'INV-COMMIT-LE-OP';
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  onState(now: ReplicaObservation): void {
    if (now.commit <= now.op && now.commit <= now.commitMax) return;
    const { replica, incarnation, commit, op, commitMax } = now;
    if (commit > op) this.report(this.id, 'commit-above-op', { replica, incarnation, commit, op });
    else this.report(this.id, 'commit-above-known-commit', { replica, incarnation, commit, commitMax });
  }
}
