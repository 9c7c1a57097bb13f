import { failed } from '../../host/command.ts';
import { type CommandUsage, type Flags, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { Compaction } from '../compaction.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { type ReplicaView, shownId } from '../replica-view.ts';
import { agentAnswers, askAll, type Context, here, type Run, replicaFlag } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli storage compact-schedule',
  about:
    'Shows when servers compact their logs by themselves, or changes it for all of them, with --replica-id the interval of one. --off-peak-only keeps regular rounds to the off-peak hours; a round by disk usage overrides that, where the product has that guard. --always takes it back; --every sets the interval of regular rounds and switches the scheduler on where it was off. A host that does not answer keeps what it had, and the exit code is 1.',
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
const EVERY = /^([1-9]\d{0,3})h$/;

/** What is wrong with the flags, or ''. */
function mistake(flags: Flags): string {
  if (flags.has('off-peak-only') && flags.has('always')) return '--off-peak-only and --always exclude each other';
  const text = flags.text('every');
  if (text === undefined && flags.has('replica-id')) return '--replica-id needs --every';
  return text === undefined || EVERY.test(text) ? '' : '--every needs hours such as 24h';
}

function* schedule(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { compaction, cluster } = ctx.fleet;
  const wrong = mistake(flags);
  if (wrong !== '') return failed(2, `${USAGE.command}: ${wrong}\n`);
  const one = flags.integer('replica-id') === undefined ? -1 : replicaFlag(ctx, flags, USAGE.command);
  if (typeof one !== 'number') return one;
  const views = yield* askAll(ctx);
  if (compaction === null) return failed(1, `${USAGE.command}: these servers do not compact by themselves\n`);
  if (views.every((view) => view.node === null)) return failed(1, `${USAGE.command}: no replica answers\n`);
  const hours = EVERY.exec(flags.text('every') ?? '')?.[1];
  const allDay = flags.has('off-peak-only') || flags.has('always');
  const all = cluster.serverHosts;
  // What is the host's own to keep changes only where its agent hears of it.
  for (const host of all.filter((each) => agentAnswers(ctx, each))) {
    if (flags.has('off-peak-only')) compaction.offPeakOnly.add(host);
    if (flags.has('always')) compaction.offPeakOnly.delete(host);
    if (hours !== undefined && (one < 0 || one === host)) compaction.switchOn(host, Number(hours) * HOUR_US);
  }
  const told = allDay || (hours !== undefined && one < 0) ? all : hours === undefined ? [] : [one];
  const unheard = told.filter((each) => !agentAnswers(ctx, each)).map((each) => shownId(cluster, each));
  const text = scheduleText(ctx, compaction, [...views, ...ctx.fleet.seeStandbys(here(ctx))]);
  const stderr = unheard
    .map((id) => `${USAGE.command}: replica ${id} does not answer and keeps what it had\n`)
    .join('');
  return { stdout: text, stderr, code: stderr === '' ? 0 : 1 };
}

function scheduleText(ctx: Context, compaction: Compaction, views: readonly ReplicaView[]): string {
  const { fromHour, toHour } = compaction.plan.offPeak;
  const heard = views.filter((view) => agentAnswers(ctx, view.host));
  const kept = heard.filter((view) => compaction.offPeakOnly.has(view.host)).map((view) => view.id);
  const rows = views.map((view) => {
    if (!agentAnswers(ctx, view.host)) return `replica ${view.id}: does not answer\n`;
    const us = compaction.everyUs(view.host);
    const every = us === 0 ? 'never' : us < HOUR_US ? 'without a pause' : `every ${Math.floor(us / HOUR_US)} h`;
    const state = compaction.disabled.has(view.host) ? 'switched off' : every;
    return `replica ${view.id}: ${state}${compaction.isRunning(view.host) ? ', running now' : ''}\n`;
  });
  const where = kept.length === heard.length ? '' : ` on ${kept.join(', ')}, at any hour elsewhere`;
  const hours = kept.length === 0 ? 'at any hour' : `off-peak only (${fromHour}:00 to ${toHour}:00)${where}`;
  const usage = compaction.plan.atPercent === 0 ? 'never' : `at ${compaction.plan.atPercent} percent`;
  return `regular rounds: ${hours}\nby disk usage: ${usage}\n${rows.join('')}`;
}

export const COMPACT_SCHEDULE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'compact-schedule'], about: USAGE.about, run: schedule },
];
