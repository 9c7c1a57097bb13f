import { describe, expect, it, vi } from 'vitest';
import { SECOND, type Us } from '../../src/sim/time.ts';
import { between, Rig, type RigOptions } from './commands/kit.ts';

const PLAN: NonNullable<RigOptions['compaction']> = {
  atPercent: 85,
  atLogBytes: 0,
  everyUs: 0,
  pollUs: SECOND,
  offPeak: { fromHour: 22, toHour: 6 },
  upkeepPerMille: 0,
};

/** Lets the servers' agents have their turns, as the engine does. */
function turns(rig: Rig, us: Us): void {
  const endUs = rig.cluster.world.nowUs + us;
  while (rig.cluster.world.nowUs < endUs) {
    const nextUs = Math.min(rig.fleet.compaction?.tick() ?? endUs, endUs);
    rig.pass(nextUs - rig.cluster.world.nowUs);
  }
}

function fill(rig: Rig, host: number, percent: number): void {
  const { disk } = rig.machine(host);
  disk.setFill(Math.floor((disk.capacityBytes * percent) / 100));
}

const percent = (rig: Rig, host: number): number =>
  (rig.machine(host).disk.usedBytes() * 100) / rig.machine(host).disk.capacityBytes;

describe('compaction by the servers', () => {
  it('starts at its share of the disk, removes segment by segment, and leaves other disks alone', () => {
    const rig = new Rig({ compaction: PLAN });
    fill(rig, 2, 86);
    fill(rig, 1, 84);
    turns(rig, 15 * SECOND);
    expect(percent(rig, 2)).toBeLessThan(86);
    expect(percent(rig, 2)).toBeGreaterThan(11);
    turns(rig, 300 * SECOND);
    expect(percent(rig, 2)).toBeLessThan(12);
    expect(percent(rig, 1)).toBeGreaterThan(83);
    expect(rig.run('journalctl -u kimberlite -n 50 --no-pager', 'replica-2').stdout).toContain('compaction removed');
  });

  it('ends a round with the process that runs it', () => {
    const rig = new Rig({ compaction: PLAN });
    fill(rig, 2, 86);
    turns(rig, 15 * SECOND);
    expect([rig.fleet.compaction?.isRunning(2), percent(rig, 2) < 85]).toEqual([true, true]);
    rig.run('systemctl restart kimberlite', 'replica-2');
    turns(rig, 5 * SECOND);
    expect(rig.fleet.compaction?.isRunning(2)).toBe(false);
    const left = percent(rig, 2);
    turns(rig, 60 * SECOND);
    expect(percent(rig, 2)).toBeCloseTo(left, 1);
  });

  it('by usage runs off-peak only without its guard, and by size of the log only with its guard', () => {
    for (const [guardsOff, runs] of [
      [[], true],
      [['usage-overrides-schedule'], false],
    ] as const) {
      const rig = new Rig({ compaction: PLAN, guardsOff });
      expect(rig.run('kimberlite-cli storage compact-schedule --off-peak-only').stdout).toContain('off-peak only');
      fill(rig, 2, 90);
      turns(rig, 5 * SECOND);
      expect(rig.fleet.compaction?.isRunning(2)).toBe(runs);
    }
    for (const [guardsOff, runs] of [
      [[], true],
      [['compact-by-log-size'], false],
    ] as const) {
      const rig = new Rig({ compaction: { ...PLAN, atLogBytes: 40 * 1024 ** 3 }, guardsOff });
      fill(rig, 2, 80);
      turns(rig, 5 * SECOND);
      expect(rig.fleet.compaction?.isRunning(2)).toBe(runs);
    }
  });

  it('switched off on a host stays off until the schedule is set again', () => {
    const rig = new Rig({ compaction: PLAN });
    rig.fleet.compaction?.disabled.add(2);
    fill(rig, 2, 90);
    turns(rig, 3 * SECOND);
    expect(rig.fleet.compaction?.isRunning(2)).toBe(false);
    expect(rig.run('kimberlite-cli storage compact-schedule').stdout).toContain('replica 2: switched off');
    expect(rig.run('kimberlite-cli storage compact-schedule --every 24h --replica-id 2').code).toBe(0);
    expect(rig.run('kimberlite-cli storage compact-schedule').stdout).toContain('replica 1: never');
    turns(rig, 3 * SECOND);
    expect(rig.fleet.compaction?.isRunning(2)).toBe(true);
  });
});

