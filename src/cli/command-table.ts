import type { Variant } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import type { Without } from '../plan/without.ts';
import { readInteger, readJobs, readNode, readSeconds, readSeeds, readTimeUs } from './argument-values.ts';
import type { CheckHistoryOptions } from './check-history.ts';
import type { BenchOptions } from './commands/bench.ts';
import type { BisectCommandOptions } from './commands/bisect.ts';
import type { CorpusOptions } from './commands/corpus.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { FuzzOptions } from './commands/fuzz.ts';
import type { GateOptions } from './commands/gate.ts';
import type { ListOptions } from './commands/list.ts';
import type { MutantsOptions } from './commands/mutants.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { ReportOptions } from './commands/report.ts';
import type { RunCommandOptions } from './commands/run.ts';
import type { ShrinkCommandOptions } from './commands/shrink.ts';
import type { TuiOptions } from './commands/tui.ts';
import type { WorkerCommandOptions } from './commands/worker.ts';
import { flag, isSet, JSON_FLAG, list, type Row, text, value } from './row.ts';
import { BISECT } from './rows/bisect.ts';
import { CORPUS } from './rows/corpus.ts';
import { EXPLAIN } from './rows/explain.ts';
import { FUZZ } from './rows/fuzz.ts';
import { GATE } from './rows/gate.ts';
import { REPORT } from './rows/report.ts';
import { SHRINK } from './rows/shrink.ts';
import { TUI } from './rows/tui.ts';
import { WORKER } from './rows/worker.ts';
import { DEFAULT_SEED } from './select.ts';

/** Issue 2, acceptance 4: each mutant is found within this many runs. */
const MUTANT_SEEDS_MAX = 2_000;
/** R27. */
const MUTANT_STARTS = 20;
/** About a thousand runs: four generations, so that a learning strategy has something to learn from. */
const COMPARE_EVENTS_MAX = 25_000_000;

/** A command with its options, read and checked. */
export type Command =
  | { readonly name: 'list'; readonly options: ListOptions }
  | { readonly name: 'explain'; readonly options: ExplainOptions }
  | { readonly name: 'run'; readonly options: RunCommandOptions }
  | { readonly name: 'fuzz'; readonly options: FuzzOptions }
  | { readonly name: 'replay'; readonly options: ReplayOptions }
  | { readonly name: 'gate'; readonly options: GateOptions }
  | { readonly name: 'report'; readonly options: ReportOptions }
  | { readonly name: 'tui'; readonly options: TuiOptions }
  | { readonly name: 'mutants'; readonly options: MutantsOptions }
  | { readonly name: 'bench'; readonly options: BenchOptions }
  | { readonly name: 'check-history'; readonly options: CheckHistoryOptions }
  | { readonly name: 'corpus'; readonly options: CorpusOptions }
  | { readonly name: 'bisect'; readonly options: BisectCommandOptions }
  | { readonly name: 'worker'; readonly options: WorkerCommandOptions }
  | { readonly name: 'shrink'; readonly options: ShrinkCommandOptions };

/** A command as yargs shows it and as we read it. */
export type CommandRow = Row<Command>;

const LIST: CommandRow = {
  name: 'list',
  usage: 'list',
  summary: 'show the scenarios',
  positionals: [],
  options: [JSON_FLAG],
  examples: [['$0 list --json', 'id, variants, target and marks of every scenario']],
  notes: '',
  read: (values) => ({ name: 'list', options: { json: isSet(values, 'json') } }),
};

