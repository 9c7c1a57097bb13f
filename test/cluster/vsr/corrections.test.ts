import { describe, expect, it } from 'vitest';
import type { VsrMessage } from '../../../src/cluster/vsr/message.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';
import { found } from '../../support/found.ts';

/**
 * One committed op of which two replicas know; the third knows nothing. `spoil` then does something to the second
 * copy, while the primary, which has the other one, stays down.
 */
function lastCopyMatters(t: TestCluster, spoil: (holder: number, op: number) => void): void {
  const [primary, holder, lagging] = [t.primary, t.backup(1), t.backup(2)];
  t.write(3);
  t.runFor(100_000);
  t.isolate(lagging, 'both', t.all);
  t.write(1);
  const { op } = t.replica(primary);
  t.crash(primary, holder);
  t.heal();
  spoil(holder, op);
  t.start(holder);
  t.runFor(20 * ELECTION_US);
  t.start(primary);
  t.runFor(20 * ELECTION_US);
}

describe('view and log view are durable before any vote (R7)', () => {
  /** A voter loses power in the very moment in which its DoViewChange leaves. */
  const script = (t: TestCluster): void => {
    t.write(3);
    t.runFor(100_000);
    const voter = t.backup(2);
    t.record(({ message, from }) => message.kind === 'doViewChange' && from === voter);
    t.crash(t.primary);
    t.runUntil('the vote leaves', () => t.sent.length > 0);
    t.powerLoss([voter], 'unreadable');
    t.start(voter);
    t.runFor(10 * ELECTION_US);
  };

  it('a voter that loses power comes back in the view that it voted for', () => {
    expect(found({}, script)).toEqual([]);
  });

  it('and without the rule it acts in a lower one', () => {
    expect(found({ voteNeedsDurableView: () => false }, script)).toContain('INV-VIEW-MONOTONIC acts-below-promise');
  });
});

describe('the same DoViewChange is sent again after a restart (R7)', () => {
  it('with equal view, log view, head and log', () => {
    const t = new TestCluster().boot();
    t.write(6);
    t.runFor(100_000);
    const [former, voter] = [t.primary, t.backup(2)];
    t.record(({ message, from }) => message.kind === 'doViewChange' && from === voter);
    t.drop(['doViewChange']);
    t.crash(former);
    t.runUntil('the vote leaves', () => t.sent.length > 0);
    t.crash(voter);
    const before = t.sent.length;
    t.start(voter);
    t.runUntil('it votes again', () => t.sent.length > before);
    const content = ({ view, logView, op, suffix }: VsrMessage): unknown => ({
      view,
      logView,
      op,
      first: suffix?.first,
      nack: suffix?.nack,
      present: suffix?.present,
      sums: suffix?.headers.map((header) => header?.sum),
    });
    const [first, second] = [t.sent[0]?.message as VsrMessage, t.sent[before]?.message as VsrMessage];
    expect(second.incarnation).toBe(first.incarnation + 1);
    expect(content(second)).toEqual(content(first));
    expect(t.marks('view-change-resumed', voter)).toBe(1);
    t.finish();
  });
});

describe('a restarted primary starts a new view (R7)', () => {
  /** The primary prepares an op, forgets it with the power, and comes back at once. */
  const script = (t: TestCluster): void => {
    t.write(3);
    t.runFor(100_000);
    const { primary } = t;
    t.submit(1);
    t.runUntil('prepared', () => t.replica(primary).op === 5);
    t.powerLoss([primary], 'unreadable');
    t.start(primary);
    t.runFor(10 * ELECTION_US);
  };

  it('it yields and the op numbers that it gave out stay unique', () => {
    expect(found({}, script)).toEqual([]);
    const t = new TestCluster().boot();
    script(t);
    expect(t.marks('restarted-primary-yields')).toBe(1);
    expect(t.replica(0).view).toBeGreaterThan(0);
    t.finish();
  });

  it('and without the rule two incarnations lead one view', () => {
    expect(found({ restartedPrimaryYields: () => false }, script)).toContain('INV-ONE-LEADER two-primaries');
  });
});

describe('a replica that lost its disk never votes before the nonce protocol (R7)', () => {
  const wiped = (t: TestCluster): void => lastCopyMatters(t, (holder) => t.wipeJournal(holder));

  it('the op that only its lost journal and the stopped primary held survives', () => {
    expect(found({}, wiped)).toEqual([]);
  });

  it('and without the rule a view starts without the op', () => {
    expect(found({ lostJournalLosesVote: () => false }, wiped)).toContain('INV-DURABLE-ACK view-starts-without');
  });

  // That it must recover has to be durable before an empty journal stands where the lost one was.
  it('also when it stops while it notes that it must recover', () => {
    const interrupted = (t: TestCluster): void =>
      lastCopyMatters(t, (holder) => {
        t.wipeJournal(holder);
        t.machine(holder).disk.faults.failNextFsync('note', 'superblock', 'ext4');
        t.start(holder);
        t.runUntil('it stops', () => !t.machine(holder).isUp);
      });
    expect(found({}, interrupted)).toEqual([]);
  });
});

