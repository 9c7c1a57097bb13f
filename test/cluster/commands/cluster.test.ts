import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

describe('cluster status', () => {
  it('answers with and without a quorum, and from a cut-off side', () => {
    const rig = new Rig();
    expect(rig.run('kimberlite-cli cluster status').stdout).toMatch(/quorum: available \(3 of 3.*\nleader: replica 0/);
    rig.machine(0).stop('crash');
    rig.machine(1).stop('crash');
    rig.pass(5 * SECOND);
    const lost = rig.run('kimberlite-cli cluster status');
    expect(lost.stdout).toContain('quorum: lost (1 of 3 healthy, 2 needed)\nleader: none');
    expect(lost.stdout).toMatch(/^0 +unreachable/m);
    rig.cluster.world.network.cut('all', between([rig.cluster.operatorHost], [0, 1, 2]));
    expect(rig.run('kimberlite-cli cluster status').code).toBe(1);
  });

  it('shows a view change with its reason', () => {
    const rig = new Rig();
    rig.machine(0).stop('crash');
    rig.pass(5 * SECOND);
    const { stdout } = rig.run('kimberlite-cli cluster view-changes --since 1m');
    expect(stdout).toMatch(/replica 1 view 1: no heartbeat/);
    expect(stdout).toContain('not reached: replica 0');
    expect(rig.run('kimberlite-cli cluster view-changes --since 1s').stdout).toContain('0 view changes');
  });
});

describe('cluster config', () => {
  it('changes a setting through the log on every replica', () => {
    const rig = new Rig();
    const set = rig.run('kimberlite-cli cluster config set election-timeout-ms 2000');
    expect(set.stdout).toMatch(/^election-timeout-ms: 1000 -> 2000 \(op \d+, applied on 3 of 3 replicas\)/);
    for (const node of rig.cluster.nodes) expect(node?.vsr.replica.electionTimeoutUs()).toBe(2 * SECOND);
    expect(rig.run('kimberlite-cli cluster config set election-timeout-ms 1000').stdout).toContain('2000 -> 1000');
    expect(rig.run('kimberlite-cli cluster config get election-timeout-ms').stdout).toBe('1000\n');
  });

  it('refuses what INV-CONFIG-SANE forbids, unless the guard is off', () => {
    const rig = new Rig();
    expect(rig.run('kimberlite-cli cluster config set election-timeout-ms 400').stderr).toContain('more than a fifth');
    rig.cluster.world.network.degrade('slow', between([0], [1, 2]), { latencyUsMin: 90_000, latencyUsMean: 150_000 });
    expect(rig.run('kimberlite-cli cluster config set election-timeout-ms 900').stderr).toContain('p99.9 of RTT');
    const literal = new Rig({ guardsOff: ['config-sane'] });
    expect(literal.run('kimberlite-cli cluster config set election-timeout-ms 400').code).toBe(0);
  });

  it('refuses without a quorum and names a wrong key or value', () => {
    const rig = new Rig();
    expect(rig.run('kimberlite-cli cluster config set max-batch 5').code).toBe(2);
    expect(rig.run('kimberlite-cli cluster config set max-batch-size many').code).toBe(2);
    rig.machine(1).stop('crash');
    rig.machine(2).stop('crash');
    expect(rig.run('kimberlite-cli cluster config set max-batch-size 100').stderr).toContain('no quorum');
  });
});

describe('replica isolate and rejoin', () => {
  it('takes a replica out, keeps the quorum, and brings it back on approval', () => {
    const rig = new Rig();
    const isolate = 'kimberlite-cli replica isolate --replica-id 2 --reason assertion-failure';
    expect(rig.run(isolate).stdout).toContain('remaining voters: 0, 1');
    expect(rig.run('kimberlite-cli replica status --replica-id 2').stdout).toContain('"status": "isolated"');
    expect(rig.run('kimberlite-cli replica isolate --replica-id 1').stderr).toContain('only 1 caught-up voters');
    expect(rig.run('kimberlite-cli replica rejoin --replica-id 2').stderr).toContain('no approval');
    rig.run('approve --what rejoin --by Ada');
    expect(rig.run('kimberlite-cli replica rejoin --replica-id 2').code).toBe(0);
    expect(rig.run('kimberlite-cli replica status --replica-id 2 --wait-healthy --timeout 30s').code).toBe(0);
  });

  it('records the isolation of a dead replica, which then starts isolated', () => {
    const rig = new Rig();
    rig.machine(2).stop('crash');
    expect(rig.run('kimberlite-cli replica isolate --replica-id 2').stdout).toContain('recorded in its superblock');
    rig.run('systemctl start kimberlite', 'replica-2');
    rig.pass(5 * SECOND);
    expect(rig.cluster.nodes[2]?.status).toBe('isolated');
    const literal = new Rig({ guardsOff: ['isolate-stopped'] });
    literal.machine(2).stop('crash');
    expect(literal.run('kimberlite-cli replica isolate --replica-id 2').code).toBe(1);
  });
});

it('watches a restart: recovering, then normal, without an end of its own', () => {
  const rig = new Rig();
  rig.run('systemctl restart kimberlite', 'replica-2');
  const watched = rig.run('kimberlite-cli replica status --replica-id 2 --watch', 'operator', 30 * SECOND);
  expect(watched.code).toBe(143);
  expect([...watched.stdout.matchAll(/"status": "(\S+)"/g)].map((match) => match[1])).toEqual(['recovering', 'normal']);
});

it('measures a clock against the clocks of the others', () => {
  const rig = new Rig({ wallOffsetUs: [0, 600_000, 0] });
  expect(rig.run('kimberlite-cli replica clock-offset --replica-id 1').stdout).toBe('replica 1: offset 600.0 ms\n');
  expect(rig.run('kimberlite-cli replica clock-offset --replica-id 0').stdout).toBe('replica 0: offset 0.0 ms\n');
  rig.run('systemctl restart chronyd', 'replica-1');
  expect(rig.run('kimberlite-cli replica clock-offset --replica-id 1').stdout).toBe('replica 1: offset 0.0 ms\n');
});

it('measures by the own clock where no quorum of clocks agrees, and says so', () => {
  const rig = new Rig({ wallOffsetUs: [0, 700_000, 1_600_000] });
  const line = (id: number): string => rig.run(`kimberlite-cli replica clock-offset --replica-id ${id}`).stdout;
  expect(line(1)).toBe('replica 1: offset 700.0 ms (to the clock of this host: no quorum of replica clocks agrees)\n');
  expect(line(2)).toContain('offset 1600.0 ms (to the clock');
});

it('shows a dead time daemon until it is restarted', () => {
  const rig = new Rig({ wallOffsetUs: [0, 600_000, 0] });
  rig.machine(1).clock.stopNtp();
  expect(rig.run('systemctl is-active chronyd', 'replica-1')).toMatchObject({ stdout: 'failed\n', code: 3 });
  expect(rig.run('chronyc tracking', 'replica-1').stderr).toContain('Cannot talk to daemon');
  expect(rig.machine(1).clock.pollNtp()).toBe(false);
  rig.run('systemctl restart chronyd', 'replica-1');
  expect(rig.run('systemctl is-active chronyd', 'replica-1')).toMatchObject({ stdout: 'active\n', code: 0 });
  expect(rig.machine(1).clock.offsetUs()).toBe(0);
});

it('rejects an even membership, an unknown replica, subcommand and flag', () => {
  const rig = new Rig();
  const removed = rig.run('kimberlite-cli cluster reconfig remove-replica --replica-id 2');
  expect([removed.code, removed.stderr]).toEqual([1, expect.stringContaining('cluster size must be odd (2f+1)')]);
  expect(rig.run('kimberlite-cli replica status --replica-id 7').stderr).toContain('not in cluster (members: 0, 1, 2)');
  expect(rig.run('kimberlite-cli replica stauts --replica-id 1').code).toBe(2);
  expect(rig.run('kimberlite-cli replica status --replca-id 1').code).toBe(2);
  expect(rig.run('kimberlite-cli replica status --help').stdout).toContain('usage: kimberlite-cli replica status');
});

it('takes no replica that was removed before, and gives up what waits for a newcomer', () => {
  const rig = new Rig({ replicaCount: 5, spares: 2 });
  const replace = 'kimberlite-cli cluster reconfig replace';
  expect(rig.run(`${replace} --cancel`).stderr).toContain('no change waits for a newcomer');
  for (const host of [3, 4]) {
    rig.machine(host).enabled = true;
    rig.machine(host).start();
  }
  rig.pass(SECOND);
  expect(rig.run(`${replace} --remove 2 --add 3`)).toMatchObject({ code: 0, stdout: expect.stringContaining('joint') });
  rig.pass(5 * SECOND);
  expect(rig.run(`${replace} --remove 1 --add 2`).stderr).toContain('replica 2 was removed before');
  rig.machine(4).stop('stop');
  expect(rig.run(`${replace} --remove 1 --add 4`).stderr).toContain('does not answer');
});

describe('a cluster of fewer members than hosts', () => {
  const SET = 'kimberlite-cli cluster config set election-timeout-ms 2000';

  it('counts its quorum over the members', () => {
    const rig = new Rig({ replicaCount: 6, spares: 3 });
    expect(rig.run(SET).stdout).toContain('applied on 3 of 3 replicas');
    expect(rig.run('kimberlite-cli test smoke-tests')).toMatchObject({ code: 0 });
    rig.machine(0).disk.setFull('growth', 50);
    expect(rig.run('kimberlite-cli storage compact --replica-id 0').stderr).not.toContain('does not answer');
    const isolate = 'kimberlite-cli replica isolate --replica-id 2 --reason assertion-failure';
    expect(rig.run(isolate).stdout).toContain('remaining voters: 0, 1');
    expect(rig.run('kimberlite-cli replica isolate --replica-id 1').stderr).toContain('only 1 caught-up voters');
  });

  it('commits a setting on the one that was forced to lead, also asked on its own host', () => {
    const rig = new Rig({ guardsOff: ['force-needs-approval', 'force-needs-fencing', 'force-needs-best-survivor'] });
    for (const host of [0, 1, 2]) rig.machine(host).stop('stop');
    rig.run('kimberlite-admin force-leader --node-id 0 --data-dir /var/lib/kimberlite', 'replica-0');
    rig.machine(0).start();
    rig.pass(5 * SECOND);
    expect(rig.run(SET).stdout).toContain('applied on 1 of 1 replicas');
    expect(rig.run('kimberlite-cli cluster config set election-timeout-ms 3000', 'replica-0').stdout).toContain(
      '2000 -> 3000',
    );
    expect(rig.run('kimberlite-cli test smoke-tests').code).toBe(0);
  });
});
