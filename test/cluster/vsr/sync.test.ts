import { describe, expect, it } from 'vitest';
import type { VsrMessage } from '../../../src/cluster/vsr/message.ts';
import { TestCluster } from '../../support/cluster-dsl.ts';

describe('state transfer', () => {
  // Far behind the ring and nobody writes: the heartbeat alone tells that something is missing.
  it('a backup behind the ring catches up in an idle cluster', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    t.isolate(host);
    t.write(50);
    t.heal();
    t.runUntil('it has caught up', () => t.isConverged(), 10_000_000);
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    t.expect(host, { commit: 51, checkpointOp: 48 });
    t.finish();
  });

  // The cluster goes on while the state travels: checkpoint and log meet.
  it('a backup behind the ring catches up under load', () => {
    const t = new TestCluster({ clients: 3 }).boot();
    const host = t.backup(2);
    t.isolate(host);
    for (const index of [0, 1, 2]) t.submit(30, index);
    t.runUntil('far ahead', () => t.replica(t.primary).op > 50);
    t.heal();
    t.runUntil('all are answered', () => [0, 1, 2].every((index) => t.client(index).idle));
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('state-transfer-installed', host)).toBeGreaterThan(0);
    t.finish();
  });

  // Two of five lag alike: each gets the state, and neither from the other.
  it('two lagging replicas of five both catch up', () => {
    const t = new TestCluster({ replicas: 5 }).boot();
    const lagging = [t.backup(1), t.backup(3)];
    for (const host of lagging) t.isolate(host);
    t.write(50);
    t.heal();
    t.runUntil('both have caught up', () => t.isConverged());
    for (const host of lagging) expect(t.marks('state-transfer-installed', host)).toBeGreaterThan(0);
    t.finish();
  });

  // It is the lagging one's turn to lead: it must have the state before the view starts.
  it('a lagging replica whose turn it is to lead installs the state first', () => {
    const t = new TestCluster().boot();
    const lagging = t.backup(1);
    const former = t.primary;
    t.isolate(lagging);
    t.write(50);
    t.crash(former);
    t.heal();
    const blocked = t.drop(['checkpoint'], { to: lagging });
    t.runUntil('it is to lead', () => t.replica(lagging).chosen && t.replica(lagging).isLeader());
    t.runFor(100_000);
    expect(t.marks('view-started', lagging)).toBe(0);
    blocked();
    t.runUntil('somebody leads', () => t.cluster.primaryHost() >= 0);
    t.write(2);
    expect(t.marks('state-transfer-installed', lagging)).toBe(1);
    t.finish();
  });

  // Only a few ops behind, but the peers have restarted and hold them no longer as log: the checkpoint stands for them.
  it('a slightly lagging replica gets the checkpoint when the log below it is gone', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const lagging = t.backup(2);
    t.runFor(100_000);
    t.isolate(lagging);
    t.write(7);
    t.runUntil('the others have a checkpoint', () =>
      t.others(lagging).every((host) => t.replica(host).checkpointOp === 8),
    );
    t.crash(...t.others(lagging));
    t.start(...t.others(lagging));
    t.runUntil('two go on', () => t.others(lagging).every((host) => t.replica(host).status === 'normal'));
    t.expect(lagging, { commit: 4 });
    t.heal();
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('state-transfer-installed', lagging)).toBe(1);
    t.finish();
  });

  // A fork across a checkpoint: what the minority prepared in the old view is not part of the log that it receives.
  it('a checkpoint of a newer view replaces a minority log that was never committed', () => {
    const t = new TestCluster({ replicas: 5, clients: 5 }).boot();
    t.write(4, 4);
    t.runFor(100_000);
    const minority = [t.primary, t.backup(4)];
    const majority = t.all.filter((host) => !minority.includes(host));
    t.split([...minority, ...[0, 1, 2].map((index) => t.clientHost(index))], [...majority, t.clientHost(4)]);
    for (const index of [0, 1, 2]) t.submit(1, index);
    t.runUntil('the minority prepares', () => minority.every((host) => t.replica(host).op === 8));
    t.write(40, 4);
    for (const host of minority) expect(t.replica(host).commitMax).toBe(5);
    t.heal();
    t.runUntil('one log', () => t.isConverged());
    for (const host of minority) expect(t.marks('state-transfer-installed', host)).toBeGreaterThan(0);
    t.finish();
  });

  // The pipeline runs on beyond the op at which the checkpoint falls due; the next checkpoint waits for this one.
  it('prepares go past a checkpoint that is still being written', () => {
    const t = new TestCluster({ clients: 4 }).boot();
    const host = t.backup(1);
    for (const index of [0, 1, 2, 3]) t.submit(12, index);
    t.runUntil('the checkpoint falls due', () => t.replica(host).pendingCheckpoint !== null);
    const stalledUs = t.world.nowUs + 400_000;
    t.machine(host).disk.queue.stallUntilUs = stalledUs;
    t.runUntil('ops beyond it arrive', () => t.replica(host).op > 12, 300_000);
    t.expect(host, { checkpointOp: 0 });
    t.runUntil('the others go on', () => [0, 1, 2, 3].every((index) => t.client(index).idle));
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.replica(host).checkpointOp).toBeGreaterThan(8);
    t.finish();
  });

  // A transfer that the power interrupts begins again; the former state stays in force until then.
  it('a power loss in the middle of a transfer loses nothing', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    t.write(3);
    t.runFor(100_000);
    t.isolate(host);
    t.write(50);
    t.heal();
    t.runUntil('the transfer runs', () => t.replica(host).transferring);
    t.powerLoss([host], 'unreadable');
    t.start(host);
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    t.finish();
  });

  // A damaged checkpoint is refused and asked for again: nothing of it may reach the state.
  it('a checkpoint that fails its checksum is not installed', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    t.isolate(host);
    t.write(50);
    t.heal();
    t.world.network.alter = (_from, _to, message) => {
      const { blob } = message as VsrMessage;
      if (blob === null) return null;
      const bytes = blob.bytes.slice();
      bytes[5] = (bytes[5] as number) ^ 4;
      return { ...(message as VsrMessage), blob: { ...blob, bytes } };
    };
    const links = t.others(host).map((from) => ({ from, to: host }));
    t.world.network.degrade('damage', links, { corruptPer65536: 30_000 });
    t.runUntil('one is refused', () => t.replica(host).checksumFailures > 0);
    t.world.network.restore('damage');
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('state-transfer-installed', host)).toBe(1);
    t.finish();
  });

  // Its own state is damaged, its superblock is not: what that names must not be replaced by something older (R7).
  it('a damaged checkpoint is never replaced by an older one', () => {
    const t = new TestCluster().boot();
    const [primary, older, host] = [t.primary, t.backup(1), t.backup(2)];
    t.write(10);
    t.runUntil('all have the first checkpoint', () => t.all.every((each) => t.replica(each).checkpointOp === 8));
    t.drop(['prepare', 'repairPrepare', 'checkpoint'], { to: older });
    t.write(10);
    t.runUntil(
      'two have the second',
      () => t.replica(host).checkpointOp === 16 && t.replica(primary).checkpointOp === 16,
    );
    t.crash(host);
    t.corrupt(host, { checkpoint: true });
    t.drop(['checkpoint'], { from: primary });
    t.start(host);
    t.runFor(3_000_000);
    expect(t.marks('checkpoint-damaged', host)).toBe(1);
    t.expect(older, { checkpointOp: 8 });
    t.expect(host, { checkpointOp: 16 });
    t.finish();
  });
});
