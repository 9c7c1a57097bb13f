import { describe, expect, it } from 'vitest';
import { diskSource, scanDataDirectory } from '../../../src/cluster/kimberlite/data-directory.ts';
import { FILE } from '../../../src/cluster/vsr/config.ts';
import { SUPERBLOCK_COPY_BYTES } from '../../../src/cluster/vsr/superblock.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { Rig } from './kit.ts';

const VERIFY = 'kimberlite-cli storage verify --replica-id 2 --full-scan';
const RESTORE = 'kimberlite-cli storage restore --replica-id 2 --backup-source s3://backups/latest';
const WIPE = 'rm -rf /var/lib/kimberlite/log/headers /var/lib/kimberlite/log/prepares';

/** Flips one byte of the body of a replica's last durable entry, on the device. Returns its op. */
function damage(rig: Rig, host: number): number {
  const replica = rig.cluster.nodes[host]?.vsr.replica;
  if (replica === undefined) throw new Error('no replica');
  const { slotBytes } = rig.cluster.config;
  const at = replica.journal.slotOf(replica.op) * slotBytes + 130;
  const { disk } = rig.machine(host);
  const byte = disk.peekDurable(FILE.prepares, at, 1) as Uint8Array;
  disk.poke(FILE.prepares, at, new Uint8Array([(byte[0] as number) ^ 1]), true);
  return replica.op;
}

function quiet(rig: Rig): void {
  // Stops some ops past a checkpoint, so that the journal's head is still needed.
  const { checkpointOps } = rig.cluster.config;
  for (let look = 0; look < 400; look++) {
    const op = rig.cluster.nodes[2]?.vsr.replica.op ?? 0;
    if (op % checkpointOps >= 2 && op % checkpointOps <= checkpointOps / 2) break;
    rig.pass(SECOND / 100);
  }
  for (const client of rig.cluster.clients) if (client !== null) client.active = false;
  rig.pass(3 * SECOND);
}

describe('storage verify', () => {
  it('is clean on every healthy replica, running or stopped', () => {
    const rig = new Rig();
    for (const id of [0, 1, 2]) {
      expect(rig.run(`kimberlite-cli storage verify --replica-id ${id} --full-scan`).stdout).toContain('result: clean');
    }
    rig.run('systemctl stop kimberlite', 'replica-2');
    expect(rig.run(VERIFY).code).toBe(0);
    expect(rig.run('kimberlite-admin verify --data-dir /var/lib/kimberlite', 'replica-2').code).toBe(0);
    expect(rig.run('kimberlite-admin verify --data-dir /var/lib/kimberlite', 'replica-1').stderr).toContain(
      'stop it first',
    );
  });

  it('never takes a write under way for damage, whenever it looks', () => {
    const rig = new Rig();
    for (let round = 0; round < 400; round++) {
      rig.pass(7_331);
      if (round % 200 === 100) rig.machine(rig.cluster.primaryHost()).stop('crash');
      for (const host of rig.cluster.replicaHosts) {
        const scan = scanDataDirectory(diskSource(rig.machine(host).disk), rig.cluster.config);
        expect([scan.damage, scan.brokenOp]).toEqual([[], -1]);
        if (!rig.machine(host).isUp && round % 200 === 199)
          rig.run('systemctl start kimberlite', rig.machine(host).name);
      }
    }
  });

  it('lists an unreadable copy of the superblock', () => {
    const rig = new Rig();
    rig.run('systemctl stop kimberlite', 'replica-2');
    rig.machine(2).disk.poke(FILE.superblock, SUPERBLOCK_COPY_BYTES + 100, new Uint8Array([0xff, 0xff, 0xff]), true);
    expect(rig.run(VERIFY)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('superblock copy 1: copy unreadable'),
    });
  });

  it('lists the damaged segment with its op', () => {
    const rig = new Rig();
    quiet(rig);
    rig.run('systemctl stop kimberlite', 'replica-2');
    const op = damage(rig, 2);
    const found = rig.run(VERIFY);
    expect([found.code, found.stdout]).toEqual([1, expect.stringContaining(`(op ${op}): Checksum mismatch`)]);
  });
});

