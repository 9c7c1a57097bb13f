import type { Machine } from '../../../sim/machine.ts';
import { type CommandResult, failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { humanBytes, percentUp } from '../sizes.ts';

const DEVICE = '/dev/nvme0n1';
const BLOCK_BYTES = 4_096;

const DF: CommandUsage = {
  command: 'df',
  about: 'Room on the data disk of this host, the one file system that is modelled.',
  flags: [{ name: 'human-readable', short: 'h', kind: 'switch', help: 'K, M, G instead of blocks of 1024 bytes' }],
  positionals: ['PATH'],
  positionalsMin: 0,
};

const DU: CommandUsage = {
  command: 'du',
  about: 'Bytes below folders of the data directory, old segments that the simulation only accounts for included.',
  flags: [
    { name: 'summarize', short: 's', kind: 'switch', help: 'one line for each argument (always so here)' },
    { name: 'human-readable', short: 'h', kind: 'switch', help: 'K, M, G instead of blocks of 1024 bytes' },
    { name: 'total', short: 'c', kind: 'switch', help: 'a line with the sum' },
  ],
  positionals: ['PATH'],
  positionalsMin: 1,
  rest: true,
};

const LS: CommandUsage = {
  command: 'ls',
  about: 'Lists folders of the data directory.',
  flags: [
    { name: 'long', short: 'l', kind: 'switch', help: 'with sizes' },
    { name: 'all', short: 'a', kind: 'switch', help: 'no effect: nothing is hidden' },
    { name: 'human-readable', short: 'h', kind: 'switch', help: 'sizes in K, M, G' },
    { name: 'one', short: '1', kind: 'switch', help: 'one name a line (always so here)' },
  ],
  positionals: ['PATH'],
  positionalsMin: 0,
  rest: true,
};

/** Name on the simulated disk of a path in or at the data directory ('' for the directory itself); null elsewhere. */
export function diskName(fleet: HostFleet, path: string): string | null {
  const plain = path.replace(/\/+$/, '');
  if (plain === fleet.dataDirectory) return '';
  return plain.startsWith(`${fleet.dataDirectory}/`) ? plain.slice(fleet.dataDirectory.length + 1) : null;
}

/** Files at or below a name, with their sizes, those that the disk only accounts included. */
export function filesBelow(fleet: HostFleet, machine: Machine, name: string): Map<string, number> {
  const { disk } = machine;
  const found = new Map<string, number>();
  const add = (file: string, bytes: number): void => {
    if (name === '' || file === name || file.startsWith(`${name}/`)) found.set(file, bytes);
  };
  for (const file of disk.files()) add(file, disk.fileSizeBytes(file));
  for (const [file, bytes] of fleet.accounted(machine)) add(file, bytes);
  return found;
}

/** Whether a name on the disk is a folder. Those of the log and of checkpoints stay when their files are removed. */
export function isFolder(fleet: HostFleet, machine: Machine, name: string): boolean {
  if (name === '' || name === 'log' || name === 'checkpoint') return true;
  return [...filesBelow(fleet, machine, name).keys()].some((file) => file !== name);
}

/** `df -h [PATH]`. */
export const df: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(DF, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  yield { kind: 'sleep', us: 5_000 };
  const path = parsed.flags.positionals[0];
  if (!fleet.hasService(machine)) return failed(1, 'df: this host has no modelled disk\n');
  if (path !== undefined && diskName(fleet, ctx.resolvePath?.(path) ?? path) === null) {
    return failed(1, `df: ${path}: only ${fleet.dataDirectory} is on a modelled disk\n`);
  }
  const { disk } = machine;
  const human = parsed.flags.has('human-readable');
  const size = (bytes: number): string => (human ? humanBytes(bytes) : String(Math.ceil(bytes / 1024)));
  const used = Math.min(disk.usedBytes(), disk.capacityBytes);
  const header = human
    ? 'Filesystem      Size  Used Avail Use% Mounted on'
    : 'Filesystem     1K-blocks      Used Available Use% Mounted on';
  const widths = human ? [5, 5, 5, 4] : [10, 10, 10, 4];
  const cells = [
    size(disk.capacityBytes),
    size(used),
    size(disk.freeBytes()),
    `${percentUp(used, disk.capacityBytes)}%`,
  ];
  const row = cells.map((cell, index) => cell.padStart(widths[index] as number)).join(' ');
  return ok(`${header}\n${DEVICE.padEnd(14)} ${row} ${fleet.dataDirectory}\n`);
};

/** `du -sh PATH...` for paths in the data directory. */
export const du: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(DU, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  yield { kind: 'sleep', us: 20_000 };
  const human = parsed.flags.has('human-readable');
  const size = (bytes: number): string => (human ? humanBytes(bytes) : String(Math.ceil(bytes / 1024)));
  let [stdout, stderr, total] = ['', '', 0];
  for (const path of parsed.flags.positionals) {
    const name = diskName(fleet, ctx.resolvePath?.(path) ?? path);
    const files = name === null ? null : filesBelow(fleet, machine, name);
    if (files === null || (files.size === 0 && name !== 'log' && name !== 'checkpoint' && name !== '')) {
      stderr += `du: cannot access '${path}': No such file or directory\n`;
      continue;
    }
    let bytes = 0;
    // du counts blocks that are taken, 4 KiB each, and a folder has one of its own.
    if (!files.has(name as string)) bytes += BLOCK_BYTES;
    for (const each of files.values()) bytes += Math.ceil(each / BLOCK_BYTES) * BLOCK_BYTES;
    total += bytes;
    stdout += `${size(bytes)}\t${path}\n`;
  }
  if (parsed.flags.has('total')) stdout += `${size(total)}\ttotal\n`;
  return { stdout, stderr, code: stderr === '' ? 0 : 1 };
};

/** `ls [-l] PATH...` for paths in the data directory. */
export const ls: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(LS, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  yield { kind: 'sleep', us: 1_000 };
  const long = parsed.flags.has('long');
  const size = (bytes: number): string => (parsed.flags.has('human-readable') ? humanBytes(bytes) : String(bytes));
  let result: CommandResult = ok('');
  for (const path of parsed.flags.positionals) {
    const name = diskName(fleet, ctx.resolvePath?.(path) ?? path);
    const files = name === null ? new Map<string, number>() : filesBelow(fleet, machine, name);
    if (name === null || (files.size === 0 && name !== '' && name !== 'log' && name !== 'checkpoint')) {
      result = {
        ...result,
        stderr: `${result.stderr}ls: cannot access '${path}': No such file or directory\n`,
        code: 2,
      };
      continue;
    }
    const entries = new Map<string, number>();
    for (const [file, bytes] of files) {
      const rest = file === name ? file : name === '' ? file : file.slice(name.length + 1);
      const entry = rest.split('/')[0] as string;
      entries.set(entry, (entries.get(entry) ?? 0) + bytes);
    }
    let text = '';
    for (const [entry, bytes] of entries) text += long ? `${size(bytes).padStart(12)} ${entry}\n` : `${entry}\n`;
    result = { ...result, stdout: result.stdout + text };
  }
  return result;
};
