import type { Prepare } from '../cluster/storage/prepare.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { CommittedOps } from './committed-ops.ts';
import type { Property, Report } from './property.ts';

const CHECKPOINTS_MAX = 256;

/**
 * INV-STATE-EQUAL: at equal commit numbers all replicas, and every life of one, have equal state hashes; the reply to
 * an entry is the same everywhere; checkpoints of equal op have equal digests (R10).
 */
export class StateEqual implements Property {
  readonly id = 'INV-STATE-EQUAL';
  private readonly committed: CommittedOps;
  private readonly report: Report;
  /** Digest of each recent checkpoint, by op; the oldest entered leaves first. */
  private readonly checkpoints: Map<number, number>;

  constructor(committed: CommittedOps, report: Report) {
    this.committed = committed;
    this.report = report;
    this.checkpoints = new Map();
  }

  onApply(replica: number, incarnation: number, prepare: Prepare, hash0: number, hash1: number, reply: number): void {
    const { committed } = this;
    const { op } = prepare;
    if (!committed.contains(op) || committed.isLost(replica, op)) return;
    const slot = committed.slot(op);
    if (committed.hash0[slot] !== (hash0 | 0) || committed.hash1[slot] !== (hash1 | 0)) {
      this.report(this.id, 'state-differs', { replica, incarnation, op, operation: prepare.operation });
    } else if (committed.replyDigest[slot] !== (reply | 0)) {
      this.report(this.id, 'reply-differs', { replica, incarnation, op, operation: prepare.operation });
    }
  }

  onInstall(replica: number, incarnation: number, op: number, hash0: number, hash1: number): void {
    if (op > 0) this.judge(replica, incarnation, op, hash0, hash1, 'installed-state-differs');
  }

  onState(now: ReplicaObservation): void {
    // A commit number beyond the log is INV-COMMIT-LE-OP's to judge: no state belongs to it.
    if (now.commit === 0 || now.commit > now.op) return;
    this.judge(now.replica, now.incarnation, now.commit, now.stateHash0, now.stateHash1, 'sampled-state-differs');
  }

  onCheckpoint(replica: number, incarnation: number, op: number, digest: number): void {
    if (this.committed.isLost(replica, op)) return;
    const known = this.checkpoints.get(op);
    if (known !== undefined) {
      if (known !== digest) this.report(this.id, 'checkpoints-differ', { replica, incarnation, op });
      return;
    }
    this.checkpoints.set(op, digest);
    if (this.checkpoints.size <= CHECKPOINTS_MAX) return;
    for (const oldest of this.checkpoints.keys()) {
      this.checkpoints.delete(oldest);
      break;
    }
  }

  onDeclaredLoss(op: number): void {
    for (const at of [...this.checkpoints.keys()]) if (at > op) this.checkpoints.delete(at);
  }

  private judge(replica: number, incarnation: number, op: number, hash0: number, hash1: number, site: string): void {
    const { committed } = this;
    if (!committed.contains(op) || committed.isLost(replica, op)) return;
    const slot = committed.slot(op);
    if (committed.hash0[slot] === (hash0 | 0) && committed.hash1[slot] === (hash1 | 0)) return;
    this.report(this.id, site, { replica, incarnation, op });
  }
}
