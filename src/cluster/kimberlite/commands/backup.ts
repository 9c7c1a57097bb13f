import { SECOND } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { plainText } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { sourceOf } from '../local-backups.ts';
import { agentAnswers, type Context, type Run, replicaFlag, unreachable } from './ask.ts';

const LIST: CommandUsage = {
  command: 'kimberlite-cli backup list',
  about:
    'Lists the recovery points of a replica: files on its own disk, and objects in the bucket, each checked by parsing it.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const RUN: CommandUsage = {
  command: 'kimberlite-cli backup run',
  about: 'Runs the nightly job of a replica now: copies its zones into the bucket and reads the object back.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

function* list(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(LIST, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, LIST.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, LIST.command, host);
  const { fleet } = ctx;
  yield { kind: 'sleep', us: 2 * SECOND };
  const { config } = fleet.cluster;
  const rows: string[] = [];
  for (const file of fleet.localBackups.of(host)) {
    rows.push(
      `on the disk    ${plainText(file.modifiedWallMs)} ${file.name}: ${text(fleet.backups.check(file.snapshot, config))}\n`,
    );
  }
  const objects = fleet.backups.ofReplica(host);
  for (const each of objects) {
    rows.push(`in the bucket  ${plainText(each.atWallMs)} ${each.name}: ${text(fleet.backups.check(each, config))}\n`);
  }
  const intact = objects.filter((each) => fleet.backups.check(each, config) === '').length;
  return ok(`${rows.join('')}intact objects in the bucket: ${intact}\n`);
}

function text(problem: string): string {
  return problem === '' ? 'intact' : problem;
}

function* runNow(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(RUN, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, RUN.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, RUN.command, host);
  const { fleet } = ctx;
  yield { kind: 'sleep', us: 10 * SECOND };
  if (fleet.localBackups.fails(host))
    return failed(1, `${RUN.command}: upload refused: credentials of the job have expired\n`);
  const name = `snapshot-${host}-now-${Math.floor(fleet.world.nowUs / SECOND)}.tar.gz`;
  const snapshot = fleet.takeBackup(name, host);
  const problem = fleet.backups.check(snapshot, fleet.cluster.config);
  if (problem !== '') return failed(1, `${RUN.command}: ${sourceOf(name)}: ${problem}\n`);
  return ok(`${sourceOf(name)}: up to op ${snapshot.op}, read back: intact\n`);
}

export const BACKUP: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['backup', 'list'], about: LIST.about, run: list },
  { words: ['backup', 'run'], about: RUN.about, run: runNow },
];
