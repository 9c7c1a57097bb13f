import type { Import } from './imports.ts';
import { layerOf } from './layers.ts';
import type { Finding } from './source.ts';

/** Groups of nodes that reach each other (Tarjan), each sorted; single nodes only when they import themselves. */
export function cycles(edges: readonly (readonly [from: string, to: string])[]): string[][] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    stack.push(node);
    let lowest = own;
    for (const to of next.get(node) ?? []) {
      if (!index.has(to)) lowest = Math.min(lowest, visit(to));
      else if (stack.includes(to)) lowest = Math.min(lowest, index.get(to) ?? own);
    }
    low.set(node, lowest);
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1 || next.get(node)?.includes(node)) found.push(group.sort());
    }
    return lowest;
  };
  for (const node of next.keys()) if (!index.has(node)) visit(node);
  return found;
}

/** Files that load each other. Type-only imports are erased and load nothing. */
export function fileCycles(
  imports: readonly Import[],
  kinds: readonly Import['kind'][] = ['value', 'lazy'],
): string[][] {
  return cycles(
    imports.filter((each) => each.own && kinds.includes(each.kind)).map((each) => [each.from, each.target]),
  );
}

/** Layers that import each other, types included. */
export function layerCycles(imports: readonly Import[]): string[][] {
  const edges = imports
    .filter((each) => each.own)
    .map((each) => [layerOf(each.from) ?? each.from, layerOf(each.target) ?? each.target] as const)
    .filter(([from, to]) => from !== to);
  return cycles(edges);
}

/** Everything that the entries reach over imports of the given kinds. */
export function reachable(
  entries: readonly string[],
  imports: readonly Import[],
  kinds: readonly Import['kind'][] = ['value', 'lazy', 'type'],
): Set<string> {
  const targets = new Map<string, string[]>();
  for (const each of imports) {
    if (kinds.includes(each.kind)) targets.set(each.from, [...(targets.get(each.from) ?? []), each.target]);
  }
  const seen = new Set(entries);
  for (const path of seen) for (const target of targets.get(path) ?? []) seen.add(target);
  return seen;
}

/** Files under src that neither the command nor a test, benchmark or script reaches. */
/** Where our code begins: the command, and the page that scripts/build.mjs bundles. */
const BEGINS = ['src/cli/main.ts', 'src/page/main.tsx'];

export function deadFiles(paths: readonly string[], imports: readonly Import[]): Finding[] {
  const entries = paths.filter((path) => BEGINS.includes(path) || !path.startsWith('src/'));
  const live = reachable(entries, imports);
  const message = 'nothing imports this file: neither src/cli/main.ts nor a test reaches it; wire it up or delete it';
  return paths.filter((path) => !live.has(path)).map((path) => ({ path, line: 1, rule: 'dead-file', message }));
}

const LAZY_ONLY =
  /^(src\/(sim|cluster|faults|checkers|alerts|scenarios|campaign|store|tui|selfcheck)\/|ink$|react$|just-bash$|better-sqlite3$|bullmq$)/;

/** What the command loads before it has looked at its arguments: `cli` imports every layer lazily. */
export function eagerImports(imports: readonly Import[]): Finding[] {
  const eager = reachable(['src/cli/main.ts'], imports, ['value']);
  return imports
    .filter((each) => each.kind === 'value' && eager.has(each.from) && LAZY_ONLY.test(each.target))
    .filter((each) => each.from.startsWith('src/cli/'))
    .map(({ from, line, target }) => ({
      path: from,
      line,
      rule: 'lazy',
      message: `${target} is loaded before the arguments are known; reach it by import() from src/cli/main.ts`,
    }));
}
