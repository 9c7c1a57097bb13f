import { describe, expect, it } from 'vitest';
import { FILE, HEADER_BYTES, HEADER_SECTOR_BYTES } from '../../../src/cluster/vsr/config.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';

/** Commits one op on the primary and on backup 1 alone, which then both stop before anybody else learns of it. */
function commitOnTwoThenStop(t: TestCluster): { primary: number; holder: number; lagging: number; op: number } {
  const { primary } = t;
  const holder = t.backup(1);
  const lagging = t.backup(2);
  t.isolate(lagging, 'both', t.all);
  t.write(1);
  t.crash(primary, holder);
  t.heal();
  return { primary, holder, lagging, op: t.replica(primary).op };
}

describe('recovery', () => {
  // The ordinary life of a log: two checkpoints, and the ring behind them reusable.
  it('goes past two checkpoints', () => {
    const t = new TestCluster().boot();
    t.write(20);
    t.runUntil('checkpoints', () => t.all.every((host) => t.replica(host).checkpointOp === 16));
    expect(t.marks('checkpoint-durable')).toBe(6);
    t.finish();
  });

  // A cluster that nobody has written to is as complete as any: an observer that waits for it must not wait for ever.
  it('a fresh cluster without traffic settles', () => {
    const t = new TestCluster().boot();
    t.runUntil('settled', () => t.isConverged(), 5_000_000);
  });

  // A damaged head may have been acknowledged: two votes of which one cannot tell must wait for the third.
  it('a damaged head blocks two of three, and the third replica unblocks them', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const { primary, holder, lagging, op } = commitOnTwoThenStop(t);
    t.corruptPrepares(holder, op);
    t.start(holder);
    t.runFor(20 * ELECTION_US);
    t.expect([holder, lagging], { status: 'view-change' });
    expect(t.marks('view-change-log-chosen')).toBe(0);
    t.start(primary);
    t.runUntil('a view begins', () => t.isConverged([holder, lagging, primary]));
    expect(t.replica(lagging).op).toBeGreaterThanOrEqual(op);
    t.finish();
  });

  // Losing every copy of a committed op must never be mended by forgetting it: stuck is right, wrong is not.
  it('an op that is damaged on all replicas keeps the cluster in view change, for good and safely', () => {
    const t = new TestCluster().boot();
    t.write(5);
    t.crash(...t.all);
    for (const host of t.all) t.corruptPrepares(host, 4);
    t.start(...t.all);
    t.submit(1);
    t.runFor(30 * ELECTION_US);
    for (const host of t.all) t.expect(host, { status: 'view-change' });
    expect(t.marks('view-change-undecidable')).toBeGreaterThan(0);
    expect(t.client().acknowledged).toBe(5);
  });

  // An unused slot that rots stands for an op that nobody has: the others deny it and the view starts.
  it('damage to a slot that was never used hinders nobody', () => {
    const t = new TestCluster().boot();
    t.write(9);
    const host = t.backup(1);
    t.crash(host);
    t.corrupt(host, { header: 20 });
    t.start(host);
    t.runUntil('the replica is back', () => t.isConverged());
    expect(t.marks('faulty-slot-found', host)).toBe(1);
    t.crash(t.primary);
    t.runUntil('the next view starts with that replica', () => t.cluster.primaryHost() === host);
    t.finish();
  });

  // Everything after the checkpoint is gone on one replica: its headers say what to ask the peers for.
  it('a backup gets back every record from its checkpoint to its head', () => {
    const t = new TestCluster().boot();
    t.write(13);
    const host = t.backup(2);
    t.runUntil('a checkpoint', () => t.replica(host).checkpointOp === 8 && t.replica(host).op === 14);
    t.crash(host);
    t.corruptPrepares(host, 9, 10, 11, 12, 13, 14);
    t.start(host);
    t.runUntil('repair', () => t.isConverged());
    expect(t.marks('faulty-slot-found', host)).toBe(6);
    expect(t.marks('entry-repaired', host)).toBe(6);
    expect(t.marks('state-transfer-installed')).toBe(0);
    t.finish();
  });

  // The record proves itself: its header is written again from it, and no peer is asked.
  it('a damaged header is restored from the own record', () => {
    const t = new TestCluster().boot();
    t.write(5);
    const host = t.backup(1);
    const headerOf = (): Uint8Array | null =>
      t.machine(host).disk.peekDurable(FILE.headers, 4 * HEADER_SECTOR_BYTES, HEADER_BYTES);
    const before = headerOf();
    t.crash(host);
    t.corrupt(host, { header: 4 });
    expect(headerOf()).not.toEqual(before);
    t.start(host);
    t.runUntil('the header is back', () => t.isConverged([host]));
    expect(headerOf()).toEqual(before);
    expect(t.marks('faulty-slot-found', host)).toBe(0);
    expect(t.marks('entry-repaired', host)).toBe(0);
    t.finish();
  });

  // No op may depend on one replica's disk: with each record intact on one replica only, all of them come back.
  it('heals when each record is intact on exactly one replica', () => {
    const t = new TestCluster().boot();
    t.write(6);
    t.runFor(100_000);
    t.crash(...t.all);
    for (let op = 1; op <= 7; op++) for (const host of t.others(op % 3)) t.corruptPrepares(host, op);
    t.start(...t.all);
    t.runUntil('all records are back', () => t.isConverged());
    expect(t.marks('entry-repaired')).toBe(14);
    t.finish();
  });

  // Recovery must not need traffic to make progress.
  it('a restarted backup of an idle cluster finds its view and settles', () => {
    const t = new TestCluster().boot();
    t.write(4);
    const host = t.backup(2);
    t.crash(host);
    t.runFor(ELECTION_US);
    t.start(host);
    t.runUntil('normal again', () => t.isConverged([host]), 5_000_000);
    t.expect(t.all, { view: 0, commit: 5 });
    t.finish();
  });

  // The whole cluster without power: nothing but the disks remembers.
  it('all replicas lose power at once and go on with the next view', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    t.write(11);
    t.powerLoss(t.all, 'unreadable');
    t.start(...t.all);
    t.runUntil('all are back', () => t.isConverged());
    expect(t.replica(0).view).toBeGreaterThan(0);
    expect(t.marks('restarted-primary-yields')).toBe(1);
    t.write(3);
    t.finish();
  });
});

