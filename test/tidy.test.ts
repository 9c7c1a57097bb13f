import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETERMINISTIC_FOLDERS, GLOBAL_BANS, MEMBER_ALLOW, MEMBER_BANS, METHOD_BANS } from './tidy/ban-table.ts';
import { banFindings } from './tidy/bans.ts';
import { glossaryFindings } from './tidy/glossary.ts';
import { cycles, deadFiles, eagerImports, fileCycles, layerCycles } from './tidy/graph.ts';
import { importsOf } from './tidy/imports.ts';
import { LAYERS, layerFindings } from './tidy/layers.ts';
import { RATCHETS } from './tidy/ratchet.ts';
import { reachedFindings } from './tidy/reached.ts';
import { fileLengths, functionLengths, leftovers, namesAndExports } from './tidy/shape.ts';
import { type Finding, filesUnder, parse, ROOT, type Source, show, sourcesUnder } from './tidy/source.ts';

const all = sourcesUnder('src', 'test', 'bench', 'scripts');
const ours = all.filter(({ path }) => path.startsWith('src/'));
const imports = all.flatMap(importsOf);
const srcImports = imports.filter(({ from }) => from.startsWith('src/'));

describe('layers', () => {
  it('the table itself has no cycle and names only its own rows', () => {
    const rows = LAYERS.map(({ layer }) => layer);
    const edges = LAYERS.flatMap(({ layer, values, types = [] }) =>
      [...values, ...types].map((to) => [layer, to] as const),
    );
    expect(cycles(edges)).toEqual([]);
    expect(edges.map(([, to]) => to).filter((to) => !rows.includes(to))).toEqual([]);
  });

  it('every import in src stands in the table', () => {
    expect(show(layerFindings(srcImports))).toEqual([]);
  });

  it('no two layers import each other, types included', () => {
    expect(layerCycles(srcImports)).toEqual([]);
  });

  it('no files load each other', () => {
    expect(fileCycles(imports)).toEqual([]);
    const erased = fileCycles(imports, ['value', 'lazy', 'type']);
    if (erased.length > 0) console.info(`cycles of erased imports only (allowed): ${JSON.stringify(erased)}`);
  });

  it('every imported file exists', () => {
    const missing = imports.filter(({ own, target }) => own && !existsSync(join(ROOT, target)));
    expect(missing.map(({ from, line, target }) => `${from}:${line} imports ${target}, which is not there`)).toEqual(
      [],
    );
  });

  it('the command loads its layers lazily', () => {
    expect(show(eagerImports(srcImports))).toEqual([]);
  });
});

describe('determinism', () => {
  it('the deterministic layers use nothing that differs between two runs', () => {
    const judged = ours.filter(({ path }) => DETERMINISTIC_FOLDERS.some((folder) => path.startsWith(folder)));
    expect(show(judged.flatMap(banFindings))).toEqual([]);
  });

  it('Biome repeats the names and replacements of the ban table', () => {
    const { overrides } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
    expect(overrides[0].includes).toEqual(DETERMINISTIC_FOLDERS.map((folder) => `${folder}**`));
    const rows = GLOBAL_BANS.flatMap(({ names, use }) => names.map((name) => [name, `Use ${use}.`] as const));
    expect(overrides[0].linter.rules.style.noRestrictedGlobals.options.deniedGlobals).toEqual(Object.fromEntries(rows));
  });

  it('marks are set by a Host only', () => {
    expect(show(ours.flatMap(reachedFindings))).toEqual([]);
  });
});

