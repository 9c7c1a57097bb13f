import { describe, expect, it } from 'vitest';
import { FleetFiles } from '../../../src/cluster/kimberlite/files.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

describe('systemctl', () => {
  it('stops, starts and restarts the service of the host of the shell alone', () => {
    const rig = new Rig();
    rig.run('systemctl stop kimberlite', 'replica-1');
    expect(rig.cluster.replicaHosts.map((id) => rig.machine(id).isUp)).toEqual([true, false, true]);
    expect(rig.run('systemctl is-active kimberlite', 'replica-1')).toMatchObject({ stdout: 'inactive\n', code: 3 });
    rig.run('systemctl restart kimberlite.service', 'replica-1');
    expect([rig.machine(1).isUp, rig.machine(1).incarnation]).toEqual([true, 2]);
    expect(rig.run('systemctl status kimberlite', 'replica-1').stdout).toContain('active (running)');
    expect(rig.run('systemctl stop kimberlite', 'operator').code).toBe(5);
    expect(rig.run('systemctl frob kimberlite', 'replica-1').code).toBe(1);
  });

  it('says when the service started by the clock of its host, as the journal does', () => {
    const rig = new Rig({ wallOffsetUs: [3_600 * SECOND] });
    expect(rig.run('systemctl status kimberlite', 'replica-0').stdout).toMatch(/since Feb 06 11:00:00$/m);
    expect(rig.run('systemctl status kimberlite', 'replica-1').stdout).toMatch(/since Feb 06 10:00:00$/m);
  });

  it('shows why a dead service is dead', () => {
    const rig = new Rig();
    rig.machine(2).stop('oom-kill');
    expect(rig.run('systemctl status kimberlite', 'replica-2').stdout).toContain('Active: failed (Result: oom-kill)');
  });
});

describe('ping', () => {
  it('prints what Linux prints, and the same again for the same instant', () => {
    const [one, other] = [new Rig(), new Rig()];
    const first = one.run('ping -c 3 replica-1.kimberlite.prod');
    expect(first.stdout).toMatch(/icmp_seq=3 ttl=64 time=\d+\.\d{3} ms/);
    expect(first.stdout).toMatch(
      /3 packets transmitted, 3 received, 0% packet loss, time 2000ms\nrtt min\/avg\/max\/mdev = /,
    );
    expect(other.run('ping -c 3 replica-1.kimberlite.prod').stdout).toBe(first.stdout);
  });

  it('sees latency, loss, cuts in one direction and dead hosts, but not a dead service', () => {
    const rig = new Rig();
    const { network } = rig.cluster.world;
    const desk = rig.cluster.operatorHost;
    network.degrade('slow', between([desk], [1]), { latencyUsMin: 60_000, latencyUsMean: 75_000 });
    const average = /= [\d.]+\/([\d.]+)\//.exec(rig.run('ping -c 10 replica-1').stdout)?.[1];
    expect(Number(average)).toBeGreaterThan(120);
    network.degrade('lossy', between([desk], [2]), { lossPer65536: 20_000 });
    const lost = Number(/(\d+)% packet loss/.exec(rig.run('ping -c 200 -i 0.01 -q replica-2').stdout)?.[1]);
    expect(lost).toBeGreaterThan(35);
    expect(lost).toBeLessThan(70);
    network.cut('back', [{ from: 0, to: desk }]);
    expect(rig.run('ping -c 1 replica-0')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('100% packet loss'),
    });
    network.heal('back');
    rig.machine(0).stop('crash');
    expect(rig.run('ping -c 1 replica-0').code).toBe(0);
    rig.machine(0).powerLoss('power', 'mix');
    expect(rig.run('ping -c 1 replica-0').code).toBe(1);
    expect(rig.run('ping -c 1 replica-9').code).toBe(2);
  });

  it('goes on for ever without -c', () => {
    const rig = new Rig();
    const cut = rig.run('ping replica-1', 'operator', 5 * SECOND);
    expect([cut.code, cut.stdout.match(/icmp_seq/g)?.length]).toEqual([143, 5]);
  });
});

