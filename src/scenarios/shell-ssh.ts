import { type CommandResult, failed, ok } from './command.ts';

export type SshRequest =
  | {
      readonly ok: true;
      readonly host: string;
      /** The command line to run there; null when it comes on standard input. */
      readonly script: string | null;
      readonly connectTimeoutUs: number | null;
    }
  | { readonly ok: false; readonly result: CommandResult };

const WITH_VALUE = ['-o', '-p', '-i', '-l', '-F', '-J'];
const WITHOUT = ['-t', '-tt', '-T', '-q', '-n', '-A', '-4', '-6', '-v', '-x'];

/** Reads the arguments of `ssh`. As there, the words behind the host are joined by blanks and parsed by the far shell. */
export function readSsh(argv: readonly string[]): SshRequest {
  let connectTimeoutUs: number | null = null;
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) break;
    if (word === '--help') return { ok: false, result: ok('usage: ssh [-o OPTION] [USER@]HOST [COMMAND]\n') };
    if (WITHOUT.includes(word)) continue;
    const value = WITH_VALUE.includes(word) ? argv[++at] : /^-o./.test(word) ? word.slice(2) : undefined;
    if (value === undefined) return { ok: false, result: failed(255, `ssh: unknown option ${word}\n`) };
    const seconds = /^ConnectTimeout[= ](\d{1,6})$/i.exec(value)?.[1];
    if (seconds !== undefined) connectTimeoutUs = Number(seconds) * 1_000_000;
  }
  const host = argv[at]?.replace(/^[^@]*@/, '') ?? '';
  if (host === '')
    return { ok: false, result: failed(255, 'ssh: no host given\nusage: ssh [-o OPTION] [USER@]HOST [COMMAND]\n') };
  const words = argv.slice(argv[at + 1] === '--' ? at + 2 : at + 1);
  return { ok: true, host, script: words.length === 0 ? null : words.join(' '), connectTimeoutUs };
}
