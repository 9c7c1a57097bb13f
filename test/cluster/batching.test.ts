import { describe, expect, it } from 'vitest';
import { BackgroundLoad, Backlog } from '../../src/cluster/kimberlite/background-load.ts';
import { MS, SECOND } from '../../src/sim/time.ts';
import { Rig } from './commands/kit.ts';

const BATCHING = {
  offeredPerS: 20_000,
  outstandingMax: 5_000,
  bodyBytes: 2_048,
  opsMax: 1_000,
  lingerUs: 20 * MS,
  cpuNsPerOp: 5_000,
};

describe('backlog', () => {
  it('takes in what was offered, to the millionth, and never more than the clients behind it', () => {
    const backlog = new Backlog(new BackgroundLoad(BATCHING), 0);
    for (let at = 7; at <= 100_002; at += 7) backlog.arrive(at, 0);
    expect(backlog.count).toBe(2_000);
    backlog.arrive(10 * SECOND, 1_000);
    expect(backlog.count).toBe(4_000);
  });

  it('gives the oldest first and splits a stretch by time', () => {
    const backlog = new Backlog(new BackgroundLoad(BATCHING), 0);
    backlog.arrive(10 * MS, 0);
    expect(backlog.take(50)).toEqual({ count: 50, fromUs: 0, toUs: 2_500 });
    expect(backlog.oldestUs).toBe(2_500);
    expect(backlog.take(1_000)).toEqual({ count: 150, fromUs: 2_500, toUs: 10 * MS });
    expect(backlog.count).toBe(0);
  });
});

describe('batches', () => {
  const committed = (rig: Rig, host: number): number => rig.cluster.nodes[host]?.commitsTotal ?? 0;
  const rate = (rig: Rig, host: number): number => {
    const before = committed(rig, host);
    rig.pass(SECOND);
    return committed(rig, host) - before;
  };

  it('carry the offered load to every replica, and beside it the clients that are simulated', () => {
    const rig = new Rig({ batching: BATCHING });
    for (const host of rig.cluster.replicaHosts) {
      expect(rate(rig, host)).toBeGreaterThan(19_000);
      expect(rate(rig, host)).toBeLessThan(21_500);
    }
    expect(rig.cluster.clients.every((client) => (client?.acknowledged ?? 0) > 10)).toBe(true);
    expect(rig.machine(1).disk.fillBytes).toBeGreaterThan(3 * 19_000 * 2_048);
  });

  it('throughput follows max-batch-size and batching-enabled, and the profile shows whose CPU it is', () => {
    const rig = new Rig({ batching: BATCHING });
    rig.run('kimberlite-cli cluster config set max-batch-size 10');
    expect(rate(rig, 0)).toBeLessThan(10_000);
    rig.run('kimberlite-cli cluster config set max-batch-size 1000');
    rig.run('kimberlite-cli cluster config set batching-enabled false');
    expect(rate(rig, 0)).toBeLessThan(1_000);
    rig.run('kimberlite-cli cluster config set batching-enabled true');
    rig.pass(SECOND);
    rig.cluster.batching?.setHot(0, 200_000);
    const leader = rig.run('kimberlite-cli debug profile --replica-id 0 --duration 2s').stdout;
    const backup = rig.run('kimberlite-cli debug profile --replica-id 1 --duration 2s').stdout;
    expect(leader).toContain('hot: kimberlite::log::serialize_entry');
    expect(backup).toContain('no hot function');
  });

  it('an operation larger than a batch of bytes is refused, and a full disk refuses the background', () => {
    const rig = new Rig({ batching: BATCHING, guardsOff: ['batch-counts-entries'] });
    rig.run('kimberlite-cli cluster config set max-batch-size 40');
    expect(rate(rig, 0)).toBeLessThan(10);
    expect(rig.cluster.world.marks.has('request-refused-batch-size')).toBe(true);
    const full = new Rig({ batching: BATCHING });
    const { disk } = full.machine(0);
    disk.setFill(disk.fillBytes + disk.freeBytes());
    full.pass(SECOND);
    expect(full.cluster.world.marks.has('batch-refused-no-space')).toBe(true);
    expect(rate(full, 0)).toBeLessThan(100);
  });
});
