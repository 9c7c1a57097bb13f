import type { Machine } from '../../../sim/machine.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { type CommandContext, failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine, wallMsOf } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';
import { isoText } from '../wall-time.ts';
import { type CpuReading, coreLoads, percentOf, readCpu } from './cpu-reading.ts';

const PS: CommandUsage = {
  command: 'ps',
  about:
    'ps aux: the processes of this host with their CPU time since they began and their resident memory (RSS, KiB).',
  flags: [],
  positionals: ['aux'],
  positionalsMin: 0,
};

const FREE: CommandUsage = {
  command: 'free',
  about: 'Memory of this host in MiB: all, used, and what a process could still get.',
  flags: [{ name: 'mebi', short: 'm', kind: 'switch', help: 'MiB (always)' }],
  positionals: [],
  positionalsMin: 0,
};

const MPSTAT: CommandUsage = {
  command: 'mpstat',
  about: 'Use of the cores of this host per interval; without COUNT it goes on for ever.',
  flags: [
    {
      name: 'processors',
      short: 'P',
      kind: 'text',
      help: 'ALL: each core as well; cores such as 0,2 or 0-3: these alone',
    },
  ],
  positionals: ['SECONDS', 'COUNT'],
  positionalsMin: 1,
};

const MIB = 1_048_576;

/** Number of the server's process. */
export function serverPid(machine: Machine): number {
  return 1_000 + machine.incarnation;
}

interface Row {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  readonly cpu: number;
  readonly bytes: number;
}

/** The processes of a host between two readings (`before` null: since they began), the busiest first. */
function rowsOf(fleet: HostFleet, machine: Machine, before: CpuReading | null, now: CpuReading): Row[] {
  const memory = machine.cpu.model?.memory.resident(fleet.program) ?? [];
  const names = new Set([...now.byCommand.keys(), ...memory.map(({ command }) => command)]);
  const rows: Row[] = [];
  const coresPercent = 100 * (machine.cpu.model?.threads.cores ?? 1);
  for (const command of names) {
    const own = command === fleet.program;
    if (own && !machine.isUp) continue;
    rows.push({
      pid: own ? serverPid(machine) : 4_200 + rows.length,
      user: own ? 'kimberlite' : 'batch',
      command,
      cpu: Math.min(coresPercent, percentOf(command, before, now, own ? machine.startedUs : 0)),
      bytes: memory.find((each) => each.command === command)?.bytes ?? 0,
    });
  }
  return rows.sort((left, right) => right.cpu - left.cpu || left.pid - right.pid);
}

/** One screen of top on a host with modelled cores and memory; returns the reading for the next screen. */
export function topScreen(
  fleet: HostFleet,
  machine: Machine,
  before: CpuReading | null,
  print: (text: string) => void,
): CpuReading {
  const now = readCpu(fleet, machine);
  const { model } = machine.cpu;
  if (model === null) return now;
  const { memory, threads } = model;
  const clock = isoText(wallMsOf(fleet, machine)).slice(11, 19);
  const mib = (bytes: number): string => tenthsText(bytes / MIB);
  print(`top - ${clock}, load average: ${tenthsText(threads.loadAverage())} (1 min), ${threads.cores} cores\n`);
  print(
    `MiB Mem : ${mib(memory.totalBytes)} total, ${mib(memory.usedBytes())} used, ${mib(memory.availableBytes())} avail Mem\n`,
  );
  print('    PID USER        %CPU %MEM COMMAND\n');
  for (const row of rowsOf(fleet, machine, before, now)) {
    const share = tenthsText((row.bytes * 100) / memory.totalBytes);
    print(
      `${String(row.pid).padStart(7)} ${row.user.padEnd(10)} ${tenthsText(row.cpu).padStart(5)} ${share.padStart(4)} ${row.command}\n`,
    );
  }
  return now;
}

function withModel(ctx: CommandContext<HostFleet>): Machine | null {
  const machine = ownMachine(ctx.fleet, ctx.onHost);
  return machine.cpu.model === null ? null : machine;
}

