import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENGINE_MARKS, rareMarks } from '../../src/campaign/marks.ts';
import { FAULT_KINDS } from '../../src/faults/kind-table.ts';
import { MUTANT_FIRED } from '../../src/scenarios/run.ts';

const SOURCE = new URL('../../src/', import.meta.url).pathname;
/** `reached('name')` and `mark('name', host)`, also over two lines. */
const LITERAL = /\b(?:reached|mark)\(\s*'([^']+)'/g;
/** Any other first argument, so that no mark hides behind a variable. */
const COMPUTED = /(?<!window\.)\b(?:reached|mark)\(\s*([^'\s)][^,)]*)/g;
/** Marks with a computed name, and what else is called `mark`: the parameter, as it stands in the source. */
const COMPUTED_KNOWN = [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`fault:${fault.kind}`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`alert:${step.id}`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`operator:${step.id}`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`membership-${latest.phase}`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`membership-${membership.phase}-settled`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as written in the source
  '`token-${act}`',
  "name === READ_NAME ? 'reads-routed' : 'dns-changed'",
  'MUTANT_FIRED',
];

function sources(): { path: string; text: string }[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(sim|cluster|scenarios|faults)\/.*\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(SOURCE + path, 'utf8') }));
}

describe('the table of marks', () => {
  it('has every mark whose name stands in the source, and no other', () => {
    const inSource = sources().flatMap(({ text }) => [...text.matchAll(LITERAL)].map(([, name]) => name!));
    const faults = FAULT_KINDS.map(({ kind }) => `fault:${kind}`);
    const listed = ENGINE_MARKS.map(({ mark }) => mark);
    expect(listed.toSorted()).toEqual([...new Set([...inSource, ...faults])].toSorted());
    expect(new Set(listed).size).toBe(listed.length);
  });

  it('misses no mark with a computed name', () => {
    const computed = sources()
      .filter(({ path }) => !/^sim\/(api|world|machine)\.ts$|latency-window\.ts$/.test(path))
      .flatMap(({ text }) => [...text.matchAll(COMPUTED)].map(([, argument]) => argument!.trim()));
    expect(MUTANT_FIRED).toBe('mutant-fired');
    expect(computed.filter((each) => !COMPUTED_KNOWN.includes(each))).toEqual([]);
  });

  it('names the rare ones with the scenarios that must reach them', () => {
    const everything = ENGINE_MARKS.map(({ mark }) => [mark, 5_000] as const);
    const scenarios = [
      { id: 'scn6-a-compact', mustReach: ['checkpoint-no-space', 'ack'] },
      { id: 'other', mustReach: ['checkpoint-no-space'] },
    ];
    expect(rareMarks(5_000, everything, scenarios)).toEqual([]);
    const few = everything.flatMap(([mark, runs]): [string, number][] => {
      if (mark === 'vote-regained') return [];
      return [[mark, mark === 'checkpoint-no-space' ? 4 : mark === 'view-started' ? 5 : runs]];
    });
    expect(rareMarks(5_000, few, scenarios)).toEqual([
      { mark: 'vote-regained', runs: 0, scenarios: [], onlyElsewhere: '' },
      { mark: 'checkpoint-no-space', runs: 4, scenarios: ['scn6-a-compact', 'other'], onlyElsewhere: '' },
    ]);
  });
});
