import type { Machine } from '../../../sim/machine.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { moveBytes } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { type Snapshot, snapshotSource } from '../backups.ts';
import { diskSource, scanDataDirectory, ZONES } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { here } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'rsync',
  about:
    "rsync -av backup/ /var/lib/kimberlite/: copies the files of this host's own nightly backup over the data directory; what the backup does not have stays. Nothing else is modelled. Refused by the product's guard while the server runs, or over a log that is newer than the backup.",
  flags: [
    { name: 'archive', short: 'a', kind: 'switch', help: 'folders, with all attributes', required: true },
    { name: 'verbose', short: 'v', kind: 'switch', help: 'names what was copied' },
  ],
  positionals: ['FROM', 'TO'],
  positionalsMin: 2,
};

/** Why the guard does not let a backup be copied over what is there, or ''. */
function refusalOf(fleet: KimberliteFleet, machine: Machine, snapshot: Snapshot): string {
  if (!fleet.guard('copy-in-keeps-newer')) return '';
  if (machine.isUp) return 'the server uses these files: stop it first';
  const { config } = fleet.cluster;
  const present = scanDataDirectory(diskSource(machine.disk), config);
  const copied = scanDataDirectory(snapshotSource(snapshot.zones), config);
  let newest = present.chainHead;
  for (const op of present.entries.keys()) if (op > newest) newest = op;
  if (newest <= copied.chainHead) return '';
  return `the log here reaches op ${newest}, the backup op ${copied.chainHead}: acknowledged operations would be overwritten`;
}

/** `rsync -av backup/ /var/lib/kimberlite/` on the host of the shell. */
export const rsync: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const [from, to] = parsed.flags.positionals as [string, string];
  const { fleet } = ctx;
  const machine = here(ctx);
  if (to.replace(/\/+$/, '') !== fleet.dataDirectory || !fleet.hasService(machine)) {
    return failed(1, `rsync: ${to}: only the data directory of a replica's host is modelled as a target\n`);
  }
  const snapshot = from === 'backup/' ? fleet.backups.newestOf(machine.id) : null;
  if (snapshot === null) return failed(23, `rsync: change_dir "${from}" failed: No such file or directory (2)\n`);
  const refusal = refusalOf(fleet, machine, snapshot);
  if (refusal !== '') return failed(1, `rsync: refused: ${refusal}\n`);
  yield* moveBytes(fleet, machine, snapshot.sizeBytes, 'write');
  fleet.changing(machine, 'rsync');
  let listing = '';
  for (const zone of ZONES) {
    const bytes = snapshot.zones.get(zone);
    if (bytes === undefined) continue;
    if (machine.disk.fileExists(zone)) machine.disk.removeFile(zone);
    if (machine.disk.createFile(zone, bytes.length) !== '') return failed(11, 'rsync: No space left on device (28)\n');
    const error = machine.disk.poke(zone, 0, bytes, true);
    if (error !== '') return failed(11, `rsync: ${zone}: ${error}\n`);
    listing += `${zone}\n`;
  }
  machine.disk.syncAll();
  fleet.onChanged(machine.id, 'rsync');
  return ok(parsed.flags.has('verbose') ? `${listing}total size is ${snapshot.sizeBytes}\n` : '');
};
