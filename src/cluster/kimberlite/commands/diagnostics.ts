import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { journalText } from '../../host/tools/journal.ts';
import { isoText } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { statusDocument } from '../http.ts';
import { metricsText } from '../metrics-text.ts';
import { releaseOn } from '../replica-view.ts';
import type { Context } from './ask.ts';
import { askAll, here, type Run } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-admin diagnostics',
  about:
    'Packs configuration, recent logs, metrics, cluster status and system info of this host into an archive for support. Changes nothing, needs no leader and no running server. Values of secrets are replaced.',
  flags: [{ name: 'output', kind: 'text', help: 'diagnostics-DATE.tar.gz', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** Lines of the journal that go into a bundle. */
const LOG_LINES = 500;
/** A configuration line whose value nobody outside may see. */
const SECRET = /^(\s*\w*(?:password|secret|token|private_key)\w*\s*=\s*).*$/i;

function redacted(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(SECRET, '$1"[redacted]"'))
    .join('\n');
}

function* diagnostics(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = here(ctx);
  if (!fleet.hasService(machine)) return failed(1, `${USAGE.command}: no replica on ${machine.name}\n`);
  const views = yield* askAll(ctx);
  const path = parsed.flags.text('output') as string;
  const parts: [string, string][] = [
    ['configuration', redacted(`${ctx.readFile('/etc/kimberlite/config.toml') ?? 'unreadable\n'}`)],
    ['environment', redacted(ctx.readFile('/etc/kimberlite/environment') ?? '')],
    [
      'logs',
      machine.journal
        .slice(-LOG_LINES)
        .map((line) => journalText(fleet, machine, line))
        .join(''),
    ],
    ['metrics', fleet.isRunning(machine.id) ? metricsText(fleet.metrics.scrape(machine.id) ?? []) : 'server down\n'],
    ['status', views.map((view) => statusLine(fleet, view.id, view.host, view.node !== null)).join('')],
    ['system', systemText(ctx)],
  ];
  const text = parts.map(([name, body]) => `==> ${name}\n${body}${body.endsWith('\n') ? '' : '\n'}`).join('');
  ctx.writeFile(path, text);
  fleet.keepEvidence('logs', machine.id, path);
  const lines = parts.map(([name, body]) => `${name}: ${body.length} bytes\n`);
  return ok(`wrote ${path} (${text.length} bytes)\n${lines.join('')}`);
}

function statusLine(fleet: KimberliteFleet, id: number, host: number, answers: boolean): string {
  return answers ? `${JSON.stringify(statusDocument(fleet, host))}\n` : `{"node_id":${id},"status":"unreachable"}\n`;
}

function systemText(ctx: Context): string {
  const machine = here(ctx);
  const { disk } = machine;
  return [
    `host ${machine.name}, release ${releaseOn(ctx.fleet.cluster, machine.id)}`,
    `local time ${isoText(ctx.nowMs())}`,
    `data disk ${disk.usedBytes()} of ${disk.capacityBytes} bytes used`,
    `time daemon ${machine.clock.ntpRunning ? 'runs' : 'does not run'}`,
    `server ${machine.isUp ? `runs, incarnation ${machine.incarnation}` : 'does not run'}`,
    '',
  ].join('\n');
}

export const DIAGNOSTICS: Subcommand<KimberliteFleet> = {
  words: ['diagnostics'],
  about: USAGE.about,
  run: diagnostics,
};
