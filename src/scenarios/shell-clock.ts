import { type CommandResult, failed, type OperatorCommand, ok } from './command.ts';
import { type CommandUsage, parseFlags } from './shell-flags.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
] as const; // biome-ignore format: a table reads better in rows
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['second', 1_000], ['sec', 1_000], ['minute', 60_000], ['min', 60_000],
  ['hour', 3_600_000], ['day', 86_400_000], ['week', 604_800_000],
]); // biome-ignore format: a table reads better in rows

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);

/** strftime in UTC for the conversions that runbooks use. Null names nothing: an unknown conversion is refused. */
function conversion(letter: string, at: Date, ms: number): string | null {
  const day = DAYS[at.getUTCDay()] ?? '';
  const month = MONTHS[at.getUTCMonth()] ?? '';
  const hour12 = at.getUTCHours() % 12 === 0 ? 12 : at.getUTCHours() % 12;
  switch (letter) {
    case 'Y': return pad(at.getUTCFullYear(), 4);
    case 'y': return pad(at.getUTCFullYear() % 100);
    case 'm': return pad(at.getUTCMonth() + 1);
    case 'd': return pad(at.getUTCDate());
    case 'e': return pad(at.getUTCDate(), 2, ' ');
    case 'H': return pad(at.getUTCHours());
    case 'I': return pad(hour12);
    case 'M': return pad(at.getUTCMinutes());
    case 'S': return pad(at.getUTCSeconds());
    case 'N': return pad(((ms % 1000) + 1000) % 1000, 3).padEnd(9, '0');
    case 's': return String(Math.floor(ms / 1000));
    case 'j': return pad(1 + Math.floor((ms - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000), 3);
    case 'p': return at.getUTCHours() < 12 ? 'AM' : 'PM';
    case 'u': return String(at.getUTCDay() === 0 ? 7 : at.getUTCDay());
    case 'w': return String(at.getUTCDay());
    case 'a': return day.slice(0, 3);
    case 'A': return day;
    case 'b': case 'h': return month.slice(0, 3);
    case 'B': return month;
    case 'F': return format('%Y-%m-%d', ms);
    case 'T': return format('%H:%M:%S', ms);
    case 'R': return format('%H:%M', ms);
    case 'D': return format('%m/%d/%y', ms);
    case 'c': return format('%a %b %e %H:%M:%S %Y', ms);
    case 'x': return format('%m/%d/%y', ms);
    case 'X': return format('%H:%M:%S', ms);
    case 'Z': return 'UTC';
    case 'z': return '+0000';
    case 'n': return '\n';
    case 't': return '\t';
    case '%': return '%';
    default: return null;
  }
} // biome-ignore format: a table reads better in rows

/** How a value is written after one of the flags of a conversion. */
const FLAGGED: Readonly<Record<string, (value: string) => string>> = {
  '-': (value) => value.replace(/^[0 ]+(?=\d)/, ''),
  _: (value) => value.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length)),
  '0': (value) => value.replace(/^ +(?=\d)/, (spaces) => '0'.repeat(spaces.length)),
  '^': (value) => value.toUpperCase(),
};

/** Formats a wall clock as `date +TEXT` does, in UTC. @throws Error naming an unknown conversion */
export function format(text: string, ms: number): string {
  return text.replace(/%([-_0^]?)(\d*)(:?[a-zA-Z%])?/g, (whole, flag: string, width: string, letter = '') => {
    const value = conversion(letter, new Date(ms), ms);
    // Of widths only the digits of a second are known: `%3N` counts milliseconds.
    const known = width === '' || (flag === '' && letter === 'N' && /^[1-9]$/.test(width));
    if (value === null || !known) throw new Error(`conversion ${whole} is not known`);
    if (width !== '') return value.slice(0, Number(width));
    return FLAGGED[flag]?.(value) ?? value;
  });
}