describe('shape', () => {
  it('files and functions stay within their limits', () => {
    expect(show([...fileLengths(all), ...functionLengths(all, RATCHETS)])).toEqual([]);
  });

  it('nothing is left over, switched off or misnamed', () => {
    expect(show([...all.flatMap(leftovers), ...all.flatMap(namesAndExports)])).toEqual([]);
  });

  it('no file is dead', () => {
    // While there is no command yet, nothing can be wired to it.
    const paths = all.map(({ path }) => path);
    expect(show(paths.includes('src/cli/main.ts') ? deadFiles(paths, imports) : [])).toEqual([]);
  });

  it('the glossary defines each of our words once', () => {
    expect(glossaryFindings(readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8'))).toEqual([]);
  });
});

// Each line of a fixture that ends in `refused: RULE RULE` must give exactly these findings, every other line none.
describe('each check fires', () => {
  const fixtures = filesUnder('test/tidy/fixtures').map((path) => parse(path, readFileSync(join(ROOT, path), 'utf8')));
  const judges: Record<string, (source: Source) => Finding[]> = {
    'reached.ts.txt': (source) => reachedFindings({ ...source, path: 'src/scenarios/fixture.ts' }),
    'leftovers.ts.txt': leftovers,
    'exports.ts.txt': (source) => namesAndExports({ ...source, path: 'src/plan/fixture.ts' }),
  };

  it.each(fixtures.map((source) => [source.path, source] as const))('%s', (path, source) => {
    const judge = judges[path.split('/').at(-1) ?? ''] ?? banFindings;
    const found = judge(source).map(({ line, rule }) => `${line} ${rule}`);
    expect(found.sort()).toEqual(expectedFindings(source.text).sort());
  });

  it('every ban has a fixture that it refuses, and its message names the replacement', () => {
    const refused = new Set(fixtures.flatMap(({ text }) => expectedFindings(text)).map((each) => each.split(' ')[1]));
    const bans = [...GLOBAL_BANS, ...MEMBER_ALLOW, ...MEMBER_BANS, ...METHOD_BANS];
    expect(bans.map(({ rule }) => rule).filter((rule) => !refused.has(rule))).toEqual([]);
    for (const { use, rule } of bans) {
      const source = fixtures.find(({ text }) => text.includes(`refused: ${rule}`)) as Source;
      expect(banFindings(source).some(({ message }) => message.includes(`use ${use}`))).toBe(true);
    }
  });

  it('every banned name is refused plain, through globalThis and as a type', () => {
    for (const name of GLOBAL_BANS.flatMap(({ names }) => names)) {
      const plain = banFindings(parse('src/sim/x.ts', `export const x = ${name};\nexport type X = ${name};`));
      expect(
        plain.map(({ line }) => line),
        name,
      ).toEqual([1, 2]);
      for (const text of [`globalThis.${name}`, `globalThis['${name}']`, `(globalThis as never)['${name}']`]) {
        expect(banFindings(parse('src/sim/x.ts', `export const x = ${text};`)), text).not.toEqual([]);
      }
      expect(banFindings(parse('src/sim/x.ts', `export const { ${name}: x } = globalThis;`)), name).not.toEqual([]);
    }
  });
});

function expectedFindings(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const rules = /\/\/ refused: (.*)$/.exec(line)?.[1]?.split(' ') ?? [];
    return rules.map((rule) => `${index + 1} ${rule}`);
  });
}

describe('the layer test refuses', () => {
  const judge = (path: string, text: string): string[] =>
    layerFindings(importsOf(parse(path, text))).map(({ message }) => message);

  it.each([
    ['src/sim/a.ts', `import '../plan/b.ts'`, 'sim may not import plan; see ARCHITECTURE.md'],
    [
      'src/sim/a.ts',
      `import type { B } from '../cluster/vsr/b.ts'`,
      'sim may not import cluster/vsr; see ARCHITECTURE.md',
    ],
    ['src/plan/a.ts', `import { b } from '../sim/b.ts'`, 'plan may import only types of sim; see ARCHITECTURE.md'],
    [
      'src/cluster/vsr/a.ts',
      `export * from '../raft/b.ts'`,
      'cluster/vsr may not import cluster/raft; see ARCHITECTURE.md',
    ],
    [
      'src/cluster/kimberlite/a.ts',
      `export { b } from '../aitbc/b.ts'`,
      'cluster/kimberlite may not import cluster/aitbc; see ARCHITECTURE.md',
    ],
    [
      'src/faults/a.ts',
      `type B = import('../cluster/vsr/b.ts').B`,
      'faults may not import cluster/vsr; see ARCHITECTURE.md',
    ],
    [
      'src/checkers/a.ts',
      `import { b } from '../cluster/vsr/b.ts'`,
      'checkers may import only types of cluster/vsr; see ARCHITECTURE.md',
    ],
    [
      'src/report/a.ts',
      `const b = await import('../scenarios/b.ts')`,
      'report may not import scenarios; see ARCHITECTURE.md',
    ],
    ['src/alerts/a.ts', `import b = require('../store/b.ts')`, 'alerts may not import store; see ARCHITECTURE.md'],
    ['src/tui/a.ts', `new URL('../cli/b.ts', import.meta.url)`, 'tui may not import cli; see ARCHITECTURE.md'],
    ['src/cli/a.ts', `import '../../test/b.ts'`, 'cli may not import test/b.ts; see ARCHITECTURE.md'],
    ['src/sim/a.ts', `import 'node:fs'`, 'sim may not import node:fs; see ARCHITECTURE.md'],
    ['src/scenarios/plan.ts', `import 'fs/promises'`, 'scenarios may not import node:fs; see ARCHITECTURE.md'],
    ['src/cli/a.ts', `import { Bash } from 'just-bash'`, 'cli may not import just-bash; see ARCHITECTURE.md'],
    [
      'src/cli/a.ts',
      `import 'left-pad'`,
      'left-pad is not listed in test/tidy/layers.ts: say there which layers may import it',
    ],
    ['src/odd/a.ts', `import './b.ts'`, 'src/odd/a.ts stands in no layer; see ARCHITECTURE.md and test/tidy/layers.ts'],
  ])('%s: %s', (path, text, message) => {
    expect(judge(path, text)).toEqual([message]);
  });

  it.each([
    ['src/plan/a.ts', `import type { Us } from '../sim/time.ts'`],
    ['src/plan/a.ts', `import { type Us, type Event } from '../sim/time.ts'`],
    ['src/checkers/a.ts', `export type { B } from '../cluster/vsr/b.ts'`],
    ['src/checkers/kimberlite/a.ts', `import { b } from '../../cluster/kimberlite/observe.ts'`],
    [
      'src/cluster/kimberlite/a.ts',
      `import '../vsr/b.ts'; import '../storage/b.ts'; import './c.ts'; import '../system.ts'`,
    ],
    ['src/scenarios/a.ts', `import 'just-bash'; import '../alerts/b.ts'`],
    ['src/cli/a.ts', `import 'node:fs'; const b = await import('../tui/b.ts')`],
  ])('but not %s: %s', (path, text) => {
    expect(judge(path, text)).toEqual([]);
  });

  it('an import whose name is computed', () => {
    expect(() => importsOf(parse('src/cli/a.ts', 'const b = await import(name)'))).toThrow(
      'src/cli/a.ts:1 imports a computed name',
    );
  });
});

