import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandLine, readCommandLine } from '../src/cli/command-line.ts';
import { COMMANDS, type Command } from '../src/cli/command-table.ts';
import { traceHostName } from '../src/cli/host-names.ts';
import { checkPlanNames, knownNames } from '../src/cli/known-names.ts';
import { ownScenarios } from '../src/cli/own-scenarios.ts';
import { traceLine } from '../src/cli/trace-lines.ts';
import type { FaultKind } from '../src/faults/kind-params.ts';
import { FAULT_KINDS } from '../src/faults/kind-table.ts';
import { traceTable } from '../src/report/trace-table.ts';
import { diagnosticText } from '../src/scenarios/diagnostics.ts';
import { toPlan } from '../src/scenarios/expand.ts';
import { readScenario } from '../src/scenarios/read.ts';
import { runPlan } from '../src/scenarios/run.ts';
import { scenarioJsonSchema } from '../src/scenarios/schema.ts';
import { LAYERS } from './tidy/layers.ts';
import { filesUnder, ROOT } from './tidy/source.ts';

const FRONT = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const PAGES = [...FRONT, ...filesUnder('docs').filter((path) => path.endsWith('.md'))];

/** The scenario whose trace the README explains. */
const SHOWN = 'scn2-a-restart-all';

const pageText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Text without fenced blocks, where brackets and backticks mean other things. */
const prose = (text: string): string => text.replaceAll(/^```[^\n]*\n[\s\S]*?^```$/gm, '');

/** Fenced blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)].flatMap(([, found, body]) =>
    found === language ? [body ?? ''] : [],
  );
}

/** Anchors of a page's headings as GitHub makes them. */
function anchors(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links of a page that lead nowhere. */
function brokenLinks(path: string, text: string): string[] {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? '');
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (target !== path && !existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchors(target === path ? text : pageText(target)).includes(anchor);
  });
}

/** Paths in backticks that do not exist; a placeholder (`<system>`, `ID`, `*`) is no path. */
function missingPaths(text: string): string[] {
  const paths = [...prose(text).matchAll(/`((?:src|test|docs|scenarios|scripts)\/[\w./-]+)`/g)].map(
    ([, path]) => path ?? '',
  );
  return paths.filter((path) => !/\b(ID|BUNDLE)\b/.test(path) && !existsSync(join(ROOT, path)));
}

/** What is wrong with a line that a reader may type; empty when npm and the command table know it. */
async function lineMistake(line: string): Promise<string> {
  const [program, ...words] = line.trim().split(/\s+/);
  if (program === 'npm') return npmMistake(words);
  const argv = words.slice(1);
  if (program !== 'npx' || words[0] !== 'firedrill') return `${line}: neither npm nor npx firedrill`;
  const read: CommandLine = await readCommandLine(argv, '0');
  return read.kind === 'command' ? '' : `${line}: ${read.kind === 'usage' ? read.message : 'prints help'}`;
}

function npmMistake([verb = '', name = '']: readonly string[]): string {
  const scripts = Object.keys(JSON.parse(pageText('package.json')).scripts);
  const wanted = verb === 'run' ? name : verb === 'cit' || verb === 'test' ? 'test' : verb;
  return verb === 'ci' || scripts.includes(wanted) ? '' : `npm ${verb} ${name}: package.json has no script ${wanted}`;
}

/** Every line of the pages' shell blocks, `&&` taken apart. */
const typed = PAGES.flatMap((path) =>
  blocks(pageText(path), 'sh').flatMap((block) => block.split(/\n|&&/).map((line) => line.trim())),
).filter((line) => line !== '' && !line.startsWith('#'));

