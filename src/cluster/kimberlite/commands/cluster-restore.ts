import type { Machine } from '../../../sim/machine.ts';
import { failed, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { isoText } from '../../host/wall-time.ts';
import { FILE } from '../../vsr/config.ts';
import type { SuperblockState } from '../../vsr/superblock.ts';
import { type Snapshot, snapshotSource } from '../backups.ts';
import { diskSource, readSuperblock, type Scan, scanDataDirectory, writeSuperblock, ZONES } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { shownId } from '../replica-view.ts';
import { agentAnswers, type Context, here, type Run, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli cluster restore-from-backup',
  about:
    'Makes every replica anew from one snapshot, under a new cluster id: whoever still has the old one is refused from then on. What was written after the snapshot is lost, and the output says how old it is. Refused while a server runs, while a reachable host of a replica or standby holds more than the snapshot, for a broken hash chain, and without a recorded approval (approve --what data-loss).',
  flags: [
    { name: 'backup-source', kind: 'text', help: 's3://backups/NAME', required: true },
    { name: 'new-cluster-id', kind: 'text', help: 'a UUID, $(uuidgen)', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where a data directory keeps the UUID of its cluster; in the superblock a new one is the next epoch. */
export const CLUSTER_ID_FILE = 'cluster-id';

/** Hosts that answer from here and hold a longer log than the snapshot. */
function survivors(ctx: Context, snapshot: Snapshot): string[] {
  const { fleet } = ctx;
  const found: string[] = [];
  for (const host of fleet.cluster.serverHosts) {
    const machine = fleet.machineOfReplica(host);
    if (!fleet.reaches(here(ctx), machine)) continue;
    const scan = scanDataDirectory(diskSource(machine.disk), fleet.cluster.config);
    if (scan.superblock !== null && scan.chainHead > snapshot.op) {
      found.push(`${shownId(fleet.cluster, host)} (op ${scan.chainHead})`);
    }
  }
  return found;
}

/** Why the cluster may not be restored from this snapshot now, or ''. */
function refusalOf(ctx: Context, snapshot: Snapshot, scan: Scan, members: readonly number[]): string {
  const { fleet } = ctx;
  const running = members.filter((host) => fleet.isRunning(host)).map((host) => shownId(fleet.cluster, host));
  if (running.length > 0) return `servers of replicas ${running.join(', ')} run: stop them first`;
  if (fleet.guard('restore-verifies-chain') && (scan.damage.length > 0 || scan.brokenOp >= 0)) {
    return `hash chain of ${snapshot.name} invalid`;
  }
  if (fleet.guard('restore-after-survivors')) {
    const found = survivors(ctx, snapshot);
    if (found.length > 0) return `${found.join(', ')} holds more than the snapshot (op ${snapshot.op}): use that first`;
  }
  if (fleet.guard('restore-needs-approval') && !fleet.people.approved('data-loss')) {
    return 'no approval of data loss is recorded: approve --what data-loss --by NAME';
  }
  return '';
}

/** Puts the snapshot in the place of whatever is on the disk, under the new identity. Returns a problem or ''. */
function put(machine: Machine, snapshot: Snapshot, state: SuperblockState, id: string): string {
  const { disk } = machine;
  const former = readSuperblock(diskSource(disk));
  for (const file of disk.files()) disk.removeFile(file);
  for (const zone of ZONES) {
    const bytes = snapshot.zones.get(zone);
    if (zone === FILE.superblock || bytes === undefined) continue;
    if (disk.createFile(zone, bytes.length) !== '') return 'No space left on device';
    const error = disk.poke(zone, 0, bytes, true);
    if (error !== '') return `${zone}: ${error}`;
  }
  disk.createFile(CLUSTER_ID_FILE, id.length);
  disk.poke(
    CLUSTER_ID_FILE,
    0,
    Uint8Array.from(id, (letter) => letter.charCodeAt(0)),
    true,
  );
  const problem = writeSuperblock(disk, { ...state, replica: machine.id }, former, 1);
  disk.syncAll();
  return problem;
}

function* restore(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const source = parsed.flags.text('backup-source') as string;
  const id = parsed.flags.text('new-cluster-id') as string;
  if (!UUID.test(id)) return failed(2, `${USAGE.command}: --new-cluster-id: not a UUID: ${id}\n`);
  const snapshot = fleet.backups.find(source);
  if (snapshot === null) return failed(1, `${USAGE.command}: ${source}: no such object\n`);
  const scan = scanDataDirectory(snapshotSource(snapshot.zones), fleet.cluster.config);
  const held = scan.superblock;
  if (held === null) return failed(1, `${USAGE.command}: refused: the snapshot has no superblock\n`);
  const { members } = held;
  for (const host of members) if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  const age = Math.floor((fleet.wallMs(here(ctx)) - snapshot.atWallMs) / 1_000);
  const loss = `snapshot ${snapshot.name}: op ${snapshot.op}, ${isoText(snapshot.atWallMs)}; lost: everything of the last ${age} s`;
  const refusal = refusalOf(ctx, snapshot, scan, members);
  if (refusal !== '') return failed(1, `${loss}\n${USAGE.command}: refused: ${refusal}\n`);
  // First everything is fetched to everywhere, then all switch: nobody stops half way between two clusters (AMB-RESTORE-PARTIAL).
  for (const host of members) yield* moveBytes(fleet, fleet.machineOfReplica(host), snapshot.sizeBytes, 'write');
  const epoch = fleet.guard('restore-new-identity') ? held.epoch + 1 : held.epoch;
  const state = {
    ...held,
    epoch,
    incarnation: held.incarnation + 1,
    peerIncarnations: [],
    mustRecover: false,
    isolated: false,
  };
  for (const host of members) {
    fleet.changing(fleet.machineOfReplica(host), USAGE.command);
    const problem = put(fleet.machineOfReplica(host), snapshot, state, id);
    if (problem !== '') return failed(1, `${USAGE.command}: replica ${shownId(fleet.cluster, host)}: ${problem}\n`);
  }
  announce(fleet, members, epoch, epoch > held.epoch, scan);
  const names = members.map((host) => shownId(fleet.cluster, host)).join(', ');
  return ok(
    `${loss}\nhash chain: ${scan.brokenOp < 0 ? 'valid' : 'broken'}\nreplicas ${names}: cluster ${id}, epoch ${epoch}, from op ${snapshot.op}; start their servers\n`,
  );
}

function announce(
  fleet: KimberliteFleet,
  members: readonly number[],
  epoch: number,
  newEpoch: boolean,
  scan: Scan,
): void {
  fleet.onForced({
    host: members[0] as number,
    members,
    epoch,
    newEpoch,
    approved: fleet.people.approved('data-loss'),
    head: scan.chainHead,
    sumAt: (op) => scan.entries.get(op)?.sum ?? null,
  });
  fleet.world.mark('cluster-restored', members[0] as number);
}

export const CLUSTER_RESTORE: Subcommand<KimberliteFleet> = {
  words: ['cluster', 'restore-from-backup'],
  about: USAGE.about,
  run: restore,
};
