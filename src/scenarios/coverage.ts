import type { Replica } from '../cluster/vsr/replica.ts';
import { mix2, mixString } from '../sim/mix.ts';

/** What a feature is about: the first word of its hash, so that features of different sorts never meet by design. */
const SORT = { cluster: 1, replica: 2, pair: 3, mark: 4, markPair: 5 } as const;

/** State of a replica whose process does not run. */
const DOWN = 0;

/** Marks that say what was done to the system and not what it did (R25: never the active faults). */
function isProtocolMark(name: string): boolean {
  return !name.startsWith('fault:') && name !== 'mutant-fired';
}

/** 0, 1, 2, 3 to 7, 8 and more (R25). */
export function bucket(count: number): number {
  return count < 3 ? count : count < 8 ? 3 : 4;
}

/** Stage of a view change at one replica: the farthest that it has come. */
function viewChangeStage(r: Replica): number {
  if (r.status === 'view-change') {
    if (r.installing) return 5;
    if (r.chosen) return 4;
    return r.voteSent ? 3 : 2;
  }
  return r.proposed > r.view ? 1 : 0;
}

/** Stage of a start or of catching up. */
function recoveryStage(r: Replica): number {
  if (r.mustRecover) return 2 + bucket(r.recoveryAnswers.size);
  if (r.transferring) return r.pendingCheckpoint === null ? 7 : 8;
  return r.commit < r.catchUpTo ? 9 : 0;
}

/** Faulty, missing and intact slots above the checkpoint, and ops that are not known to be committed, each bucketed. */
function journalState(r: Replica): number {
  const held = Math.max(0, r.op - r.checkpointOp);
  let faulty = 0;
  let missing = 0;
  if (r.dirty) {
    for (let op = r.checkpointOp + 1; op <= r.op; op++) {
      if (r.journal.isFaulty(op)) faulty++;
      else if (r.journal.entry(op) === null) missing++;
    }
  }
  const open = bucket(Math.max(0, r.op - r.commit));
  return ((bucket(faulty) * 5 + bucket(missing)) * 5 + bucket(Math.max(0, held - faulty - missing))) * 5 + open;
}

/**
 * Coverage of one run (R25): the abstract states that the protocol went through, as hashes of 32 bits. A state of a
 * replica is status, role, stage of view change and of recovery, and its journal in buckets; a state of the cluster is
 * the sorted states of all replicas (who is who does not matter) without the finer numbers of their journals. Pairs are
 * consecutive states of one replica, and consecutive distinct marks of one host. Faults are no features: a plan must
 * not look new because it injects something else. Only reads; draws nothing and enters no hash.
 */
export class Coverage {
  private readonly found: Set<number>;
  private readonly replicaCount: number;
  /** Present state per replica: without its journal, and whole. */
  private readonly coarse: Int32Array;
  private readonly whole: Int32Array;
  private readonly sorted: Int32Array;
  private readonly lastMark: Map<number, number>;
  private readonly markKeys: Map<string, number>;

  constructor(replicaCount: number) {
    this.found = new Set();
    this.replicaCount = replicaCount;
    this.coarse = new Int32Array(replicaCount).fill(DOWN);
    this.whole = new Int32Array(replicaCount).fill(DOWN);
    this.sorted = new Int32Array(replicaCount);
    this.lastMark = new Map();
    this.markKeys = new Map();
  }

  /** Features so far: distinct unsigned 32-bit numbers in ascending order. */
  features(): readonly number[] {
    return [...this.found].sort((left, right) => left - right);
  }

  /** Looks at a replica after an event on its host; `moved`: one of its sampled numbers has changed. */
  sees(r: Replica, moved: boolean): void {
    const host = r.replica;
    const status = r.status === 'normal' ? 1 : r.status === 'view-change' ? 2 : 3;
    const role = r.isLeader() ? 1 : 0;
    const damage = r.dirty ? 1 : 0;
    const stages = (viewChangeStage(r) * 10 + recoveryStage(r)) * 2 + damage;
    const coarse = 1 + (stages * 2 + role) * 4 + status;
    const changed = coarse !== this.coarse[host];
    if (!changed && !moved) return;
    this.coarse[host] = coarse;
    this.becomes(host, coarse * 1_024 + journalState(r));
    if (changed) this.cluster();
  }

  /** The process of a replica has ended. */
  stops(host: number): void {
    this.coarse[host] = DOWN;
    this.becomes(host, DOWN);
    this.cluster();
  }

  /** A mark was reached at a host (-1: nowhere in particular). */
  reaches(mark: string, host: number): void {
    let key = this.markKeys.get(mark);
    if (key === undefined) {
      key = isProtocolMark(mark) ? mixString(SORT.mark, mark) : 0;
      this.markKeys.set(mark, key);
      if (key !== 0) this.found.add(key);
    }
    if (key === 0 || host < 0 || host >= this.replicaCount) return;
    const before = this.lastMark.get(host);
    if (before === key) return;
    this.lastMark.set(host, key);
    if (before !== undefined) this.found.add(mix2(SORT.markPair, 0, before, key));
  }

  private becomes(host: number, state: number): void {
    const before = this.whole[host] as number;
    if (before === state) return;
    this.whole[host] = state;
    this.found.add(mix2(SORT.replica, 0, state, 0));
    this.found.add(mix2(SORT.pair, 0, before, state));
  }

  private cluster(): void {
    const { sorted } = this;
    sorted.set(this.coarse);
    sorted.sort((left, right) => left - right);
    let feature: number = this.replicaCount;
    for (let index = 0; index < this.replicaCount; index++)
      feature = mix2(SORT.cluster, 0, feature, sorted[index] as number);
    this.found.add(feature);
  }
}
