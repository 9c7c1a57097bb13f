import { failed, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { humanBytes } from '../../host/sizes.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { parseDayMs } from '../../host/wall-time.ts';
import { ARCHIVE_BUCKET } from '../backups.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { logBytes } from '../metrics.ts';
import { agentAnswers, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';
import { neededBy, segmentBytes } from './storage-compact.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli storage archive',
  about:
    'Moves old log segments to object storage: each is uploaded and read back before it is removed here. Of one replica only; the others keep theirs. Refused while a peer may need the entries.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'before-date', kind: 'text', help: 'segments written before this day, such as 2025-01-01', required: true },
    { name: 'destination', kind: 'text', help: `s3://${ARCHIVE_BUCKET}`, required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** What a host sends to the object store in a millisecond: a gigabit, as between hosts. */
const UPLOAD_BYTES_PER_MS = 125_000;

/** When the first old segment was written, and the day that parts the cold ones from the others. */
const FIRST_SEGMENT_MS = unixDayMs('2024-01-01');
const COLD_UNTIL_MS = unixDayMs('2025-01-01');

function unixDayMs(day: string): number {
  return parseDayMs(day) as number;
}

/** Parts of a whole that lie before `atMs` when it was written evenly from `fromMs` to `untilMs`. */
function shareBefore(atMs: number, fromMs: number, untilMs: number): number {
  return Math.min(1, Math.max(0, (atMs - fromMs) / (untilMs - fromMs)));
}

/**
 * How many segments on a replica's disk were written before a day. The cold share was written in the course of 2024, the
 * rest since; the oldest ones were archived first.
 */
function olderSegments(fleet: KimberliteFleet, host: number, beforeMs: number, segment: number): number {
  const machine = fleet.machineOfReplica(host);
  if (fleet.fillName(machine) !== 'log/segments') return 0;
  const gone = fleet.archived.filter(({ name }) => name.startsWith(objectPrefix(host)));
  const goneBytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const coldPercent = fleet.coldPercents.get(host) ?? 0;
  const percent =
    coldPercent * shareBefore(beforeMs, FIRST_SEGMENT_MS, COLD_UNTIL_MS) +
    (100 - coldPercent) * shareBefore(beforeMs, COLD_UNTIL_MS, fleet.startWallMs);
  const left = Math.floor(machine.disk.fillBytes / segment);
  const older = Math.floor(((machine.disk.fillBytes + goneBytes) * percent) / 100 / segment);
  return Math.min(left, Math.max(0, older - gone.length));
}

function objectPrefix(host: number): string {
  return `replica-${host}/segment-`;
}

function* archive(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, USAGE.command);
  if (typeof host !== 'number') return host;
  const { fleet } = ctx;
  const beforeMs = parseDayMs(parsed.flags.text('before-date') as string);
  if (beforeMs === null) {
    return failed(2, `${USAGE.command}: --before-date needs a day such as 2025-01-01\n`);
  }
  if ((parsed.flags.text('destination') as string).replace(/\/+$/, '') !== `s3://${ARCHIVE_BUCKET}`) {
    return failed(1, `${USAGE.command}: no such bucket (s3://${ARCHIVE_BUCKET} exists)\n`);
  }
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  const view = fleet.see(here(ctx), host);
  if (view.node === null) return failed(1, `${USAGE.command}: the server does not run\n`);
  const machine = fleet.machineOfReplica(host);
  const segment = segmentBytes(machine.disk.capacityBytes);
  const count = olderSegments(fleet, host, beforeMs, segment);
  if (count === 0) return ok('nothing to archive: no segment is older than that day\n');
  const limit = view.checkpointOp - fleet.cluster.config.checkpointOps;
  const needed = fleet.guard('compact-keeps-needed') ? neededBy(fleet, ctx, host, limit) : '';
  if (needed !== '') return failed(1, `${USAGE.command}: refused: ${needed}\n`);
  const before = logBytes(fleet, machine);
  const { rules } = fleet.cluster.config;
  for (let done = 0; done < count; done++) {
    const early = rules.segmentMayGo(false);
    if (early) remove(fleet, host, segment);
    yield* moveBytes(fleet, machine, segment);
    yield { kind: 'sleep', us: Math.ceil(segment / UPLOAD_BYTES_PER_MS) * 1_000 };
    // The object is there and was compared; until then the segment stays where it is.
    if (!fleet.reaches(here(ctx), machine)) {
      return failed(1, `${USAGE.command}: ${machine.name} does not answer: ${done} of ${count} segments were moved\n`);
    }
    keep(fleet, host, done, segment);
    if (!early) remove(fleet, host, segment);
  }
  machine.logLine(fleet.unit, 'info', `archived ${count} old log segments`);
  const freed = humanBytes(before - logBytes(fleet, machine));
  return ok(`segments moved: ${count}, each verified in s3://${ARCHIVE_BUCKET}\nfreed: ${freed}\n`);
}

function remove(fleet: KimberliteFleet, host: number, sizeBytes: number): void {
  const { disk } = fleet.machineOfReplica(host);
  disk.setFill(Math.max(0, disk.fillBytes - sizeBytes));
  fleet.onArchived(host, sizeBytes);
}

function keep(fleet: KimberliteFleet, host: number, index: number, sizeBytes: number): void {
  const name = `${objectPrefix(host)}${String(index).padStart(4, '0')}`;
  const known = fleet.archived.filter((object) => object.name.startsWith(name)).length;
  // A second run goes on behind what the first one moved.
  const suffix = known === 0 ? '' : `.${known}`;
  const atWallMs = fleet.startWallMs + Math.floor(fleet.world.nowUs / 1_000);
  fleet.archived.push({ name: `${name}${suffix}`, atWallMs, sizeBytes });
}

export const STORAGE_ARCHIVE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'archive'], about: USAGE.about, run: archive },
];
