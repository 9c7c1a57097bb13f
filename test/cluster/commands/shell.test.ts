import { afterAll, beforeAll, expect, it } from 'vitest';
import { kimberliteCommands } from '../../../src/cluster/kimberlite/commands/table.ts';
import { FleetFiles } from '../../../src/cluster/kimberlite/files.ts';
import type { KimberliteFleet } from '../../../src/cluster/kimberlite/fleet.ts';
import { AmbientGuard } from '../../../src/scenarios/ambient-guard.ts';
import { OperatorShell } from '../../../src/scenarios/shell.ts';
import { type LoadedShell, loadShell } from '../../../src/scenarios/shell-loaded.ts';
import type { Machine } from '../../../src/sim/machine.ts';
import { Rig } from './kit.ts';

let loaded: LoadedShell;
const guard = new AmbientGuard();

beforeAll(async () => {
  loaded = await loadShell();
  guard.install();
});

afterAll(() => guard.uninstall());

/** Runs a script in the operator's shell, the world passing while it waits. */
async function script(rig: Rig, text: string): Promise<{ stdout: string; stderr: string; code: number }> {
  const { fleet } = rig;
  const { world } = rig.cluster;
  const shell = new OperatorShell<KimberliteFleet>({
    loaded,
    guard,
    table: kimberliteCommands(),
    fleet,
    clock: { nowUs: () => world.nowUs, wallMs: (host) => fleet.wallMs(world.machine(host) as Machine) },
    seed: 7,
    files: new FleetFiles(fleet),
    resolveHost: (name) => fleet.resolve(name),
    canReach: (from, to) => fleet.canReach(from, to),
  });
  const run = shell.start(text, 'operator');
  await run.pump();
  while (run.state !== 'done') {
    if (run.wait === null) throw new Error('neither waiting nor done');
    run.resume(rig.wait(run.wait, Number.MAX_SAFE_INTEGER));
    await run.pump();
  }
  return run.result as { stdout: string; stderr: string; code: number };
}

it('runs the lines of the runbook as they are printed', async () => {
  const rig = new Rig();
  rig.machine(2).disk.setFull('growth', 95);
  const du = await script(rig, `ssh replica-2.kimberlite.prod 'du -sh /var/lib/kimberlite/* | sort -h | tail -1'`);
  expect(du).toMatchObject({ code: 0, stdout: '61G\t/var/lib/kimberlite/log\n' });
  const loop = `for id in 0 1 2; do ping -c 2 replica-$id.kimberlite.prod | grep avg || ping -c 2 replica-$id | grep rtt; done`;
  expect((await script(rig, loop)).stdout.match(/rtt min\/avg\/max/g)?.length).toBe(3);
  expect((await script(rig, `curl -s http://replica-0:9090/status | jq '.cluster_size'`)).stdout).toBe('3\n');
  const dump =
    'kimberlite-cli debug dump-state --replica-id 2 > /tmp/dump-$(date +%s).json; jq -r .source /tmp/dump-*.json';
  expect((await script(rig, dump)).stdout).toBe('process\n');
  const watch =
    'ssh replica-1 "systemctl restart kimberlite"; timeout 20 kimberlite-cli replica status --replica-id 1 --watch';
  const watched = await script(rig, watch);
  expect(watched.code).toBe(124);
  expect(watched.stdout).toMatch(/"recovering"[\s\S]*"normal"/);
});

it('wipes a log by its pattern', async () => {
  const rig = new Rig({ naming: 'node' });
  await script(rig, 'ssh node3 "systemctl stop kimberlite; cp -a /var/lib/kimberlite/log /root/evidence"');
  const wiped = await script(rig, 'ssh node3 "rm -rf /var/lib/kimberlite/log/*; ls /var/lib/kimberlite/log | wc -l"');
  expect([wiped.stderr, wiped.stdout.trim()]).toEqual(['', '0']);
  expect(rig.machine(2).disk.fileExists('log/headers')).toBe(false);
  const back = await script(
    rig,
    'ssh node3 "systemctl start kimberlite"; kimberlite-cli replica status --replica-id 3 --wait-healthy',
  );
  expect(back.code).toBe(0);
});

it('fails a step with what the host says to a write that it refuses', async () => {
  const rig = new Rig();
  const depth = await script(rig, 'ssh replica-0 "echo 4096 > /sys/block/nvme0n1/queue/nr_requests" || echo refused');
  expect(depth).toMatchObject({ code: 0, stdout: 'refused\n', stderr: expect.stringContaining('Invalid argument') });
  rig.machine(0).disk.setFull('growth', 100);
  const full = await script(rig, 'ssh replica-0 "echo probe > /var/lib/kimberlite/probe"');
  expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining('No space left on device') });
  const admin = 'kimberlite-admin diagnostics --output /var/lib/kimberlite/d.tar.gz || echo refused';
  const bundle = await script(rig, `ssh replica-0 "${admin}"`);
  expect(bundle).toMatchObject({ code: 0, stdout: expect.stringContaining('refused\n') });
  expect(bundle.stderr).toContain('kimberlite-admin: /var/lib/kimberlite/d.tar.gz: No space left on device');
});

it('knows the files of the host by paths from the working directory', async () => {
  const rig = new Rig();
  const at = 'cd /var/lib/kimberlite';
  const look = await script(rig, `ssh replica-1 "${at}; ls log; ls -l log | wc -l; du -s log; df ."`);
  expect(look).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^headers\nprepares\n\s*2\n\d+\tlog\n/),
  });
  const refused = await script(rig, `ssh replica-1 "${at}; rm -rf log/*"`);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('rm: refused') });
  const copy = `systemctl stop kimberlite; ${at}; cp -a log /root/evidence; tar -czf /root/e.tgz log; rm -rf log/*; ls log | wc -l`;
  const wiped = await script(rig, `ssh replica-1 "${copy}"`);
  expect([wiped.code, wiped.stderr, wiped.stdout.trim()]).toEqual([0, '', '0']);
  expect(rig.machine(1).disk.fileExists('log/headers')).toBe(false);
});

it('copies and lists files of the product outside the data disk', async () => {
  const rig = new Rig();
  const log =
    'cp /var/log/kimberlite/server.log /tmp/s && diff /tmp/s /var/log/kimberlite/server.log && wc -l < /tmp/s';
  const copied = await script(rig, `ssh replica-0 "${log}; ls -l /etc/kimberlite"`);
  expect(copied).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('config.toml') });
  const bytes = rig.machine(0).disk.fileSizeBytes('superblock');
  expect((await script(rig, 'ssh replica-0 "stat -c %s /var/lib/kimberlite/superblock"')).stdout).toBe(`${bytes}\n`);
});
