import { failed, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { isoText } from '../../host/wall-time.ts';
import { sumText } from '../../storage/prepare.ts';
import { diskSource, scanDataDirectory, ZONES } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { shownId } from '../replica-view.ts';
import { agentAnswers, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';
import { zoneBytes } from './storage-verify.ts';

const DUMP: CommandUsage = {
  command: 'kimberlite-cli debug dump-state',
  about:
    'Prints the state of a replica as JSON: of the process when it runs, else of the core that a crash left, beside what its disk holds. Changes nothing.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const EXPORT: CommandUsage = {
  command: 'kimberlite-cli storage export',
  about:
    "Packs a replica's storage into an archive on this host, also of a dead server. The archive's text names its parts; their bytes are not kept.",
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'output', kind: 'text', help: 'path of the archive', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** Entries that a dump shows of the log's end. */
const TAIL_OPS = 8;

function memoryOf(fleet: KimberliteFleet, host: number): Readonly<Record<string, unknown>> | null {
  const replica = fleet.cluster.nodes[host]?.vsr.replica;
  if (replica === undefined) return null;
  const tail: unknown[] = [];
  for (let op = Math.max(1, replica.op - TAIL_OPS + 1); op <= replica.op; op++) {
    const header = replica.journal.header(op);
    tail.push({ op, view: header?.view ?? null, sum: header === null ? null : sumText(header.sum) });
  }
  return {
    status: replica.status,
    incarnation: replica.incarnation,
    epoch: replica.epoch,
    view: replica.view,
    log_view: replica.logView,
    op_number: replica.op,
    commit_number: replica.commit,
    commit_max: replica.commitMax,
    checkpoint_op: replica.checkpointOp,
    must_recover: replica.mustRecover,
    isolated: replica.isolated,
    members: replica.members.map((member) => shownId(fleet.cluster, member)),
    log_tail: tail,
  };
}

function diskOf(fleet: KimberliteFleet, host: number): Readonly<Record<string, unknown>> {
  const scan = scanDataDirectory(diskSource(fleet.machineOfReplica(host).disk), fleet.cluster.config);
  const state = scan.superblock;
  return {
    superblock_sequence: scan.sequence,
    epoch: state?.epoch ?? null,
    view: state?.view ?? null,
    commit_number: state?.commit ?? null,
    checkpoint_op: state?.checkpointOp ?? null,
    members: (state?.members ?? []).map((member) => shownId(fleet.cluster, member)),
    must_recover: state?.mustRecover ?? null,
    isolated: state?.isolated ?? null,
    op_number: scan.chainHead,
    damaged: scan.damage.length,
  };
}

function* dumpState(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(DUMP, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, DUMP.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, DUMP.command, host);
  const { fleet } = ctx;
  yield* moveBytes(fleet, fleet.machineOfReplica(host), zoneBytes(fleet, host));
  const machine = fleet.machineOfReplica(host);
  // Whoever is stopped, killed or loses its power leaves no core.
  const { isUp: alive, stopCause } = machine;
  const hasCore = stopCause === 'crash' || stopCause === 'assertion';
  const dump = {
    replica_id: parsed.flags.integer('replica-id'),
    at: isoText(fleet.wallMs(here(ctx))),
    source: alive ? 'process' : hasCore ? 'core' : 'disk',
    stop_cause: alive ? null : stopCause,
    memory: alive || hasCore ? memoryOf(fleet, host) : null,
    disk: diskOf(fleet, host),
  };
  fleet.keepEvidence('state-dump', host, DUMP.command);
  return ok(`${JSON.stringify(dump, null, 2)}\n`);
}

function* exportStorage(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(EXPORT, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, EXPORT.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, EXPORT.command, host);
  const { fleet } = ctx;
  const path = parsed.flags.text('output') as string;
  if (!path.startsWith('/')) return failed(2, `${EXPORT.command}: --output needs an absolute path, not ${path}\n`);
  yield* moveBytes(fleet, fleet.machineOfReplica(host), zoneBytes(fleet, host));
  const { disk } = fleet.machineOfReplica(host);
  let total = 0;
  let listing = '';
  for (const zone of ZONES) {
    const bytes = Math.max(0, disk.durableSizeBytes(zone));
    total += bytes;
    listing += `${zone} ${bytes}\n`;
  }
  ctx.writeFile(path, `kimberlite storage export of replica ${parsed.flags.integer('replica-id')}\n${listing}`);
  fleet.keepEvidence('storage-export', host, path);
  return ok(`${path}: ${total} bytes\n`);
}

export const EVIDENCE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['debug', 'dump-state'], about: DUMP.about, run: dumpState },
  { words: ['storage', 'export'], about: EXPORT.about, run: exportStorage },
];
