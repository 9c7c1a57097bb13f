import { describe, expect, it } from 'vitest';
import { diskSource, readSuperblock } from '../../../src/cluster/kimberlite/data-directory.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { Rig } from './kit.ts';

const RESTORE = 'kimberlite-cli cluster restore-from-backup --backup-source s3://backups/nightly';

function withBackup(): Rig {
  const rig = new Rig();
  rig.run('setup-backup --name nightly --replica-id 0');
  rig.pass(5 * SECOND);
  return rig;
}

/** The host gets an empty disk. */
function empty(rig: Rig, host: number): void {
  const { disk } = rig.machine(host);
  for (const file of disk.files()) disk.removeFile(file);
  disk.syncAll();
}

describe('cluster restore-from-backup', () => {
  it('is refused while servers run, while a longer log is in reach, and without an approval', () => {
    const rig = withBackup();
    const id = rig.run('uuidgen').stdout.trim();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(rig.run('uuidgen').stdout.trim()).not.toBe(id);
    const restore = () => rig.run(`${RESTORE} --new-cluster-id ${id}`).stderr;
    expect(rig.run(`${RESTORE} --new-cluster-id prod-2`).stderr).toContain('not a UUID');
    expect(restore()).toContain('servers of replicas 0, 1, 2 run');
    for (const host of [0, 1, 2]) rig.machine(host).stop('stop');
    expect(restore()).toContain('holds more than the snapshot');
    for (const host of [0, 1, 2]) empty(rig, host);
    expect(restore()).toContain('no approval of data loss');
  });

  it('makes every replica from the snapshot, in the next epoch', () => {
    const rig = withBackup();
    const { op } = rig.fleet.backups.find('s3://backups/nightly') as { op: number };
    for (const host of [0, 1, 2]) {
      rig.machine(host).stop('stop');
      empty(rig, host);
    }
    rig.run('approve --what data-loss --by CTO');
    const told = rig.run(`${RESTORE} --new-cluster-id 7c9e6679-7425-40de-944b-e07fc1f90ae7`);
    expect(told.stdout).toContain(
      `replicas 0, 1, 2: cluster 7c9e6679-7425-40de-944b-e07fc1f90ae7, epoch 1, from op ${op}`,
    );
    for (const host of [0, 1, 2]) {
      const opened = readSuperblock(diskSource(rig.machine(host).disk));
      expect(opened.kind === 'open' && [opened.state.replica, opened.state.epoch]).toEqual([host, 1]);
      rig.machine(host).start();
    }
    rig.pass(15 * SECOND);
    expect(rig.run('kimberlite-cli cluster status').stdout).toContain('quorum: available (3 of 3');
  });
});
