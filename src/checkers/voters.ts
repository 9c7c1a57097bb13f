import type { MembershipEntry } from './membership-entry.ts';

/** Who votes in an epoch, as the engine was told of it. */
export interface Voters {
  /** Members of the configuration in which `from` acts (of any sender: -1) in `epoch`. */
  of(epoch: number, from?: number): readonly number[];
  /** Whose quorums an op needs that `from` acknowledges: two sets while a change was joint. */
  sets(epoch: number, from: number, op: number): readonly (readonly number[])[];
  /**
   * Whether `from`, which has applied the log up to `applied`, may vote: by the change that is in force there or by any
   * later one. Who was removed cannot know it before that entry has reached it.
   */
  mayVote(epoch: number, from: number, applied: number): boolean;
  /** Number of the lineage in which `from` acts: 0 for the cluster as it began, then one more for each forced leader. */
  lineage(epoch: number, from: number): number;
}

interface Forced {
  readonly host: number;
  readonly epoch: number;
  readonly members: readonly number[];
  /** Whether the epoch was a new one: then everybody who knows it belongs to this lineage. */
  readonly newEpoch: boolean;
}

/** Every replica votes in every epoch for which nothing else was set. */
export class VoterTable implements Voters {
  private readonly all: readonly number[];
  private readonly byEpoch: Map<number, readonly number[]>;
  /** Lineages that began with a forced leader, in order of time. */
  private readonly forced: Forced[];
  /** Changes of voters that were applied, by lineage, in order. */
  private readonly changes: Map<number, MembershipEntry[]>;

  constructor(replicaCount: number) {
    const all: number[] = [];
    for (let replica = 0; replica < replicaCount; replica++) all.push(replica);
    this.all = all;
    this.byEpoch = new Map();
    this.forced = [];
    this.changes = new Map();
  }

  /** The members of `epoch`, after a reconfiguration. */
  set(epoch: number, members: readonly number[]): void {
    this.byEpoch.set(epoch, members);
  }

  /**
   * An operator has written a configuration of its own on `host`: a lineage of its own begins there, whatever its epoch
   * is called (without the guard of R18 it keeps the number of the one that it left).
   */
  force(host: number, epoch: number, members: readonly number[], newEpoch: boolean): void {
    this.forced.push({ host, epoch, members, newEpoch });
    if (newEpoch) this.byEpoch.set(epoch, members);
  }

  /** An entry of the log has changed who votes. */
  change(lineage: number, entry: MembershipEntry): void {
    const known = this.changes.get(lineage);
    if (known === undefined) this.changes.set(lineage, [entry]);
    else known.push(entry);
  }

  /** The latest change of a lineage, or null. */
  newest(lineage: number): MembershipEntry | null {
    return this.changes.get(lineage)?.at(-1) ?? null;
  }

  sets(epoch: number, from: number, op: number): readonly (readonly number[])[] {
    const changes = this.changes.size === 0 ? undefined : this.changes.get(this.lineage(epoch, from));
    if (changes === undefined) return [this.of(epoch, from)];
    const inForce = changes.findLast((change) => change.op < op);
    if (inForce === undefined) return [(changes[0] as MembershipEntry).voters];
    return inForce.phase === 'joint' ? [inForce.voters, inForce.next] : [inForce.voters];
  }

  mayVote(epoch: number, from: number, applied: number): boolean {
    const changes = this.changes.size === 0 ? undefined : this.changes.get(this.lineage(epoch, from));
    if (changes === undefined) return this.of(epoch, from).includes(from);
    for (let at = changes.length - 1; at >= 0; at--) {
      const { op, voters, next } = changes[at] as MembershipEntry;
      if (voters.includes(from) || next.includes(from)) return true;
      if (op <= applied) return false;
    }
    return this.began(epoch, from).includes(from);
  }

  of(epoch: number, from = -1): readonly number[] {
    if (this.changes.size > 0) {
      const newest = this.newest(this.lineage(epoch, from));
      if (newest !== null) return newest.voters;
    }
    return this.began(epoch, from);
  }

  /** Members before any change that an entry made. */
  private began(epoch: number, from: number): readonly number[] {
    if (this.forced.length > 0) {
      const lineage = this.lineage(epoch, from);
      if (lineage > 0) return (this.forced[lineage - 1] as Forced).members;
    }
    return this.byEpoch.size === 0 ? this.all : (this.byEpoch.get(epoch) ?? this.all);
  }

  lineage(epoch: number, from: number): number {
    const { forced } = this;
    for (let index = forced.length - 1; index >= 0; index--) {
      const each = forced[index] as Forced;
      const own = each.members.includes(from) && epoch >= each.epoch;
      if (own || (each.newEpoch && epoch === each.epoch)) return index + 1;
    }
    return 0;
  }
}
