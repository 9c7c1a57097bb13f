import { parseArgs } from 'node:util';
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

/**
 * Parses the arguments of one of our commands. A mistake is a result to return at once: exit code 2 with the mistake and
 * the usage line on stderr; `--help` is one with code 0 and the help text. The messages are ours, not those of Node,
 * because they are part of a run's trace (R23).
 */
export function parseFlags(usage: CommandUsage, argv: readonly string[]): Parsed {
  const options = Object.fromEntries(
    usage.flags.map(({ name, kind, short }) => [
      name,
      {
        type: kind === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | number | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = usage.flags.find(({ name }) => name === token.name);
    if (flag === undefined) {
      if (token.rawName === '--help') return { ok: false, result: ok(helpText(usage)) };
      return wrong(usage, `unknown flag ${token.rawName}`);
    }
    const problem = setFlag(values, flag, token.rawName, token.value);
    if (problem !== '') return wrong(usage, problem);
  }
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
