import { describe, expect, it } from 'vitest';
import { openSuperblock, SUPERBLOCK_COPIES, SUPERBLOCK_COPY_BYTES } from '../../../src/cluster/vsr/superblock.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';
import { found } from '../../support/found.ts';

describe('a prepare keeps its checksum and its original view across views (R7)', () => {
  it('what the new primary sends again is the very entry of the old view', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.runFor(100_000);
    const [former, next, other] = [t.primary, t.backup(1), t.backup(2)];
    const stop = t.drop(['prepare', 'repairPrepare'], { to: other });
    t.drop(['prepareOk'], { to: former });
    t.submit(1);
    t.runUntil('held by two', () => t.replica(next).durableOp === 4);
    const entry = t.replica(former).journal.entry(4);
    t.crash(former);
    t.runUntil('the next view starts', () => t.cluster.primaryHost() === next);
    t.record(
      ({ message }) => /repair|prepare\b/i.test(message.kind) && message.prepare?.op === 4 && message.view === 1,
    );
    stop();
    t.runUntil('committed', () => t.replica(next).commit === 4);
    expect(t.sent.length).toBeGreaterThan(0);
    for (const { message } of t.sent) {
      expect(message.view).toBe(1);
      expect(message.prepare?.view).toBe(0);
      expect(message.prepare?.sum).toEqual(entry?.sum);
      expect(message.prepare?.record).toEqual(entry?.record);
    }
    expect(t.replica(other).journal.entry(4)?.view).toBe(0);
    t.finish();
  });
});

describe('nothing is committed in a new view before a quorum has acknowledged it there (R7)', () => {
  it('an op with old acknowledgements waits for new ones', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.runFor(100_000);
    const [former, next, other] = [t.primary, t.backup(1), t.backup(2)];
    t.drop(['prepareOk'], { to: former });
    t.submit(1);
    t.runUntil('durable on all three', () => t.all.every((host) => t.replica(host).durableOp === 4));
    t.drop(['prepareOk'], { to: next });
    t.crash(former);
    t.runUntil('the next view starts', () => t.cluster.primaryHost() === next);
    t.runUntil('both hold it in the new view', () => t.replica(other).status === 'normal');
    t.runFor(200_000);
    t.expect(next, { op: 4, commitMax: 3, status: 'normal' });
    t.heal();
    t.runUntil('acknowledged anew', () => t.replica(next).commitMax === 4);
    expect(t.replica(next).ackedOps[other]).toBe(4);
    t.finish();
  });
});

describe('a slot is overwritten only under a checkpoint that a quorum holds durably (R7)', () => {
  it('with both backups unable to checkpoint the log stops at the end of the ring, and goes on when they can', () => {
    const t = new TestCluster().boot();
    const backups = [t.backup(1), t.backup(2)];
    for (const host of backups) t.machine(host).disk.setFull('full', 100);
    t.submit(60);
    t.runFor(20 * ELECTION_US);
    t.expect(t.all, { op: 32 });
    expect(t.replica(t.primary).checkpointOp).toBeGreaterThan(0);
    expect(t.replica(t.primary).checkpointQuorumOp).toBe(0);
    for (const host of backups) expect(t.marks('checkpoint-no-space', host)).toBeGreaterThan(0);
    for (const host of backups) t.machine(host).disk.setFill(0);
    t.runUntil('the log goes on', () => t.client().idle);
    t.expect(t.primary, { op: 61 });
    t.finish();
  });
});

describe('state transfer installs everything in one superblock update (R7)', () => {
  it('at every step the superblock shows either the former or the new state, and acknowledgements agree with it', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    t.write(12);
    t.runUntil('a checkpoint', () => t.replica(host).checkpointOp === 8);
    t.runFor(100_000);
    t.isolate(host);
    t.write(50);
    t.record(({ message, from }) => from === host && (message.kind === 'prepareOk' || message.kind === 'doViewChange'));
    t.heal();
    const seen = new Set<string>();
    t.runUntil('the transfer is done', () => {
      const opened = openSuperblock(copies(t, host));
      if (opened.kind !== 'open') throw new Error(`superblock of ${host} unreadable in the middle of a transfer`);
      const { checkpointOp, checkpointFile, checkpointBytes, logView, viewHeaders } = opened.state;
      const headers = viewHeaders.map((header) => header.op).join(',');
      seen.add(
        `${checkpointOp} in file ${checkpointFile} of ${checkpointBytes} bytes, log view ${logView}: ${headers}`,
      );
      for (const { message } of t.sent) if (message.op > 13) expect(checkpointOp).toBeGreaterThan(8);
      return t.isConverged();
    });
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    // The former state, then the transferred one with its log suffix: nothing in between.
    const bytes = t.replica(host).checkpointBytes;
    expect([...seen]).toEqual([
      expect.stringMatching(/^8 in file . of \d+ bytes, log view 0: $/),
      expect.stringMatching(new RegExp(`^56 in file . of ${bytes} bytes, log view 0: 57,58,59,60,61,62,63$`)),
    ]);
    t.finish();
  });
});

