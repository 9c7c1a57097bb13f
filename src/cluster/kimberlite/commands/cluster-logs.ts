import type { JournalLine } from '../../../sim/host-journal.ts';
import type { Machine } from '../../../sim/machine.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { journalText } from '../../host/tools/journal.ts';
import { isoText, parseDurationUs } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { askAll, type Context, here, type Run } from './ask.ts';

const LOGS: CommandUsage = {
  command: 'kimberlite-cli cluster logs',
  about: 'Prints the log lines of all replicas that answer, by their own clocks; names those that do not.',
  flags: [{ name: 'since', kind: 'text', help: 'how far back: 1h, 10m, 90s', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const VIEW_CHANGES: CommandUsage = {
  command: 'kimberlite-cli cluster view-changes',
  about: 'Prints view changes with time and reason, as the replicas that answer remember them since their start.',
  flags: [{ name: 'since', kind: 'text', help: 'how far back: 10m, 1h', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** Wall-clock instant (ms) that lies `text` before now on the host of the shell, or null. */
function sinceMs(ctx: Context, text: string): number | null {
  const us = parseDurationUs(text);
  return us === null ? null : ctx.nowMs() - Math.floor(us / 1_000);
}

function* clusterLogs(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(LOGS, argv);
  if (!parsed.ok) return parsed.result;
  const since = sinceMs(ctx, parsed.flags.text('since') as string);
  if (since === null) return failed(2, `${LOGS.command}: --since needs a duration such as 1h or 10m\n`);
  const views = yield* askAll(ctx);
  const { fleet } = ctx;
  const lines: { atMs: number; machine: Machine; line: JournalLine }[] = [];
  const missing: number[] = [];
  for (const { host, id } of views) {
    const machine = fleet.machineOfReplica(host);
    // The host's agent keeps the log, so a dead server's lines are there as long as its host answers.
    if (!fleet.reaches(here(ctx), machine)) {
      missing.push(id);
      continue;
    }
    for (const line of machine.journal) {
      const atMs = fleet.startWallMs + line.atWallUs / 1_000;
      if (line.unit === fleet.unit && atMs >= since) lines.push({ atMs, machine, line });
    }
  }
  lines.sort((a, b) => a.atMs - b.atMs || a.machine.id - b.machine.id);
  fleet.keepEvidence('logs', -1, LOGS.command);
  const text = lines.map(({ machine, line }) => journalText(fleet, machine, line)).join('');
  return ok(`${text}${missing.length === 0 ? '' : `not reached: replica ${missing.join(', ')}\n`}`);
}

function* viewChanges(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(VIEW_CHANGES, argv);
  if (!parsed.ok) return parsed.result;
  const since = sinceMs(ctx, parsed.flags.text('since') as string);
  if (since === null) return failed(2, `${VIEW_CHANGES.command}: --since needs a duration such as 10m or 1h\n`);
  const views = yield* askAll(ctx);
  const rows: { atMs: number; text: string; id: number }[] = [];
  for (const view of views) {
    for (const change of view.node?.viewChanges ?? []) {
      const atMs = ctx.fleet.startWallMs + Math.floor(change.atWallUs / 1_000);
      if (atMs < since) continue;
      rows.push({
        atMs,
        id: view.id,
        text: `${isoText(atMs)} replica ${view.id} view ${change.view}: ${change.reason}\n`,
      });
    }
  }
  rows.sort((a, b) => a.atMs - b.atMs || a.id - b.id);
  const missing = views.filter((view) => view.node === null).map((view) => view.id);
  const note = missing.length === 0 ? '' : `not reached: replica ${missing.join(', ')}\n`;
  return ok(`${rows.map((row) => row.text).join('')}${rows.length} view changes\n${note}`);
}

export const CLUSTER_LOGS: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'logs'], about: LOGS.about, run: clusterLogs },
  { words: ['cluster', 'view-changes'], about: VIEW_CHANGES.about, run: viewChanges },
];
