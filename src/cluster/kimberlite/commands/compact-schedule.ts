import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { askAll, type Context, here, type Run, replicaFlag } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli storage compact-schedule',
  about:
    'Shows when servers compact their logs by themselves, or changes it for all of them, with --replica-id the interval of one. --off-peak-only keeps regular rounds to the off-peak hours; a round by disk usage overrides that, where the product has that guard. --always takes it back; --every sets the interval of regular rounds and switches the scheduler on where it was off.',
  flags: [
    { name: 'off-peak-only', kind: 'switch', help: 'regular rounds in off-peak hours only' },
    { name: 'always', kind: 'switch', help: 'regular rounds at any hour' },
    { name: 'every', kind: 'text', help: 'interval of regular rounds in hours, such as 24h' },
    { name: 'replica-id', kind: 'integer', help: 'with --every: of this replica or standby only' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const HOUR_US = 3_600_000_000;

function* schedule(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { compaction, cluster } = ctx.fleet;
  if (flags.has('off-peak-only') && flags.has('always')) {
    return failed(2, `${USAGE.command}: --off-peak-only and --always exclude each other\n`);
  }
  const text = flags.text('every');
  const match = text === undefined ? null : /^([1-9]\d{0,3})h$/.exec(text);
  if (text !== undefined && match === null) return failed(2, `${USAGE.command}: --every needs hours such as 24h\n`);
  const views = yield* askAll(ctx);
  if (compaction === null) return failed(1, `${USAGE.command}: these servers do not compact by themselves\n`);
  if (views.every((view) => view.node === null)) return failed(1, `${USAGE.command}: no replica answers\n`);
  if (flags.has('off-peak-only')) compaction.offPeakOnly = true;
  if (flags.has('always')) compaction.offPeakOnly = false;
  const one = flags.integer('replica-id') === undefined ? -1 : replicaFlag(ctx, flags, USAGE.command);
  if (typeof one !== 'number') return one;
  for (const host of match === null ? [] : one < 0 ? cluster.serverHosts : [one]) {
    compaction.switchOn(host, Number(match?.[1]) * HOUR_US);
  }
  const { fromHour, toHour } = compaction.plan.offPeak;
  const rows = [...views, ...ctx.fleet.seeStandbys(here(ctx))].map((view) => {
    const us = compaction.everyUs(view.host);
    const every = us === 0 ? 'never' : us < HOUR_US ? 'without a pause' : `every ${Math.floor(us / HOUR_US)} h`;
    const state = compaction.disabled.has(view.host) ? 'switched off' : every;
    return `replica ${view.id}: ${state}${compaction.isRunning(view.host) ? ', running now' : ''}\n`;
  });
  const hours = compaction.offPeakOnly ? `off-peak only (${fromHour}:00 to ${toHour}:00)` : 'at any hour';
  const usage = compaction.plan.atPercent === 0 ? 'never' : `at ${compaction.plan.atPercent} percent`;
  return ok(`regular rounds: ${hours}\nby disk usage: ${usage}\n${rows.join('')}`);
}

export const COMPACT_SCHEDULE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'compact-schedule'], about: USAGE.about, run: schedule },
];
