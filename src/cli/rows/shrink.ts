import { UserError } from '../../plan/user-error.ts';
import { readInteger, readTimeUs } from '../argument-values.ts';
import type { ShrinkCommandOptions } from '../commands/shrink.ts';
import { isSet, JSON_FLAG, type Row, text, value } from '../row.ts';

const RUNS_MAX = 5_000;

export const SHRINK: Row<{ readonly name: 'shrink'; readonly options: ShrinkCommandOptions }> = {
  name: 'shrink',
  usage: 'shrink <bundle>',
  summary: 'make a failing plan small by running smaller ones, and tell its story',
  positionals: [['bundle', 'the bundle of a failed run']],
  options: [
    value('runs', `runs to spend (default: ${RUNS_MAX}); the same number gives the same plan`),
    value('for', 'wall time to spend, such as 60s or 5m (default: 60s)'),
    value('out', 'file for the bundle of the small plan (default: reports/runs/...-shrunk.json)'),
    value('save-scenario', 'write the small plan as a scenario file, too'),
    value('reports', 'folder of the reports (default: reports)'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 shrink reports/runs/b.json', 'counts, the story, and what little would make it pass'],
    ['$0 shrink reports/runs/b.json --for 5m --save-scenario lost.yaml', 'firedrill run lost.yaml fails alike'],
  ],
  notes: [
    'Every candidate is run; it counts when the same property fails at the same place. One core. Ctrl-C keeps the best',
    'plan so far. A bundle that does not reproduce exits 3.',
  ].join(' '),
  read: (values) => ({
    name: 'shrink',
    options: {
      bundle: text(values, 'bundle')!,
      runsMax: readInteger('--runs', text(values, 'runs') ?? String(RUNS_MAX), 1, 10_000_000),
      seconds: readFor(text(values, 'for') ?? '60s'),
      out: text(values, 'out') ?? null,
      reports: text(values, 'reports') ?? 'reports',
      saveScenario: text(values, 'save-scenario') ?? null,
      json: isSet(values, 'json'),
    },
  }),
};

function readFor(given: string): number {
  const us = readTimeUs('--for', given)!;
  if (us > 0) return us / 1_000_000;
  throw new UserError(`--for ${given} leaves no time to search`, 'give more, such as --for 60s');
}
