import type { GroundTruth, Property, Report } from './property.ts';

/** INV-SINGLE-INSTANCE: at most one process uses a replica's data directory; incarnations only count up. */
export class SingleInstance implements Property {
  readonly id = 'INV-SINGLE-INSTANCE';
  private readonly report: Report;
  /** Per replica: the incarnation that runs, 0 for none. */
  private readonly running: Float64Array;
  private readonly newest: Float64Array;

  constructor(truth: GroundTruth, report: Report) {
    this.report = report;
    this.running = new Float64Array(truth.replicaCount);
    this.newest = new Float64Array(truth.replicaCount);
  }

  onStart(replica: number, incarnation: number): void {
    const running = this.running[replica] as number;
    const newest = this.newest[replica] as number;
    this.running[replica] = incarnation;
    this.newest[replica] = Math.max(newest, incarnation);
    if (running > 0) this.report(this.id, 'second-process', { replica, incarnation, running });
    else if (incarnation <= newest) this.report(this.id, 'incarnation-reused', { replica, incarnation, newest });
  }

  onStop(replica: number, incarnation: number): void {
    if (this.running[replica] === incarnation) this.running[replica] = 0;
  }
}