const RUN: CommandRow = {
  name: 'run',
  usage: 'run [scenario..]',
  summary: 'run scenarios and judge them',
  positionals: [['scenario', 'ids as firedrill list shows them; all of them when none is named']],
  options: [
    value('system', 'only scenarios of this system'),
    value('variant', 'the corrected procedure, or the one that the runbook literally says', ['safe', 'literal']),
    value('profile', 'the product as documented, or with what was read in its code (default: what a scenario says)', [
      'intended',
      'as_built',
      'both',
    ]),
    value('plan', 'run this plan file instead of scenarios'),
    value('seed', 'one seed'),
    value('seeds', 'a range of seeds, both included, such as 1..200'),
    value('jobs', 'worker processes (default: one a core); the results do not depend on it'),
    value('without', 'take out all faults (must prove nothing) or the repair (must fail)', ['faults', 'resolve']),
    flag('check-determinism', 'run everything twice and compare the hashes; a difference exits 3'),
    flag('bundle', 'write a bundle for every failure, not only for unexpected ones'),
    value('reports', 'folder of the reports; bundles go to its folder runs (default: reports)'),
    value('history', 'of a single run: write what its clients called and were answered, for check-history'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 run', 'every scenario and variant'],
    ['$0 run scn1-a-systemd --variant safe --seed 7', 'one run'],
    ['$0 run --seeds 1..200 --jobs 2 --json', 'many runs, for a program to read'],
  ],
  notes: [
    `Without --seed or --seeds all scenarios run with seed ${DEFAULT_SEED}, so that CI sees the same runs each time; a`,
    'single named scenario gets a random seed, which is printed first. A literal variant that is declared to fail only',
    'on some seeds runs on its pinned seed then. A literal variant that fails as declared counts as declared (exit',
    'code 0). Drawn plans run when they are named: firedrill run swarm --seeds 1..200. In a profile that a scenario does',
    'not declare nothing is expected: the table shows what happens (docs/fidelity.md).',
  ].join(' '),
  read: (values) => ({ name: 'run', options: readRun(values) }),
};

function readRun(values: Record<string, unknown>): RunCommandOptions {
  const planFile = text(values, 'plan') ?? null;
  const scenarios = list(values, 'scenario');
  if (planFile !== null) {
    const other = ['system', 'variant', 'profile', 'seed', 'seeds'].find((name) => values[name] !== undefined);
    if (other !== undefined || scenarios.length > 0) {
      const what = scenarios.length > 0 ? 'scenarios' : `--${other}`;
      throw new UserError(`--plan and ${what} exclude each other`, 'a plan says by itself what runs: leave one out');
    }
  }
  return {
    scenarios,
    system: text(values, 'system') ?? null,
    variant: (text(values, 'variant') as Variant | undefined) ?? null,
    ...profilesOption(values),
    planFile,
    seeds: readSeeds(text(values, 'seed'), text(values, 'seeds')),
    jobs: readJobs(text(values, 'jobs')),
    without: (text(values, 'without') as Without | undefined) ?? null,
    checkDeterminism: isSet(values, 'check-determinism'),
    json: isSet(values, 'json'),
    bundle: isSet(values, 'bundle'),
    reports: text(values, 'reports') ?? 'reports',
    ...historyOption(values),
  };
}

function profilesOption(values: Record<string, unknown>): Pick<RunCommandOptions, 'profiles'> {
  const profile = text(values, 'profile');
  if (profile === undefined) return {};
  return { profiles: profile === 'both' ? ['intended', 'as_built'] : [profile as 'intended' | 'as_built'] };
}

const REPLAY: CommandRow = {
  name: 'replay',
  usage: 'replay <bundle>',
  summary: 'run a bundle again, compare the hash, show the trace around the failure',
  positionals: [['bundle', 'a file that firedrill run wrote to reports/runs']],
  options: [
    value('from', 'show the trace from this virtual time on, such as 12.5s or 300ms'),
    value('until', 'show it up to this virtual time'),
    value('node', 'only this host, by number'),
    value('kind', 'only these kinds, separated by commas, such as fault,crash,mark'),
    value('history', 'write what the clients called and were answered to this file, for check-history'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 replay reports/runs/scn3-clock-literal-1-0123abcd.json', 'the last records before the failure'],
    ['$0 replay reports/runs/b.json --node 2 --from 10s --until 12s', 'everything on one host in two seconds'],
  ],
  notes: 'A replay that differs exits 3. The columns of the trace are explained in docs/reading-a-trace.md.',
  read: (values) => ({
    name: 'replay',
    options: {
      bundle: text(values, 'bundle')!,
      ...readPart(text(values, 'from'), text(values, 'until')),
      node: readNode(text(values, 'node')),
      kinds: (text(values, 'kind') ?? '').split(',').filter((kind) => kind !== ''),
      json: isSet(values, 'json'),
      ...historyOption(values),
    },
  }),
};

function historyOption(values: Record<string, unknown>): { readonly history?: string } {
  const history = text(values, 'history');
  return history === undefined ? {} : { history };
}

/** A part of a trace that has no time in it would print an empty table, which looks like a quiet run. */
function readPart(from: string | undefined, until: string | undefined): Pick<ReplayOptions, 'fromUs' | 'untilUs'> {
  const fromUs = readTimeUs('--from', from);
  const untilUs = readTimeUs('--until', until);
  if (fromUs === null || untilUs === null || fromUs <= untilUs) return { fromUs, untilUs };
  throw new UserError(`--from ${from} is after --until ${until}`, `write --from ${until} --until ${from}`);
}

const MUTANTS: CommandRow = {
  name: 'mutants',
  usage: 'mutants [id..]',
  summary: 'plant known bugs, some in firedrill itself, and see what finds them',
  positionals: [['id', 'ids of mutants; all of them when none is named']],
  options: [
    value('seeds-max', `seeds to try before a mutant counts as not found (default: ${MUTANT_SEEDS_MAX})`),
    value('starts', `starting seeds; the table shows median, p95 and maximum over them (default: ${MUTANT_STARTS})`),
    value('jobs', 'worker processes (default: one a core)'),
    value('strategy', 'where the plans come from (default: portfolio)', [
      'uniform',
      'swarm',
      'storm',
      'pct',
      'guided',
      'portfolio',
    ]),
    flag('compare-strategies', 'let every strategy hunt every mutant with the same budget of events'),
    value('events-max', `events of one trial of the comparison (default: ${COMPARE_EVENTS_MAX})`),
    JSON_FLAG,
  ],
  examples: [
    ['$0 mutants ack-before-sync --seeds-max 200', 'one planted bug'],
    ['$0 mutants --compare-strategies --starts 5', 'runs and events to kill, by strategy'],
  ],
  notes: 'Exits 1 when a mutant is not killed by its named property; a comparison judges nothing.',
  read: (values) => ({
    name: 'mutants',
    options: {
      ids: list(values, 'id'),
      seedsMax: readInteger('--seeds-max', text(values, 'seeds-max') ?? String(MUTANT_SEEDS_MAX), 1, 1_000_000),
      starts: readInteger('--starts', text(values, 'starts') ?? String(MUTANT_STARTS), 1, 1_000),
      jobs: readJobs(text(values, 'jobs')),
      json: isSet(values, 'json'),
      strategy: text(values, 'strategy') ?? 'portfolio',
      compareEvents: readCompareEvents(isSet(values, 'compare-strategies'), text(values, 'events-max')),
    },
  }),
};

function readCompareEvents(compares: boolean, eventsMax: string | undefined): number | null {
  if (compares) return readInteger('--events-max', eventsMax ?? String(COMPARE_EVENTS_MAX), 1, 1_000_000_000);
  if (eventsMax === undefined) return null;
  throw new UserError(
    '--events-max is for --compare-strategies',
    'add --compare-strategies, or leave out --events-max',
  );
}

const BENCH: CommandRow = {
  name: 'bench',
  usage: 'bench',
  summary: 'measure events per second on this machine',
  positionals: [],
  options: [JSON_FLAG],
  examples: [['$0 bench --json', 'every workload, for a program to compare']],
  notes: '',
  read: (values) => ({ name: 'bench', options: { json: isSet(values, 'json') } }),
};

const CHECK_HISTORY: CommandRow = {
  name: 'check-history',
  usage: 'check-history <file>',
  summary: 'judge whether a recorded history is linearizable',
  positionals: [['file', 'a history: a Jepsen log, a key-value history, or one of our own (docs/histories.md)']],
  options: [
    value('model', 'insist on this sequential model; without it the file says which', ['register', 'kv', 'log']),
    value('seconds', 'wall time to search before the answer is unknown'),
    value('steps', 'steps to search before it is (default: 200000000)'),
    value('memory-mb', 'what the search may remember, in MiB, before it is (default: 256)'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 check-history history.log --model register', 'exit code 0 linearizable, 1 not, 2 unknown'],
    ['$0 check-history kv.txt --seconds 10', 'unknown after ten seconds'],
  ],
  notes: 'What no order explains is drawn: the shortest part of the history, one row a client.',
  read: (values) => ({ name: 'check-history', options: readCheckHistory(values) }),
};

function readCheckHistory(values: Record<string, unknown>): CheckHistoryOptions {
  const model = text(values, 'model');
  const seconds = text(values, 'seconds');
  const steps = text(values, 'steps');
  const memory = text(values, 'memory-mb');
  return {
    file: text(values, 'file')!,
    json: isSet(values, 'json'),
    ...(model === undefined ? {} : { model }),
    ...(seconds === undefined ? {} : { seconds: readSeconds('--seconds', seconds) }),
    ...(steps === undefined ? {} : { steps: readInteger('--steps', steps, 1, 1e12) }),
    ...(memory === undefined ? {} : { memoryMb: readInteger('--memory-mb', memory, 1, 65_536) }),
  };
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  LIST,
  EXPLAIN,
  RUN,
  FUZZ,
  REPLAY,
  TUI,
  SHRINK,
  REPORT,
  GATE,
  MUTANTS,
  BENCH,
  CHECK_HISTORY,
  CORPUS,
  BISECT,
  WORKER,
];