describe('the graph tests refuse', () => {
  const files = (texts: Record<string, string>) =>
    Object.entries(texts).flatMap(([path, text]) => importsOf(parse(path, text)));

  it('value cycles but not erased ones, and layer cycles of any kind', () => {
    const value = files({
      'src/sim/a.ts': `import './b.ts'`,
      'src/sim/b.ts': `import './c.ts'`,
      'src/sim/c.ts': `export * from './a.ts'`,
    });
    expect(fileCycles(value)).toEqual([['src/sim/a.ts', 'src/sim/b.ts', 'src/sim/c.ts']]);
    const erased = files({ 'src/sim/a.ts': `import './b.ts'`, 'src/sim/b.ts': `import type { A } from './a.ts'` });
    expect(fileCycles(erased)).toEqual([]);
    const layered = files({
      'src/sim/a.ts': `import type { B } from '../plan/b.ts'`,
      'src/plan/c.ts': `import type { D } from '../sim/d.ts'`,
    });
    expect(layerCycles(layered)).toEqual([['plan', 'sim']]);
  });

  it('dead files, and a command that loads a layer before it looks at its arguments', () => {
    const graph = files({
      'src/cli/main.ts': `import './run.ts'; const t = await import('../tui/a.ts')`,
      'src/cli/run.ts': `import '../scenarios/a.ts'; import type { Us } from '../sim/time.ts'`,
      'src/sim/dead.ts': `import './time.ts'`,
      'test/x.test.ts': `import '../src/sim/tested.ts'`,
    });
    const paths = [
      'src/cli/main.ts',
      'src/cli/run.ts',
      'src/scenarios/a.ts',
      'src/tui/a.ts',
      'src/sim/time.ts',
      'src/sim/dead.ts',
      'src/sim/tested.ts',
      'test/x.test.ts',
    ];
    expect(deadFiles(paths, graph).map(({ path }) => path)).toEqual(['src/sim/dead.ts']);
    expect(eagerImports(graph).map(({ path, line }) => `${path}:${line}`)).toEqual(['src/cli/run.ts:1']);
  });
});

describe('the shape tests refuse', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => `export const x${index} = 0;`).join('\n');

  it('file 401 lines long, and let 400 pass', () => {
    expect(fileLengths([parse('src/sim/a.ts', `${lines(400)}\n`)])).toEqual([]);
    expect(fileLengths([parse('src/sim/a.ts', `${lines(401)}\n`)])).toHaveLength(1);
  });

  it('a function 61 lines long, one that outgrows its ratchet, and a ratchet without use', () => {
    const body = (count: number) => `export function f() {\n${'g();\n'.repeat(count - 2)}}\n`;
    const row = { path: 'src/sim/a.ts', name: 'f', lines: 70, reason: 'a table' };
    expect(functionLengths([parse('src/sim/a.ts', body(60))], [])).toEqual([]);
    expect(functionLengths([parse('src/sim/a.ts', body(61))], [])).toHaveLength(1);
    expect(functionLengths([parse('src/sim/a.ts', body(70))], [row])).toEqual([]);
    expect(functionLengths([parse('src/sim/a.ts', body(71))], [row])).toHaveLength(1);
    expect(functionLengths([parse('src/sim/a.ts', body(60))], [row]).map(({ rule }) => rule)).toEqual(['ratchet']);
    expect(functionLengths([parse('test/a.test.ts', `describe('x', () => {\n${'g();\n'.repeat(80)}});`)], [])).toEqual(
      [],
    );
  });

  it('barrels and folders without a meaning', () => {
    const rules = (path: string) => namesAndExports(parse(path, '')).map(({ rule }) => rule);
    expect(rules('src/sim/index.ts')).toEqual(['barrel']);
    expect(rules('src/utils/a.ts')).toEqual(['folder-name']);
    expect(rules('src/sim/helpers/a.ts')).toEqual(['folder-name']);
    expect(rules('src/sim/common.ts')).toEqual([]);
  });

  it('a glossary that misses a word or defines one twice', () => {
    const page = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8');
    expect(glossaryFindings(page.replace('**Mutant**', '**Mutation**'))).toEqual([
      'docs/glossary.md does not define **mutant**',
    ]);
    expect(glossaryFindings(`${page}\n- **Mutant** again`)).toEqual([
      'docs/glossary.md defines **mutant** 2 times: one meaning, one entry',
    ]);
  });
});
