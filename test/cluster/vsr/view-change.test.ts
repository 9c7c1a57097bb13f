import { describe, expect, it } from 'vitest';
import { decodeHeader } from '../../../src/cluster/storage/record.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';

/** Lets the primary prepare `count` ops that reach nobody else, one for each of as many clients. */
function prepareAlone(t: TestCluster, count: number): number {
  const { primary } = t;
  const before = t.replica(primary).op;
  t.drop(['prepare'], { from: primary });
  t.drop(['repairPrepare'], { from: primary });
  for (let index = 0; index < count; index++) t.submit(1, index);
  t.runUntil('prepared', () => t.replica(primary).op === before + count);
  t.runUntil('synced', () => t.replica(primary).durableOp === before + count);
  return primary;
}

describe('which log the new view starts with', () => {
  // A slot whose header is damaged, too, may have held anything: only the third vote can tell.
  it('a slot of which nothing is left stalls two of three, and the third lets them go on', () => {
    const t = new TestCluster().boot();
    t.write(3);
    t.runFor(100_000);
    const [primary, holder, lagging] = [t.primary, t.backup(1), t.backup(2)];
    t.isolate(lagging, 'both', t.all);
    t.write(1);
    t.crash(primary, holder);
    t.heal();
    t.corrupt(holder, { prepare: 5 });
    t.corrupt(holder, { header: 5 });
    t.start(holder);
    t.runFor(20 * ELECTION_US);
    t.expect([holder, lagging], { status: 'view-change' });
    expect(t.marks('view-change-log-chosen')).toBe(0);
    expect(t.marks('view-change-undecidable')).toBe(0);
    t.start(primary);
    t.runUntil('a view begins', () => t.isConverged([holder, lagging, primary]));
    expect(t.replica(lagging).op).toBeGreaterThanOrEqual(5);
    t.finish();
  });

  // Both copies of an acknowledged op damaged: all have voted, nobody can show or deny it. Reported, never guessed.
  it('two of three faulty slots are reported as undecidable', () => {
    const t = new TestCluster().boot();
    t.write(3);
    t.runFor(100_000);
    const [primary, holder, lagging] = [t.primary, t.backup(1), t.backup(2)];
    t.isolate(lagging, 'both', t.all);
    t.write(1);
    t.crash(primary, holder);
    t.heal();
    for (const host of [primary, holder]) {
      t.corrupt(host, { prepare: 5 });
      t.corrupt(host, { header: 5 });
    }
    t.start(primary, holder);
    t.submit(1);
    t.runFor(40 * ELECTION_US);
    expect(t.marks('view-change-undecidable')).toBeGreaterThan(0);
    expect(t.marks('view-change-log-chosen')).toBe(0);
    t.expect(lagging, { status: 'view-change' });
    expect(t.client().acknowledged).toBe(4);
  });

  // The new primary's own log has holes: it fetches what the view's log holds before it leads.
  it('a new primary repairs its log before the view starts', () => {
    const t = new TestCluster().boot();
    t.write(5);
    t.runFor(100_000);
    const next = t.backup(1);
    t.crash(next);
    t.corruptPrepares(next, 3, 5);
    const held = t.drop(['repairPrepare'], { to: next });
    t.start(next);
    t.runUntil('both damaged slots are found', () => t.marks('faulty-slot-found', next) === 2);
    t.crash(t.primary);
    t.runUntil('its log is chosen', () => t.marks('view-change-log-chosen', next) > 0);
    t.runFor(100_000);
    expect(t.marks('view-started', next)).toBe(0);
    held();
    t.runUntil('it leads', () => t.cluster.primaryHost() === next);
    expect(t.marks('entry-repaired', next)).toBe(2);
    t.finish();
  });

  // Three ops that only the former primary holds are of an older view than what the others agreed on since.
  it('stale ops of an older view give way, although one of two voters holds them intact', () => {
    const t = new TestCluster({ clients: 4 }).boot();
    t.write(2, 3);
    t.runFor(100_000);
    const [next, third] = [t.backup(1), t.backup(2)];
    const former = prepareAlone(t, 3);
    const stale = t.replica(former).headSum();
    t.crash(former);
    for (const index of [0, 1, 2]) t.drop(['request'], { from: t.clientHost(index) });
    t.runUntil('the others start a view', () => t.cluster.primaryHost() === next);
    t.write(1, 3);
    t.crash(third, next);
    t.start(former, next);
    t.runUntil('two of three agree', () => t.isConverged([former, next]));
    t.expect(former, { op: 4, commit: 4 });
    expect(t.marks('log-truncated', former)).toBe(1);
    expect(t.replica(former).headSum()).not.toEqual(stale);
    t.finish();
  });

  // What was truncated must not rise again from the disk: the superblock tells which entries belong to the view.
  it('a truncated op stays away after a restart, although its bytes are still on the disk', () => {
    const t = new TestCluster({ clients: 4 }).boot();
    t.write(2, 3);
    t.runFor(100_000);
    const former = prepareAlone(t, 3);
    const stale = t.replica(former).headSum();
    t.isolate(former);
    t.runUntil('the others start a view', () => t.primary !== former);
    t.heal();
    // Clients ask in vain, so that no new op takes the place of the truncated ones.
    const quiet = t.drop(['request']);
    t.runUntil('truncated', () => t.marks('log-truncated', former) > 0 && t.isConverged([former]));
    expect(t.replica(former).op).toBeLessThan(6);
    const { disk } = t.machine(former);
    const onDisk = decodeHeader(disk.peekDurable('log/prepares', 6 * 4096, 4096) as Uint8Array, 0);
    expect(onDisk?.sum).toEqual(stale);
    t.crash(former);
    t.start(former);
    t.runUntil('normal again', () => t.isConverged([former]));
    expect(t.replica(former).op).toBeLessThan(6);
    quiet();
    t.finish();
  });

  // An op that one voter holds intact and nobody can rule out is kept, though nobody was told of it.
  it('an unacknowledged op that a voter holds survives', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.runFor(100_000);
    const [primary, holder, other] = [t.primary, t.backup(1), t.backup(2)];
    t.drop(['prepare', 'repairPrepare'], { to: other });
    t.drop(['prepareOk'], { to: primary });
    t.submit(1);
    t.runUntil('held', () => t.replica(holder).durableOp === 4);
    t.crash(primary);
    t.runUntil('a view starts', () => t.cluster.primaryHost() === holder);
    t.expect(holder, { op: 4 });
    t.heal();
    t.runUntil('committed in the new view', () => t.replica(holder).commit === 4);
    t.finish();
  });
});

