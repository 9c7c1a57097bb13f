import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Comment, type Node, parseSync, visitorKeys } from 'oxc-parser';

/** The repository's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A parsed source file; `path` is relative to the root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly Comment[];
  /** The offset of each line's first character, for `lineAt`. */
  readonly lineStarts: readonly number[];
}

/** One broken rule: `rule` is stable, `message` names the remedy. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** The form in which a failing test lists findings: one a line, clickable. */
export function show(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, rule, message }) => `${path}:${line} [${rule}] ${message}`);
}

/** Parses `text` as TypeScript; throws when it does not parse, because an unread file would pass every check. */
export function parse(path: string, text: string): Source {
  const name = path.endsWith('.tsx') ? path : path.replace(/\.(ts\.txt|mjs)$/, '.ts');
  const { program, comments, errors } = parseSync(name, text, { sourceType: 'module' });
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { path, text, program, comments, lineStarts };
}

/** The 1-based line of a character offset. */
export function lineAt(source: Source, offset: number): number {
  const after = source.lineStarts.findIndex((start) => start > offset);
  return after < 0 ? source.lineStarts.length : after;
}

/** A finding at a node. */
export function at(source: Source, node: { start: number }, rule: string, message: string): Finding {
  return { path: source.path, line: lineAt(source, node.start), rule, message };
}

/** Relative paths of all files below `folder` (relative to the root), sorted; a missing folder has none. */
export function filesUnder(folder: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** All TypeScript and script sources below the folders. */
export function sourcesUnder(...folders: string[]): Source[] {
  return folders
    .flatMap(filesUnder)
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path))
    .map((path) => parse(path, readFileSync(join(ROOT, path), 'utf8')));
}

/** The child nodes of a node in source order, by the parser's own table of keys. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = (node as unknown as Record<string, unknown>)[key];
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object') children.push(child as Node);
    }
  }
  return children;
}

/** Calls `visit` for the node and everything below it; `ancestors` is innermost last and reused between calls. */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: Node[] = [],
): void {
  visit(node, ancestors);
  ancestors.push(node);
  for (const child of childrenOf(node)) walk(child, visit, ancestors);
  ancestors.pop();
}

/** A member's or property's name when it can be read off the source: `a.b`, `a['b']`, a[`b`]. */
export function literalName(key: Node, computed: boolean): string | undefined {
  if (!computed && (key.type === 'Identifier' || key.type === 'PrivateIdentifier')) return key.name;
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value;
  if (key.type === 'TemplateLiteral' && key.expressions.length === 0) return key.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}
