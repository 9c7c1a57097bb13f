import { describe, expect, it } from 'vitest';
import { FleetFiles } from '../../../src/cluster/kimberlite/files.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { Rig } from './kit.ts';

describe('a boot', () => {
  it('ends processes, time since boot, kernel messages and what was set by hand', () => {
    const rig = new Rig();
    const machine = rig.machine(1);
    const files = new FleetFiles(rig.fleet);
    const depth = '/sys/block/nvme0n1/queue/nr_requests';
    const before = files.read('replica-1', depth);
    const job = machine.jobs.start('batch', 'copy-job', false, rig.cluster.world.nowUs);
    const readers = machine.jobs.start('kimberlite', 'readers', true, rig.cluster.world.nowUs);
    machine.logLine('kernel', 'info', 'before the boot');
    rig.run('systemctl set-environment RUST_LOG=debug', 'replica-1');
    expect(files.write('replica-1', depth, '2')).toBe('');
    rig.pass(180 * SECOND);
    expect(rig.run('uptime', 'replica-1').stdout).toContain('up 0:03');
    rig.run('reboot', 'replica-1');
    expect([job.stopped, readers.stopped]).toEqual([true, false]);
    expect(rig.run('ping -c 1 -W 1 replica-1').code).toBe(1);
    expect(rig.fleet.reaches(rig.machine(0), machine)).toBe(false);
    rig.pass(60 * SECOND);
    expect(rig.run('ping -c 1 replica-1').code).toBe(0);
    expect(machine.isUp).toBe(true);
    expect(rig.run('uptime', 'replica-1').stdout).toContain('up 0:01');
    machine.logLine('kernel', 'info', 'after it');
    expect(rig.run('dmesg', 'replica-1').stdout).toMatch(/^\[ {3}\d\d\.\d{6}\] after it\n$/);
    expect(rig.fleet.managerEnvironment(machine).size).toBe(0);
    expect(files.read('replica-1', depth)).toBe(before);
  });

  it('starts an enabled unit that somebody had stopped', () => {
    const rig = new Rig();
    rig.run('systemctl stop kimberlite', 'replica-1');
    expect(rig.run('systemctl status kimberlite', 'replica-1').stdout).toContain('; enabled)');
    rig.run('reboot', 'replica-1');
    rig.pass(60 * SECOND);
    expect(rig.run('systemctl is-active kimberlite', 'replica-1').stdout).toBe('active\n');
    const blank = new Rig({ replicaCount: 4, spares: 1 });
    blank.run('reboot', 'replica-3');
    blank.pass(60 * SECOND);
    expect(blank.machine(3).isUp).toBe(false);
  });
});

describe('debug dump-state of a dead server', () => {
  it('has its memory only where a core was left', () => {
    const rig = new Rig();
    const dump = () => JSON.parse(rig.run('kimberlite-cli debug dump-state --replica-id 1').stdout);
    rig.machine(1).stop('assertion');
    expect(dump()).toMatchObject({ source: 'core', memory: { status: 'normal' } });
    rig.run('systemctl start kimberlite', 'replica-1');
    rig.run('systemctl stop kimberlite', 'replica-1');
    expect(dump()).toMatchObject({ source: 'disk', stop_cause: 'stop', memory: null });
    rig.run('systemctl start kimberlite', 'replica-1');
    rig.machine(1).powerLoss('power', 'mix');
    rig.machine(1).stoppedByHand = false;
    rig.machine(1).enabled = false;
    rig.machine(1).powerOn(0);
    expect(dump()).toMatchObject({ source: 'disk', stop_cause: 'power-loss', memory: null });
  });
});
