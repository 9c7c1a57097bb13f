import { failed, ok } from '../../host/command.ts';
import { ownMachine } from '../../host/host-fleet.ts';
import { diskName } from '../../host/tools/disk-space.ts';
import type { LocalBackup } from '../local-backups.ts';
import type { Context, Run } from './ask.ts';

const HELP = `usage: find DIRECTORY [-name PATTERN] [-mtime +DAYS|-DAYS|DAYS] [-delete]
Finds files in the backup directory of the data disk, the one whose files have ages, by name and whole days since their
modification; with -delete it removes them and prints nothing.
`;
const DAY_MS = 86_400_000;

interface Wanted {
  readonly path: string;
  readonly pattern: RegExp;
  readonly age: (days: number) => boolean;
  readonly removes: boolean;
}

/** What the arguments ask for, or what is wrong with them. */
function wantedOf(argv: readonly string[]): Wanted | string {
  const [path = '', ...rest] = argv;
  let pattern = /^.*$/;
  let age = (_days: number): boolean => true;
  let removes = false;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] as string;
    const value = rest[at + 1] ?? '';
    if (word === '-delete') removes = true;
    else if (word === '-type' && value === 'f') at++;
    else if (word === '-name') {
      pattern = new RegExp(
        `^${value
          .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')}$`,
      );
      at++;
    } else if (word === '-mtime' && /^[+-]?\d{1,5}$/.test(value)) {
      const days = Number(value.replace(/^[+-]/, ''));
      age = (is) => (value.startsWith('+') ? is > days : value.startsWith('-') ? is < days : is === days);
      at++;
    } else return `find: ${word}: not offered here\n${HELP}`;
  }
  return { path, pattern, age, removes };
}

/** `find /var/lib/kimberlite/backup -name "snapshot-*.tar.gz" -mtime +7 -delete`. */
export function* find(argv: readonly string[], _stdin: string, ctx: Context): Run {
  if (argv.includes('--help')) return ok(HELP);
  const wanted = wantedOf(argv);
  if (typeof wanted === 'string') return failed(1, wanted);
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  if (!fleet.hasService(machine) || diskName(fleet, wanted.path) !== 'backup') {
    return failed(1, `find: ${wanted.path}: only ${fleet.dataDirectory}/backup has files with ages\n`);
  }
  yield { kind: 'sleep', us: 50_000 };
  const nowMs = fleet.wallMs(machine);
  const days = (file: LocalBackup): number => Math.floor((nowMs - file.modifiedWallMs) / DAY_MS);
  const found = fleet.localBackups
    .of(machine.id)
    .filter((file) => wanted.pattern.test(file.name) && wanted.age(days(file)));
  if (!wanted.removes) return ok(found.map((file) => `${wanted.path.replace(/\/+$/, '')}/${file.name}\n`).join(''));
  if (found.length === 0) return ok('');
  fleet.localBackups.remove(machine, new Set(found.map((file) => file.name)));
  return ok('');
}
