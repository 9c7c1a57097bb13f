import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { Property, Report } from './property.ts';

/** What the property must know of releases. They are numbers: v0.4.0 is 400. */
export interface ReleaseFacts {
  readonly replicaCount: number;
  /** Release of the server that runs on a replica's host at this moment, or ran last: ground truth. */
  releaseOf(replica: number): number;
  /** Oldest release that can read entries of an operation. */
  neededBy(operation: number): number;
}

/**
 * INV-VERSION-GATE (catalogue, invariants.safety): no form of entries is used while a replica runs, or last ran, a
 * release that cannot read it, and no server is started on a release that can no longer read what the log holds. The
 * property goes by what is installed, the cluster only by what it was told.
 */
export class VersionGate implements Property {
  readonly id = 'INV-VERSION-GATE';
  private readonly facts: ReleaseFacts;
  private readonly report: Report;
  /** Highest op that was judged. */
  private judgedOp: number;
  /** The newest form that any prepare has had: from then on the log holds it. */
  private writtenForm: number;

  constructor(facts: ReleaseFacts, report: Report) {
    this.facts = facts;
    this.report = report;
    this.judgedOp = 0;
    this.writtenForm = 0;
  }

  onSend(from: number, _to: number, message: VsrMessage): void {
    if (message.kind !== 'prepare' || message.prepare === null || message.prepare.op <= this.judgedOp) return;
    this.judgedOp = message.prepare.op;
    const needed = this.facts.neededBy(message.prepare.operation);
    if (needed === 0) return;
    this.writtenForm = Math.max(this.writtenForm, needed);
    for (let replica = 0; replica < this.facts.replicaCount; replica++) {
      const release = this.facts.releaseOf(replica);
      if (release >= needed) continue;
      this.report(this.id, 'form-before-all-can-read', { op: message.prepare.op, from, needed, replica, release });
      return;
    }
  }

  onStart(replica: number, incarnation: number): void {
    const release = this.facts.releaseOf(replica);
    if (release >= this.writtenForm) return;
    const needed = this.writtenForm;
    this.report(this.id, 'started-below-what-the-log-holds', { replica, incarnation, release, needed });
  }
}
