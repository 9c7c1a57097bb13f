import type { Machine } from '../../../sim/machine.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine, wallMsOf } from '../host-fleet.ts';
import { msText, tenthsText } from '../sizes.ts';
import { isoText } from '../wall-time.ts';
import type { CpuReading } from './cpu-reading.ts';
import { topScreen } from './processes.ts';

const IOSTAT: CommandUsage = {
  command: 'iostat',
  about:
    'Requests, bytes, time per request (await; svctm without waiting), use and mean queue (aqu-sz) of the data disk: first since boot, then per interval.',
  flags: [{ name: 'extended', short: 'x', kind: 'switch', help: 'await and %util (always shown here)' }],
  positionals: ['SECONDS', 'COUNT'],
  positionalsMin: 0,
};

const SMARTCTL: CommandUsage = {
  command: 'smartctl',
  about: 'Health of the data disk: sectors that the device itself cannot read. Silent corruption is not among them.',
  flags: [{ name: 'all', short: 'a', kind: 'switch', help: 'everything (always shown here)' }],
  positionals: ['DEVICE'],
  positionalsMin: 1,
};

const MEMTESTER: CommandUsage = {
  command: 'memtester',
  about:
    'Writes and reads memory in patterns; it holds that memory meanwhile where the plan gives hosts some. The model keeps no broken memory cells: a flipped bit leaves nothing to find.',
  flags: [],
  positionals: ['SIZE', 'LOOPS'],
  positionalsMin: 2,
};