describe('storage restore', () => {
  it('replaces the zones; the replica has no vote until it has caught up', () => {
    const rig = new Rig();
    const snapshot = rig.fleet.takeBackup('snapshot-1.tar.gz', 1);
    expect(snapshot.problem).toBe('');
    expect(rig.run(RESTORE).stderr).toContain('stop it first');
    rig.pass(10 * SECOND);
    rig.run('systemctl stop kimberlite', 'replica-2');
    expect(rig.run(RESTORE).stdout).toContain(`op ${snapshot.op}`);
    const dump = JSON.parse(rig.run('kimberlite-cli debug dump-state --replica-id 2').stdout);
    expect(dump.disk).toMatchObject({ must_recover: true, op_number: snapshot.op });
    rig.run('systemctl start kimberlite', 'replica-2');
    expect(rig.run('kimberlite-cli replica status --replica-id 2 --wait-healthy --timeout 60s').code).toBe(0);
    expect(rig.cluster.world.marks.get('vote-regained')).toBe(1);
    expect(rig.run(VERIFY).code).toBe(0);
  });

  it('without the guard the replica keeps its vote at the old op', () => {
    const rig = new Rig({ guardsOff: ['restore-clears-vote'] });
    rig.fleet.takeBackup('snapshot-1.tar.gz', 1);
    rig.run('systemctl stop kimberlite', 'replica-2');
    expect(rig.run(RESTORE).stdout).toContain('with its vote');
    expect(JSON.parse(rig.run('kimberlite-cli debug dump-state --replica-id 2').stdout).disk.must_recover).toBe(false);
  });

  it('refuses a broken chain, an unknown object, and a wipe of the last clean copies', () => {
    const rig = new Rig();
    rig.fleet.takeBackup('snapshot-1.tar.gz', 1);
    rig.run('systemctl stop kimberlite', 'replica-2');
    expect(rig.run(RESTORE.replace('latest', 'gone')).stderr).toContain('no such object');
    rig.fleet.backups.corrupt('snapshot-1.tar.gz', rig.cluster.config);
    const corrupt = rig.run(RESTORE);
    rig.fleet.takeBackup('snapshot-1.tar.gz', 1);
    rig.machine(1).stop('crash');
    expect(rig.run(RESTORE).stderr).toContain('only 1 other replicas');
    expect(corrupt.stderr).toContain('hash chain invalid');
  });
});

describe('rm of the log', () => {
  it('is refused until the others are clean, the server is stopped and evidence is kept', () => {
    const rig = new Rig({ naming: 'node' });
    expect(rig.run(WIPE, 'node3').stderr).toContain('stop it first');
    rig.run('systemctl stop kimberlite', 'node3');
    expect(rig.run(WIPE, 'node3').stderr).toContain('no copy of the damaged files');
    rig.run('tar -czf /root/evidence.tgz /var/lib/kimberlite/log', 'node3');
    rig.machine(1).stop('crash');
    expect(rig.run(WIPE, 'node3').stderr).toContain('only 1 other replicas');
    rig.run('systemctl start kimberlite', 'node2');
    rig.pass(5 * SECOND);
    expect(rig.run(WIPE, 'node3').code).toBe(0);
    expect(rig.run('ls /var/lib/kimberlite/log', 'node3').stdout).toBe('');
    rig.run('systemctl start kimberlite', 'node3');
    expect(rig.run('kimberlite-cli replica status --replica-id 3 --wait-healthy --timeout 60s').code).toBe(0);
    expect(rig.cluster.world.marks.get('journal-lost')).toBe(1);
  });

  it('happens as typed when the guards are off', () => {
    const rig = new Rig({ guardsOff: ['wipe-needs-clean-quorum', 'wipe-needs-evidence'] });
    rig.machine(1).stop('crash');
    rig.run('systemctl stop kimberlite', 'replica-2');
    expect(rig.run(WIPE, 'replica-2').code).toBe(0);
    expect(rig.machine(2).disk.fileExists(FILE.prepares)).toBe(false);
  });
});

