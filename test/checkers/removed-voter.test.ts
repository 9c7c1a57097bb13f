import { describe, expect, it } from 'vitest';
import type { GroundTruth } from '../../src/checkers/property.ts';
import { StandbyNoVote } from '../../src/checkers/standby-no-vote.ts';
import { VoterTable } from '../../src/checkers/voters.ts';
import type { Prepare } from '../../src/cluster/storage/prepare.ts';
import { draft, seal } from '../../src/cluster/vsr/message.ts';
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

describe('INV-NO-NEEDLESS-VIEW-CHANGE', () => {
  it.each([1, 2, 3])('accuses no primary that a change of voters removes, seed %d', (seed) => {
    const cluster = new TestCluster({ replicas: 5, clients: 2, seed, recordOnly: true }).boot();
    cluster.write(5);
    cluster.runFor(10 * SECOND);
    const { primary } = cluster;
    const stay = [0, 1, 2, 3, 4].filter((host) => host !== primary).slice(-3);
    cluster.submit(50, 0);
    cluster.machine(primary).act(() => {
      expect(changeMembership(cluster.replica(primary), stay, [])).toBe('');
    });
    cluster.runUntil('another leads', () => stay.some((host) => cluster.replica(host).isPrimary));
    cluster.runFor(SECOND);
    expect(cluster.findings.map(({ text }) => text)).toEqual([]);
  });
});

describe('INV-STANDBY-NO-VOTE of a voter that was removed', () => {
  // It speaks until the entry that removes it has reached it.
  it.each([2, 3])('accuses nobody in a change from three to five to three under load, seed %d', (seed) => {
    const cluster = grown(seed);
    cluster.change([0, 1, 2]);
    cluster.runFor(SECOND);
    expect(cluster.findings.map(({ text }) => text)).toEqual([]);
  });

  /** Host 3 comes with the entry at op 5 and goes with the one at op 9. */
  function removed(): { property: StandbyNoVote; sites: string[]; speak: () => void } {
    const table = new VoterTable(3);
    for (const [op, voters] of [
      [5, [0, 1, 2, 3, 4]],
      [9, [0, 1, 2]],
    ] as const) {
      table.change(0, { op, phase: 'stable', voters, next: [] });
    }
    const sites: string[] = [];
    const truth = { voterCount: 3, replicaCount: 5 } as GroundTruth;
    const property = new StandbyNoVote(truth, table, (_property, site) => sites.push(site));
    const message = seal(draft('prepareOk', 0, 0), 0, 0);
    return { property, sites, speak: () => property.onSend(3, 0, message) };
  }

  it('accuses it once it has applied that entry, or installed what holds it', () => {
    for (const reach of ['apply', 'install']) {
      const { property, sites, speak } = removed();
      property.onApply(3, 1, { op: 8 } as Prepare);
      speak();
      expect(sites).toEqual([]);
      if (reach === 'apply') property.onApply(3, 1, { op: 9 } as Prepare);
      else property.onInstall(3, 1, 12);
      speak();
      expect(sites).toEqual(['non-voter-spoke']);
    }
  });

  it('accuses a host that never came, wherever it stands in the log', () => {
    const sites: string[] = [];
    const table = new VoterTable(3);
    table.change(0, { op: 5, phase: 'stable', voters: [0, 1, 2, 4], next: [] });
    const property = new StandbyNoVote({ voterCount: 3, replicaCount: 5 } as GroundTruth, table, (_id, site) =>
      sites.push(site),
    );
    property.onSend(3, 0, seal(draft('prepareOk', 0, 0), 0, 0));
    expect(sites).toEqual(['non-voter-spoke']);
  });
});
