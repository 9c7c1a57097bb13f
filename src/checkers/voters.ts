/** Who votes: all replicas in epoch 0, and in later epochs those that the engine was told of. */
export interface Voters {
  of(epoch: number): readonly number[];
}

/** Every replica votes in every epoch for which nothing else was set. */
export class VoterTable implements Voters {
  private readonly all: readonly number[];
  private readonly byEpoch: Map<number, readonly number[]>;

  constructor(replicaCount: number) {
    const all: number[] = [];
    for (let replica = 0; replica < replicaCount; replica++) all.push(replica);
    this.all = all;
    this.byEpoch = new Map();
  }

  /** The members of `epoch`, after a reconfiguration. */
  set(epoch: number, members: readonly number[]): void {
    this.byEpoch.set(epoch, members);
  }

  of(epoch: number): readonly number[] {
    return this.byEpoch.size === 0 ? this.all : (this.byEpoch.get(epoch) ?? this.all);
  }
}