const TOP: CommandUsage = {
  command: 'top',
  about:
    'Load of this host: CPU of the service, since its start on the first screen and since the last one on each further one, and what other work has of it. Memory and other processes are modelled only where the plan gives hosts a CPU.',
  flags: [
    { name: 'iterations', short: 'n', kind: 'integer', help: 'stop after N screens (without it: never)' },
    { name: 'batch', short: 'b', kind: 'switch', help: 'no effect: output is always plain' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const UPTIME: CommandUsage = {
  command: 'uptime',
  about: 'Wall clock of this host and time since boot.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const DEVICE = 'nvme0n1';
/** Number of the process that stands for all other work on a host. */
const OTHER_PID = 4_242;

interface Reading {
  readonly atUs: Us;
  readonly reads: number;
  readonly writes: number;
  readonly fsyncs: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly awaitUs: Us;
  readonly busyUs: Us;
}

function read(fleet: HostFleet, machine: Machine): Reading {
  const { counters, queue } = machine.disk;
  return {
    atUs: fleet.world.nowUs,
    reads: counters.reads,
    writes: counters.writes,
    fsyncs: counters.fsyncs,
    readBytes: counters.bytesRead,
    writtenBytes: counters.bytesWritten,
    awaitUs: counters.awaitUs,
    busyUs: queue.busyUs,
  };
}

/** One line of `iostat -x` between two readings. %util counts the time in service of all requests, at most 100. */
export function iostatLine(before: Reading, now: Reading): string {
  const us = Math.max(1, now.atUs - before.atUs);
  const perSecond = (count: number): string => tenthsText((count * SECOND) / us);
  const requests = now.reads + now.writes + now.fsyncs - before.reads - before.writes - before.fsyncs;
  const awaitUs = requests === 0 ? 0 : Math.floor((now.awaitUs - before.awaitUs) / requests);
  const util = Math.min(100, ((now.busyUs - before.busyUs) * 100) / us);
  const cells = [
    perSecond(now.reads - before.reads),
    perSecond(now.writes - before.writes),
    perSecond(now.fsyncs - before.fsyncs),
    perSecond((now.readBytes - before.readBytes) / 1024),
    perSecond((now.writtenBytes - before.writtenBytes) / 1024),
    msText(awaitUs, 2),
    tenthsText(util),
    // Little's law over the interval: time spent waiting and served, per unit of time.
    tenthsText((now.awaitUs - before.awaitUs) / us),
    msText(requests === 0 ? 0 : Math.floor(Math.min(us, now.busyUs - before.busyUs) / requests), 2),
  ];
  return `${DEVICE.padEnd(12)}${cells.map((cell) => cell.padStart(10)).join('')}\n`;
}

const IOSTAT_HEADER = `${'Device'.padEnd(12)}${['r/s', 'w/s', 'f/s', 'rkB/s', 'wkB/s', 'await', '%util', 'aqu-sz', 'svctm'].map((name) => name.padStart(10)).join('')}\n`;

/** `iostat -x [SECONDS [COUNT]]`. */
export const iostat: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(IOSTAT, argv);
  if (!parsed.ok) return parsed.result;
  const numbers = parsed.flags.positionals.map((text) => (/^\d{1,6}$/.test(text) ? Number(text) : 0));
  if (numbers.some((value) => value < 1)) return failed(1, 'iostat: SECONDS and COUNT need positive integers\n');
  const [seconds, count] = [numbers[0], numbers[1] ?? (numbers.length === 1 ? Number.MAX_SAFE_INTEGER : 1)];
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  let before: Reading = {
    atUs: 0,
    reads: 0,
    writes: 0,
    fsyncs: 0,
    readBytes: 0,
    writtenBytes: 0,
    awaitUs: 0,
    busyUs: 0,
  };
  for (let report = 1; report <= count; report++) {
    const now = read(fleet, machine);
    ctx.print(`${IOSTAT_HEADER}${iostatLine(before, now)}\n`);
    before = now;
    if (report < count) yield { kind: 'sleep', us: (seconds as number) * SECOND };
  }
  return ok('');
};

/** Sectors of the host's files that the device reports as unreadable. */
export function unreadableSectors(machine: Machine): number {
  const { disk } = machine;
  const { sectorBytes } = disk.options;
  let count = 0;
  for (const file of disk.files()) {
    const sizeBytes = disk.durableSizeBytes(file);
    for (let at = 0; at < sizeBytes; at += sectorBytes) {
      if (disk.peekDurable(file, at, Math.min(sectorBytes, sizeBytes - at)) === null) count++;
    }
  }
  return count;
}

/** `smartctl -a DEVICE`: exit code 0 when the device reports no error, 64 when its log holds some. */
export const smartctl: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(SMARTCTL, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const device = parsed.flags.positionals[0] as string;
  if (!fleet.hasService(machine) || !/^\/dev\/(nvme0n1|sda)$/.test(device)) {
    return failed(
      2,
      `smartctl: ${device}: Unable to detect device type (modelled: /dev/nvme0n1 of a replica's host)\n`,
    );
  }
  yield { kind: 'sleep', us: 300_000 };
  const errors = unreadableSectors(machine);
  const lines = [
    `Model Number:                       simulated NVMe, ${machine.disk.capacityBytes} bytes`,
    `SMART overall-health self-assessment test result: ${errors === 0 ? 'PASSED' : 'PASSED (with media errors)'}`,
    `Media and Data Integrity Errors:    ${errors}`,
    `Data Units Read:                    ${Math.floor(machine.disk.counters.bytesRead / 512_000)}`,
    `Data Units Written:                 ${Math.floor(machine.disk.counters.bytesWritten / 512_000)}`,
  ];
  return { stdout: `${lines.join('\n')}\n`, stderr: '', code: errors === 0 ? 0 : 64 };
};

/** `memtester SIZE LOOPS`: ten seconds for each gigabyte and loop. */
export const memtester: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(MEMTESTER, argv);
  if (!parsed.ok) return parsed.result;
  const [size, loopText] = parsed.flags.positionals as [string, string];
  const match = /^(\d{1,5})([MG])$/.exec(size);
  const loops = /^\d{1,3}$/.test(loopText) ? Number(loopText) : 0;
  if (match === null || loops < 1) return failed(1, 'memtester: write SIZE as 512M or 1G, and LOOPS from 1 on\n');
  const megabytes = Number(match[1]) * (match[2] === 'G' ? 1_024 : 1);
  const memory = ownMachine(ctx.fleet, ctx.onHost).cpu.model?.memory;
  const baseBytes = megabytes * 1_048_576;
  if (memory !== undefined && baseBytes > memory.availableBytes()) {
    const free = Math.floor(memory.availableBytes() / 1_048_576);
    return failed(1, `memtester: cannot get ${megabytes} MB: ${free} MB are available\n`);
  }
  const use = { owner: 'other', command: 'memtester', baseBytes, bytesPerS: 0, limitBytes: baseBytes } as const;
  memory?.hold(MEMTESTER.command, use);
  try {
    for (let loop = 1; loop <= loops; loop++) {
      ctx.print(`Loop ${loop}/${loops}:\n`);
      yield { kind: 'sleep', us: Math.max(1, Math.floor((megabytes * 10 * SECOND) / 1_024)) };
      for (const test of ['Stuck Address', 'Random Value', 'Walking Ones', 'Bit Flip'])
        ctx.print(`  ${test.padEnd(20)}: ok\n`);
    }
  } finally {
    memory?.release(MEMTESTER.command);
  }
  return ok('\nDone.\n');
};

function sinceBoot(us: Us): string {
  const minutes = Math.floor(us / (60 * SECOND));
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** `top -n 1`. */
export const top: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(TOP, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const screens = parsed.flags.integer('iterations') ?? Number.MAX_SAFE_INTEGER;
  if (machine.cpu.model !== null) {
    let before: CpuReading | null = null;
    for (let screen = 1; screen <= screens; screen++) {
      before = topScreen(fleet, machine, before, ctx.print);
      if (screen < screens) yield { kind: 'sleep', us: 3 * SECOND };
    }
    return ok('');
  }
  let fromUs = machine.startedUs;
  let busyUs = 0;
  for (let screen = 1; screen <= screens; screen++) {
    const clock = isoText(wallMsOf(fleet, machine)).slice(11, 19);
    ctx.print(`top - ${clock} up ${sinceBoot(fleet.world.nowUs - machine.boot.atUs)}, load average: not modelled\n`);
    ctx.print('    PID USER        %CPU %MEM COMMAND\n');
    if (machine.isUp && fleet.hasService(machine)) {
      const ranUs = Math.max(1, fleet.world.nowUs - fromUs);
      const own = Math.min(100, ((machine.cpu.busyUs - busyUs) * 100) / ranUs);
      // Events cost time only while somebody else has the CPU: whatever the service did not get of it.
      if (machine.cpu.usPerEvent > 0) {
        ctx.print(`${String(OTHER_PID).padStart(7)} batch      ${tenthsText(100 - own).padStart(5)}  n/a other-work\n`);
      }
      ctx.print(
        `${String(1_000 + machine.incarnation).padStart(7)} kimberlite ${tenthsText(own).padStart(5)}  n/a ${fleet.program}\n`,
      );
    }
    fromUs = fleet.world.nowUs;
    busyUs = machine.cpu.busyUs;
    if (screen < screens) yield { kind: 'sleep', us: 3 * SECOND };
  }
  return ok('');
};

/** `uptime`. */
// biome-ignore lint/correctness/useYield: takes no time
export const uptime: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(UPTIME, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const clock = isoText(wallMsOf(fleet, machine)).slice(11, 19);
  return ok(` ${clock} up ${sinceBoot(fleet.world.nowUs - machine.boot.atUs)}, load average: not modelled\n`);
};