describe('the pages', () => {
  it.each(PAGES)('%s: links and paths lead somewhere', (path) => {
    expect({ links: brokenLinks(path, pageText(path)), paths: missingPaths(pageText(path)) }).toEqual({
      links: [],
      paths: [],
    });
  });

  it('every page is linked from the README', () => {
    const unlinked = PAGES.filter((path) => path !== 'README.md' && !pageText('README.md').includes(`](${path})`));
    expect(unlinked).toEqual([]);
  });

  it.each([...new Set(typed)])('%s can be typed', async (line) => {
    expect(await lineMistake(line)).toBe('');
  });

  it('the README shows the two commands, and every command of the table', () => {
    const readme = pageText('README.md');
    expect(typed).toEqual(expect.arrayContaining(['npm ci', 'npm start', 'npm cit']));
    const missing = COMMANDS.filter(({ name }) => !typed.some((line) => line.startsWith(`npx firedrill ${name}`)));
    expect(missing.map(({ name }) => name)).toEqual([]);
    expect(COMMANDS.filter(({ name }) => !readme.includes(`| \`${name}\` |`)).map(({ name }) => name)).toEqual([]);
  });

  it('the layer table of ARCHITECTURE.md is the one that is executed', () => {
    const written = [...pageText('ARCHITECTURE.md').matchAll(/^\| `([^`|]+)` \|([^|]*)\|([^|]*)\|$/gm)];
    const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
    expect(written.map(([, layer, values, types]) => ({ layer, values: names(values), types: names(types) }))).toEqual(
      LAYERS.map(({ layer, values, types = [] }) => ({ layer, values: [...values], types: [...types] })),
    );
  });
});

describe('the trace of the README', () => {
  const readme = pageText('README.md');
  const [shown = ''] = blocks(readme, 'text');
  /** The options of the line that replays; `run`'s are read likewise. */
  const command = async (name: string): Promise<Command> => {
    const line = typed.find((each) => each.startsWith(`npx firedrill ${name} `) && each.includes(SHOWN)) ?? '';
    const read = await readCommandLine(line.split(/\s+/).slice(2), '0');
    if (read.kind !== 'command') throw new Error(`README.md: ${line}: ${read.kind}`);
    return read.command;
  };

  it('is what these lines still print, but for numbers', async () => {
    const [run, replay] = [await command('run'), await command('replay')];
    if (run.name !== 'run' || replay.name !== 'replay' || run.options.seeds.kind !== 'range')
      throw new Error('no range');
    const plan = ownScenarios().plan(SHOWN, run.options.variant ?? 'safe', run.options.seeds.from);
    const { result, records } = await runPlan(plan, { recording: true });
    expect(shown).toContain(`${plan.scenario} ${plan.variant} seed ${plan.seed}: ${result.verdict} (`);
    expect(shown).toContain(`  ${result.property}: `);
    const { fromUs, kinds } = replay.options;
    const part = records.map(traceLine).filter((each) => each.atUs >= (fromUs ?? 0) && kinds.includes(each.kind));
    const lines = traceTable(part, (host) => traceHostName(plan, host))
      .split('\n')
      .map(wordsOf);
    const [, rest = ''] = shown.split('\n\n');
    expect(rest.split('\n').map(wordsOf)).toEqual(lines);
  });
});

/** A line of a trace without what moves with every change of a hash: numbers of events, times, ids. */
const wordsOf = (line: string): string =>
  line
    .trim()
    .replace(/^\d+ +[\d.]+ +/, '')
    .replaceAll(/\d{6,}/g, 'N')
    .trim();

describe('docs/scenarios.md', () => {
  const page = pageText('docs/scenarios.md');

  it('shows a scenario that is read and can be expanded', () => {
    const [example = ''] = blocks(page, 'yaml');
    const reading = readScenario(example, 'docs/scenarios.md', knownNames());
    expect(reading.ok ? [] : reading.diagnostics.map(diagnosticText)).toEqual([]);
    if (!reading.ok) return;
    for (const variant of ['safe', 'literal'] as const) {
      expect(() => checkPlanNames(toPlan(reading.scenario, variant, 1), 'docs/scenarios.md')).not.toThrow();
    }
  });

  it('names every key of the form', () => {
    expect(
      keysOf(scenarioJsonSchema()).filter((key) => !page.includes(`\`${key}\``) && !page.includes(`${key}:`)),
    ).toEqual([]);
  });

  it('has a row for every kind of fault, as the table of kinds says', () => {
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z-]+)` \| ([ABC]) \| (\w+) \| (\w+) \|([^|]*)\|$/gm)];
    const written = rows.map(([, kind, faultClass, lasts, targets, params = '']) => ({
      kind,
      faultClass,
      lasts,
      targets,
      params: [...params.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    }));
    const kinds: readonly FaultKind[] = FAULT_KINDS;
    expect(written).toEqual(kinds.map((each) => ({ ...each, params: each.params.map(({ name }) => name) })));
  });
});

/** Names of all properties of a JSON Schema, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value), ...Object.values(value).flatMap(keysOf)] : keysOf(value),
  );
}

describe('the checks above refuse', () => {
  it('a link, an anchor and a path that are not there', () => {
    expect(brokenLinks('docs/a.md', '[a](b.md) [c](../README.md) [d](#e) [f](../README.md#start)\n# E')).toEqual([
      'b.md',
    ]);
    expect(brokenLinks('docs/a.md', '[d](#e) [f](../README.md#nowhere)')).toEqual(['#e', '../README.md#nowhere']);
    expect(missingPaths('`src/sim/time.ts` `src/sim/nothing.ts` `src/cluster/<system>`')).toEqual([
      'src/sim/nothing.ts',
    ]);
  });

  it.each(['npm run nothing', 'npx firedrill rune', 'npx firedrill run --sede 1', 'npx firedrill replay', 'yarn test'])(
    'to type %s',
    async (line) => {
      expect(await lineMistake(line)).not.toBe('');
    },
  );
});
