import { describe, expect, it } from 'vitest';
import type { ForcedLeader } from '../../../src/cluster/kimberlite/fleet.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig, type RigOptions } from './kit.ts';

const FAILOVER =
  'kimberlite-cli cluster failover --target-region us-west-2 --promote-standby 100 --approve-data-loss-risk';
const REPLICAS = [0, 1, 2];
const STANDBY = 3;

function standby(options: RigOptions = {}): { rig: Rig; forced: ForcedLeader[] } {
  const latencies = { latencyUsMin: 20_000, latencyUsMean: 22_000 };
  const rig = new Rig({ standbys: { count: 1, spare: 0, ...latencies, dnsTtlUs: 60 * SECOND }, ...options });
  const forced: ForcedLeader[] = [];
  rig.fleet.onForced = (each) => forced.push(each);
  return { rig, forced };
}

const status = (rig: Rig) => JSON.parse(rig.run('kimberlite-cli replica status --replica-id 100').stdout);

describe('a standby that no longer hears its primary', () => {
  it('is as far behind as the silence is long, and not eligible', () => {
    const { rig, forced } = standby();
    expect(status(rig)).toMatchObject({ promotion_eligible: true, lag_ops: 0 });
    rig.cluster.world.network.cut('region', between(REPLICAS, [STANDBY]));
    rig.pass(60 * SECOND);
    const cut = status(rig);
    expect(cut.promotion_eligible).toBe(false);
    expect(cut.lag_ms).toBeGreaterThan(59_000);
    expect(rig.run('curl -s http://replica-100:9090/metrics').stdout).toMatch(/promotion_eligible\S* 0\n/);
    for (const id of REPLICAS) rig.run(`fence replica-${id}`);
    expect(rig.run(FAILOVER)).toMatchObject({ code: 1, stderr: expect.stringMatching(/not eligible: lag \d{5} ms/) });
    expect(rig.run(`${FAILOVER} --accept-loss-ms 1000`).code).toBe(1);
    expect(forced).toEqual([]);
    expect(rig.run(`${FAILOVER} --accept-loss-ms ${cut.lag_ms + 60_000}`).stdout).toContain('leader of epoch 1');
    expect(forced[0]?.declaredUs).toBeGreaterThan(60 * SECOND);
  });

  it('is eligible again once it has heard', () => {
    const { rig } = standby();
    rig.cluster.world.network.cut('region', between(REPLICAS, [STANDBY]));
    rig.pass(10 * SECOND);
    rig.cluster.world.network.heal('region');
    rig.pass(5 * SECOND);
    expect(status(rig)).toMatchObject({ promotion_eligible: true, lag_ops: 0 });
  });
});

describe('a promotion', () => {
  it('loses nothing that is in the page cache', () => {
    const { rig, forced } = standby({ guardsOff: ['failover-needs-fencing', 'failover-needs-eligible'] });
    const { world } = rig.cluster;
    rig.machine(STANDBY).disk.queue.stallUntilUs = world.nowUs + 3 * SECOND;
    rig.pass(2 * SECOND);
    const before = rig.cluster.nodes[STANDBY]?.vsr.replica;
    const [op, durableOp] = [before?.op ?? 0, before?.durableOp ?? 0];
    expect(op).toBeGreaterThan(durableOp);
    expect(rig.run(FAILOVER).code).toBe(0);
    expect(forced[0]?.head).toBeGreaterThan(durableOp);
    const now = rig.cluster.nodes[STANDBY]?.vsr.replica;
    expect(now?.op).toBeGreaterThanOrEqual(forced[0]?.head ?? 0);
    // The first op of the new configuration stands right behind what was kept.
    for (let each = (forced[0]?.head ?? 0) + 1; each <= (now?.op ?? 0); each++) {
      expect(now?.journal.header(each)?.view).toBeGreaterThanOrEqual(now?.view ?? 0);
    }
    const set = rig.run('kimberlite-cli cluster config set election-timeout-ms 2000');
    expect(set).toMatchObject({ stderr: '', stdout: expect.stringContaining('applied on 1 of 1 replicas') });
  });

  it('goes for a forced leader, too', () => {
    const guardsOff = ['force-needs-approval', 'force-needs-fencing', 'force-needs-best-survivor'];
    const { rig, forced } = standby({ guardsOff });
    for (const id of REPLICAS) rig.machine(id).disk.queue.stallUntilUs = rig.cluster.world.nowUs + 20 * SECOND;
    rig.pass(SECOND);
    const durableOp = rig.cluster.nodes[1]?.vsr.replica.durableOp ?? 0;
    const op = rig.cluster.nodes[1]?.vsr.replica.op ?? 0;
    expect(op).toBeGreaterThan(durableOp);
    for (const id of REPLICAS) rig.machine(id).stop('crash');
    rig.run('kimberlite-admin force-leader --node-id 1 --data-dir /var/lib/kimberlite', 'replica-1');
    expect(forced[0]?.head).toBe(rig.cluster.nodes[1]?.vsr.replica.op);
    rig.machine(1).start();
    rig.pass(5 * SECOND);
    expect(rig.cluster.nodes[1]?.vsr.replica.commit).toBeGreaterThanOrEqual(forced[0]?.head ?? 0);
  });
});