describe('who leads', () => {
  // Two primaries of different views at one time: the older one commits nothing, and its log yields.
  it('the former primary of a partition duels in vain with the new one', () => {
    const t = new TestCluster({ clients: 2 }).boot();
    t.write(2, 0);
    t.write(1, 1);
    t.runFor(100_000);
    const former = t.primary;
    t.split([former, t.clientHost(0)], [...t.others(former), t.clientHost(1)]);
    t.submit(1, 0);
    t.write(4, 1);
    t.expect(former, { commitMax: 5 });
    expect(t.client(0).acknowledged).toBe(2);
    t.heal();
    t.runUntil('one log', () => t.isConverged() && t.client(0).idle);
    expect(t.client(0).acknowledged).toBe(3);
    t.finish();
  });

  // The next in the ring is down as well: the view after that has another leader.
  it('when the next leader is down too, the one after it leads', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    t.write(3);
    const third = t.backup(2);
    t.crash(t.primary, t.backup(1));
    t.runUntil('view 2 starts', () => t.cluster.primaryHost() === third);
    t.expect(third, { view: 2 });
    t.write(4);
    t.finish();
  });

  // A backup that missed a lot becomes the only one that can complete a quorum: it advances before it leads or follows.
  it('a lagging replica advances its checkpoint in the view change that it is needed for', () => {
    const t = new TestCluster().boot();
    const lagging = t.backup(1);
    t.isolate(lagging);
    t.write(45);
    t.crash(t.primary);
    t.heal();
    t.runUntil('a view starts', () => t.marks('view-started') > 1);
    t.write(3);
    expect(t.replica(lagging).checkpointOp).toBeGreaterThanOrEqual(40);
    expect(t.marks('state-transfer-installed', lagging)).toBe(1);
    t.finish();
  });

  // StartView comes again to whoever did not hear it.
  it('a backup that misses StartView gets it again', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const [former, next, deaf] = [t.primary, t.backup(1), t.backup(2)];
    const stop = t.drop(['startView'], { to: deaf });
    t.crash(former);
    t.runUntil('the primary leads', () => t.cluster.primaryHost() === next);
    t.runFor(100_000);
    t.expect(deaf, { status: 'view-change', view: 1 });
    stop();
    t.runUntil('the backup joins', () => t.replica(deaf).status === 'normal');
    t.expect([next, deaf], { view: 1, logView: 1 });
    t.finish();
  });

  // Late votes for a view that runs already bring the voter up, they do not disturb the view.
  it('a late DoViewChange for the running view is answered with its log', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    t.write(3);
    t.record(({ message }) => message.kind === 'doViewChange');
    t.crash(t.primary);
    t.runUntil('view 1 runs', () =>
      t.up.every((host) => t.replica(host).logView === 1 && t.replica(host).status === 'normal'),
    );
    const { primary } = t;
    const late = t.sent.find((sent) => sent.to === primary && sent.message.view === 1);
    if (late === undefined) throw new Error('no vote was recorded');
    t.record(({ message, to }) => message.kind === 'startView' && to === late.from);
    const before = t.sent.length;
    t.deliverAgain(late);
    expect(t.sent.slice(before).map((sent) => sent.message.view)).toEqual([1]);
    t.expect(t.up, { view: 1, status: 'normal' });
    t.finish();
  });

  // A vote of an older view is out of date: it must not be weighed in a later one with the same leader.
  it('a DoViewChange of an older view is not counted in a newer one', () => {
    const t = new TestCluster().boot();
    t.write(9);
    t.record(({ message, to }) => message.kind === 'doViewChange' && message.view === 1 && to === 1);
    // Views 1, 2 and 3, each because the primary before is cut off.
    for (const leader of [1, 2, 0]) {
      t.isolate(t.primary);
      t.runUntil(`replica ${leader} leads`, () => t.cluster.primaryHost() === leader);
      t.healCuts();
      t.runUntil('all follow', () => t.isConverged());
    }
    const [late] = t.sent;
    if (late === undefined) throw new Error('no vote was recorded');
    t.drop(['doViewChange'], { to: 1 });
    t.isolate(0);
    t.runUntil('replica 1 is to lead view 4', () => t.replica(1).view === 4 && t.replica(1).votes.size === 1);
    t.deliverAgain(late);
    t.expect(1, { view: 4, logView: 3, status: 'view-change' });
    expect(t.replica(1).votes.size).toBe(1);
    t.finish();
  });
});