describe('curl and nc', () => {
  it('reads the pages of a running replica', () => {
    const rig = new Rig({ naming: 'node' });
    const page = JSON.parse(rig.run('curl -s http://node1:9090/status').stdout);
    expect(page).toMatchObject({ status: 'normal', cluster_size: 3, cluster_members: [1, 2, 3], is_leader: true });
    expect(rig.run('curl -s http://localhost:9090/metrics', 'node2').stdout).toContain('kmb_consensus_leader 1\n');
    expect(rig.run('curl -sf http://node1:9090/ready').code).toBe(0);
    expect(rig.run('curl -f http://node1:9090/nowhere').code).toBe(22);
    expect(rig.run('nc -zv node2 7001')).toMatchObject({ code: 0, stderr: expect.stringContaining('succeeded') });
  });

  it('tells refused from silent', () => {
    const rig = new Rig();
    rig.machine(1).stop('crash');
    expect(rig.run('curl http://replica-1:9090/status').code).toBe(7);
    expect(rig.run('nc -zv replica-1 7001').stderr).toContain('Connection refused');
    rig.machine(1).powerLoss('power', 'mix');
    const before = rig.cluster.world.nowUs;
    expect(rig.run('curl -m 3 http://replica-1:9090/status').code).toBe(28);
    expect(rig.cluster.world.nowUs - before).toBe(3 * SECOND);
    expect(rig.run('nc -zv -w 2 replica-1 7001').stderr).toContain('timed out');
    expect(rig.run('curl http://nowhere:9090/status').code).toBe(6);
  });
});

it('knows no time server before the first poll, and no type of a host without modelled cores', () => {
  const rig = new Rig();
  const sources = (): string => rig.run('chronyc sources', 'replica-0').stdout;
  const { clock } = rig.machine(0);
  clock.ntpPolledUs = -1;
  expect(sources()).toMatch(/\n\^\? \S+ +0\n$/);
  clock.restartNtp();
  expect(sources()).toMatch(/\n\^\* \S+ +377\n$/);
  expect(rig.run('aws ec2 describe-instances').stdout).toContain('replica-0.kimberlite.prod unmodelled cores running');
});

it('gives up on a slow link when its time is over', () => {
  const rig = new Rig();
  const { network } = rig.cluster.world;
  network.degrade('slow', between([rig.cluster.operatorHost], [1]), {
    latencyUsMin: 3 * SECOND,
    latencyUsMean: 3 * SECOND,
  });
  const timed = (line: string): readonly number[] => {
    const fromUs = rig.cluster.world.nowUs;
    return [rig.run(line).code, (rig.cluster.world.nowUs - fromUs) / SECOND];
  };
  expect(timed('curl http://replica-1:9090/status')).toEqual([0, 12]);
  expect(timed('curl -m 0 http://replica-1:9090/status')).toEqual([0, 12]);
  expect(timed('curl -m 2 http://replica-1:9090/status')).toEqual([28, 2]);
  expect(timed('curl -m 9 http://replica-1:9090/status')).toEqual([28, 9]);
  expect(timed('curl -m 30 --connect-timeout 5 http://replica-1:9090/status')).toEqual([28, 5]);
  expect(timed('nc -z replica-1 7001')).toEqual([0, 6]);
  expect(timed('nc -z -w 1 replica-1 7001')).toEqual([1, 1]);
});

it('reports what the hardware knows, and says what is not modelled', () => {
  const rig = new Rig();
  expect(rig.run('smartctl -a /dev/nvme0n1', 'replica-2').stdout).toContain('Integrity Errors:    0');
  expect(rig.run('memtester 1G 1', 'replica-2').stdout).toContain('Done.');
  expect(rig.run('top -n 1', 'replica-2').stdout).toMatch(/kimberlite +0\.0 +n\/a kimberlite-server/);
  expect(rig.run('iostat -x 1 2', 'replica-2').stdout.match(/^nvme0n1/gm)?.length).toBe(2);
  expect(rig.run('df -h', 'operator').stderr).toContain('no modelled disk');
  expect(rig.run('aws ec2 modify-volume').code).toBe(2);
  rig.cluster.world.kernelLog(2, 'error', 'blk_update_request: I/O error, dev nvme0n1');
  expect(rig.run('dmesg', 'replica-2').stdout).toMatch(/^\[ {3,4}\d+\.\d{6}\] blk_update_request/);
});

it('shows the zones as files, refuses to write over them, and keeps what is written beside them', () => {
  const rig = new Rig();
  const files = new FleetFiles(rig.fleet);
  const host = rig.machine(2).name;
  expect(files.roots(rig.machine(rig.cluster.operatorHost).name)).toEqual([]);
  expect(files.list(host, '/var/lib/kimberlite')).toEqual(['checkpoint', 'log', 'superblock']);
  expect(files.list(host, '/var/lib/kimberlite/log')).toEqual(['headers', 'prepares']);
  expect(files.write(host, '/var/lib/kimberlite/superblock', 'x')).toContain('not permitted');
  expect(files.write(host, '/var/lib/kimberlite/test', 'x')).toBe('');
  expect(files.list(host, '/var/lib/kimberlite')).toContain('test');
  expect(files.read(host, '/var/log/kimberlite/server.log')).toContain('replica 2 starts');
  rig.machine(2).disk.setFull('growth', 100);
  expect(files.write(host, '/var/lib/kimberlite/more', 'x')).toBe('No space left on device');
});
