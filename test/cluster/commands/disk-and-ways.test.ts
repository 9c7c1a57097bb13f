import { describe, expect, it } from 'vitest';
import { FleetFiles } from '../../../src/cluster/kimberlite/files.ts';
import { DiskBurst } from '../../../src/sim/disk-burst.ts';
import { MINUTE, SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

const REPLICA = 'replica-0';

describe('processes beside the service', () => {
  it('are listed by what they read, found by their command line, and ended', () => {
    const rig = new Rig();
    const job = rig.machine(0).jobs.start('backup', 'nightly-backup --full', false, 0);
    const before = rig.run('iotop -b -n 1', REPLICA).stdout;
    expect(before).toMatch(/backup +0\.0 +0\.0 nightly-backup/);
    expect(rig.run('iotop -b -o -n 1', REPLICA).stdout).not.toContain('nightly-backup');
    expect(rig.run('pgrep -f nightly', REPLICA).stdout).toBe(`${job.pid}\n`);
    expect(rig.run(`kill ${job.pid}`, 'replica-1').code).toBe(1);
    expect(rig.run(`kill ${job.pid}`, REPLICA).code).toBe(0);
    expect(job.stopped).toBe(true);
    expect(rig.run('pgrep -f nightly', REPLICA).code).toBe(1);
  });

  it('cannot be ended where they are the service itself', () => {
    const rig = new Rig();
    const readers = rig.machine(0).jobs.start('kimberlite', 'projection readers', true, 0);
    expect(rig.run(`kill ${readers.pid}`, REPLICA).code).toBe(1);
    expect(rig.run('pgrep -f projection', REPLICA).code).toBe(1);
  });
});

describe('what tools do on a disk', () => {
  const FOLDER = '/var/lib/kimberlite';
  const dd = (name: string, count: number): string =>
    `dd if=/dev/zero of=${FOLDER}/${name} bs=4k count=${count} oflag=dsync`;

  it('survives a power loss when it was synced, and a folder is no file', () => {
    const rig = new Rig();
    const { disk } = rig.machine(0);
    const before = { ...disk.counters };
    expect(rig.run(dd('test', 5), REPLICA).stderr).toContain('5+0 records out');
    expect(disk.counters.bytesWritten - before.bytesWritten).toBeGreaterThanOrEqual(5 * 4_096);
    expect(disk.counters.fsyncs - before.fsyncs).toBeGreaterThanOrEqual(5);
    for (const name of ['log', 'checkpoint']) expect(rig.run(dd(name, 1), REPLICA).stderr).toContain('Is a directory');
    rig.machine(0).powerLoss('power', 'mix');
    expect(disk.fileSizeBytes('test')).toBe(5 * 4_096);
  });

  it('is counted: copies as reads, compaction as reads and writes', () => {
    const rig = new Rig();
    const { disk } = rig.machine(2);
    rig.machine(2).stop('crash');
    const before = { ...disk.counters };
    rig.run(`cp -a ${FOLDER}/log /tmp/log`, 'replica-2');
    expect(disk.counters.bytesRead - before.bytesRead).toBe(
      disk.fileSizeBytes('log/headers') + disk.fileSizeBytes('log/prepares'),
    );
    expect([disk.counters.bytesWritten, disk.counters.awaitUs > before.awaitUs]).toEqual([before.bytesWritten, true]);
    rig.machine(2).start();
    rig.pass(5 * SECOND);
    disk.setFill(Math.floor(disk.capacityBytes / 2));
    const [read, written] = [disk.counters.bytesRead, disk.counters.bytesWritten];
    expect(rig.run('kimberlite-cli storage compact --replica-id 2').code).toBe(0);
    const kept = Math.floor((Math.floor(disk.capacityBytes / 2) * 6) / 8);
    expect(disk.counters.bytesRead - read).toBeGreaterThanOrEqual(kept);
    expect(disk.counters.bytesWritten - written).toBeGreaterThanOrEqual(kept);
  });

  it('is one with what redirections write: seen by du and ls, removed by rm', () => {
    const rig = new Rig();
    const files = new FleetFiles(rig.fleet);
    const [host, path] = [rig.machine(0).name, `${FOLDER}/note`];
    expect(files.write(host, path, '')).toBe('');
    expect(files.write(host, path, 'grün\n')).toBe('');
    expect(files.read(host, path)).toBe('grün\n');
    expect(rig.run(`ls -l ${FOLDER}`, REPLICA).stdout).toMatch(/^ +6 note$/m);
    expect(rig.run(`du ${path}`, REPLICA).stdout).toBe(`4\t${path}\n`);
    expect(files.write(host, `${FOLDER}/log`, 'x')).toBe('Is a directory');
    expect(rig.run(`rm ${path}`, REPLICA).code).toBe(0);
    expect([files.read(host, path), files.list(host, FOLDER)?.includes('note')]).toEqual([null, false]);
  });
});

describe('the queue of a disk', () => {
  it('is as deep as nr_requests says, which takes 1 to 1024', () => {
    const rig = new Rig();
    const files = new FleetFiles(rig.fleet);
    const [host, path] = ['replica-0.kimberlite.prod', '/sys/block/nvme0n1/queue/nr_requests'];
    const { queue } = rig.machine(0).disk;
    expect(files.read(host, path)).toBe('32\n');
    expect(files.write(host, path, '')).toBe('');
    expect(files.write(host, path, '1\n')).toBe('');
    expect(files.read(host, path)).toBe('1\n');
    const [first, second] = [queue.admit(0, 1_000, 0), queue.admit(0, 1_000, 0)];
    expect(second - first).toBe(1_000);
    expect(files.write(host, path, '0')).toBe('Invalid argument');
    expect(files.write(host, path, '1024')).toBe('');
    expect(queue.depth).toBe(1_024);
  });

  it('of a volume gives its burst while credits last, then its lasting rate', () => {
    const burst = new DiskBurst(100, 1_000, 10, 10, 0);
    const starts = Array.from({ length: 13 }, () => burst.startUs(0));
    expect(starts.slice(0, 3)).toEqual([0, 1_000, 2_000]);
    expect((starts[12] as number) - (starts[11] as number)).toBe(10_000);
    expect(burst.balancePercent(starts[12] as number)).toBe(0);
    expect(burst.balancePercent(10 * SECOND)).toBe(100);
  });

  it('of a volume is raised by the provider after a while, once', () => {
    const rig = new Rig();
    const { queue } = rig.machine(1).disk;
    expect(rig.run('aws ec2 modify-volume --volume-id vol-122 --iops 10000').code).toBe(254);
    queue.burst = new DiskBurst(3_000, 3_000, 0, 0, rig.cluster.world.nowUs);
    expect(rig.run('aws ec2 modify-volume --volume-id vol-122 --iops 10000').stdout).toContain('target iops 10000');
    expect(queue.burst.iopsAt(rig.cluster.world.nowUs)).toBe(3_000);
    rig.pass(3 * MINUTE);
    expect(rig.run('aws ec2 describe-volumes').stdout).toMatch(/^vol-122 .* 10000 IOPS attached to replica-1/m);
    expect(rig.run('aws ec2 modify-volume --volume-id vol-122 --iops 20000').code).toBe(254);
    const balance = 'aws cloudwatch get-metric-statistics --metric-name BurstBalance --dimensions';
    expect(rig.run(`${balance} Name=VolumeId,Value=vol-122`).stdout).toBe('BurstBalance vol-122 0 Percent\n');
  });
});

describe('the way between hosts', () => {
  it('shows its trouble from the hop on at which it is', () => {
    const rig = new Rig();
    const { topology, network } = rig.cluster.world;
    const hop = (line: number): string => rig.run('mtr -r -c 20 replica-1', REPLICA).stdout.split('\n')[line] as string;
    expect(hop(4)).toMatch(/replica-1\S+ +0\.0% +20 +[01]\.\d/);
    for (const { from, to } of between([0], [1])) topology.trouble('cable', 'cable', from, to);
    network.degrade('cable', between([0], [1]), { lossPer65536: 30_000 });
    expect(hop(1)).toMatch(/ 0\.0% /);
    expect(hop(2)).not.toMatch(/ 0\.0% /);
    topology.endTrouble('cable');
    network.restore('cable');
    for (const { from, to } of between([0], [1])) topology.trouble('switch', 'switch', from, to);
    network.degrade('switch', between([0], [1]), { latencyUsMin: 30_000 });
    expect(hop(1)).toMatch(/ 0\.0% +20 +60\.0/);
    rig.pass(SECOND);
    expect(rig.run('ethtool -S eth0', REPLICA).stdout).toMatch(/rx_pause_frames: [1-9]/);
    expect(rig.run('ethtool -S eth0', 'replica-2').stdout).toContain('rx_pause_frames: 0');
    expect(rig.run('ethtool wlan0', REPLICA).code).toBe(75);
  });

  it('is short within a rack and far between regions, and moves with a stopped host', () => {
    const rig = new Rig();
    const { topology, network } = rig.cluster.world;
    topology.setFar(60_000, 60_000);
    for (const [host, zone] of ['us-east-1a', 'us-west-2a', 'eu-west-1a'].entries()) {
      topology.place(host, { zone, rack: `${zone}-r1` });
    }
    expect(network.link(0, 1).latencyUsMin).toBe(60_000);
    const move = 'aws ec2 modify-instance-placement --instance-id i-0002 --group-name g';
    expect(rig.run(move).code).toBe(254);
    rig.run('aws ec2 create-placement-group --group-name g --strategy cluster');
    expect(rig.run(move).stderr).toContain('stopped');
    rig.machine(1).powerLoss('test', 'mix');
    expect(rig.run(move).stdout).toContain('rack us-east-1a-g');
    expect(network.link(0, 1).latencyUsMin).toBe(120);
    expect(rig.run('aws ec2 describe-instance-topology').stdout).toContain('zone us-east-1a rack us-east-1a-g');
    topology.clearSites();
    expect(network.link(0, 2).latencyUsMin).toBe(200);
  });
});

describe('traffic', () => {
  it('of other processes is told from that of the service', () => {
    const rig = new Rig();
    rig.cluster.world.network.link(0, 1).otherBytes += 0;
    expect(rig.run('iftop -t -s 2', REPLICA).stdout).toMatch(/replica-0\S+ => replica-1\S+ +0\.\d +0\.0/);
  });

  it('is captured on the port of the service, up to a count, and read again', () => {
    const rig = new Rig();
    expect(rig.run('tcpdump -i eth0 -c 100 -w /tmp/t.pcap port 7001', REPLICA).stderr).toMatch(/^100 packets/);
    expect(rig.run('wireshark /tmp/t.pcap', REPLICA).stdout).toMatch(/^100 packets\nreplica-\S+: \d+ prepares/);
    expect(rig.run('tcpdump -i eth0 -G 2 -w /tmp/u.pcap port 7000', REPLICA).stderr).toMatch(/^0 packets/);
    expect(rig.run('tcpdump -i eth0 -w /tmp/v.pcap port 7001', REPLICA, 5 * SECOND).code).toBe(143);
    expect(rig.run('wireshark /tmp/none', REPLICA).code).toBe(2);
  });
});
