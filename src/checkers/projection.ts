import type { GroundTruth, Property, Report } from './property.ts';

/** What properties about projections hear, beside the hooks of {@link Property}. */
export interface ProjectionObserver {
  /**
   * A projection of a replica stands at op `applied`, while the replica's commit number is `commit`; `digest` stands for
   * its content, where the system tells it.
   */
  onProjection(
    replica: number,
    incarnation: number,
    projection: number,
    applied: number,
    commit: number,
    digest?: number,
  ): void;
}

/** Projections per replica. */
const PROJECTIONS_MAX = 16;
/** Contents are remembered for this many ops, a power of two. */
const WINDOW_OPS = 4_096;

/**
 * INV-PROJECTION: a projection's position never goes back within an incarnation and never passes the commit number. A
 * new process may build it again from the start. Wherever two replicas, or two lives of one, show the content of a
 * projection at the same op, it is the same: an op that is projected twice, or not at all, shows there.
 */
export class Projection implements Property, ProjectionObserver {
  readonly id = 'INV-PROJECTION';
  private readonly report: Report;
  private readonly isLost: (replica: number, op: number) => boolean;
  private readonly positions: Float64Array;
  /** Of each op of the window, by op modulo its size: the op and the digest that was first shown there. */
  private readonly ops: Float64Array;
  private readonly digests: Int32Array;

  /** `isLost` says whether a replica may hold another content at an op because it did not go along with a declared loss. */
  constructor(truth: GroundTruth, report: Report, isLost: (replica: number, op: number) => boolean = () => false) {
    this.report = report;
    this.isLost = isLost;
    this.positions = new Float64Array(truth.replicaCount * PROJECTIONS_MAX);
    this.ops = new Float64Array(WINDOW_OPS).fill(-1);
    this.digests = new Int32Array(WINDOW_OPS);
  }

  onStart(replica: number): void {
    this.positions.fill(0, replica * PROJECTIONS_MAX, (replica + 1) * PROJECTIONS_MAX);
  }

  /** Other ops come in the place of those that were given up. */
  onDeclaredLoss(): void {
    this.ops.fill(-1);
  }

  onProjection(
    replica: number,
    incarnation: number,
    projection: number,
    applied: number,
    commit: number,
    digest?: number,
  ): void {
    const at = replica * PROJECTIONS_MAX + (projection % PROJECTIONS_MAX);
    const before = this.positions[at] as number;
    this.positions[at] = applied;
    if (applied < before) {
      this.report(this.id, 'position-went-back', { replica, incarnation, projection, applied, before });
    } else if (applied > commit) {
      this.report(this.id, 'position-above-commit', { replica, incarnation, projection, applied, commit });
    }
    if (digest !== undefined && projection === 0 && !this.isLost(replica, applied))
      this.compare(replica, incarnation, applied, digest);
  }

  private compare(replica: number, incarnation: number, applied: number, digest: number): void {
    const at = applied % WINDOW_OPS;
    const known = this.ops[at] as number;
    if (known === applied && this.digests[at] !== digest) {
      this.report(this.id, 'content-differs', { replica, incarnation, applied });
    } else if (known < applied) {
      this.ops[at] = applied;
      this.digests[at] = digest;
    }
  }
}