describe('a vote of a former incarnation is void once its replica has recovered from a lost disk (R7)', () => {
  /**
   * Replica 4 votes for view 1, loses its disk and recovers in view 0, where its acknowledgement then commits an op.
   * The leader of view 1 hears nothing of all that. With the old vote and that of replica 3, which lacks the op, it has
   * three votes; replica 3 has answered the recovery, so it knows that the old vote is void (crash vectors of Michael
   * et al., DISC 2017).
   */
  const script = (t: TestCluster): void => {
    const [primary, leader, loyal, lagging, lost] = [0, 1, 2, 3, 4];
    t.write(3);
    t.runFor(100_000);
    t.rule((_from, to, message) =>
      message.kind === 'startViewChange' && to !== leader && to !== lost ? 'drop' : 'pass',
    );
    const deaf = t.split([primary], [leader, lagging, lost], 'out');
    t.runUntil('the leader of view 1 has two votes', () => t.replica(leader).votes.size === 2);
    t.isolate(leader, 'both', t.all);
    t.healCut(deaf);
    t.loseDisk(lost);
    t.crash(lost);
    t.start(lost);
    t.runUntil('it votes again', () => t.marks('vote-regained', lost) === 1);
    t.drop(['prepare', 'repairPrepare'], { to: lagging });
    t.write(1);
    t.crash(primary, loyal);
    t.heal();
    t.split([leader], [lost]);
    t.runFor(20 * ELECTION_US);
  };

  it('the op that it acknowledged after its recovery survives', () => {
    expect(found({}, script, { replicas: 5 })).toEqual([]);
  });
});

describe('a lost journal does not take a replica back below the view of its superblock (R1, R7)', () => {
  /** Replica 2 has joined view 1 durably, alone; the others went on in view 0. Then it loses its journal. */
  const script = (t: TestCluster): void => {
    t.write(3);
    t.runFor(100_000);
    t.rule((_from, to, message) => (message.kind === 'startViewChange' && to !== 2 ? 'drop' : 'pass'));
    t.drop(['doViewChange']);
    const deaf = t.split([0], [1, 2], 'out');
    t.runUntil('it has joined view 1', () => t.replica(2).durableView === 1);
    t.healCut(deaf);
    t.crash(2);
    t.wipeJournal(2);
    t.start(2);
    t.runFor(10 * ELECTION_US);
    t.heal();
    t.runUntil('it takes part again', () => t.marks('vote-regained', 2) === 1);
  };

  it('its view only rises within its life', () => {
    expect(found({}, script)).toEqual([]);
  });
});

describe('a faulty slot never denies (R7)', () => {
  const rotten = (t: TestCluster): void => lastCopyMatters(t, (holder, op) => t.corruptPrepares(holder, op));

  it('the op whose record is damaged here and elsewhere out of reach survives', () => {
    expect(found({}, rotten)).toEqual([]);
  });

  it('and without the rule a view starts without the op', () => {
    expect(found({ faultyDenies: () => true }, rotten)).toContain('INV-DURABLE-ACK view-starts-without');
  });
});

describe('a higher view is joined only on a quorum of StartViewChange (R7)', () => {
  /** One backup hears nothing and proposes views for as long as it likes. */
  const script = (t: TestCluster): void => {
    t.write(2);
    t.isolate(t.backup(2), 'in');
    t.runFor(10 * ELECTION_US);
    t.write(2);
  };

  it('one half-connected replica moves nobody', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    script(t);
    expect(t.marks('view-change-proposed', 2)).toBe(1);
    expect(t.marks('view-change-started')).toBe(0);
    t.expect(t.all, { view: 0 });
    t.finish();
  });

  it('and when one message is enough it unseats a primary that all others hear', () => {
    const t = new TestCluster({ replicas: 5, recordOnly: true }, { viewQuorum: () => 1 }).boot();
    script(t);
    expect(t.marks('view-change-started')).toBeGreaterThan(0);
    expect(t.replica(0).view).toBeGreaterThan(0);
  });
});

describe('logs are weighed by the last normal view first (R8)', () => {
  /** Three stale ops of view 0 against one committed op of view 1, with exactly these two logs as votes. */
  const script = (t: TestCluster): void => {
    t.write(2);
    t.runFor(100_000);
    const [former, next, third] = [t.primary, t.backup(1), t.backup(2)];
    t.drop(['prepare', 'repairPrepare'], { from: former });
    for (const index of [1, 2, 3]) t.submit(1, index);
    t.runUntil('three stale ops', () => t.replica(former).durableOp === 6);
    t.crash(former);
    for (const index of [1, 2, 3]) t.drop(['request'], { from: t.clientHost(index) });
    t.runUntil('the others start a view', () => t.cluster.primaryHost() === next);
    t.write(1);
    t.crash(next, third);
    t.start(former, next);
    t.runFor(20 * ELECTION_US);
  };

  it('the short log of the newer view wins', () => {
    expect(found({}, script, { clients: 4 })).toEqual([]);
  });

  it('and without the rule the long stale one does', () => {
    const lost = found({ voteLogView: () => 0 }, script, { clients: 4 });
    expect(lost).toContain('INV-DURABLE-ACK view-starts-without');
  });
});
