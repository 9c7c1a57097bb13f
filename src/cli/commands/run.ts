import { availableParallelism } from 'node:os';
import { type PoolRun, runPool } from '../../campaign/pool.ts';
import { isExpected } from '../../plan/expected.ts';
import { isUserError, UserError } from '../../plan/user-error.ts';
import { planWithout } from '../../plan/without.ts';
import { type Divergence, divergenceLines } from '../../report/determinism.ts';
import { painter } from '../../report/paint.ts';
import { type JudgedRun, runReport, totalsOf } from '../../report/run-report.ts';
import { runTable } from '../../report/run-table.ts';
import { bundleOf, bundlePath, readPlanFile, writeBundle } from '../bundle.ts';
import { findDivergences } from '../check-determinism.ts';
import type { Engine } from '../engine.ts';
import { EXIT, worstExit } from '../exit-codes.ts';
import { checkPlanNames } from '../known-names.ts';
import type { CommandOutput } from '../output.ts';
import { type Progress, progressOn } from '../progress.ts';
import { isScenarioPath, scenarioPathPlans } from '../scenario-path.ts';
import { checkSelection, expectationOf, type Job, resolveSeeds, type Selection, selectJobs } from '../select.ts';
import { shellWord } from '../shell-word.ts';
import { refuseOwnInput } from '../write-file.ts';

export interface RunCommandOptions extends Selection {
  /** Runs this plan file and nothing else. */
  readonly planFile: string | null;
  /** Worker processes; null: as many as there are cores. */
  readonly jobs: number | null;
  readonly checkDeterminism: boolean;
  readonly json: boolean;
  /** Writes a bundle for every failure, not only for the unexpected ones. */
  readonly bundle: boolean;
  /** Folder of the reports; bundles go to `runs` in it. */
  readonly reports: string;
  /** Of a single run: writes what its clients called and were answered to this file. */
  readonly history?: string;
}

/** Runs plans, judges them against what they declare, reports, and returns the exit code. */
export async function run(options: RunCommandOptions, out: CommandOutput, engine: Engine): Promise<number> {
  const jobs = await jobsOf(options, out, engine);
  await writeHistory(jobs, options, engine);
  const progress = await progressOn(out, options.json);
  let runs: PoolRun[];
  let divergences: Divergence[] | null = null;
  try {
    runs = await runJobs(jobs, 'running', options, engine, progress);
    if (options.checkDeterminism) {
      // Backwards and in new processes: nothing may depend on what ran before, or where.
      const again = await runJobs([...jobs].reverse(), 'running again', options, engine, progress);
      divergences = await findDivergences(runs, again.reverse(), engine);
    }
  } finally {
    progress.end();
  }
  const { judged, problem } = keepBundles(jobs, runs, options, engine);
  report(judged, divergences, options, out);
  if (problem !== null) out.stderr(`firedrill run: ${problem}\n`);
  return exitOf(judged, divergences ?? [], problem !== null);
}

/** Workers hand back results only, so the run whose history is wanted is also run here. */
async function writeHistory(jobs: readonly Job[], { history }: RunCommandOptions, engine: Engine): Promise<void> {
  if (history === undefined) return;
  const [job] = jobs;
  if (job === undefined || jobs.length > 1) {
    throw new UserError(
      `--history is for a single run, and these are ${jobs.length}`,
      'name one scenario, --variant and --seed',
    );
  }
  const { runAndWriteHistory } = await import('../write-history.ts');
  await runAndWriteHistory(history, job.plan, await engine.runPlan(), { recording: false });
}

async function jobsOf(options: RunCommandOptions, out: CommandOutput, engine: Engine): Promise<Job[]> {
  if (options.planFile !== null) {
    refuseOwnInput(options.planFile, options.history ?? null, '--history');
    const read = readPlanFile(options.planFile);
    checkPlanNames(read, options.planFile);
    const plan = planWithout(read, options.without);
    return [{ plan, expectation: expectationOf(options.without, false) }];
  }
  if (options.scenarios.some(isScenarioPath)) {
    const plans = scenarioPathPlans(options);
    return plans.map((plan) => ({
      plan: planWithout(plan, options.without),
      expectation: expectationOf(options.without, false),
    }));
  }
  const source = await engine.source();
  checkSelection(options, source);
  const seeds = resolveSeeds(options, () => engine.entropy());
  const text = seeds.from === seeds.to ? `seed ${seeds.from}\n` : `seeds ${seeds.from}..${seeds.to}\n`;
  if (options.json) out.stderr(text);
  else out.stdout(text);
  return selectJobs(options, seeds, source);
}

