import type { RunPlanFunction } from '../../campaign/worker-protocol.ts';
import type { RunPlan, Variant } from '../../plan/plan.ts';
import { UserError } from '../../plan/user-error.ts';
import type { Recording } from '../../tui/recording/recording.ts';
import type { Session } from '../../tui/view.ts';
import { readBundle, readPlanFile, readUserFile } from '../bundle.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import { checkPlanNames } from '../known-names.ts';
import { type CommandOutput, canDraw, wantsColour } from '../output.ts';
import { isScenarioPath, scenarioPathPlans } from '../scenario-path.ts';
import { DEFAULT_SEED, type Seeds, selectEntries } from '../select.ts';

export interface TuiOptions {
  /** A bundle, a plan file, or the id of a scenario. */
  readonly what: string;
  readonly variant: Variant | null;
  readonly seed: Seeds;
  /** Looks for the nearest run that passes and shows it, too. */
  readonly compare: boolean;
  /** A bundle or plan to show beside it. */
  readonly other: string | null;
}

/** The streams of a terminal; handed in so that tests can hand in others. */
export interface TuiTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly variables: { readonly NO_COLOR?: string | undefined; readonly TERM?: string | undefined };
}

/**
 * Where one of these is set when ink is loaded it draws only its last frame (its package is-in-ci), on a terminal, too.
 * That this is a terminal has been looked at by then.
 */
const HIDES_FRAMES = ['CI', 'CONTINUOUS_INTEGRATION'] as const;

/** A plan that is to be shown, and the hash that somebody promised for it. */
interface Wanted {
  readonly plan: RunPlan;
  readonly expectedHash: string | null;
}

/** Records a run and shows it until somebody quits. Throws a `UserError` without a terminal. */
export async function tui(
  options: TuiOptions,
  out: CommandOutput,
  engine: Engine,
  terminal: TuiTerminal,
): Promise<number> {
  const { stdin, stdout, variables } = terminal;
  if (stdin.isTTY !== true || !canDraw(stdout, variables.TERM)) {
    throw new UserError(
      'tui needs a terminal: standard input and output must both be one that can be drawn on',
      'run it there; firedrill replay and firedrill explain print plain text anywhere',
    );
  }
  if (options.compare && options.other !== null) {
    throw new UserError('--compare and --with exclude each other', 'leave out the one that you do not mean');
  }
  const session = await sessionOf(options, out, engine);
  for (const name of HIDES_FRAMES) delete process.env[name];
  const { openView } = await import('../../tui/open.ts');
  await openView(session, { stdin, stdout, colour: wantsColour(variables, true) });
  return EXIT.expected;
}

/** The recordings of what was asked for. */
export async function sessionOf(options: TuiOptions, out: CommandOutput, engine: Engine): Promise<Session> {
  const wanted = await wantedOf(options, engine);
  const runPlan = await engine.runPlan();
  const record = await recorder(runPlan, out);
  const run = await record(wanted, '');
  const other = await otherRun(options, wanted, run, engine, record, out);
  if (other === null) return { runs: [run], comparison: null };
  const { compareRuns } = await import('../../tui/compare.ts');
  return { runs: [run, other], comparison: compareRuns(run, other) };
}

type Record = (wanted: Wanted, change: string) => Promise<Recording>;

async function recorder(runPlan: RunPlanFunction, out: CommandOutput): Promise<Record> {
  const { recordRun, titleOf } = await import('../recording/record.ts');
  return ({ plan, expectedHash }, change) => {
    const title = `${titleOf(plan)}${change === '' ? '' : ` ${change}`}`;
    out.stderr(`firedrill tui: recording ${title} ...\n`);
    return recordRun(plan, runPlan, { expectedHash, title });
  };
}

async function otherRun(
  options: TuiOptions,
  { plan }: Wanted,
  run: Recording,
  engine: Engine,
  record: Record,
  out: CommandOutput,
): Promise<Recording | null> {
  if (options.other !== null) return record(fileWanted(options.other), '');
  if (!options.compare) return null;
  if (run.facts.result.verdict !== 'failed') {
    throw new UserError('this run does not fail, so it has no passing neighbour', 'leave out --compare, or use --with');
  }
  const { nearestPassing } = await import('../recording/neighbour.ts');
  out.stderr('firedrill tui: looking for the nearest run that passes ...\n');
  const found = await nearestPassing(plan, run.facts.result, await engine.runPlan(), await engine.source());
  if (found === null) {
    throw new UserError(
      'whatever single thing is taken out of this plan, it still fails',
      'leave out --compare; firedrill shrink makes a plan small, or use --with FILE',
    );
  }
  return record({ plan: found.plan, expectedHash: null }, found.change);
}

async function wantedOf(options: TuiOptions, engine: Engine): Promise<Wanted> {
  const { what, variant, seed } = options;
  if (isScenarioPath(what)) {
    const [plan] = scenarioPathPlans({ scenarios: [what], seeds: seed, variant, system: null, without: null });
    if (plan !== undefined) return { plan, expectedHash: null };
  }
  if (what.endsWith('.json') || what.includes('/')) {
    if (variant !== null || seed.kind !== 'unset') {
      throw new UserError('a file says by itself what runs', 'leave out --variant and --seed');
    }
    return fileWanted(what);
  }
  const source = await engine.source();
  const [entry] = selectEntries({ scenarios: [what], system: null }, source.list());
  if (entry === undefined) throw new UserError(`there is no scenario ${what}`, '`firedrill list` shows all scenarios');
  const order = ['literal', 'safe', 'swarm'] as const;
  const chosen = order.find((each) => entry.variants.includes(each) && (variant === null || each === variant));
  if (chosen === undefined) {
    throw new UserError(`${what} has no variant ${variant ?? ''}`, `it has ${entry.variants.join(' and ')}`);
  }
  const number = seed.kind === 'range' ? seed.from : DEFAULT_SEED;
  const plan = source.plan(what, chosen, number);
  const declared = plan.expectedFailure;
  if (seed.kind === 'range' || declared?.seeds !== 'some') return { plan, expectedHash: null };
  return { plan: source.plan(what, chosen, declared.pinned), expectedHash: null };
}

/** A bundle, or a plan alone: a bundle has an `expected`. */
function fileWanted(path: string): Wanted {
  const text = readUserFile(path, 'bundle or plan');
  if (/^\s*\{[^{]*"firedrill"\s*:/.test(text)) {
    const { plan, expected } = readBundle(path);
    checkPlanNames(plan, `${path}: plan`);
    return { plan, expectedHash: expected.hash };
  }
  const plan = readPlanFile(path);
  checkPlanNames(plan, path);
  return { plan, expectedHash: null };
}
