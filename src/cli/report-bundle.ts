import { isExpected } from '../plan/expected.ts';
import { UserError } from '../plan/user-error.ts';
import type { ReportModel, ReportRun } from '../report/model.ts';
import type { MutantFate } from '../report/mutant-table.ts';
import { type BundleContent, readBundle } from './bundle.ts';
import { differences, fingerprint } from './divergence.ts';
import { checkPlanNames } from './known-names.ts';
import { ReportAssembly } from './report-assemble.ts';
import type { ReportContext } from './report-context.ts';
import { detailOfTrace } from './report-detail.ts';
import { runOfResult } from './report-run.ts';
import { shellWord } from './shell-word.ts';
import { type TracedRun, traceRun } from './trace-of-run.ts';

/** Reads a bundle and makes its run again, with its whole trace. */
export async function tracedBundle(
  path: string,
  { engine }: ReportContext,
): Promise<{ readonly bundle: BundleContent; readonly traced: TracedRun }> {
  const bundle = readBundle(path);
  checkPlanNames(bundle.plan, `${path}: plan`);
  return { bundle, traced: await traceRun(bundle.plan, await engine.runPlan()) };
}

/** A report of one run: what failed, with everything around it. */
export async function bundleModel(
  path: string,
  context: ReportContext,
  mutants: readonly MutantFate[],
): Promise<ReportModel> {
  const { bundle, traced } = await tracedBundle(path, context);
  const parted = differences(bundle.expected, fingerprint(traced.result));
  const run = runOfBundle(path, traced);
  const assembly = new ReportAssembly(context);
  assembly.add(run);
  const { scenario, variant, seed } = bundle.plan;
  const parts = {
    kind: 'bundle',
    title: `${scenario} ${variant} seed ${seed}`,
    source: path,
    mutants,
    shown: run.signature === '' ? detailOfTrace(traced, run) : null,
    problems: parted.map((each) => `NOT REPRODUCED (bundle and this replay): ${each}`),
  } as const;
  return assembly.model(parts, async () => detailOfTrace(traced, run));
}

export function runOfBundle(path: string, { result }: TracedRun): ReportRun {
  const again = `npx firedrill replay ${shellWord(path)}`;
  return runOfResult(result, { expected: isExpected(result), wallMs: 0, bundle: path, again });
}

/** Throws the `UserError` of formats that draw one run. */
export function onlyBundles(what: string, format: string): never {
  throw new UserError(
    `--format ${format} draws a single run, and ${what} is no bundle`,
    'name a bundle; firedrill run --bundle writes one for every failure',
  );
}
