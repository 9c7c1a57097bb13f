import { UserError } from '../../plan/user-error.ts';
import { readJobs } from '../argument-values.ts';
import type { CorpusOptions } from '../commands/corpus.ts';
import { isSet, JSON_FLAG, type Row, text, value } from '../row.ts';

const ACTIONS = ['add', 'list', 'run'] as const;

export const CORPUS: Row<{ readonly name: 'corpus'; readonly options: CorpusOptions }> = {
  name: 'corpus',
  usage: 'corpus <action> [bundle]',
  summary: 'keep plans that once failed, and replay them all',
  positionals: [
    ['action', 'add a bundle, list the entries, or run them all'],
    ['bundle', 'a bundle of a failure, best a shrunk one (add only)'],
  ],
  options: [
    value('note', 'what went wrong and why, in one line (add; not needed for a mutant)'),
    value('db', 'campaign database in which the signature counts as known from now on (add)'),
    value('corpus', 'folder of the entries (default: corpus)'),
    value('jobs', 'worker processes (default: one a core)'),
    JSON_FLAG,
  ],
  examples: [
    [
      '$0 corpus add reports/runs/b.json --note "votes of former lives counted"',
      'keep a bug of ours, once it is mended',
    ],
    ['$0 corpus run', 'exit code 1 when an entry no longer ends as it says'],
  ],
  notes: [
    'A plan with a mutant, a switched-off guard or a literal procedure must go on failing as it does; any other plan',
    'must pass, because the bug was ours. A plan is kept, not its seed, so an entry survives a change of the generator.',
  ].join(' '),
  read: (values) => ({ name: 'corpus', options: readCorpusOptions(values) }),
};

function readCorpusOptions(values: Record<string, unknown>): CorpusOptions {
  const action = ACTIONS.find((each) => each === text(values, 'action'));
  if (action === undefined) {
    throw new UserError(`corpus has no action ${text(values, 'action')}`, `use one of ${ACTIONS.join(', ')}`);
  }
  const bundle = text(values, 'bundle');
  const note = text(values, 'note');
  if (action === 'add' && bundle === undefined) {
    throw new UserError(
      'corpus add: the bundle is missing',
      'name the bundle of a failure: firedrill corpus add BUNDLE',
    );
  }
  const database = text(values, 'db');
  if (action !== 'add' && (bundle ?? note ?? database) !== undefined) {
    const what = bundle ?? (note === undefined ? '--db' : '--note');
    throw new UserError(`corpus ${action} takes no ${what}`, 'leave it out, or use corpus add');
  }
  return {
    action,
    bundle: bundle ?? null,
    note: note ?? null,
    database: database ?? null,
    folder: text(values, 'corpus') ?? 'corpus',
    jobs: readJobs(text(values, 'jobs')),
    json: isSet(values, 'json'),
  };
}
