import type { Machine } from '../../../sim/machine.ts';
import { type CommandContext, type CommandResult, failed, type OperatorCommand, ok } from '../command.ts';
import { moveBytes } from '../device-work.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { humanBytes } from '../sizes.ts';
import { diskName, filesBelow } from './disk-space.ts';

const RM: CommandUsage = {
  command: 'rm',
  about:
    "Removes files of the data directory from the simulated disk (in the page cache at once; durable with the file system's next sync). Guards of the product may refuse it.",
  flags: [
    { name: 'recursive', short: 'r', kind: 'switch', help: 'folders, too' },
    { name: 'force', short: 'f', kind: 'switch', help: 'no complaint about what is not there' },
    { name: 'verbose', short: 'v', kind: 'switch', help: 'names what was removed' },
  ],
  positionals: ['PATH'],
  positionalsMin: 1,
  rest: true,
};

const COPY: CommandUsage = {
  command: 'cp',
  about:
    'Copies files of the data directory away, as evidence. Nothing is copied into it: see kimberlite-cli storage restore.',
  flags: [
    { name: 'archive', short: 'a', kind: 'switch', help: 'folders, with all attributes' },
    { name: 'recursive', short: 'r', kind: 'switch', help: 'folders, too' },
    { name: 'preserve', short: 'p', kind: 'switch', help: 'no effect here' },
  ],
  positionals: ['FROM', 'TO'],
  positionalsMin: 2,
  rest: true,
};

const TAR: CommandUsage = {
  command: 'tar',
  about: 'With -c: packs files of the data directory into an archive, as evidence.',
  flags: [
    {
      name: 'create',
      short: 'c',
      kind: 'switch',
      help: 'make an archive (the one mode for these files)',
      required: true,
    },
    { name: 'gzip', short: 'z', kind: 'switch', help: 'no effect here' },
    { name: 'verbose', short: 'v', kind: 'switch', help: 'names what was packed' },
    { name: 'file', short: 'f', kind: 'text', help: 'the archive', required: true },
  ],
  positionals: ['PATH'],
  positionalsMin: 1,
  rest: true,
};

/** `rm -rf PATH...` for paths in the data directory. */
export const rm: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(RM, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const wanted: string[] = [];
  for (const path of flags.positionals) {
    const name = diskName(fleet, ctx.resolvePath?.(path) ?? path);
    const files = name === null ? null : filesBelow(fleet, machine, name);
    if (files === null || files.size === 0) {
      const folder = name === 'log' || name === 'checkpoint' || name === '';
      if (flags.has('force') || folder) continue;
      return failed(1, `rm: cannot remove '${path}': No such file or directory\n`);
    }
    if (!flags.has('recursive') && !files.has(name as string)) {
      return failed(1, `rm: cannot remove '${path}': Is a directory\n`);
    }
    wanted.push(...files.keys());
  }
  const refusal = wanted.length === 0 ? '' : fleet.refuseRemoval(machine, wanted);
  if (refusal !== '') return failed(1, `rm: refused: ${refusal}\n`);
  yield { kind: 'sleep', us: 1_000 + 500 * wanted.length };
  if (wanted.length > 0) fleet.changing(machine, 'rm');
  let stdout = '';
  const accounted = wanted.filter((file) => !machine.disk.fileExists(file));
  if (accounted.length > 0) fleet.removeAccounted(machine, accounted);
  for (const file of wanted) {
    machine.disk.removeFile(file);
    if (flags.has('verbose')) stdout += `removed '${fleet.dataDirectory}/${file}'\n`;
  }
  return ok(stdout);
};

/** Bytes below several paths, or the first of them that does not exist. */
function gather(
  ctx: CommandContext<HostFleet>,
  machine: Machine,
  paths: readonly string[],
): { bytes: number; missing: string } {
  const { fleet } = ctx;
  let bytes = 0;
  for (const path of paths) {
    const name = diskName(fleet, ctx.resolvePath?.(path) ?? path);
    const files = name === null ? new Map<string, number>() : filesBelow(fleet, machine, name);
    if (files.size === 0) return { bytes: 0, missing: path };
    for (const size of files.values()) bytes += size;
  }
  return { bytes, missing: '' };
}

function finish(
  fleet: HostFleet,
  machine: Machine,
  to: string,
  bytes: number,
  write: (text: string) => void,
): CommandResult {
  write(`copy of ${humanBytes(bytes)} from ${machine.name}:${fleet.dataDirectory}\n`);
  fleet.keepEvidence('copy', machine.id, to);
  return ok('');
}

/** `cp -a /var/lib/kimberlite/log /root/evidence`: what lies there is a note with the size; the copy itself is not kept. */
export const cp: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(COPY, argv);
  if (!parsed.ok) return parsed.result;
  const paths = parsed.flags.positionals;
  const to = paths[paths.length - 1] as string;
  const { fleet } = ctx;
  if (diskName(fleet, ctx.resolvePath?.(to) ?? to) !== null) {
    return failed(1, `cp: ${to}: not offered for the server's files: use kimberlite-cli storage restore\n`);
  }
  const machine = ownMachine(fleet, ctx.onHost);
  const { bytes, missing } = gather(ctx, machine, paths.slice(0, -1));
  if (missing !== '') return failed(1, `cp: cannot stat '${missing}': No such file or directory\n`);
  yield* moveBytes(fleet, machine, bytes);
  return finish(fleet, machine, to, bytes, (text) => ctx.writeFile(to, text));
};

/** `tar -czf /tmp/evidence.tar.gz /var/lib/kimberlite/log`. */
export const tar: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  // The old form without a dash (`tar czf`) is the same.
  const first = argv[0] ?? '';
  const words = /^[czvf]+$/.test(first) ? [`-${first}`, ...argv.slice(1)] : argv;
  const parsed = parseFlags(TAR, words);
  if (!parsed.ok) return parsed.result;
  const to = parsed.flags.text('file') as string;
  const { fleet } = ctx;
  if (diskName(fleet, ctx.resolvePath?.(to) ?? to) !== null)
    return failed(2, `tar: ${to}: write the archive outside the data directory\n`);
  const machine = ownMachine(fleet, ctx.onHost);
  const { bytes, missing } = gather(ctx, machine, parsed.flags.positionals);
  if (missing !== '') return failed(2, `tar: ${missing}: Cannot stat: No such file or directory\n`);
  yield* moveBytes(fleet, machine, bytes);
  return finish(fleet, machine, to, bytes, (text) => ctx.writeFile(to, text));
};