describe('recovery of lost disks', () => {
  // Within the first checkpoint the log alone brings a new disk up to date.
  it('a lost journal within the first checkpoint comes back as a log', () => {
    const t = new TestCluster().boot();
    t.write(5);
    const host = t.backup(1);
    t.crash(host);
    t.wipeJournal(host);
    t.start(host);
    t.runUntil('the vote is back', () => t.marks('vote-regained', host) === 1);
    t.expect(host, { mustRecover: false, commit: 6 });
    expect(t.marks('nonce-protocol-answered', host)).toBe(1);
    expect(t.marks('state-transfer-installed', host)).toBe(0);
    t.finish();
  });

  // Past the ring the log is not enough: the state comes first.
  it('a lost disk far behind the ring comes back by state transfer', () => {
    const t = new TestCluster().boot();
    t.write(50);
    const host = t.backup(2);
    t.loseDisk(host);
    t.crash(host);
    t.start(host);
    t.runUntil('the vote is back', () => t.marks('vote-regained', host) === 1);
    expect(t.marks('superblock-lost', host)).toBe(1);
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    t.finish();
  });

  // The former primary is the one that all others may depend on: it comes back as a follower.
  it('a primary that loses its superblock leads no more and recovers', () => {
    const t = new TestCluster().boot();
    t.write(12);
    const host = t.primary;
    t.crash(host);
    t.wipeSuperblock(host);
    t.start(host);
    t.runUntil('the vote is back', () => t.marks('vote-regained', host) === 1);
    expect(t.primary).not.toBe(host);
    t.finish();
  });

  // More lost disks than f: nobody can say what was acknowledged, so nobody votes.
  it('two lost disks of three stop the cluster safely', () => {
    const t = new TestCluster().boot();
    t.write(9);
    const lost = [t.backup(1), t.backup(2)];
    for (const host of lost) {
      t.loseDisk(host);
      t.crash(host);
      t.start(host);
    }
    t.submit(1);
    t.runFor(30 * ELECTION_US);
    for (const host of lost) t.expect(host, { mustRecover: true });
    expect(t.marks('nonce-protocol-started')).toBe(2);
    expect(t.marks('vote-regained')).toBe(0);
    expect(t.client().acknowledged).toBe(9);
  });

  // An answer to an earlier life says nothing of what happened since.
  it('answers to the nonce of an earlier life are ignored', () => {
    const t = new TestCluster().boot();
    t.write(5);
    const host = t.backup(1);
    t.crash(host);
    t.wipeJournal(host);
    t.record((sent) => sent.message.kind === 'recoveryResponse');
    t.drop(['recoveryResponse'], { to: host });
    t.start(host);
    t.runUntil('two answers were sent', () => t.sent.length >= 2);
    t.crash(host);
    t.start(host);
    t.runUntil('it asks anew', () => t.marks('nonce-protocol-started', host) === 2);
    const stale = t.sent.slice(0, 2);
    for (const sent of stale) t.deliverAgain(sent);
    t.expect(host, { mustRecover: true });
    expect(t.marks('nonce-protocol-answered', host)).toBe(0);
    t.finish();
    expect(t.marks('nonce-protocol-answered', host)).toBe(1);
  });
});

describe('recovery of superblock and checkpoint', () => {
  // One damaged copy is what the four copies are for; it is rewritten before the next promise.
  it('a damaged superblock copy is repaired on open', () => {
    const t = new TestCluster().boot();
    t.write(9);
    const host = t.backup(1);
    t.crash(host);
    t.corrupt(host, { superblockCopy: 2 });
    t.start(host);
    t.runUntil('normal again', () => t.isConverged());
    expect(t.marks('superblock-copy-repaired', host)).toBe(1);
    expect(t.marks('nonce-protocol-started')).toBe(0);
    t.crash(host);
    t.start(host);
    t.runUntil('normal again', () => t.isConverged());
    expect(t.marks('superblock-copy-repaired', host)).toBe(1);
    t.finish();
  });

  // A checkpoint that fails its checksum is never loaded: the state comes from a peer.
  it('a damaged checkpoint is fetched from a peer', () => {
    const t = new TestCluster().boot();
    t.write(18);
    const host = t.backup(2);
    t.runUntil('a checkpoint', () => t.replica(host).checkpointOp === 16);
    t.crash(host);
    t.corrupt(host, { checkpoint: true });
    t.write(8);
    t.start(host);
    t.runUntil('state is back', () => t.isConverged());
    expect(t.marks('checkpoint-damaged', host)).toBe(1);
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    t.finish();
  });

  // A refused sync tells nothing about what is durable: only a restart that reads the disk can.
  it('a failed fsync stops the replica, which recovers from what its disk really holds', () => {
    const t = new TestCluster().boot();
    t.write(4);
    const host = t.backup(1);
    t.machine(host).disk.faults.failNextFsync('fsync', FILE.prepares, 'ext4');
    t.write(3);
    t.runUntil('the replica stops', () => !t.machine(host).isUp);
    expect(t.marks('disk-error-reported', host)).toBe(1);
    t.start(host);
    t.runUntil('normal again', () => t.isConverged());
    t.finish();
  });
});