/** `ps aux`. */
export const ps: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(PS, argv);
  if (!parsed.ok) return parsed.result;
  const machine = withModel(ctx);
  if (machine === null) return failed(1, 'ps: processes are modelled only where the plan gives hosts a CPU\n');
  yield { kind: 'sleep', us: 20_000 };
  const total = machine.cpu.model?.memory.totalBytes ?? 1;
  const lines = rowsOf(ctx.fleet, machine, null, readCpu(ctx.fleet, machine)).map((row) => {
    const cells = [row.user.padEnd(10), String(row.pid).padStart(6), tenthsText(row.cpu).padStart(5)];
    cells.push(tenthsText((row.bytes * 100) / total).padStart(4), String(Math.floor(row.bytes / 1_024)).padStart(9));
    return `${cells.join(' ')} ${row.command}\n`;
  });
  return ok(`USER          PID  %CPU %MEM       RSS COMMAND\n${lines.join('')}`);
};

/** `pidof PROGRAM`. */
// biome-ignore lint/correctness/useYield: takes no time
export const pidof: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const machine = ownMachine(ctx.fleet, ctx.onHost);
  if (argv.length !== 1) return failed(1, 'usage: pidof PROGRAM\n\nNumber of the process that runs a program here.\n');
  const runs = argv[0] === ctx.fleet.program && machine.isUp && ctx.fleet.hasService(machine);
  return runs ? ok(`${serverPid(machine)}\n`) : failed(1, '');
};

/** `free -m`. */
export const free: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(FREE, argv);
  if (!parsed.ok) return parsed.result;
  const memory = withModel(ctx)?.cpu.model?.memory;
  if (memory === undefined) return failed(1, 'free: memory is modelled only where the plan gives hosts some\n');
  const cells = [memory.totalBytes, memory.usedBytes(), memory.availableBytes()];
  const header = ['total', 'used', 'available'].map((name) => name.padStart(12)).join('');
  return ok(`      ${header}\nMem:  ${cells.map((bytes) => String(Math.floor(bytes / MIB)).padStart(12)).join('')}\n`);
};

/** Cores that `-P` names: all of them for ALL, none for a text that is no list of cores of this host. */
function coresOf(text: string, count: number): readonly number[] {
  if (text.toUpperCase() === 'ALL') return Array.from({ length: count }, (_, core) => core);
  const cores: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || from > to || to >= count) return [];
    for (let core = from; core <= to; core++) cores.push(core);
  }
  return cores;
}

/** `mpstat -P ALL SECONDS [COUNT]`. */
export const mpstat: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(MPSTAT, argv);
  if (!parsed.ok) return parsed.result;
  const machine = withModel(ctx);
  if (machine === null) return failed(1, 'mpstat: cores are modelled only where the plan gives hosts a CPU\n');
  const [seconds, count] = parsed.flags.positionals.map((text) => (/^\d{1,6}$/.test(text) ? Number(text) : 0));
  if (seconds === undefined || seconds < 1 || count === 0) return failed(1, 'mpstat: SECONDS and COUNT from 1\n');
  const everyUs: Us = seconds * SECOND;
  const wanted = parsed.flags.text('processors');
  const cores = wanted === undefined ? [] : coresOf(wanted, machine.cpu.model?.threads.cores ?? 0);
  if (wanted !== undefined && cores.length === 0) return failed(1, `mpstat: no such processors here: ${wanted}\n`);
  const total = wanted === undefined || wanted.toUpperCase() === 'ALL';
  let before = readCpu(ctx.fleet, machine);
  for (let report = 1; report <= (count ?? Number.MAX_SAFE_INTEGER); report++) {
    yield { kind: 'sleep', us: everyUs };
    const now = readCpu(ctx.fleet, machine);
    const loads = coreLoads(machine, before, now);
    const all = loads.reduce((sum, load) => sum + load, 0) / loads.length;
    const row = (name: string, load: number): string =>
      `${name.padStart(4)} ${tenthsText(load).padStart(7)} ${tenthsText(100 - load).padStart(7)}\n`;
    ctx.print(` CPU    %usr   %idle\n${total ? row('all', all) : ''}`);
    for (const core of cores) ctx.print(row(String(core), loads[core] ?? 0));
    before = now;
  }
  return ok('');
};
