import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import type { Node } from 'oxc-parser';
import { lineAt, literalName, type Source, walk } from './source.ts';

/**
 * One import of a file. `target` is a path relative to the root for our own files, else the package's name.
 * `kind`: `value` is loaded with the file, `type` is erased, `lazy` is loaded by `import()` or named by
 * `new URL('./x.ts', import.meta.url)` (a worker's entry).
 */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly kind: 'value' | 'type' | 'lazy';
  readonly own: boolean;
  readonly target: string;
}

/** The module that a node names, for every syntax that imports or re-exports. */
export function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literalName(node.source, true);
    case 'ExportNamedDeclaration':
      return node.source === null ? undefined : literalName(node.source, true);
    case 'TSExternalModuleReference':
      return literalName(node.expression, true);
    case 'NewExpression':
      return workerUrl(node);
    default:
      return undefined;
  }
}

/** The path in `new URL('./x.ts', import.meta.url)`. */
function workerUrl(node: Node & { type: 'NewExpression' }): string | undefined {
  const [path, base] = node.arguments;
  if (node.callee.type !== 'Identifier' || node.callee.name !== 'URL' || path === undefined) return undefined;
  if (base?.type !== 'MemberExpression' || base.object.type !== 'MetaProperty') return undefined;
  const text = literalName(path, true);
  return text !== undefined && /\.[jt]sx?$/.test(text) ? text : undefined;
}

/** An import is erased when all of it is marked as a type; `import './x.ts'` has nothing to erase and stays. */
function kindOf(node: Node): Import['kind'] {
  switch (node.type) {
    case 'ImportExpression':
    case 'NewExpression':
      return 'lazy';
    case 'TSImportType':
      return 'type';
    case 'ExportAllDeclaration':
      return node.exportKind === 'type' ? 'type' : 'value';
    case 'ExportNamedDeclaration':
      return node.exportKind === 'type' || allTypes(node.specifiers, 'exportKind') ? 'type' : 'value';
    case 'ImportDeclaration':
      return node.importKind === 'type' || allTypes(node.specifiers, 'importKind') ? 'type' : 'value';
    default:
      return 'value';
  }
}

function allTypes(specifiers: readonly object[], key: 'importKind' | 'exportKind'): boolean {
  return specifiers.length > 0 && specifiers.every((each) => (each as Record<string, unknown>)[key] === 'type');
}

/** All imports of a file, in order. A dynamic import of a computed name throws: nothing could judge it. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  walk(source.program, (node) => {
    const specifier = specifierOf(node);
    const line = lineAt(source, node.start);
    if (specifier === undefined) {
      // Scripts stand outside the layers and load what has been built.
      if (node.type !== 'ImportExpression' || source.path.startsWith('scripts/')) return;
      throw new Error(`${source.path}:${line} imports a computed name; write a switch over literal imports instead`);
    }
    const own = specifier.startsWith('.');
    const target = own ? resolve(source.path, specifier) : packageOf(specifier);
    imports.push({ from: source.path, line, kind: kindOf(node), own, target });
  });
  return imports;
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js(x?)$/, '.ts$1');
}

/** `ink` of `ink/build/x`, `@scope/name` of `@scope/name/x`, `node:fs` of `fs` or `node:fs/promises`. */
function packageOf(specifier: string): string {
  if (isNodeModule(specifier)) return `node:${specifier.replace(/^node:/, '').split('/')[0]}`;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** True for `node:fs`, `fs` and `fs/promises`. */
export function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier.split('/')[0] ?? specifier);
}
