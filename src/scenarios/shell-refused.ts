import { parse } from 'just-bash';
import { liftSubstitutions } from './shell-arith.ts';

/**
 * What of a shell cannot be virtual, with the remedy (R22): a script that uses one is refused before it starts, with exit
 * code 127 and the name. A command of the fleet's table with such a name takes precedence (a system may offer `kill`).
 */
const REFUSED_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['wait', 'nothing runs in the background here'],
  ['jobs', 'nothing runs in the background here'],
  ['fg', 'nothing runs in the background here'],
  ['bg', 'nothing runs in the background here'],
  ['disown', 'nothing runs in the background here'],
  ['nohup', 'nothing runs in the background here'],
  ['coproc', 'nothing runs in the background here'],
  ['kill', 'stop a process of the fleet with its own command (systemctl stop)'],
  ['trap', 'a step is not interrupted half way; use a drill to interrupt one'],
  ['time', 'use SECONDS or date +%s before and after'],
  ['times', 'use SECONDS or date +%s before and after'],
  ['eval', 'write the command out'],
  ['source', 'write the commands out'],
  ['.', 'write the commands out'],
  ['shuf', 'write the order out'],
  ['watch', 'write a loop with sleep'],
]);

const REFUSED_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['RANDOM', 'use uuidgen, which is drawn from the seed'],
  ['SRANDOM', 'use uuidgen, which is drawn from the seed'],
  ['EPOCHSECONDS', 'use $(date +%s)'],
  ['EPOCHREALTIME', 'use $(date +%s)'],
]);

/** Commands that run the command that stands in their first argument. */
const PREFIXES = ['command', 'builtin', 'exec'];

interface Node {
  readonly type: string;
  readonly background?: boolean;
  readonly timed?: boolean;
  readonly name?: unknown;
  readonly args?: readonly unknown[];
  readonly parameter?: unknown;
  readonly value?: unknown;
}

/**
 * The first thing in a script that is refused, as a message, or null. A script that does not parse has none: the shell
 * itself reports its syntax. `known` says which names the fleet's table defines.
 */
export function refusalOf(script: string, known: (name: string) => boolean): string | null {
  let root: unknown;
  try {
    root = parse(script);
    liftSubstitutions(root);
  } catch {
    return null;
  }
  const found: string[] = [];
  visit(root, (node) => {
    const message = judge(node, known);
    if (message !== null) found.push(message);
  });
  return found[0] ?? null;
}

function judge(node: Node, known: (name: string) => boolean): string | null {
  switch (node.type) {
    case 'Statement':
      return node.background === true
        ? say('&', 'run the commands one after the other, or in steps of their own')
        : null;
    case 'Pipeline':
      return node.timed === true ? refusedCommand('time', known) : null;
    case 'SimpleCommand': {
      const words = [node.name, ...(node.args ?? [])].map(literalOf);
      const at = PREFIXES.includes(words[0] ?? '') ? 1 : 0;
      return refusedCommand(words[at] ?? '', known);
    }
    case 'ParameterExpansion':
      return refusedVariable(node.parameter);
    case 'ArithCommandSubst':
      return say('a command within this arithmetic', 'put what it prints into a variable first');
    case 'ArithVariable':
      return refusedVariable(node.name);
    default:
      return null;
  }
}

function refusedCommand(name: string, known: (name: string) => boolean): string | null {
  const remedy = REFUSED_COMMANDS.get(name);
  return remedy === undefined || known(name) ? null : say(name, remedy);
}

function refusedVariable(name: unknown): string | null {
  const remedy = typeof name === 'string' ? REFUSED_VARIABLES.get(name) : undefined;
  return remedy === undefined ? null : say(`$${String(name)}`, remedy);
}

function say(what: string, remedy: string): string {
  return `bash: ${what}: not available in a rehearsal: ${remedy}\n`;
}

/** The messages for names that reach the shell in another way than by being written out (`$cmd`, `xargs`). */
export function refusedCommandResults(): ReadonlyMap<string, string> {
  // `.` is no name of a file: just-bash would put its entry in the place of the folder /bin.
  const names = [...REFUSED_COMMANDS].filter(([name]) => name !== '.');
  return new Map(names.map(([name, remedy]) => [name, say(name, remedy)]));
}

/** The text of a word that is written out; '' for one that is computed. */
function literalOf(word: unknown): string {
  const parts = (word as { parts?: readonly Node[] } | null)?.parts ?? [];
  const texts = parts.map((part) => (typeof part.value === 'string' ? part.value : null));
  return texts.includes(null) ? '' : texts.join('');
}

function visit(value: unknown, see: (node: Node) => void): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (typeof (next as Node).type === 'string') see(next as Node);
    const children = Array.isArray(next) ? next : Object.values(next);
    for (let index = children.length - 1; index >= 0; index--) open.push(children[index]);
  }
}
