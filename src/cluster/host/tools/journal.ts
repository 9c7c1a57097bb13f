import type { JournalLine } from '../../../sim/host-journal.ts';
import type { Machine } from '../../../sim/machine.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine, wallMsOf } from '../host-fleet.ts';
import { journalStamp, parseSinceMs } from '../wall-time.ts';

const JOURNALCTL: CommandUsage = {
  command: 'journalctl',
  about:
    "Prints this host's journal: what the service and the kernel logged. Its times are those of the host's own clock.",
  flags: [
    { name: 'unit', short: 'u', kind: 'text', help: 'only lines of this unit' },
    { name: 'lines', short: 'n', kind: 'integer', help: 'only the newest N lines' },
    { name: 'since', short: 'S', kind: 'text', help: '"10 minutes ago", -10m, today, "2026-02-06 10:00:00"' },
    { name: 'dmesg', short: 'k', kind: 'switch', help: 'only lines of the kernel' },
    { name: 'no-pager', kind: 'switch', help: 'no effect: output is never paged' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const DMESG: CommandUsage = {
  command: 'dmesg',
  about: "Prints the kernel's messages of this host, with seconds since boot.",
  flags: [{ name: 'ctime', short: 'T', kind: 'switch', help: 'dates instead of seconds since boot' }],
  positionals: [],
  positionalsMin: 0,
};

/** One line as journald prints it. */
export function journalText(fleet: HostFleet, machine: Machine, line: JournalLine): string {
  const stamp = journalStamp(fleet.startWallMs + Math.floor(line.atWallUs / 1_000));
  const source = line.unit === fleet.unit ? fleet.program : line.unit;
  const level = line.level === 'info' || line.unit === 'kernel' ? '' : `${line.level.toUpperCase()} `;
  return `${stamp} ${machine.name} ${source}: ${level}${line.text}\n`;
}

/** `journalctl -u kimberlite -n 100 --no-pager --since "10 minutes ago"`. Keeps a note that the lines were looked at. */
export const journalctl: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(JOURNALCTL, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  yield { kind: 'sleep', us: 20_000 };
  const unit = flags.has('dmesg') ? 'kernel' : flags.text('unit')?.replace(/\.service$/, '');
  const since = flags.text('since');
  const sinceMs = since === undefined ? null : parseSinceMs(since, wallMsOf(fleet, machine));
  if (since !== undefined && sinceMs === null) {
    return failed(
      1,
      `Failed to parse timestamp: ${since} (write "10 minutes ago", -10m, today or "2026-02-06 10:00:00")\n`,
    );
  }
  const count = flags.integer('lines');
  if (count !== undefined && count < 0) return failed(1, `Failed to parse lines '${count}'\n`);
  let lines = machine.journal.filter((line) => unit === undefined || line.unit === unit);
  if (sinceMs !== null) lines = lines.filter((line) => fleet.startWallMs + line.atWallUs / 1_000 >= sinceMs);
  if (count !== undefined) lines = count === 0 ? [] : lines.slice(-count);
  if (lines.length === 0) return ok('-- No entries --\n');
  fleet.keepEvidence('journal-excerpt', machine.id, 'journalctl');
  return ok(lines.map((line) => journalText(fleet, machine, line)).join(''));
};

/** `dmesg [-T]`: the kernel's ring buffer. */
export const dmesg: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(DMESG, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  yield { kind: 'sleep', us: 5_000 };
  const machine = ownMachine(fleet, ctx.onHost);
  const lines = machine.journal.filter((line) => line.unit === 'kernel' && line.atUs >= machine.boot.atUs);
  return ok(
    lines
      .map((line) => {
        if (parsed.flags.has('ctime')) {
          return `[${journalStamp(fleet.startWallMs + Math.floor(line.atWallUs / 1_000))}] ${line.text}\n`;
        }
        const sinceUs = line.atUs - machine.boot.atUs;
        const us = String(sinceUs % 1_000_000).padStart(6, '0');
        return `[${String(Math.floor(sinceUs / 1_000_000)).padStart(5)}.${us}] ${line.text}\n`;
      })
      .join(''),
  );
};
