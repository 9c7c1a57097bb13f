import type { HostJob } from '../../../sim/host-jobs.ts';
import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';

const IOTOP: CommandUsage = {
  command: 'iotop',
  about: 'Reads and writes of each process of this host over an interval, the busiest first.',
  flags: [
    { name: 'batch', short: 'b', kind: 'switch', help: 'no effect: output is always plain' },
    { name: 'only', short: 'o', kind: 'switch', help: 'leave out processes that did nothing' },
    { name: 'iterations', short: 'n', kind: 'integer', help: 'stop after N intervals (without it: never)' },
    { name: 'delay', short: 'd', kind: 'integer', help: 'seconds of an interval, 1 unless told' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const KILL: CommandUsage = {
  command: 'kill',
  about: 'Ends a process of this host that is not the service under test (for that: systemctl stop).',
  flags: [],
  positionals: ['PID'],
  positionalsMin: 1,
};

const PGREP: CommandUsage = {
  command: 'pgrep',
  about: 'Numbers of the processes of this host, beside the service under test, whose command line has the text in it.',
  flags: [{ name: 'full', short: 'f', kind: 'switch', help: 'no effect: always the whole command line' }],
  positionals: ['TEXT'],
  positionalsMin: 1,
};

interface Row {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Bytes so far of the service and of each other process; the service has what no other process accounts for. */
function rowsOf(fleet: HostFleet, onHost: string): Row[] {
  const machine = ownMachine(fleet, onHost);
  const { counters } = machine.disk;
  const others = machine.jobs.all.filter((job) => !job.ofService);
  const taken = others.reduce((sum, job) => sum + job.readBytes, 0);
  const own: Row[] =
    machine.isUp && fleet.hasService(machine)
      ? [
          {
            pid: 1_000 + machine.incarnation,
            user: 'kimberlite',
            command: fleet.program,
            readBytes: counters.bytesRead - taken,
            writtenBytes: counters.bytesWritten,
          },
        ]
      : [];
  const row = (job: HostJob): Row => ({
    pid: job.pid,
    user: job.user,
    command: job.command,
    readBytes: job.readBytes,
    writtenBytes: 0,
  });
  return [...own, ...others.filter((job) => !job.stopped).map(row)];
}

/** `iotop -b -n 1 -d 5`. */
export const iotop: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(IOTOP, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const seconds = Math.max(1, flags.integer('delay') ?? 1);
  const count = flags.integer('iterations') ?? Number.MAX_SAFE_INTEGER;
  for (let screen = 1; screen <= count; screen++) {
    const before = new Map(rowsOf(fleet, ctx.onHost).map((row) => [row.pid, row]));
    yield { kind: 'sleep', us: seconds * SECOND };
    const rates = rowsOf(fleet, ctx.onHost).map((row) => ({
      row,
      reads: (row.readBytes - (before.get(row.pid)?.readBytes ?? 0)) / 1_024 / seconds,
      writes: (row.writtenBytes - (before.get(row.pid)?.writtenBytes ?? 0)) / 1_024 / seconds,
    }));
    const shown = rates.filter(({ reads, writes }) => !flags.has('only') || reads + writes > 0);
    shown.sort((left, right) => right.reads + right.writes - left.reads - left.writes || left.row.pid - right.row.pid);
    ctx.print('    PID USER        READ kB/s  WRITE kB/s COMMAND\n');
    for (const { row, reads, writes } of shown) {
      const cells = [tenthsText(reads), tenthsText(writes)].map((cell) => cell.padStart(10));
      ctx.print(`${String(row.pid).padStart(7)} ${row.user.padEnd(10)} ${cells.join('  ')} ${row.command}\n`);
    }
  }
  return ok('');
};

/** `kill PID` on the host of the shell. */
// biome-ignore lint/correctness/useYield: takes no time
export const kill: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(KILL, argv);
  if (!parsed.ok) return parsed.result;
  const text = parsed.flags.positionals[0] as string;
  const machine = ownMachine(ctx.fleet, ctx.onHost);
  if (/^\d{1,7}$/.test(text) && machine.jobs.kill(Number(text))) return ok('');
  return failed(1, `kill: (${text}) - No such process, or the service itself\n`);
};

/** `pgrep -f TEXT`: exit code 1 when there is none. */
export const pgrep: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(PGREP, argv);
  if (!parsed.ok) return parsed.result;
  const text = parsed.flags.positionals[0] as string;
  const { running } = ownMachine(ctx.fleet, ctx.onHost).jobs;
  const found = running.filter((job) => !job.ofService && job.command.includes(text));
  return { ...ok(found.map((job) => `${job.pid}\n`).join('')), code: found.length > 0 ? 0 : 1 };
};