/** Reads what `date -d` accepts of it: @epoch, ISO 8601 (UTC), now, today, yesterday, tomorrow, `10 minutes ago`, `-1 hour`. */
function readWhen(text: string, nowMs: number): number | null {
  const plain = text.trim().toLowerCase();
  if (plain === 'now' || plain === 'today' || plain === '') return nowMs;
  if (plain === 'yesterday') return nowMs - 86_400_000;
  if (plain === 'tomorrow') return nowMs + 86_400_000;
  const epoch = /^@(-?\d{1,12})(?:\.\d+)?$/.exec(plain);
  if (epoch !== null) return Number(epoch[1]) * 1000;
  const relative = /^([+-]?\s?\d{1,9})\s*([a-z]+?)s?(\s+ago)?$/.exec(plain);
  const unitMs = UNIT_MS.get(relative?.[2] ?? '');
  if (relative !== null && unitMs !== undefined) {
    const by = Number((relative[1] ?? '').replace(/\s/g, '')) * unitMs;
    return relative[3] === undefined ? nowMs + by : nowMs - by;
  }
  const iso = /^(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d)(:\d\d)?)?(z| utc)?$/.exec(plain);
  if (iso === null) return null;
  const ms = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ?? ':00'}Z`);
  return Number.isNaN(ms) ? null : ms;
}

const DATE: CommandUsage = {
  command: 'date',
  about: 'Prints the wall clock of the host, in UTC.',
  flags: [
    { name: 'date', short: 'd', kind: 'text', help: 'print this time: @EPOCH, ISO 8601, "10 minutes ago"' },
    { name: 'utc', short: 'u', kind: 'switch', help: 'UTC, as always' },
    { name: 'rfc-email', short: 'R', kind: 'switch', help: 'RFC 5322' },
    { name: 'iso-seconds', kind: 'switch', help: 'ISO 8601 to the second (also -Iseconds, -Is)' },
    { name: 'set', short: 's', kind: 'text', help: 'refused: clocks are set by chronyc or a fault' },
  ],
  positionals: ['+FORMAT'],
  positionalsMin: 0,
};

export const date: OperatorCommand<unknown> = function* (argv, _stdin, ctx) {
  const args = argv.map((text) => (/^-I(s|seconds)$|^--iso-8601=s(econds)?$/.test(text) ? '--iso-seconds' : text));
  const parsed = parseFlags(DATE, args);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  if (flags.has('set')) return failed(1, 'date: cannot set date: Operation not permitted\n');
  const ms = readWhen(flags.text('date') ?? 'now', ctx.nowMs());
  if (ms === null) return failed(1, `date: invalid date '${flags.text('date')}'\n`);
  const wanted = flags.positionals[0];
  if (wanted !== undefined && !wanted.startsWith('+')) return failed(1, `date: invalid date '${wanted}'\n`);
  const pattern = wanted?.slice(1) ?? defaultPattern(flags.has('rfc-email'), flags.has('iso-seconds'));
  try {
    return ok(`${format(pattern, ms)}\n`);
  } catch (error) {
    return failed(2, `date: ${(error as Error).message}\n`);
  }
};

function defaultPattern(mail: boolean, iso: boolean): string {
  if (mail) return '%a, %d %b %Y %H:%M:%S +0000';
  return iso ? '%Y-%m-%dT%H:%M:%S+00:00' : '%a %b %e %H:%M:%S UTC %Y';
}

/** Microseconds of `5`, `0.5`, `2m`, `1h`, `1d`; null for anything else. */
export function readSleep(text: string): number | null {
  const found = /^(\d{1,9})?(?:\.(\d{1,6}))?([smhd]?)$/.exec(text);
  if (found === null || (found[1] === undefined && found[2] === undefined)) return null;
  const seconds = Number(found[1] ?? '0') * 1_000_000 + Number((found[2] ?? '').padEnd(6, '0'));
  return seconds * ({ m: 60, h: 3600, d: 86_400 }[found[3] ?? ''] ?? 1);
}

export const sleep: OperatorCommand<unknown> = function* (argv) {
  if (argv[0] === '--help') return ok('usage: sleep NUMBER[smhd]...\nWaits in virtual time.\n');
  if (argv.length === 0) return failed(1, 'sleep: missing operand\n');
  let us = 0;
  for (const text of argv) {
    const each = readSleep(text);
    if (each === null) return failed(1, `sleep: invalid time interval '${text}'\n`);
    us += each;
  }
  yield { kind: 'sleep', us };
  return ok('');
};

/** Answers which names a shell draws: deterministic counters, one per host. */
export function mktemp(nextName: () => number): OperatorCommand<unknown> {
  // biome-ignore lint/correctness/useYield: mktemp takes no time
  return function* (argv, _stdin, ctx): Generator<never, CommandResult, boolean> {
    const parsed = parseFlags(
      {
        command: 'mktemp',
        about: 'Creates an empty file with a fresh name and prints it.',
        flags: [
          { name: 'suffix', kind: 'text', help: 'appended to the name' },
          { name: 'tmpdir', short: 'p', kind: 'text', help: 'folder (default /tmp)' },
        ],
        positionals: ['TEMPLATE'],
        positionalsMin: 0,
      },
      argv,
    );
    if (!parsed.ok) return parsed.result;
    const template = parsed.flags.positionals[0] ?? '/tmp/tmp.XXXXXXXXXX';
    const places = /X{3,}(?!.*X{3})/.exec(template)?.[0] ?? '';
    if (places === '') return failed(1, `mktemp: too few X's in template '${template}'\n`);
    const name = nextName().toString(36).padStart(places.length, '0');
    const folder = parsed.flags.text('tmpdir');
    const path = `${folder === undefined ? '' : `${folder}/`}${template.replace(/X{3,}(?!.*X{3})/, name)}`;
    const full = `${path}${parsed.flags.text('suffix') ?? ''}`;
    ctx.writeFile(full, '');
    return ok(`${full}\n`);
  };
}
