/** Who votes in an epoch, as the engine was told of it. */
export interface Voters {
  /** Members of the configuration in which `from` acts (of any sender: -1) in `epoch`. */
  of(epoch: number, from?: number): readonly number[];
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

  constructor(replicaCount: number) {
    const all: number[] = [];
    for (let replica = 0; replica < replicaCount; replica++) all.push(replica);
    this.all = all;
    this.byEpoch = new Map();
    this.forced = [];
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

  of(epoch: number, from = -1): readonly number[] {
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
      const own = each.host === from && epoch >= each.epoch;
      if (own || (each.newEpoch && epoch === each.epoch)) return index + 1;
    }
    return 0;
  }
}
