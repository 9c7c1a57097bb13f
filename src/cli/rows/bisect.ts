import { UserError } from '../../plan/user-error.ts';
import type { BisectCommandOptions } from '../commands/bisect.ts';
import { isSet, JSON_FLAG, type Row, text, value } from '../row.ts';

export const BISECT: Row<{ readonly name: 'bisect'; readonly options: BisectCommandOptions }> = {
  name: 'bisect',
  usage: 'bisect <bundle>',
  summary: 'find the commit since which the plan of a bundle fails',
  positionals: [['bundle', 'the bundle of a failure']],
  options: [
    value('good', 'a revision where the plan passes (must be given)'),
    value('bad', 'a later one where it fails (default: HEAD)'),
    JSON_FLAG,
  ],
  examples: [['$0 bisect reports/runs/b.json --good v0.1.0', 'prints the first bad commit']],
  notes: [
    'Works in a temporary worktree of the repository around the current folder: what you have checked out is not',
    'touched. Each commit is installed, built and given the plan; one that does not build, cannot read the plan or',
    'fails otherwise is skipped. Exits 2 when only skipped commits are left.',
  ].join(' '),
  read: (values) => {
    const good = text(values, 'good');
    if (good === undefined) {
      throw new UserError('--good is missing', 'name a revision where the plan passes: --good REV');
    }
    const bad = text(values, 'bad') ?? 'HEAD';
    return { name: 'bisect', options: { bundle: text(values, 'bundle')!, good, bad, json: isSet(values, 'json') } };
  },
};
