import { type CommandResult, failed, type OperatorCommand, ok } from './command.ts';

/** One subcommand of a program: `replica status` of kimberlite-cli. */
export interface Subcommand<Fleet> {
  readonly words: readonly string[];
  /** One sentence for the program's help. */
  readonly about: string;
  /** Gets the arguments behind its words; parses its own flags and prints its own help. */
  readonly run: OperatorCommand<Fleet>;
}

/**
 * A program made of subcommands. The one with the most matching words runs; without any, the list goes to stderr with
 * exit code 2 (stdout and 0 for `--help`).
 */
export function program<Fleet>(
  name: string,
  about: string,
  table: readonly Subcommand<Fleet>[],
): OperatorCommand<Fleet> {
  return function* (argv, stdin, ctx): ReturnType<OperatorCommand<Fleet>> {
    let best: Subcommand<Fleet> | null = null;
    for (const each of table) {
      const matches = each.words.every((word, index) => argv[index] === word);
      if (matches && (best === null || each.words.length > best.words.length)) best = each;
    }
    if (best !== null) return yield* best.run(argv.slice(best.words.length), stdin, ctx);
    if (argv[0] === '--help' || argv[0] === 'help') return ok(listText(name, about, table));
    return unknown(name, about, table, argv);
  };
}

function unknown<Fleet>(
  name: string,
  about: string,
  table: readonly Subcommand<Fleet>[],
  argv: readonly string[],
): CommandResult {
  const words = argv.filter((word) => !word.startsWith('-')).slice(0, 3);
  const problem = words.length === 0 ? 'a subcommand is missing' : `unknown subcommand ${words.join(' ')}`;
  return failed(2, `${name}: ${problem}\n${listText(name, about, table)}`);
}

function listText<Fleet>(name: string, about: string, table: readonly Subcommand<Fleet>[]): string {
  const rows = table.map(({ words, about: each }) => `  ${words.join(' ').padEnd(32)} ${each}\n`);
  return `${about}\nusage: ${name} SUBCOMMAND [FLAGS]\n${rows.join('')}`;
}
