import type { Import } from './imports.ts';
import type { Finding } from './source.ts';

/**
 * The layer table of ARCHITECTURE.md as data: a layer imports itself and what stands in its row. A row for
 * `cluster/<system>` stands for each folder under src/cluster that has no row of its own; two systems never import each
 * other. `types` may be imported with `import type` only.
 */
interface Row {
  readonly layer: string;
  readonly values: readonly string[];
  readonly types?: readonly string[];
}

const CLUSTER = [
  'cluster/host',
  'cluster/storage',
  'cluster/vsr',
  'cluster/raft',
  'cluster/services',
  'cluster',
  'cluster/<system>',
] as const;
const ABOVE_SCENARIOS = ['sim', 'plan', ...CLUSTER, 'faults', 'checkers', 'alerts'] as const;

export const LAYERS: readonly Row[] = [
  { layer: 'sim', values: [] },
  { layer: 'plan', values: [], types: ['sim'] },
  { layer: 'cluster/host', values: ['sim'] },
  { layer: 'cluster/storage', values: ['sim'] },
  { layer: 'cluster/vsr', values: ['sim', 'cluster/host', 'cluster/storage'] },
  { layer: 'cluster/raft', values: ['sim', 'cluster/host', 'cluster/storage'] },
  { layer: 'cluster/services', values: ['sim'] },
  // Files directly under src/cluster: the contract that every system implements.
  { layer: 'cluster', values: ['sim', 'cluster/host', 'cluster/storage'] },
  {
    layer: 'cluster/<system>',
    values: ['sim', 'cluster', 'cluster/host', 'cluster/storage', 'cluster/services', 'cluster/vsr', 'cluster/raft'],
    types: ['plan'],
  },
  { layer: 'faults', values: ['sim', 'plan'] },
  { layer: 'checkers', values: ['sim', 'plan'], types: CLUSTER },
  { layer: 'alerts', values: ['sim', 'plan'] },
  { layer: 'scenarios', values: ABOVE_SCENARIOS },
  { layer: 'store', values: ['plan'] },
  { layer: 'report', values: ['plan'] },
  // Browser code: scripts/build.mjs bundles it, nothing in node imports it.
  { layer: 'page', values: [], types: ['report'] },
  { layer: 'selfcheck', values: ['sim', 'plan', ...CLUSTER, 'faults', 'checkers', 'scenarios'] },
  { layer: 'campaign', values: ['sim', 'plan', 'faults', 'scenarios', 'store'] },
  { layer: 'tui', values: ['plan', 'report'] },
  { layer: 'cli', values: [...ABOVE_SCENARIOS, 'scenarios', 'store', 'report', 'selfcheck', 'campaign', 'tui'] },
];

/** Observation types that checkers may also import as values (their constants and guards). */
const OBSERVATIONS = /^src\/cluster\/[^/]+\/observe\.ts$/;

/** Which layers, or which of their files, may import a package. A package that is not listed is refused. */
export const PACKAGES: readonly { readonly name: RegExp; readonly from: readonly RegExp[] }[] = [
  // Files, processes and the environment are met at the edge; scenarios reads its files and guards its shell (R22).
  { name: /^node:/, from: [/^src\/(cli|campaign|store|tui)\//, /^src\/scenarios\/(shell|load|files)/] },
  { name: /^just-bash$/, from: [/^src\/scenarios\//] },
  { name: /^seedrandom$/, from: [/^src\/sim\//] },
  { name: /^@noble\/hashes$/, from: [/^src\/(sim|cluster\/storage)\//] },
  { name: /^fast-check$/, from: [/^src\/(faults|campaign)\//] },
  { name: /^zod$/, from: [/^src\/(plan|scenarios|alerts|campaign)\//] },
  { name: /^yaml$/, from: [/^src\/(plan|scenarios|alerts|campaign)\//] },
  { name: /^@(prometheus-io\/lezer-promql|lezer\/(common|lr))$/, from: [/^src\/alerts\//] },
  { name: /^(ink|react)$/, from: [/^src\/(tui|cli)\//] },
  { name: /^(preact|@observablehq\/plot)$/, from: [/^src\/page\//] },
  { name: /^cli-table3$/, from: [/^src\/(report|cli)\//] },
  { name: /^yargs$/, from: [/^src\/cli\//] },
  { name: /^better-sqlite3$/, from: [/^src\/store\//] },
  { name: /^(bullmq|ioredis)$/, from: [/^src\/campaign\//] },
];

const rows = new Map(LAYERS.map((row) => [row.layer, row]));

/** The layer of a file under src (`cluster/kimberlite` for that system); undefined for an unknown folder. */
export function layerOf(path: string): string | undefined {
  const [, first, second, third] = path.split('/');
  if (first !== 'cluster') return second !== undefined && rows.has(first ?? '') ? first : undefined;
  if (second === undefined) return undefined;
  return third === undefined ? 'cluster' : `cluster/${second}`;
}

/** The row that speaks for a layer: systems share one. */
export function rowOf(layer: string): string {
  return rows.has(layer) ? layer : 'cluster/<system>';
}

/** Imports that the table does not allow, each with the sentence that says so. */
export function layerFindings(imports: readonly Import[]): Finding[] {
  const findings: Finding[] = [];
  for (const each of imports) {
    const message = each.own ? judgeOwn(each) : judgePackage(each);
    if (message !== undefined) findings.push({ path: each.from, line: each.line, rule: 'layer', message });
  }
  return findings;
}

function judgeOwn({ from, target, kind }: Import): string | undefined {
  const fromLayer = layerOf(from);
  if (fromLayer === undefined) return `${from} stands in no layer; see ARCHITECTURE.md and test/tidy/layers.ts`;
  const layer = target.startsWith('src/') ? layerOf(target) : undefined;
  if (layer === undefined) return `${fromLayer} may not import ${target}; see ARCHITECTURE.md`;
  if (layer === fromLayer) return undefined;
  if (fromLayer === 'checkers' && OBSERVATIONS.test(target)) return undefined;
  const row = rows.get(rowOf(fromLayer));
  if (row?.values.includes(rowOf(layer))) return undefined;
  if (row?.types?.includes(rowOf(layer))) {
    return kind === 'type' ? undefined : `${fromLayer} may import only types of ${layer}; see ARCHITECTURE.md`;
  }
  return `${fromLayer} may not import ${layer}; see ARCHITECTURE.md`;
}

function judgePackage({ from, target }: Import): string | undefined {
  const rules = PACKAGES.filter(({ name }) => name.test(target));
  if (rules.length === 0) return `${target} is not listed in test/tidy/layers.ts: say there which layers may import it`;
  if (rules.some((rule) => rule.from.some((pattern) => pattern.test(from)))) return undefined;
  return `${layerOf(from) ?? from} may not import ${target}; see ARCHITECTURE.md`;
}
