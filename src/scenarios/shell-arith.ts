import { parse } from 'just-bash';

/**
 * Commands within arithmetic, `$(( $(grep -c "a b" FILE) + 1 ))`. just-bash runs them in a shell of their own, without the
 * variables, functions and working directory of this one, and takes every double quote out of them first. So what they
 * print is put into variables by the statement before, where bash, too, runs them: before it calculates.
 */

interface Node {
  readonly type: string;
  originalText?: string;
  expression?: unknown;
  readonly parameter?: unknown;
}

/** Commands whose own words are expanded once, right before they run. */
const LIFTED: readonly string[] = ['SimpleCommand', 'ArithmeticCommand', 'ConditionalCommand', 'For', 'Case'];
const VARIABLE = 'firedrill_arith_';

/** Puts commands within arithmetic in front of the command that calculates. What cannot be moved stays as it is. */
export function liftSubstitutions(root: unknown): void {
  const count = { variables: 0 };
  lift(root, count);
}

function lift(value: unknown, count: { variables: number }): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) fields[name] = lift(fields[name], count);
  const node = value as Node;
  return LIFTED.includes(node.type) ? withSubstitutionsBefore(node, count) : value;
}

function withSubstitutionsBefore(node: Node, count: { variables: number }): unknown {
  const expressions = ownExpressions(node);
  if (expressions.length === 0) return node;
  const found: { readonly expression: Node; readonly again: Node }[] = [];
  const assignments: string[] = [];
  for (const expression of expressions) {
    const { plain, commands } = split(expression.originalText as string, count.variables);
    count.variables += commands.length;
    for (const { variable, text } of commands) assignments.push(`${variable}=$(${text}\n) || :`);
    const again = firstCommand(`(( ${plain} ))`) as Node | null;
    if (again === null) return node;
    found.push({ expression, again: again.expression as Node });
  }
  const group = firstCommand(`{ ${assignments.join('; ')}; :; }`) as {
    body: { pipelines: { commands: unknown[] }[] }[];
  };
  if (group === null) return node;
  for (const { expression, again } of found) Object.assign(expression, again);
  lift(group, count);
  const last = group.body.at(-1)?.pipelines[0];
  if (last !== undefined) last.commands[0] = node;
  return group;
}

/** The first command of a script that is written here; null when it does not parse. */
function firstCommand(script: string): unknown {
  try {
    return (parse(script) as unknown as { statements: { pipelines: { commands: unknown[] }[] }[] }).statements[0]
      ?.pipelines[0]?.commands[0];
  } catch {
    return null;
  }
}

/**
 * Arithmetic with commands in it that belongs to a command itself, not to one within it. None where the exit code of the
 * command before is read, too: it would be that of the assignment.
 */
function ownExpressions(root: Node): Node[] {
  const found: Node[] = [];
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || (next as Node).type === 'Statement') continue;
    const node = next as Node;
    if (node.type === 'ParameterExpansion' && node.parameter === '?') return [];
    if (node.type === 'ArithmeticExpression' && /`|\$\((?!\()/.test(node.originalText ?? '')) found.unshift(node);
    else open.push(...Object.values(node));
  }
  return found;
}

interface Split {
  /** The expression with a variable in the place of each command. */
  readonly plain: string;
  readonly commands: readonly { readonly variable: string; readonly text: string }[];
}

function split(text: string, from: number): Split {
  const commands: { variable: string; text: string }[] = [];
  let plain = '';
  for (let at = 0; at < text.length; ) {
    const quoted = text[at] === '`';
    if (!quoted && (!text.startsWith('$(', at) || text[at + 2] === '(')) {
      plain += text[at++];
      continue;
    }
    const end = endOfSubstitution(text, at);
    const inner = text.slice(at + (quoted ? 1 : 2), end - 1);
    const variable = `${VARIABLE}${from + commands.length}`;
    commands.push({ variable, text: quoted ? inner.replace(/\\([\\$`])/g, '$1') : inner });
    plain += `\${${variable}}`;
    at = end;
  }
  return { plain, commands };
}

/** Index behind the command substitution that begins at `at`. */
function endOfSubstitution(text: string, at: number): number {
  let end = at + 1;
  if (text[at] === '`') {
    while (end < text.length && text[end] !== '`') end += text[end] === '\\' ? 2 : 1;
    return Math.min(text.length, end + 1);
  }
  let depth = 0;
  let quote = '';
  for (; end < text.length; end++) {
    const letter = text[end] as string;
    if (letter === '\\' && quote !== "'") end++;
    else if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '(') depth++;
    else if (letter === ')' && --depth === 0) return end + 1;
  }
  return text.length;
}
