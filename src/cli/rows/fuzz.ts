import type { Variant } from '../../plan/plan.ts';
import { UserError } from '../../plan/user-error.ts';
import { readJobs, readSeeds, readTimeUs } from '../argument-values.ts';
import type { FuzzOptions } from '../commands/fuzz.ts';
import { flag, isSet, JSON_FLAG, list, type Row, text, value } from '../row.ts';

/** The strategies, the default first; a test compares them with `src/campaign/strategy.ts`, which is not loaded here. */
export const STRATEGY_NAMES = ['portfolio', 'swarm', 'storm', 'guided', 'pct', 'uniform'] as const;

/** What a long night on many machines may ask for. */
const SEED_COUNT_MAX = 1_000_000_000;
const FOR_MS_MIN = 1_000;

/** `firedrill fuzz`: its help, its options, and how they are read. */
export const FUZZ: Row<{ readonly name: 'fuzz'; readonly options: FuzzOptions }> = {
  name: 'fuzz',
  usage: 'fuzz',
  summary: 'run a campaign of many plans and store what they show',
  positionals: [],
  options: [
    value('system', 'only scenarios of this system'),
    value('scenario', 'a scenario to run over the seeds, may be given several times (default: swarm, the drawn plans)'),
    value('variant', 'only this variant of the scenarios', ['safe', 'literal']),
    value('seeds', 'a range of seeds, both included, such as 1..20000 (default: 1000 from a random one)'),
    value('for', 'go on for this long, such as 30m or 8h, instead of to a last seed'),
    value('jobs', 'worker processes (default: one a core); the results do not depend on it'),
    value('db', 'database of campaigns (default: campaigns.db in the folder of the reports)'),
    flag('resume', 'go on with the newest campaign of the database that was interrupted or killed'),
    value('strategy', 'where drawn plans come from (default: portfolio, a mixture of the others)', STRATEGY_NAMES),
    flag('unrestricted', 'draw plans beyond the fault budget, too; what breaks then is out of model'),
    value('engine', 'what runs the plans: workers of this machine, or those at a Redis', ['local', 'bullmq']),
    value('redis', 'the Redis of --engine bullmq, such as redis://host:6379'),
    value('reports', 'folder of the reports (default: reports)'),
    value('corpus', 'folder of kept plans, by which triage knows a failure (default: corpus, where there is one)'),
    value('keep', 'write the final report to kept/NAME.json and kept/NAME.md in the folder of the reports'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 fuzz --seeds 1..20000 --jobs 2', 'drawn plans, a fixed range'],
    ['$0 fuzz --for 8h', 'a night'],
    ['$0 fuzz --resume', 'what Ctrl-C or a power cut left over'],
    ['$0 fuzz --scenario scn3-clock --variant safe --seeds 1..500', 'one scenario on many seeds'],
  ],
  notes: [
    'Results are stored as they come: a campaign that is killed loses less than its last second, and --resume ends with',
    'the totals of an undisturbed one. Ctrl-C ends it cleanly with a report of what there is, marked as interrupted, and',
    'the exit code of those runs. Every failure and 2 % of the other plans run twice; a difference exits 3. A run that',
    'crashes or hangs its process exits 70, at the end. Inconclusive runs are reported; they exit 2 only where more than',
    '0.5 % are vacuous, more than 2.5 % excused, or any is out of budget. With --for, runs of a last, incomplete',
    'generation of 256 are stored but in no figure.',
  ].join(' '),
  read: (values) => ({ name: 'fuzz', options: readFuzz(values) }),
};

function readFuzz(values: Record<string, unknown>): FuzzOptions {
  const forText = text(values, 'for');
  const seeds = readSeeds(undefined, text(values, 'seeds'), SEED_COUNT_MAX);
  if (forText !== undefined && seeds.kind === 'range') {
    throw new UserError('--for and --seeds exclude each other', 'give a time or a last seed');
  }
  const reports = text(values, 'reports') ?? 'reports';
  const engine = text(values, 'engine') === 'bullmq' ? 'bullmq' : 'local';
  const redis = text(values, 'redis') ?? null;
  if (redis !== null && engine === 'local') {
    throw new UserError('--redis is for --engine bullmq', 'add --engine bullmq, or leave out --redis');
  }
  if (redis === null && engine === 'bullmq') {
    throw new UserError('--engine bullmq needs --redis', 'add --redis redis://host:6379');
  }
  return {
    system: text(values, 'system') ?? null,
    scenarios: list(values, 'scenario'),
    variant: (text(values, 'variant') as Variant | undefined) ?? null,
    seeds,
    forMs: forText === undefined ? null : readFor(forText),
    jobs: readJobs(text(values, 'jobs')),
    db: text(values, 'db') ?? `${reports}/campaigns.db`,
    resume: isSet(values, 'resume'),
    strategy: text(values, 'strategy') ?? null,
    unrestricted: isSet(values, 'unrestricted'),
    engine,
    redis,
    json: isSet(values, 'json'),
    reports,
    corpus: text(values, 'corpus') ?? null,
    keep: readKeep(text(values, 'keep')),
  };
}

function readFor(given: string): number {
  const ms = Math.floor(readTimeUs('--for', given)! / 1_000);
  if (ms >= FOR_MS_MIN) return ms;
  throw new UserError(`--for ${given} is too short`, 'give at least a second, such as --for 30m');
}

function readKeep(name: string | undefined): string | null {
  if (name === undefined || /^[\w.-]{1,80}$/.test(name)) return name ?? null;
  throw new UserError(`--keep ${JSON.stringify(name)} is no name`, 'use letters, digits, dots, dashes and underscores');
}
