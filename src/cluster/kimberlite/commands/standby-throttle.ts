import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { runningNode } from '../replica-view.ts';
import { ask, type Context, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli standby throttle',
  about:
    'Limits how many reads a standby answers in a second; what comes beyond is refused. --lift ends the limit, which nothing else does but a restart.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'id of the standby', required: true },
    { name: 'max-qps', kind: 'integer', help: 'answers per second' },
    { name: 'lift', kind: 'switch', help: 'no limit any more' },
  ],
  positionals: [],
  positionalsMin: 0,
};

function* throttle(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const max = flags.integer('max-qps');
  if (flags.has('lift') === (max !== undefined)) return failed(2, `${USAGE.command}: --max-qps N or --lift\n`);
  const host = replicaFlag(ctx, flags, USAGE.command);
  if (typeof host !== 'number') return host;
  const view = yield* ask(ctx, host);
  const node = runningNode(ctx.fleet.cluster, host);
  if (view.status === 'unreachable' || node === null) return yield* unreachable(ctx, USAGE.command, host);
  if (view.status !== 'standby')
    return failed(1, `${USAGE.command}: replica ${view.id} is ${view.status}, no standby\n`);
  const before = node.reads.maxPerSecond;
  node.reads.maxPerSecond = max ?? -1;
  const shown = (limit: number): string => (limit < 0 ? 'no limit' : `${limit} reads per second`);
  return ok(`standby ${view.id}: ${shown(before)} -> ${shown(node.reads.maxPerSecond)}\n`);
}

export const STANDBY_THROTTLE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['standby', 'throttle'], about: USAGE.about, run: throttle },
];
