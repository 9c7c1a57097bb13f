import type { Node } from 'oxc-parser';
import { at, type Finding, lineAt, literalName, type Source, walk } from './source.ts';

/** Longer files hold more than one idea. */
export const FILE_LINES_MAX = 400;
/** Longer functions are not read. */
export const FUNCTION_LINES_MAX = 60;

/**
 * Functions over the limit that stay, with the reason. They may shrink but not grow past `lines`; a row that is no
 * longer needed is refused, so the list only gets shorter by itself.
 */
export interface Ratchet {
  readonly path: string;
  readonly name: string;
  readonly lines: number;
  readonly reason: string;
}

export function fileLengths(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    const lines = source.text.split('\n').length - (source.text.endsWith('\n') ? 1 : 0);
    if (lines <= FILE_LINES_MAX) return [];
    return [
      at(source, { start: 0 }, 'file-length', `${lines} lines, the limit is ${FILE_LINES_MAX}: split it by ideas`),
    ];
  });
}

export function functionLengths(sources: readonly Source[], ratchets: readonly Ratchet[]): Finding[] {
  const findings: Finding[] = [];
  const used = new Set<Ratchet>();
  for (const source of sources) {
    for (const { node, name, lines } of longFunctions(source)) {
      const ratchet = ratchets.find((each) => each.path === source.path && each.name === name);
      if (ratchet !== undefined) used.add(ratchet);
      const limit = ratchet?.lines ?? FUNCTION_LINES_MAX;
      if (lines <= limit) continue;
      findings.push(at(source, node, 'function-length', `${name} has ${lines} lines, the limit is ${limit}: split it`));
    }
  }
  for (const ratchet of ratchets) {
    if (used.has(ratchet)) continue;
    const message = `${ratchet.name} is within the limit or gone: delete its row from test/tidy/ratchet.ts`;
    findings.push({ path: ratchet.path, line: 1, rule: 'ratchet', message });
  }
  return findings;
}

/** Functions over the limit. A `describe` callback is a table of contents, not a function that somebody reads. */
function longFunctions(source: Source): { node: Node; name: string; lines: number }[] {
  const long: { node: Node; name: string; lines: number }[] = [];
  walk(source.program, (node, ancestors) => {
    if (!isFunction(node)) return;
    const lines = lineAt(source, node.end) - lineAt(source, node.start) + 1;
    const parent = ancestors.at(-1);
    if (lines <= FUNCTION_LINES_MAX || (parent?.type === 'CallExpression' && rootName(parent) === 'describe')) return;
    long.push({ node, name: functionName(node, parent), lines });
  });
  return long;
}

function isFunction(node: Node): boolean {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  );
}

function functionName(node: Node, parent: Node | undefined): string {
  if ((node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') && node.id !== null)
    return node.id.name;
  if (parent?.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
  if (parent?.type === 'MethodDefinition' || parent?.type === 'Property' || parent?.type === 'PropertyDefinition') {
    return literalName(parent.key, parent.computed) ?? 'anonymous';
  }
  if (parent?.type === 'CallExpression') {
    const title = parent.arguments[0];
    return (title !== undefined ? literalName(title, true) : undefined) ?? 'anonymous';
  }
  return 'anonymous';
}

/** `it` of `it.each(rows)('title', f)` and of `it.only('title', f)`. */
function rootName(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'CallExpression') return rootName(node.callee);
  if (node.type === 'MemberExpression') return rootName(node.object);
  return node.type === 'TaggedTemplateExpression' ? rootName(node.tag) : undefined;
}

const TEST_ROOTS = ['it', 'test', 'describe', 'suite'];

/** Marks of unfinished work: the usual words in comments, `.only`, and `.skip` or `.todo` without a written reason. */
export function leftovers(source: Source): Finding[] {
  const findings: Finding[] = [];
  const reasons = new Set<number>();
  for (const comment of source.comments) {
    const mark = /\b(FIXME|TODO|XXX)\b/.exec(comment.value)?.[1];
    if (mark !== undefined)
      findings.push(at(source, comment, 'leftover', `${mark}: do it, or open an issue and say why`));
    if (/\bskipped: \S/.test(comment.value)) reasons.add(lineAt(source, comment.end));
  }
  walk(source.program, (node) => {
    if (node.type !== 'MemberExpression' || !TEST_ROOTS.includes(rootName(node.object) ?? '')) return;
    const name = literalName(node.property, node.computed);
    if (name === 'only') findings.push(at(source, node, 'leftover', '.only hides every other test'));
    const line = lineAt(source, node.start);
    if ((name === 'skip' || name === 'todo') && !reasons.has(line) && !reasons.has(line - 1)) {
      findings.push(
        at(source, node, 'leftover', `.${name} needs a comment \`skipped: why\` on its line or the one above`),
      );
    }
  });
  return findings;
}

/** Names that say nothing about their content, default exports, and barrels. */
export function namesAndExports(source: Source): Finding[] {
  const findings: Finding[] = [];
  const folder = source.path.split('/').find((part) => /^(utils?|common|helpers?|misc|shared)$/.test(part));
  const here = { start: 0 };
  if (folder !== undefined) findings.push(at(source, here, 'folder-name', `folder ${folder}: name it by its idea`));
  if (/(^|\/)index\.tsx?$/.test(source.path)) {
    findings.push(at(source, here, 'barrel', 'index files are barrels: import the file that defines the thing'));
  }
  walk(source.program, (node) => {
    if (node.type === 'ExportDefaultDeclaration' && source.path.startsWith('src/')) {
      findings.push(at(source, node, 'default-export', 'a default export has no name: export it by its own'));
    }
  });
  return findings;
}
