import { describe, expect, it } from 'vitest';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';

describe('a backup behind a partition', () => {
  // A minority of one must neither stop nor move the majority.
  it('cut off both ways, it catches up after the cut', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    t.isolate(host);
    t.write(10);
    t.runFor(4 * ELECTION_US);
    t.expect(host, { commit: 0 });
    expect(t.marks('view-change-proposed', host)).toBe(1);
    t.heal();
    t.runUntil('the backup has caught up', () => t.isConverged());
    t.expect(t.all, { view: 0, commit: 11 });
    t.finish();
  });

  // It hears everything and is heard by nobody: its copy counts for nothing, its log is current all the same.
  it('that is not heard follows the log and is not counted', () => {
    const t = new TestCluster().boot();
    const host = t.backup(1);
    t.isolate(host, 'out');
    t.write(10);
    t.runUntil('it follows', () => t.replica(host).commit === 11);
    expect(t.replica(t.primary).ackedOps[host]).toBe(0);
    t.expect(t.all, { view: 0 });
    t.finish();
  });

  // It hears nobody and proposes in vain: one voice does not make a view.
  it('that hears nothing cannot move the others to a new view', () => {
    const t = new TestCluster().boot();
    const host = t.backup(1);
    t.isolate(host, 'in');
    t.write(10);
    t.runFor(20 * ELECTION_US);
    expect(t.marks('view-change-proposed', host)).toBe(1);
    expect(t.marks('view-change-started')).toBe(0);
    t.expect(t.all, { view: 0 });
    t.heal();
    t.runUntil('it is back', () => t.isConverged());
    t.expect(t.all, { view: 0 });
    t.finish();
  });

  // After a long absence its proposals must not lock anybody out either.
  it('coming back after many election timeouts, it disturbs no client', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    const host = t.backup(1);
    t.isolate(host);
    t.runFor(60 * ELECTION_US);
    t.heal();
    t.write(20);
    t.runUntil('it is back', () => t.isConverged());
    t.expect(t.all, { view: 0, commit: 21 });
    expect(t.marks('view-change-started')).toBe(0);
    t.finish();
  });
});

describe('a primary behind a partition', () => {
  // The majority goes on without it, and it does not answer with what it can no longer know.
  it('cut off both ways, it is replaced and gives up', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const former = t.primary;
    t.isolate(former);
    t.write(5);
    expect(t.primary).not.toBe(former);
    t.runUntil('the former primary gives up', () => t.marks('primary-abdicated', former) === 1);
    t.heal();
    t.runUntil('it follows', () => t.isConverged());
    expect(t.marks('view-joined', former)).toBeGreaterThan(0);
    t.finish();
  });

  // Its heartbeats keep the others quiet while nothing can commit: only it can end that.
  it('that is heard but hears nothing abdicates', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const former = t.primary;
    t.isolate(former, 'in', t.all);
    t.write(5);
    expect(t.marks('primary-abdicated', former)).toBe(1);
    expect(t.marks('primary-abdication-heard')).toBeGreaterThan(0);
    expect(t.primary).not.toBe(former);
    t.finish();
  });

  // It hears acknowledgements of old heartbeats at best; the others hear nothing and elect.
  it('that hears everything but is not heard is replaced', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const former = t.primary;
    t.isolate(former, 'out', t.all);
    t.write(5);
    expect(t.primary).not.toBe(former);
    expect(t.marks('view-change-log-chosen')).toBe(1);
    t.finish();
  });

  // Two backups that both have a majority, but one of them without the primary: it may lead, and the other lets it.
  it('that one backup cannot reach gives way to it after patience', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const former = t.primary;
    const cutOff = t.backup(1);
    t.split([former], [cutOff]);
    t.runUntil('a complaint is heard', () => t.marks('complaint-joined') > 0);
    t.runUntil('the complainer leads', () => t.cluster.primaryHost() === cutOff);
    t.write(5);
    t.finish();
  });

  // Links as of a half-frozen cluster (seed 1801): the new primary leads a quorum of three, and the one replica that
  // cannot hear it hears of the new view only from those who are in it already and cannot bring it along.
  it('that a backup cannot hear gives way, although that backup was left behind in an older view', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    t.write(3);
    const [former, next, other, behind, poor] = [t.primary, t.backup(1), t.backup(2), t.backup(3), t.backup(4)];
    t.split([former], [next], 'out');
    t.split([next], [behind], 'out');
    t.split([poor], [former, behind], 'out');
    t.split([behind], [poor], 'out');
    t.runUntil('the complainer leads', () => t.cluster.primaryHost() === next);
    t.runFor(2 * ELECTION_US);
    t.expect(behind, { status: 'normal', view: 0 });
    t.runUntil('all who are connected agree', () => t.isConverged([former, other, behind]), 60 * ELECTION_US);
    t.write(3);
    t.finish();
  });

  // The commit number travels with heartbeats: without further prepares the backups still apply everything.
  it('that falls idle lets the backups apply the last op', () => {
    const t = new TestCluster().boot();
    t.write(1);
    for (const host of [t.backup(1), t.backup(2)]) t.expect(host, { commit: 1 });
    t.runUntil('all apply', () => t.all.every((host) => t.replica(host).commit === 2), 200_000);
    t.expect(t.all, { view: 0, op: 2 });
    t.finish();
  });
});