async function runJobs(
  jobs: readonly Job[],
  label: string,
  options: RunCommandOptions,
  engine: Engine,
  progress: Progress,
): Promise<PoolRun[]> {
  let done = 0;
  progress.show({ label, total: jobs.length, done, latest: '' });
  return runPool(
    jobs.map(({ plan }) => plan),
    {
      jobs: options.jobs ?? availableParallelism(),
      worker: engine.worker,
      watchdogMs: engine.watchdogMs,
      onRun: ({ result: { plan, verdict } }) => {
        done++;
        const latest = `${plan.scenario} ${plan.variant} seed ${plan.seed} ${verdict}`;
        progress.show({ label, total: jobs.length, done, latest });
      },
    },
  );
}

/** Judges the runs and writes their bundles. A folder that takes none is told once, after the report. */
function keepBundles(
  jobs: readonly Job[],
  runs: readonly PoolRun[],
  options: RunCommandOptions,
  engine: Engine,
): { judged: JudgedRun[]; problem: string | null } {
  let problem: string | null = null;
  const judged = runs.map(({ result, wallMs }, index): JudgedRun => {
    const { expectation } = jobs[index]!;
    const expected = isExpected(result, expectation);
    const observed = expectation.kind === 'observed' ? { observed: true } : {};
    let bundle: string | null = null;
    if (result.verdict === 'failed' && (options.bundle || !expected) && problem === null) {
      try {
        bundle = bundlePath(options.reports, result);
        writeBundle(bundle, bundleOf(result, engine.versions));
      } catch (error) {
        if (!isUserError(error)) throw error;
        bundle = null;
        problem = error.message;
      }
    }
    return { result, expected, ...observed, wallMs, bundle, again: againText(result.plan, bundle, options) };
  });
  return { judged, problem };
}

function againText(plan: Job['plan'], bundle: string | null, { planFile, without }: RunCommandOptions): string {
  if (bundle !== null) return `npx firedrill replay ${shellWord(bundle)}`;
  const taken = without === null ? '' : ` --without ${without}`;
  if (planFile !== null) return `npx firedrill run --plan ${shellWord(planFile)}${taken}`;
  const variant = plan.variant === 'swarm' ? '' : ` --variant ${plan.variant}`;
  const profile = plan.profile === 'intended' ? '' : ` --profile ${plan.profile}`;
  return `npx firedrill run ${plan.scenario}${variant}${profile} --seed ${plan.seed}${taken}`;
}

function report(
  judged: readonly JudgedRun[],
  divergences: readonly Divergence[] | null,
  { json }: RunCommandOptions,
  out: CommandOutput,
): void {
  if (json) {
    const determinism = divergences === null ? {} : { determinism: { checked: judged.length, divergences } };
    const document = { runs: judged.map(runReport), totals: totalsOf(judged), ...determinism };
    out.stdout(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  out.stdout(runTable(judged, painter(out.colour)));
  for (const { bundle, expected } of judged) {
    if (bundle !== null && expected) out.stdout(`bundle: npx firedrill replay ${shellWord(bundle)}\n`);
  }
  if (divergences !== null) out.stdout(`${divergenceLines(divergences, judged.length).join('\n')}\n`);
}

function exitOf(judged: readonly JudgedRun[], divergences: readonly Divergence[], refused: boolean): number {
  const codes = judged.map(({ result: { verdict, reason }, expected }) => {
    if (reason === 'crashed' || reason === 'hung') return EXIT.internal;
    if (expected) return EXIT.expected;
    return verdict === 'inconclusive' ? EXIT.inconclusive : EXIT.unexpected;
  });
  return worstExit([...codes, ...divergences.map(() => EXIT.nondeterminism), ...(refused ? [EXIT.usage] : [])]);
}