describe('recovery points', () => {
  it('of a failing job are on the own disk only; find sees their ages and deletes them with their bytes', () => {
    const rig = new Rig();
    rig.run('setup-growth --kind backup --replica-id 2');
    rig.fleet.localBackups.fail(2, 9);
    fill(rig, 2, 92);
    expect(rig.run('kimberlite-cli backup list --replica-id 2').stdout).toContain('intact objects in the bucket: 0');
    expect(rig.run('kimberlite-cli backup run --replica-id 2').code).toBe(1);
    const find = 'find /var/lib/kimberlite/backup -name "snapshot-*.tar.gz" -mtime';
    expect(rig.run(`${find} +10`, 'replica-2').stdout.split('\n').length - 1).toBe(4);
    rig.run(`${find} +10 -delete`, 'replica-2');
    expect(percent(rig, 2)).toBeGreaterThan(29);
    expect(percent(rig, 2)).toBeLessThan(32);
    rig.fleet.localBackups.works(2);
    expect(rig.run('kimberlite-cli backup run --replica-id 2').stdout).toContain('read back: intact');
    rig.run(`${find} +7 -delete`, 'replica-2');
    expect(percent(rig, 2)).toBeLessThan(1);
    expect(rig.run('find /var/log -delete', 'replica-2').code).toBe(1);
  });

  it('are on the disk as files: seen by ls and du, removed by rm and with the disk', () => {
    const folder = '/var/lib/kimberlite/backup';
    const six = (): Rig => {
      const rig = new Rig({ guardsOff: ['wipe-needs-evidence'] });
      rig.run('setup-growth --kind backup --replica-id 2');
      rig.fleet.localBackups.fail(2, 9);
      fill(rig, 2, 60);
      return rig;
    };
    const [rig, other] = [six(), six()];
    const names = rig.run(`ls ${folder}`, 'replica-2').stdout.trim().split('\n');
    expect(names.length).toBe(6);
    const removed = vi.fn();
    rig.fleet.onBackupsRemoved = removed;
    expect(rig.run(`rm ${folder}/${names[0]}`, 'replica-2').code).toBe(0);
    expect([percent(rig, 2) > 49, percent(rig, 2) < 51, removed.mock.calls]).toEqual([true, true, [[2]]]);
    expect(rig.run(`rm -rfv ${folder}`, 'replica-2').stdout.match(/removed/g)?.length).toBe(5);
    expect(percent(rig, 2)).toBeLessThan(1);
    expect(rig.run(`du -s ${folder}`, 'replica-2').code).toBe(1);
    expect(rig.run(`find ${folder}`, 'replica-2').stdout).toBe('');
    expect(rig.run('kimberlite-cli backup list --replica-id 2').stdout).not.toContain('on the disk');
    other.run('systemctl stop kimberlite', 'replica-2');
    expect(other.run('replace-disk replica-2').code).toBe(0);
    expect([other.fleet.localBackups.of(2), other.machine(2).disk.fillBytes]).toEqual([[], 0]);
  });

  it('is scheduled only on hosts that answer, and a mistake in the flags changes nothing', () => {
    const schedule = 'kimberlite-cli storage compact-schedule';
    const rig = new Rig({ compaction: PLAN });
    expect(rig.run(`${schedule} --off-peak-only --replica-id 99`).code).toBe(2);
    expect(rig.run(`${schedule} --off-peak-only --every 7h --replica-id 99`).code).toBe(1);
    expect(rig.run(schedule).stdout).toContain('regular rounds: at any hour');
    rig.cluster.world.network.cut('cut', between([2], [rig.cluster.operatorHost]));
    const set = rig.run(`${schedule} --off-peak-only --every 7h`);
    expect([set.code, set.stderr]).toEqual([1, expect.stringContaining('replica 2 does not answer and keeps')]);
    expect(set.stdout).toMatch(/replica 1: every 7 h\nreplica 2: does not answer\n$/);
    rig.cluster.world.network.heal('cut');
    const shown = rig.run(schedule);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('replica 2: never')]);
    expect(shown.stdout).toContain('off-peak only (22:00 to 6:00) on 0, 1, at any hour elsewhere');
  });
});
