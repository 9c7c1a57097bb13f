import type { Prepare } from '../cluster/storage/prepare.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import { CHECKPOINT_FILES } from './disk-image.ts';
import type { GroundTruth, Property, Report } from './property.ts';

/** What a start takes its position from: the superblock's word and the checkpoint's bytes. */
const POSITION_FILES: readonly string[] = ['superblock', ...CHECKPOINT_FILES];

/**
 * INV-COMMIT-MONOTONIC: a commit number never goes back within an incarnation. A restart may lower it to the durable
 * checkpoint and no further, unless that or the superblock is known to be damaged (R11) or the disk lost (`mustRecover`),
 * or an injected fault ended a read of the checkpoint in this incarnation with an error. That re-applied entries are the
 * same is INV-AGREEMENT's to judge.
 */
export class CommitMonotonic implements Property {
  readonly id = 'INV-COMMIT-MONOTONIC';
  private readonly truth: GroundTruth;
  private readonly report: Report;
  private readonly incarnations: Float64Array;
  private readonly commits: Float64Array;
  /** Per replica: op of the newest checkpoint that it announced as durable, and who announced it. */
  private readonly checkpoints: Float64Array;
  private readonly checkpointIncarnations: Float64Array;
  /** Per replica: refused reads of its checkpoints when its present incarnation started. */
  private readonly refusedBefore: Float64Array;

  constructor(truth: GroundTruth, report: Report) {
    this.truth = truth;
    this.report = report;
    this.incarnations = new Float64Array(truth.replicaCount);
    this.commits = new Float64Array(truth.replicaCount);
    this.checkpoints = new Float64Array(truth.replicaCount);
    this.checkpointIncarnations = new Float64Array(truth.replicaCount);
    this.refusedBefore = new Float64Array(truth.replicaCount);
  }

  onStart(replica: number): void {
    this.refusedBefore[replica] = this.refusedReads(replica);
  }

  onApply(replica: number, incarnation: number, prepare: Prepare): void {
    this.reach(replica, incarnation, prepare.op, 'applied-below-commit');
  }

  onInstall(replica: number, incarnation: number, op: number): void {
    this.reach(replica, incarnation, op, 'install-below-commit');
  }

  onCheckpoint(replica: number, incarnation: number, op: number): void {
    if (op < (this.checkpoints[replica] as number)) {
      const before = this.checkpoints[replica] as number;
      this.report(this.id, 'checkpoint-went-back', { replica, incarnation, op, before });
    }
    this.checkpoints[replica] = op;
    this.checkpointIncarnations[replica] = incarnation;
  }

  onState(now: ReplicaObservation): void {
    const { replica, incarnation, commit } = now;
    this.reach(replica, incarnation, commit, 'commit-went-back');
    if (now.mustRecover) {
      this.checkpoints[replica] = 0;
      return;
    }
    const floor = this.checkpoints[replica] as number;
    if (commit >= floor || now.status !== 'normal' || this.checkpointIncarnations[replica] === incarnation) return;
    if (this.truth.ledger.openOf(replica).some(({ file }) => POSITION_FILES.includes(file))) return;
    if (this.refusedReads(replica) > (this.refusedBefore[replica] as number)) return;
    this.report(this.id, 'restarted-below-checkpoint', { replica, incarnation, commit, checkpoint: floor });
    this.checkpoints[replica] = commit;
  }

  private refusedReads(replica: number): number {
    const { ledger } = this.truth;
    let refused = 0;
    for (const file of CHECKPOINT_FILES) refused += ledger.refusedReads(replica, file);
    return refused;
  }

  /** What the keepers lead from may be older than their checkpoints: a snapshot in the place of a lost disk. */
  onDeclaredLoss(_op: number, keepers: readonly number[]): void {
    for (const replica of keepers) this.checkpoints[replica] = 0;
  }

  private reach(replica: number, incarnation: number, commit: number, site: string): void {
    const before = this.incarnations[replica] === incarnation ? (this.commits[replica] as number) : 0;
    this.incarnations[replica] = incarnation;
    this.commits[replica] = commit;
    if (commit < before) this.report(this.id, site, { replica, incarnation, commit, before });
  }
}