describe('prepare_ok only without gaps, for the current view, to its primary (R7)', () => {
  it('what came early is not acknowledged before the gap closes', () => {
    const t = new TestCluster().boot();
    const [primary, host] = [t.primary, t.backup(1)];
    t.record(({ message, to }) => to === host && message.kind === 'prepare' && message.op === 2);
    t.write(1);
    t.runFor(100_000);
    const earlier = t.sent[0];
    if (earlier === undefined) throw new Error('no prepare was recorded');
    t.sent.length = 0;
    t.record(({ message, from }) => from === host && message.kind === 'prepareOk');
    t.drop(['repairPrepare'], { to: host });
    t.rule((_from, to, message) => (message.kind === 'prepare' && to === host && message.id1 === 3 ? 'drop' : 'pass'));
    t.write(3);
    t.runFor(100_000);
    expect(t.replica(host).pending.size).toBe(2);
    // Asked once more for what lies below the gap, it still says no more than that.
    t.deliverAgain(earlier);
    expect(t.sent.map(({ message }) => message.op)).toContain(2);
    for (const { message } of t.sent) expect(message.op).toBeLessThan(3);
    t.heal();
    t.runUntil('acknowledged', () => t.replica(primary).ackedOps[host] === 5);
    t.finish();
  });

  it('in a new view it goes to the new primary alone, and one for the old view is not counted', () => {
    const t = new TestCluster().boot();
    t.write(2);
    t.runFor(100_000);
    const [former, next, other] = [t.primary, t.backup(1), t.backup(2)];
    t.record(({ message }) => message.kind === 'prepareOk');
    t.drop(['prepareOk'], { to: former });
    t.submit(1);
    t.runUntil('acknowledged in view 0', () => t.sent.some(({ from, message }) => from === other && message.op === 4));
    const old = t.sent.find(({ from, message }) => from === other && message.op === 4);
    if (old === undefined) throw new Error('no acknowledgement was recorded');
    t.crash(former);
    t.drop(['prepareOk'], { to: next });
    t.runUntil('view 1 starts', () => t.cluster.primaryHost() === next && t.replica(other).logView === 1);
    t.deliverAgain({ ...old, to: next });
    t.expect(next, { op: 4, commitMax: 3 });
    t.runFor(300_000);
    for (const { to, message } of t.sent) expect(to).toBe(message.view % 3);
    expect(t.sent.some(({ message }) => message.view === 1)).toBe(true);
    t.finish();
  });
});

describe('an acknowledgement waits for the sync of what it promises (R2, R10)', () => {
  /** Slow disks, and the power fails everywhere in the moment of the answer. */
  const script = (t: TestCluster): void => {
    t.write(3);
    t.runFor(100_000);
    for (const host of t.all) t.machine(host).disk.queue.stallUntilUs = t.world.nowUs + 100_000;
    t.write(1);
    t.powerLoss(t.all, 'unreadable');
    t.start(...t.all);
    t.runFor(20 * ELECTION_US);
  };

  it('the op is on a quorum of disks when its reply leaves', () => {
    expect(found({}, script)).toEqual([]);
  });

  it('and without the rule it is not', () => {
    expect(found({ ackNeedsSync: () => false }, script)).toContain('INV-DURABLE-ACK ack-without-quorum');
  });
});

/** The copies of a host's superblock as a power loss at this moment would leave them. */
function copies(t: TestCluster, host: number): (Uint8Array | null)[] {
  const { disk } = t.machine(host);
  const found: (Uint8Array | null)[] = [];
  for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
    found.push(disk.peekDurable('superblock', copy * SUPERBLOCK_COPY_BYTES, SUPERBLOCK_COPY_BYTES));
  }
  return found;
}
