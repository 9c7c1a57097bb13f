import { failed, ok } from '../../host/command.ts';
import { syncDisk } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { diskSource, type Scan, scanDataDirectory, writeSuperblock } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { shownId } from '../replica-view.ts';
import { type Context, here, type Run, replicaFlag } from './ask.ts';
import { dataDirectoryHost, scanInTime } from './storage-verify.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-admin force-leader',
  about:
    'Makes the stopped node of this host the only member, leading from its local log, in a new epoch. What only the others held is lost. Refused without a recorded approval (approve --what data-loss), while other members are not fenced (fence HOST), and while another survivor holds more.',
  flags: [
    { name: 'node-id', kind: 'integer', help: 'id of the node on this host', required: true },
    { name: 'data-dir', kind: 'text', help: '/var/lib/kimberlite', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** Whether a data directory holds a newer log than another: later log view, then longer. */
function isNewer(left: Scan, right: Scan): boolean {
  const [one, other] = [left.superblock, right.superblock];
  if (one === null || other === null) return one !== null;
  if (one.logView !== other.logView) return one.logView > other.logView;
  return left.chainHead > right.chainHead;
}

/** Why this node may not be forced now, or ''. */
function refusalOf(fleet: KimberliteFleet, ctx: Context, host: number, scan: Scan): string {
  if (fleet.guard('force-needs-approval') && !fleet.people.approved('data-loss')) {
    return 'no approval of data loss is recorded: approve --what data-loss --by NAME';
  }
  const others = (scan.superblock?.members ?? []).filter((member) => member !== host);
  if (fleet.guard('force-needs-fencing')) {
    const open = others.filter((member) => !fleet.fenced.has(member)).map((member) => shownId(fleet.cluster, member));
    if (open.length > 0) return `members ${open.join(', ')} are not fenced and may come back: fence HOST`;
  }
  if (!fleet.guard('force-needs-best-survivor')) return '';
  for (const member of others) {
    const machine = fleet.machineOfReplica(member);
    if (!fleet.reaches(here(ctx), machine)) continue;
    // Of a dead server, too, the page cache counts: whoever compares the logs syncs them first.
    if (!machine.isUp) machine.disk.syncAll();
    const theirs = scanDataDirectory(diskSource(machine.disk), fleet.cluster.config);
    if (isNewer(theirs, scan)) {
      return `node ${shownId(fleet.cluster, member)} holds a newer log (op ${theirs.chainHead}, here ${scan.chainHead}): force that one`;
    }
  }
  return '';
}

function* forceLeader(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const named = replicaFlag(ctx, parsed.flags, USAGE.command, 'node-id');
  if (typeof named !== 'number') return named;
  const host = dataDirectoryHost(ctx, parsed.flags.text('data-dir') as string);
  if (typeof host !== 'number') return failed(1, `${USAGE.command}: ${host.problem}\n`);
  const { fleet } = ctx;
  if (named !== host) {
    return failed(1, `${USAGE.command}: this data directory belongs to node ${shownId(fleet.cluster, host)}\n`);
  }
  const machine = fleet.machineOfReplica(host);
  if (machine.isUp) return failed(1, `${USAGE.command}: refused: the server runs: stop it first\n`);
  // What the dead server had written is in the page cache (R2), and its next start reads it.
  yield* syncDisk(fleet, machine);
  const scan = yield* scanInTime(fleet, host);
  const state = scan.superblock;
  if (state === null) return failed(1, `${USAGE.command}: superblock unreadable: nothing to lead from\n`);
  const refusal = refusalOf(fleet, ctx, host, scan);
  if (refusal !== '') return failed(1, `${USAGE.command}: refused: ${refusal}\n`);
  const epoch = fleet.guard('force-new-epoch') ? state.epoch + 1 : state.epoch;
  const dropped = state.members.filter((member) => member !== host).map((member) => shownId(fleet.cluster, member));
  const next = {
    ...state,
    epoch,
    members: [host],
    peerIncarnations: [],
    mustRecover: false,
    isolated: false,
    memberships: null,
    retired: false,
  };
  fleet.changing(machine, USAGE.command);
  const problem = writeSuperblock(machine.disk, next, scan.opened, 1);
  if (problem !== '') return failed(1, `${USAGE.command}: ${problem}\n`);
  fleet.onForced({
    host,
    epoch,
    newEpoch: epoch > state.epoch,
    approved: fleet.people.approved('data-loss'),
    head: scan.chainHead,
    sumAt: (op) => scan.entries.get(op)?.sum ?? null,
  });
  return ok(
    `node ${shownId(fleet.cluster, host)} is the only member, epoch ${epoch}; it leads from op ${scan.chainHead}, commit at least ${state.commit}\nmembers dropped: ${dropped.join(', ') || 'none'}\n`,
  );
}

export const FORCE_LEADER: Subcommand<KimberliteFleet> = {
  words: ['force-leader'],
  about: USAGE.about,
  run: forceLeader,
};