describe('a client behind a partition', () => {
  // Any replica takes a request; the reply comes from the primary.
  it('that cannot send to the primary is served by way of a backup', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.split([t.clientHost()], [t.primary], 'out');
    t.write(3);
    t.expect(t.primary, { view: 0, commit: 6 });
    expect(t.marks('client-retry-answered')).toBe(3);
    t.finish();
  });

  // Every reply of the primary is lost on its way: the backup that passed the request on answers, too.
  it('that does not hear the primary is answered by the backup that passed its request on', () => {
    const t = new TestCluster().boot();
    t.write(2);
    const { primary } = t;
    t.drop(['reply'], { from: primary });
    t.record((sent) => sent.message.kind === 'reply' && sent.from !== primary);
    t.write(1);
    expect(t.sent.length).toBe(1);
    t.expect(primary, { op: 4 });
    t.finish();
  });

  // As seed 12703: the primary executes the registration and its answer is lost; no backup had passed that request on.
  it('that does not hear the primary is told its session by a backup', () => {
    const t = new TestCluster().boot();
    const { primary } = t;
    t.drop(['reply'], { from: primary });
    t.write(1);
    t.expect(primary, { op: 2, view: 0 });
    t.finish();
  });

  // A cut between one client and the primary alone is no reason for a view change.
  it('that cannot reach the primary either way is served by way of a backup, once for each request', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.split([t.clientHost()], [t.primary]);
    t.write(4);
    t.expect(t.primary, { op: 7, view: 0 });
    expect(t.marks('view-change-started')).toBe(0);
    t.finish();
  });
});

describe('the network in between', () => {
  // Loss, duplicates and reordering are ordinary: everything is retried, nothing happens twice.
  it('loses, duplicates and reorders, and every request runs once', () => {
    const t = new TestCluster({ clients: 3 }).boot();
    const links = [...t.all, 3, 4, 5].flatMap((from) => [0, 1, 2, 3, 4, 5].map((to) => ({ from, to })));
    t.world.network.degrade(
      'rough',
      links.filter(({ from, to }) => from !== to),
      { lossPer65536: 3_000, duplicatePer65536: 6_000, reorderPer65536: 6_000, reorderUsMax: 20_000 },
    );
    for (const index of [0, 1, 2]) t.submit(15, index);
    t.runUntil('all are answered', () => [0, 1, 2].every((index) => t.client(index).idle));
    t.world.network.restore('rough');
    expect(t.marks('prepare-retransmitted')).toBeGreaterThan(0);
    t.finish();
  });

  // A view change in two islands of which only one is a majority: the smaller one never starts a view.
  it('splits five replicas into three and two, and only the three go on', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    t.write(4);
    const minority = [t.primary, t.backup(1)];
    const majority = [t.backup(2), t.backup(3), t.backup(4)];
    t.split(minority, majority);
    t.write(6);
    expect(majority).toContain(t.primary);
    for (const host of minority) expect(t.replica(host).logView).toBe(0);
    t.heal();
    t.runUntil('five agree', () => t.isConverged());
    t.finish();
  });
});
