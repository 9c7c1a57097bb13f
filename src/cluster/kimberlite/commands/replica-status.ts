import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { isoText, parseDurationUs } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { statusDocument } from '../http.ts';
import { isCaughtUp, type ReplicaView } from '../replica-view.ts';
import { CAUGHT_UP_OPS } from '../wipe-guard.ts';
import { ask, askAll, type Context, here, type Run, replicaFlag } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli replica status',
  about:
    'Prints the status of a replica as JSON: unreachable, recovering, view-change, normal or isolated. --watch prints each change and has no end of its own; --wait-healthy ends when the replica is normal and caught up.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica' },
    { name: 'all', kind: 'switch', help: 'one line for each replica' },
    { name: 'watch', kind: 'switch', help: 'print every change of status until --timeout' },
    { name: 'wait-healthy', kind: 'switch', help: 'wait until it is normal and caught up' },
    { name: 'timeout', kind: 'text', help: 'end --watch or --wait-healthy after this: 60s, 5m (without: never)' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** How often a watcher looks: a status shorter than this may be missed. */
const WATCH_US: Us = 10_000;
const FOREVER_US: Us = 30 * 86_400 * SECOND;

function oneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ');
}

function document(ctx: Context, view: ReplicaView): Readonly<Record<string, unknown>> {
  if (view.node === null) return { replica_id: view.id, status: 'unreachable' };
  return statusDocument(ctx.fleet, view.host);
}

function* replicaStatus(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const waits = flags.has('watch') || flags.has('wait-healthy');
  const timeout = flags.text('timeout');
  const timeoutUs = timeout === undefined ? FOREVER_US : parseDurationUs(timeout);
  if (timeoutUs === null) return failed(2, `${USAGE.command}: --timeout needs a duration such as 60s\n`);
  if (timeout !== undefined && !waits)
    return failed(2, `${USAGE.command}: --timeout needs --watch or --wait-healthy\n`);
  if (flags.has('all')) {
    if (waits || flags.has('replica-id')) return failed(2, `${USAGE.command}: --all stands alone\n`);
    const views = yield* askAll(ctx);
    ctx.fleet.keepEvidence('status', -1, USAGE.command);
    return ok(views.map((view) => `${oneLine(document(ctx, view))}\n`).join(''));
  }
  if (!flags.has('replica-id')) return failed(2, `${USAGE.command}: --replica-id N or --all is missing\n`);
  const host = replicaFlag(ctx, flags, USAGE.command);
  if (typeof host !== 'number') return host;
  if (flags.has('watch')) return yield* watch(ctx, host, timeoutUs);
  if (flags.has('wait-healthy')) return yield* waitHealthy(ctx, host, timeoutUs);
  const view = yield* ask(ctx, host);
  return ok(`${JSON.stringify(document(ctx, view), null, 2)}\n`);
}

/** Prints the status now and each time that it changes. Ends only with the timeout: 0 when it is normal then, else 1. */
function* watch(ctx: Context, host: number, timeoutUs: Us): Run {
  const { fleet } = ctx;
  const from = here(ctx);
  const endUs = fleet.world.nowUs + timeoutUs;
  let shown = '';
  for (;;) {
    const view = fleet.see(from, host);
    if (view.status !== shown) {
      shown = view.status;
      const row = { at: isoText(ctx.nowMs()), replica_id: view.id, status: view.status, view: view.view };
      ctx.print(`${oneLine({ ...row, op_number: view.op, commit_number: view.commit })}\n`);
    }
    const leftUs = endUs - fleet.world.nowUs;
    if (leftUs <= 0) break;
    const poll = (): boolean => fleet.see(from, host).status !== shown;
    yield { kind: 'until', poll, everyUs: WATCH_US, timeoutUs: leftUs };
  }
  return shown === 'normal' ? ok('') : failed(1, `${USAGE.command}: still ${shown} at the timeout\n`);
}

function* waitHealthy(ctx: Context, host: number, timeoutUs: Us): Run {
  const { fleet } = ctx;
  const from = here(ctx);
  const healthy = (): boolean => {
    let commit = 0;
    for (const view of fleet.seeAll(from)) if (view.commit > commit) commit = view.commit;
    return isCaughtUp(fleet.see(from, host), commit, CAUGHT_UP_OPS);
  };
  const came = yield { kind: 'until', poll: healthy, everyUs: WATCH_US * 5, timeoutUs };
  const text = `${JSON.stringify(document(ctx, fleet.see(from, host)), null, 2)}\n`;
  return { stdout: text, stderr: came ? '' : `${USAGE.command}: not healthy at the timeout\n`, code: came ? 0 : 1 };
}

export const REPLICA_STATUS: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['replica', 'status'], about: USAGE.about, run: replicaStatus },
];
