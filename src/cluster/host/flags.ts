import { type CommandResult, failed, ok } from './command.ts';

/** One flag of a command. `integer` accepts a decimal integer and nothing else. */
export interface Flag {
  readonly name: string;
  readonly kind: 'switch' | 'text' | 'integer';
  readonly help: string;
  /** One letter, so that `-n 3`, `-n3` and clusters such as `-sh` work. */
  readonly short?: string;
  readonly required?: boolean;
}

export interface CommandUsage {
  /** As typed, with its subcommands: `kimberlite-cli replica status`. */
  readonly command: string;
  /** One sentence for `--help`. */
  readonly about: string;
  readonly flags: readonly Flag[];
  /** Names of the positional arguments, for usage and messages; the last ones may be optional. */
  readonly positionals: readonly string[];
  readonly positionalsMin: number;
  /** Whether the last positional may repeat. */
  readonly rest?: boolean;
}

/** A command's arguments after parsing. */
export class Flags {
  readonly positionals: readonly string[];
  private readonly values: ReadonlyMap<string, string | number | true>;

  constructor(values: ReadonlyMap<string, string | number | true>, positionals: readonly string[]) {
    this.values = values;
    this.positionals = positionals;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  integer(name: string): number | undefined {
    const value = this.values.get(name);
    return typeof value === 'number' ? value : undefined;
  }
}

export type Parsed =
  | { readonly ok: true; readonly flags: Flags }
  | { readonly ok: false; readonly result: CommandResult };

/** Raised inside the parser alone: the sentence that tells what is wrong. */
interface Problem {
  text: string;
}

/**
 * Parses the arguments of one of our commands, GNU style: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * clusters of switches, `--` before positionals. A mistake is a result to return at once: exit code 2 with the mistake
 * and the usage line on stderr; `--help` is one with code 0 and the help text.
 */
export function parseFlags(usage: CommandUsage, argv: readonly string[]): Parsed {
  const values = new Map<string, string | number | true>();
  const positionals: string[] = [];
  const problem: Problem = { text: '' };
  for (let at = 0; at < argv.length && problem.text === ''; at++) {
    const word = argv[at] as string;
    if (word === '--') {
      positionals.push(...argv.slice(at + 1));
      break;
    }
    if (word === '--help' && !usage.flags.some(({ name }) => name === 'help')) {
      return { ok: false, result: ok(helpText(usage)) };
    }
    if (word.startsWith('--')) at += takeLong(usage, values, word, argv[at + 1], problem);
    else if (word.startsWith('-') && word !== '-') at += takeShort(usage, values, word, argv[at + 1], problem);
    else positionals.push(word);
  }
  if (problem.text !== '') return wrong(usage, problem.text);
  const missing = usage.flags.find((flag) => flag.required === true && !values.has(flag.name));
  if (missing !== undefined) return wrong(usage, `--${missing.name} is missing`);
  if (positionals.length < usage.positionalsMin) {
    return wrong(usage, `${usage.positionals[positionals.length] ?? 'an argument'} is missing`);
  }
  if (positionals.length > usage.positionals.length && usage.rest !== true) {
    return wrong(usage, `unexpected argument ${positionals[usage.positionals.length]}`);
  }
  return { ok: true, flags: new Flags(values, positionals) };
}

/** Takes `--name`, `--name=value` or `--name value`; returns how many further words it used. */
function takeLong(
  usage: CommandUsage,
  values: Map<string, string | number | true>,
  word: string,
  next: string | undefined,
  problem: Problem,
): number {
  const equals = word.indexOf('=');
  const written = equals < 0 ? word : word.slice(0, equals);
  const flag = usage.flags.find(({ name }) => `--${name}` === written);
  if (flag === undefined) {
    problem.text = `unknown flag ${written}`;
    return 0;
  }
  if (equals >= 0) {
    problem.text = setFlag(values, flag, written, word.slice(equals + 1));
    return 0;
  }
  if (flag.kind === 'switch') {
    problem.text = setFlag(values, flag, written, undefined);
    return 0;
  }
  const value = isValue(flag, next) ? next : undefined;
  problem.text = setFlag(values, flag, written, value);
  return value === undefined ? 0 : 1;
}

/** Takes a cluster of short switches, the last of which may have a value; returns how many further words it used. */
function takeShort(
  usage: CommandUsage,
  values: Map<string, string | number | true>,
  word: string,
  next: string | undefined,
  problem: Problem,
): number {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] as string;
    const flag = usage.flags.find(({ short }) => short === letter);
    if (flag === undefined) {
      problem.text = `unknown flag -${letter}`;
      return 0;
    }
    if (flag.kind !== 'switch') {
      const rest = word.slice(at + 1);
      const value = rest !== '' ? rest : isValue(flag, next) ? next : undefined;
      problem.text = setFlag(values, flag, `-${letter}`, value);
      return rest === '' && value !== undefined ? 1 : 0;
    }
    problem.text = setFlag(values, flag, `-${letter}`, undefined);
    if (problem.text !== '') return 0;
  }
  return 0;
}

/** A word that begins with a dash is no value, unless it is a negative number for an integer. */
function isValue(flag: Flag, word: string | undefined): boolean {
  if (word === undefined) return false;
  if (!word.startsWith('-') || word === '-') return true;
  return flag.kind === 'integer' && /^-\d/.test(word);
}

/** Stores a flag's value; answers what is wrong with it, or ''. */
function setFlag(
  values: Map<string, string | number | true>,
  flag: Flag,
  written: string,
  value: string | undefined,
): string {
  if (values.has(flag.name)) return `${written} stands twice`;
  if (flag.kind === 'switch') {
    if (value !== undefined) return `${written} takes no value`;
    values.set(flag.name, true);
    return '';
  }
  if (value === undefined) return `${written} needs a value`;
  if (flag.kind === 'integer' && !/^-?\d{1,15}$/.test(value)) return `${written} needs an integer, not ${value}`;
  values.set(flag.name, flag.kind === 'integer' ? Number(value) : value);
  return '';
}

function wrong(usage: CommandUsage, problem: string): Parsed {
  const hint = `${usageLine(usage)}\ntry '${usage.command} --help'\n`;
  return { ok: false, result: failed(2, `${usage.command}: ${problem}\n${hint}`) };
}

function usageLine(usage: CommandUsage): string {
  const flags = usage.flags.map((flag) => {
    const text = flag.kind === 'switch' ? `--${flag.name}` : `--${flag.name} ${flag.kind.toUpperCase()}`;
    return flag.required === true ? text : `[${text}]`;
  });
  const names = usage.positionals.map((name, index) => (index < usage.positionalsMin ? name : `[${name}]`));
  return ['usage:', usage.command, ...flags, ...names, ...(usage.rest === true ? ['...'] : [])].join(' ');
}

/** What `--help` prints. */
export function helpText(usage: CommandUsage): string {
  const rows = usage.flags.map((flag) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    return `  ${`${short}--${flag.name}${flag.kind === 'switch' ? '' : ` ${flag.kind.toUpperCase()}`}`.padEnd(28)} ${flag.help}`;
  });
  return `${[usage.about, usageLine(usage), ...rows].join('\n')}\n`;
}