describe('storage compact', () => {
  it('frees old segments of a disk at 95 percent', () => {
    const rig = new Rig();
    rig.machine(2).disk.setFull('growth', 95);
    expect(rig.run('df -h /var/lib/kimberlite', 'replica-2').stdout).toMatch(/ 95% \/var\/lib\/kimberlite/);
    expect(rig.run('du -sh /var/lib/kimberlite/log', 'replica-2').stdout).toBe('61G\t/var/lib/kimberlite/log\n');
    expect(rig.run('kimberlite-cli storage compact --replica-id 2 --aggressive').stdout).toContain('freed: 54G');
    expect(rig.run('df -h /var/lib/kimberlite', 'replica-2').stdout).toMatch(/ 12% /);
    rig.pass(5 * SECOND);
    expect(rig.cluster.nodes[2]?.status).toBe('normal');
  });

  it('rewrites in the reserved segment when the disk is full', () => {
    const rig = new Rig();
    rig.machine(2).disk.setFull('growth', 100);
    expect(rig.run('kimberlite-cli storage compact --replica-id 2 --aggressive').stdout).toContain('freed: 5');
    expect(rig.run('df -h /var/lib/kimberlite', 'replica-2').stdout).toMatch(/ 13% /);
  });

  it('without a reserve it needs room for a segment, and peers that do not need the entries', () => {
    const rig = new Rig({ guardsOff: ['compact-reserved-space'] });
    rig.machine(2).disk.setFull('growth', 99);
    expect(rig.run('kimberlite-cli storage compact --replica-id 2').stderr).toContain('No space left on device');
    rig.machine(1).stop('crash');
    expect(rig.run('kimberlite-cli storage compact --replica-id 2').stderr).toContain('replica 1 does not answer');
  });
});

it('keeps evidence of a dead replica: core, disk and archive', () => {
  const rig = new Rig();
  const replica = rig.cluster.nodes[2]?.vsr.replica;
  if (replica === undefined) throw new Error('no replica');
  replica.commit = replica.op + 4_096;
  rig.pass(2 * SECOND);
  expect(rig.machine(2).stopCause).toBe('assertion');
  const dump = JSON.parse(rig.run('kimberlite-cli debug dump-state --replica-id 2').stdout);
  expect(dump).toMatchObject({ source: 'core', stop_cause: 'assertion' });
  expect(dump.memory.commit_number).toBeGreaterThan(dump.memory.op_number);
  expect(rig.run('kimberlite-cli storage export --replica-id 2 --output /tmp/x.tar.gz').code).toBe(0);
  const lines = rig.run('journalctl -u kimberlite --since "10 minutes ago"', 'replica-2').stdout;
  expect(lines).toContain('assertion failed: commit_number <= op_number');
  expect(rig.fleet.evidence.map(({ kind, host }) => [kind, host])).toEqual([
    ['state-dump', 2],
    ['storage-export', 2],
    ['journal-excerpt', 2],
  ]);
});

it('archives by the day that segments were written, each once', () => {
  const rig = new Rig();
  rig.run('setup-growth --kind log --replica-id 2 --cold-percent 70');
  const { disk } = rig.machine(2);
  disk.setFill(Math.floor(disk.capacityBytes * 0.8));
  const archive = (day: string) =>
    rig.run(
      `kimberlite-cli storage archive --replica-id 2 --before-date ${day} --destination s3://kimberlite-archive-prod`,
      'operator',
      36_000 * SECOND,
    );
  for (const day of ['2025-99-99', '2025-02-29', '2025-1-1']) expect(archive(day).code).toBe(2);
  expect(archive('1970-01-01').stdout).toContain('nothing to archive');
  expect(archive('2024-07-01').stdout).toContain('segments moved: 17,');
  expect(archive('2025-01-01').stdout).toContain('segments moved: 18,');
  expect(archive('2025-01-01').stdout).toContain('nothing to archive');
  expect(archive('2030-01-01').stdout).toContain('segments moved: 16,');
  expect(rig.fleet.archived.length).toBe(51);
});
