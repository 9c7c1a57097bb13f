import yargs, { type Argv } from 'yargs';
import { nearest } from '../plan/nearest.ts';
import { isUserError } from '../plan/user-error.ts';
import { COMMANDS, type Command, type CommandRow } from './command-table.ts';

/** What an argument list asks for. */
export type CommandLine =
  | { readonly kind: 'command'; readonly command: Command }
  /** Help or the version: printed on stdout, exit code 0. */
  | { readonly kind: 'text'; readonly text: string }
  /** A mistake: printed on stderr, exit code 64. */
  | { readonly kind: 'usage'; readonly message: string };

const WIDTH = 100;
const EPILOGUE = [
  'Exit codes: 0 every run ended as declared, 1 one did not, 2 inconclusive runs only, 3 nondeterminism, 64 usage or',
  'bad input, 70 firedrill itself failed; the worst one wins, in the order 70, 64, 3, 1, 2.',
].join(' ');

/** Reads an argument list (without node and script). Prints nothing and runs nothing. */
export async function readCommandLine(argv: readonly string[], version: string): Promise<CommandLine> {
  if (argv.length === 0) return nothingTyped(version);
  const valued = flagWithValue(argv);
  if (valued !== undefined) {
    const message = `--${valued} takes no value\n  remedy: write --${valued} alone, or leave it out`;
    return { kind: 'usage', message };
  }
  let command: Command | undefined;
  const parser = yargs()
    .scriptName('firedrill')
    .usage('$0 <command>: rehearses incidents against a simulated system, the same way every time')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .detectLocale(false)
    .exitProcess(false)
    .wrap(WIDTH)
    .strict()
    .demandCommand(1, 'no command was given')
    .help('help')
    .alias('help', 'h')
    .version(version)
    .example('$0 run', 'every scenario, safe and literal, with the default seed')
    .epilogue(EPILOGUE);
  for (const row of COMMANDS) addCommand(parser, row, (read) => (command = read));
  const outcome = await new Promise<CommandLine>((settle) => {
    const usage = (message: string): void => settle({ kind: 'usage', message });
    parser.fail((message, error) => {
      throw error ?? new UsageMistake(message);
    });
    const heard = (error: Error | undefined | null, _argv: unknown, output: string): void => {
      if (error) usage(mistakeText(error, argv));
      else if (output !== '') settle({ kind: 'text', text: `${output}\n` });
      else if (command !== undefined) settle({ kind: 'command', command });
      else usage(mistakeText(new UsageMistake('no command was given'), argv));
    };
    try {
      const parsed = parser.parse([...argv], {}, heard);
      if (parsed instanceof Promise) parsed.catch((error: Error) => usage(mistakeText(error, argv)));
    } catch (error) {
      usage(mistakeText(error as Error, argv));
    }
  });
  return outcome;
}

/** yargs takes `--json=1` for `--json=false` and says nothing: a check that was asked for would be left out. */
function flagWithValue(argv: readonly string[]): string | undefined {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const name = words.find((word) => !word.startsWith('-'));
  const rows = COMMANDS.filter((row) => row.name === name);
  const options = (rows.length === 0 ? COMMANDS : rows).flatMap((row) => row.options);
  const flags = ['help', 'version', ...options.filter(({ flag }) => flag).map((option) => option.name)];
  for (const word of words) {
    const [, flag, given] = /^--?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (flag !== undefined && flags.includes(flag) && given !== 'true' && given !== 'false') return flag;
  }
  return undefined;
}

/** Who types nothing wants to know what there is; it is still no use that could succeed. */
async function nothingTyped(version: string): Promise<CommandLine> {
  const help = await readCommandLine(['--help'], version);
  const text = help.kind === 'text' ? help.text.trimEnd() : '';
  return { kind: 'usage', message: `no command was given\n  remedy: name one of these\n\n${text}` };
}

class UsageMistake extends Error {}

function addCommand(parser: Argv, row: CommandRow, onRead: (command: Command) => void): void {
  parser.command(
    row.usage,
    row.summary,
    (builder) => {
      for (const [name, text] of row.positionals) builder.positional(name, { type: 'string', describe: text });
      for (const option of row.options) {
        builder.option(option.name, {
          describe: option.text,
          type: option.flag ? 'boolean' : 'string',
          requiresArg: !option.flag,
          ...(option.choices === undefined ? {} : { choices: option.choices }),
        });
      }
      for (const [line, text] of row.examples) builder.example(line, text);
      return builder.epilogue(row.notes);
    },
    (values) => onRead(row.read(single(values))),
  );
}

/** An option that is given twice arrives as a list. Only positionals may be lists. */
function single(values: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value) && name !== '_' && name !== 'scenario' && name !== 'id') {
      throw new UsageMistake(`--${name} is given ${value.length} times`);
    }
  }
  return values;
}

function mistakeText(error: Error, argv: readonly string[]): string {
  if (isUserError(error)) return error.message;
  const name = argv.find((word) => !word.startsWith('-'));
  const row = COMMANDS.find((each) => each.name === name);
  const help = `firedrill ${row === undefined ? '' : `${row.name} `}--help`;
  const meant = suggestion(error.message, row, name);
  const unknownCommand = row === undefined && name !== undefined;
  const message = unknownCommand ? `there is no command ${name}` : error.message.trim().replaceAll(/\s*\n\s*/g, ' ');
  return `${message}\n  remedy: ${meant === undefined ? '' : `did you mean ${meant}? `}${help} shows what there is`;
}

/** What an unknown command or option was probably meant to be. */
function suggestion(message: string, row: CommandRow | undefined, name: string | undefined): string | undefined {
  if (row === undefined) {
    const names = COMMANDS.map((each) => each.name);
    return name === undefined ? undefined : nearest(name, names);
  }
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return undefined;
  const option = nearest(unknown, [...row.options.map((each) => each.name), 'help', 'version']);
  return option === undefined ? undefined : `--${option}`;
}
