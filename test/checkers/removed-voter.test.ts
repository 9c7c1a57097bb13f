import { describe, expect, it } from 'vitest';
import { changeMembership } from '../../src/cluster/vsr/reconfiguration.ts';
import { MS, SECOND } from '../../src/sim/time.ts';
import { TestCluster } from '../support/cluster-dsl.ts';

/** Voters are the first three; tests add and remove the spares. */
class Growing extends TestCluster {
  override get all(): readonly number[] {
    return [0, 1, 2];
  }

  change(voters: readonly number[]): void {
    for (const client of [0, 1]) this.submit(200, client);
    const { primary } = this;
    this.machine(primary).act(() => {
      expect(changeMembership(this.replica(primary), voters, [])).toBe('');
    });
    this.runUntil(`the voters are ${voters.join(' ')}`, () => {
      const leader = this.cluster.primaryHost();
      if (leader < 0) return false;
      const { membership, commitMax } = this.replica(leader);
      return membership.phase === 'stable' && commitMax >= membership.op && `${membership.voters}` === `${voters}`;
    });
    this.runFor(100 * MS);
  }
}

function grown(seed: number): Growing {
  const cluster = new Growing({ replicas: 3, spares: 2, clients: 2, seed, recordOnly: true }).boot();
  cluster.write(5);
  for (const host of [3, 4]) {
    cluster.machine(host).enabled = true;
    cluster.machine(host).start();
  }
  cluster.runFor(200 * MS);
  cluster.change([0, 1, 2, 3, 4]);
  return cluster;
}

describe('INV-STANDBY-NO-VOTE of a voter that was removed', () => {
  // It speaks until the entry that removes it has reached it.
  it.each([1, 2, 3, 4])('accuses nobody in a change from three to five to three under load, seed %d', (seed) => {
    const cluster = grown(seed);
    cluster.change([0, 1, 2]);
    cluster.runFor(SECOND);
    expect(cluster.findings.map(({ text }) => text)).toEqual([]);
  });
});
