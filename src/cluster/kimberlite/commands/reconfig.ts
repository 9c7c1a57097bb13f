import { failed } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { askAll, type Context, type Run, replicaFlag } from './ask.ts';

const REMOVE: CommandUsage = {
  command: 'kimberlite-cli cluster reconfig remove-replica',
  about: 'Asks for a membership without one replica. Refused: the size would become even (2f+1 is the rule).',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

function* remove(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(REMOVE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, REMOVE.command);
  if (typeof host !== 'number') return host;
  yield* askAll(ctx);
  const size = ctx.fleet.cluster.replicaHosts.length - 1;
  if (size % 2 === 0 && ctx.fleet.guard('odd-membership')) {
    return failed(1, `${REMOVE.command}: rejected: cluster size must be odd (2f+1), not ${size}\n`);
  }
  return failed(1, `${REMOVE.command}: membership changes are not modelled yet\n`);
}

export const RECONFIG: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'reconfig', 'remove-replica'], about: REMOVE.about, run: remove },
];
