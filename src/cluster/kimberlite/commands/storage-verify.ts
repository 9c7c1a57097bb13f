import { failed, type Wait } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { diskSource, type Scan, scanDataDirectory, ZONES } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { agentAnswers, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';

const VERIFY: CommandUsage = {
  command: 'kimberlite-cli storage verify',
  about:
    "Reads a replica's whole storage as the server would and lists what is damaged. Works on a stopped replica; on a running one it competes with it for the disk. Exit code 1 when something is damaged.",
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'full-scan', kind: 'switch', help: 'read every record (the one depth that is offered)', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const ADMIN_VERIFY: CommandUsage = {
  command: 'kimberlite-admin verify',
  about:
    'Reads the data directory of this host and lists what is damaged. Refused while a server uses it. Exit code 1 when something is damaged.',
  flags: [{ name: 'data-dir', kind: 'text', help: '/var/lib/kimberlite', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** Bytes of all zones on a replica's disk. */
export function zoneBytes(fleet: KimberliteFleet, host: number): number {
  const { disk } = fleet.machineOfReplica(host);
  let bytes = 0;
  for (const zone of ZONES) bytes += Math.max(0, disk.durableSizeBytes(zone));
  return bytes;
}

/** Reads a replica's disk in virtual time and judges what is there at the end. */
export function* scanInTime(fleet: KimberliteFleet, host: number): Generator<Wait, Scan, boolean> {
  yield* moveBytes(fleet, fleet.machineOfReplica(host), zoneBytes(fleet, host));
  return scanDataDirectory(diskSource(fleet.machineOfReplica(host).disk), fleet.cluster.config);
}

/** What verify prints of a scan. */
export function scanText(scan: Scan): string {
  const lines = scan.damage.map((damage) => {
    const what = damage.zone === 'log' ? `segment log/${damage.index}` : `${damage.zone} copy ${damage.index}`;
    return `corrupted ${what}${damage.op >= 0 ? ` (op ${damage.op})` : ''}: ${damage.text}`;
  });
  if (scan.brokenOp >= 0)
    lines.push(`hash chain: op ${scan.brokenOp} is missing or does not follow (to be repaired from peers)`);
  const state = scan.superblock;
  if (state !== null) {
    lines.push(`superblock: view ${state.view}, epoch ${state.epoch}, checkpoint op ${state.checkpointOp}`);
    lines.push(`hash chain: valid from op ${state.checkpointOp} to op ${scan.chainHead}`);
  }
  lines.push(`read ${scan.bytesRead} bytes, ${scan.recordCount} entries above the checkpoint`);
  lines.push(
    scan.damage.length === 0 ? 'result: clean, no corruption found' : `result: ${scan.damage.length} corrupted`,
  );
  return `${lines.join('\n')}\n`;
}

function* verify(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(VERIFY, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, VERIFY.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, VERIFY.command, host);
  const scan = yield* scanInTime(ctx.fleet, host);
  if (scan.damage.length > 0) ctx.fleet.onCorruption(host);
  return { stdout: scanText(scan), stderr: '', code: scan.damage.length === 0 ? 0 : 1 };
}

function* adminVerify(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(ADMIN_VERIFY, argv);
  if (!parsed.ok) return parsed.result;
  const host = dataDirectoryHost(ctx, parsed.flags.text('data-dir') as string);
  if (typeof host !== 'number') return failed(1, `${ADMIN_VERIFY.command}: ${host.problem}\n`);
  const { fleet } = ctx;
  if (fleet.machineOfReplica(host).isUp && fleet.guard('verify-needs-stopped')) {
    return failed(1, `${ADMIN_VERIFY.command}: refused: a server uses ${fleet.dataDirectory}: stop it first\n`);
  }
  const scan = yield* scanInTime(fleet, host);
  if (scan.damage.length > 0) fleet.onCorruption(host);
  return { stdout: scanText(scan), stderr: '', code: scan.damage.length === 0 ? 0 : 1 };
}

/** The replica whose data directory lies on the host of the shell. */
export function dataDirectoryHost(ctx: Context, path: string): number | { readonly problem: string } {
  const { fleet } = ctx;
  const machine = here(ctx);
  if (path.replace(/\/+$/, '') !== fleet.dataDirectory || !fleet.hasService(machine)) {
    return { problem: `${path} on ${machine.name} is no data directory (${fleet.dataDirectory} on a replica's host)` };
  }
  return machine.id;
}

export const STORAGE_VERIFY: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['storage', 'verify'], about: VERIFY.about, run: verify },
];

export const ADMIN_VERIFY_COMMAND: Subcommand<KimberliteFleet> = {
  words: ['verify'],
  about: ADMIN_VERIFY.about,
  run: adminVerify,
};
