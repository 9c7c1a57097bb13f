import { failed, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { humanBytes } from '../../host/sizes.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { logBytes } from '../metrics.ts';
import { membersSeen } from '../replica-view.ts';
import { agentAnswers, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli storage compact',
  about:
    'Removes old log segments below the checkpoint, one at a time, which needs room for one more: the reserved segment, where the product has one. Three quarters of them are kept, with --aggressive one eighth. Refused without room, and while a peer may need the entries.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'aggressive', kind: 'switch', help: 'keep a shorter tail' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** A segment is this share of the disk: the room that rewriting one takes. */
const SEGMENTS_PER_DISK = 64;
const KEPT_EIGHTHS = { normal: 6, aggressive: 1 } as const;

/** Bytes of one segment on a disk. */
export function segmentBytes(capacityBytes: number): number {
  return Math.max(1, Math.floor(capacityBytes / SEGMENTS_PER_DISK));
}

/** Why the entries below the checkpoint of a replica must stay, or ''. */
export function neededBy(fleet: KimberliteFleet, ctx: Context, host: number, limit: number): string {
  const views = fleet.seeAll(here(ctx));
  const members = membersSeen(views, fleet.cluster.replicaHosts);
  for (const view of views) {
    // A blank host does not count, one that follows in order to join does.
    if (view.host === host || (view.node === null && !members.includes(view.host))) continue;
    if (view.node === null) return `replica ${view.id} does not answer and may need them`;
    if (view.commit < limit) return `replica ${view.id} is at op ${view.commit} and needs entries from there on`;
  }
  return '';
}

function* compact(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, USAGE.command);
  if (typeof host !== 'number') return host;
  const { fleet } = ctx;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  const view = fleet.see(here(ctx), host);
  if (view.node === null) return failed(1, `${USAGE.command}: the server does not run\n`);
  const machine = fleet.machineOfReplica(host);
  const { disk } = machine;
  const before = logBytes(fleet, machine);
  const old = fleet.fillName(machine) === 'log/segments' ? disk.fillBytes : 0;
  if (old === 0) return ok('nothing to compact: no segments below the checkpoint\n');
  // Entries between the last two checkpoints may still be on their way to a peer that is only busy.
  const limit = view.checkpointOp - fleet.cluster.config.checkpointOps;
  const needed = fleet.guard('compact-keeps-needed') ? neededBy(fleet, ctx, host, limit) : '';
  if (needed !== '') return failed(1, `${USAGE.command}: refused: ${needed}\n`);
  const segment = segmentBytes(disk.capacityBytes);
  // The reserve is one of the accounted segments: it is overwritten, and nothing has to be free.
  const extra = fleet.guard('compact-reserved-space') && old >= segment ? 0 : segment;
  if (disk.freeBytes() < extra) {
    return failed(
      1,
      `${USAGE.command}: No space left on device: rewriting a segment needs ${humanBytes(segment)}, ${humanBytes(disk.freeBytes())} are free\n`,
    );
  }
  const eighths = parsed.flags.has('aggressive') ? KEPT_EIGHTHS.aggressive : KEPT_EIGHTHS.normal;
  const kept = Math.floor((old * eighths) / 8);
  disk.setFill(old + extra);
  try {
    yield* moveBytes(fleet, machine, kept * 2, 'rewrite');
  } finally {
    // Cut off half way, the temporary file is removed and nothing else has changed.
    disk.setFill(Math.max(0, disk.fillBytes - extra));
  }
  if (!machine.isUp) return failed(1, `${USAGE.command}: the server stopped; nothing was removed\n`);
  disk.setFill(Math.max(0, disk.fillBytes - (old - kept)));
  fleet.compactedUs.set(host, fleet.world.nowUs);
  machine.logLine(fleet.unit, 'info', `compaction removed ${humanBytes(old - kept)} of old log segments`);
  const after = logBytes(fleet, machine);
  return ok(
    `log before: ${humanBytes(before)}\nlog after: ${humanBytes(after)}\nfreed: ${humanBytes(before - after)}\n`,
  );
}

export const STORAGE_COMPACT: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'compact'], about: USAGE.about, run: compact },
];
