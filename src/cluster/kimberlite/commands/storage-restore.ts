import { failed, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { isoText } from '../../host/wall-time.ts';
import { FILE } from '../../vsr/config.ts';
import type { SuperblockState } from '../../vsr/superblock.ts';
import { type Snapshot, snapshotSource } from '../backups.ts';
import { diskSource, readSuperblock, scanDataDirectory, writeSuperblock, ZONES } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { refuseWipe } from '../wipe-guard.ts';
import { agentAnswers, type Context, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli storage restore',
  about:
    "Replaces a stopped replica's storage by a snapshot. The replica keeps its identity and its isolation, and comes back recovering, without a vote, until it has caught up. Refused for a running server, another cluster's snapshot or a broken hash chain.",
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'backup-source', kind: 'text', help: 's3://backups/NAME', required: true },
    { name: 'verify-hash-chain', kind: 'switch', help: 'check the chain first (always so in strict mode)' },
  ],
  positionals: [],
  positionalsMin: 0,
};

function* restore(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, USAGE.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  const { fleet } = ctx;
  const refuse = (text: string) => failed(1, `${USAGE.command}: refused: ${text}\n`);
  if (fleet.machineOfReplica(host).isUp) return refuse('the server runs: stop it first (systemctl stop kimberlite)');
  const source = parsed.flags.text('backup-source') as string;
  const snapshot = fleet.backups.find(source);
  if (snapshot === null) return failed(1, `${USAGE.command}: ${source}: no such object\n`);
  if (snapshot.cluster !== fleet.cluster.config.cluster) return refuse('the snapshot belongs to another cluster');
  const checks = parsed.flags.has('verify-hash-chain') || fleet.guard('restore-verifies-chain');
  const scan = scanDataDirectory(snapshotSource(snapshot.zones), fleet.cluster.config);
  if (checks && (scan.damage.length > 0 || scan.brokenOp >= 0)) {
    const where = scan.damage[0];
    const what =
      where === undefined ? `op ${scan.brokenOp} does not follow` : `${where.zone} ${where.index}: ${where.text}`;
    return refuse(`hash chain invalid (${what})`);
  }
  const refusal = refuseWipe(fleet, host, 'restore');
  if (refusal !== '') return refuse(refusal);
  yield* moveBytes(fleet, fleet.machineOfReplica(host), snapshot.sizeBytes, 'write');
  fleet.changing(fleet.machineOfReplica(host), USAGE.command);
  const problem =
    scan.superblock === null ? 'the snapshot has no superblock' : replace(fleet, host, snapshot, scan.superblock);
  if (problem !== '') return failed(1, `${USAGE.command}: ${problem}\n`);
  fleet.onChanged(host, USAGE.command);
  const chain = checks ? 'hash chain: valid' : 'hash chain: not verified';
  const vote = fleet.guard('restore-clears-vote')
    ? 'without a vote until it has recovered from its peers'
    : 'with its vote';
  const id = parsed.flags.integer('replica-id');
  return ok(
    `replica ${id}: restored from ${snapshot.name} (op ${snapshot.op}, ${isoText(snapshot.atWallMs)})\n${chain}\nit starts ${vote}\n`,
  );
}

/** Writes the snapshot's zones over the disk, synced, and a superblock of this replica's own. Returns a problem or ''. */
function replace(fleet: KimberliteFleet, host: number, snapshot: Snapshot, state: SuperblockState): string {
  const { disk } = fleet.machineOfReplica(host);
  const former = readSuperblock(diskSource(disk));
  const own = former.kind === 'open' ? former.state : null;
  for (const zone of ZONES) {
    if (zone === FILE.superblock) continue;
    if (disk.fileExists(zone)) disk.removeFile(zone);
    const bytes = snapshot.zones.get(zone);
    if (bytes === undefined) continue;
    if (disk.createFile(zone, bytes.length) !== '') return 'No space left on device: restore stopped half way';
    const error = disk.poke(zone, 0, bytes, true);
    if (error !== '') return `${zone}: ${error}: restore stopped half way`;
  }
  const restored: SuperblockState = {
    ...state,
    replica: host,
    incarnation: Math.max(state.incarnation, own?.incarnation ?? 0),
    isolated: own?.isolated ?? fleet.isolations.has(host),
    mustRecover: fleet.guard('restore-clears-vote'),
  };
  const problem = writeSuperblock(disk, restored, former, 1);
  disk.syncAll();
  return problem;
}

export const STORAGE_RESTORE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'restore'], about: USAGE.about, run: restore },
];
