import type { GroundTruth, Property, Report } from './property.ts';

/** What properties about projections hear, beside the hooks of {@link Property}. */
export interface ProjectionObserver {
  /** A projection of a replica stands at op `applied`, while the replica's commit number is `commit`. */
  onProjection(replica: number, incarnation: number, projection: number, applied: number, commit: number): void;
}

/** Projections per replica. */
const PROJECTIONS_MAX = 16;

/**
 * INV-PROJECTION: a projection's position never goes back within an incarnation and never passes the commit number. A
 * new process may build it again from the start.
 */
export class Projection implements Property, ProjectionObserver {
  readonly id = 'INV-PROJECTION';
  private readonly report: Report;
  private readonly positions: Float64Array;

  constructor(truth: GroundTruth, report: Report) {
    this.report = report;
    this.positions = new Float64Array(truth.replicaCount * PROJECTIONS_MAX);
  }

  onStart(replica: number): void {
    this.positions.fill(0, replica * PROJECTIONS_MAX, (replica + 1) * PROJECTIONS_MAX);
  }

  onProjection(replica: number, incarnation: number, projection: number, applied: number, commit: number): void {
    const at = replica * PROJECTIONS_MAX + (projection % PROJECTIONS_MAX);
    const before = this.positions[at] as number;
    this.positions[at] = applied;
    if (applied < before) {
      this.report(this.id, 'position-went-back', { replica, incarnation, projection, applied, before });
    } else if (applied > commit) {
      this.report(this.id, 'position-above-commit', { replica, incarnation, projection, applied, commit });
    }
  }
}
