import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Shrunk, shrink } from '../../campaign/shrink/shrink.ts';
import type { RunPlan } from '../../plan/plan.ts';
import type { RunResult } from '../../plan/result.ts';
import { systemReason, UserError } from '../../plan/user-error.ts';
import { type Story, type StoryEvent, storyText } from '../../report/story.ts';
import { faultMoments, markMoments, processMoments } from '../../scenarios/moments.ts';
import { planScenarioText } from '../../scenarios/plan-scenario.ts';
import type { RunOutcome } from '../../scenarios/run.ts';
import { type BundleContent, bundleOf, bundlePath, checkBundlePlace, readBundle, writeBundle } from '../bundle.ts';
import { differences, fingerprint } from '../divergence.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import { traceHostName } from '../host-names.ts';
import { checkPlanNames } from '../known-names.ts';
import type { CommandOutput } from '../output.ts';
import { progressOn } from '../progress.ts';
import { shellWord } from '../shell-word.ts';
import { refuseOwnInput, writeWhole } from '../write-file.ts';

export interface ShrinkCommandOptions {
  readonly bundle: string;
  readonly runsMax: number;
  readonly seconds: number;
  /** Where the bundle of the small plan goes; null: beside those of `run`. */
  readonly out: string | null;
  readonly reports: string;
  readonly saveScenario: string | null;
  readonly json: boolean;
}

/** Marks that help to read a story; the others are left to `replay`. */
const TOLD_MARKS = /^(view-|recovery-|client-evicted|state-transfer|assertion-failed|mutant-fired)/;

/**
 * Makes the failing plan of a bundle small and tells its story. Returns 0 with a smaller plan (or the same one, when it
 * cannot be made smaller), 3 when the bundle does not reproduce. Throws a `UserError` for a bundle of a run that did not
 * fail.
 */
export async function shrinkBundle(options: ShrinkCommandOptions, out: CommandOutput, engine: Engine): Promise<number> {
  const bundle = readBundle(options.bundle);
  checkPlaces(options);
  checkPlanNames(bundle.plan, `${options.bundle}: plan`);
  if (bundle.expected.verdict !== 'failed') {
    throw new UserError(
      `${options.bundle}: its run ${bundle.expected.verdict === 'passed' ? 'passed' : 'was inconclusive'}, so there is nothing to shrink`,
      'name the bundle of a failed run; `firedrill run --bundle` writes one for every failure',
    );
  }
  const runPlan = await engine.runPlan();
  const whole = await runPlan(bundle.plan, { recording: false });
  const parted = differences(bundle.expected, fingerprint(whole.result));
  if (parted.length > 0) {
    out.stderr(`firedrill shrink: the bundle does not reproduce (bundle and replay): ${parted.join('; ')}\n`);
    return EXIT.nondeterminism;
  }
  const shrunk = await search(bundle.plan, options, out, engine);
  if (shrunk === null) {
    out.stderr('firedrill shrink: the bundle does not reproduce: it failed once and not again\n');
    return EXIT.nondeterminism;
  }
  const { plan } = shrunk.minimal;
  const final = await runPlan(plan, { recording: true, recordDecisions: true });
  report(options, bundle, shrunk, final, keep(options, final.result, shrunk, engine), out);
  return EXIT.expected;
}

/** Before the search, which takes a minute: what is written must destroy nothing but what it replaces. */
function checkPlaces({ bundle, out, saveScenario }: ShrinkCommandOptions): void {
  refuseOwnInput(bundle, out, '--out');
  refuseOwnInput(bundle, saveScenario, '--save-scenario');
  if (out !== null && saveScenario !== null && resolve(out) === resolve(saveScenario)) {
    throw new UserError('--out and --save-scenario name the same file', 'give each one its own');
  }
  if (out !== null) checkBundlePlace(out);
}

async function search(
  plan: RunPlan,
  options: ShrinkCommandOptions,
  out: CommandOutput,
  engine: Engine,
): Promise<Shrunk | null> {
  const progress = await progressOn(out, options.json);
  const interrupt = onInterrupt();
  try {
    return await shrink(plan, await engine.runPlan(), {
      runsMax: options.runsMax,
      wallMs: options.seconds * 1_000,
      nowMs: () => performance.now(),
      cancelled: interrupt.cancelled,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
      onPass: ({ pass, runs, counts: { faults, decisions, operations } }) => {
        const latest = `${pass}: ${faults} faults, ${decisions} decisions, ${operations} operations`;
        progress.show({ label: 'shrinking, runs', total: options.runsMax, done: runs, latest });
      },
    });
  } finally {
    interrupt.release();
    progress.end();
  }
}

/** The first Ctrl-C keeps the best plan so far; a second one ends the process as ever. */
function onInterrupt(): { readonly cancelled: () => boolean; readonly release: () => void } {
  let interrupted = false;
  const hear = (): void => {
    interrupted = true;
    process.off('SIGINT', hear);
  };
  process.on('SIGINT', hear);
  return { cancelled: () => interrupted, release: () => void process.off('SIGINT', hear) };
}

interface Kept {
  readonly bundle: string;
  readonly scenario: string | null;
}

function keep(options: ShrinkCommandOptions, result: RunResult, shrunk: Shrunk, engine: Engine): Kept {
  const bundle = options.out ?? bundlePath(options.reports, result).replace(/\.json$/, '-shrunk.json');
  writeBundle(bundle, bundleOf(result, engine.versions));
  const path = options.saveScenario;
  if (path === null) return { bundle, scenario: null };
  const { property, site } = shrunk.failure;
  const { plan } = result;
  const text = planScenarioText(plan, `${property} at ${site}`, [
    `Made by firedrill shrink from a run of ${plan.scenario} ${plan.variant}, seed ${plan.seed}; fails ${property} (${site}).`,
    `Run it: npx firedrill run ${shellWord(path)}`,
  ]);
  try {
    writeWhole(path, text);
  } catch (error) {
    throw new UserError(`cannot write the scenario ${path}: ${systemReason(error)}`, 'name a file that can be written');
  }
  return { bundle, scenario: path };
}

function report(
  options: ShrinkCommandOptions,
  bundle: BundleContent,
  shrunk: Shrunk,
  final: RunOutcome,
  kept: Kept,
  out: CommandOutput,
): void {
  const story = storyOf(shrunk, final);
  if (!shrunk.materialised) {
    out.stderr('firedrill shrink: the run with its chance decisions listed did not fail alike; rates were kept\n');
  }
  if (options.json) {
    const { original, minimal, runs, ended, neighbours } = story;
    const { failure, materialised } = shrunk;
    const { scenario, variant, seed } = bundle.plan;
    const document = { bundle: options.bundle, scenario, variant, seed, failure, original, minimal, runs, ended };
    const rest = { materialised, finding: story.finding, events: story.events, neighbours, plan: story.plan };
    const hash = final.result.traceHash;
    out.stdout(`${JSON.stringify({ ...document, ...rest, shrunk: { ...kept, hash } }, null, 2)}\n`);
    return;
  }
  out.stdout(storyText(story, (host) => traceHostName(story.plan, host)));
  out.stdout(`bundle: npx firedrill replay ${shellWord(kept.bundle)}\n`);
  if (kept.scenario !== null) out.stdout(`scenario: npx firedrill run ${shellWord(kept.scenario)}\n`);
}

/** Puts the parts of a story together, from the recorded run of the minimal plan. */
export function storyOf(shrunk: Shrunk, { records, decisions = [], result }: RunOutcome): Story {
  const { minimal, original, runs, ended, neighbours } = shrunk;
  const { plan } = minimal;
  const events: StoryEvent[] = [
    ...faultMoments(plan, records).map(
      ({ label, atUs, phase, where }) => ({ kind: 'fault', atUs, label, ends: phase === 'ends', where }) as const,
    ),
    ...decisions.map(({ decision, atUs }) => ({ kind: 'decision', atUs, decision }) as const),
    ...processMoments(records)
      .filter(({ atUs, host }) => atUs > 0 && host < plan.cluster.replicaCount)
      .map(({ atUs, host, text }) => ({ kind: 'process', atUs, host, text }) as const),
    ...markMoments(records)
      .filter(({ mark }) => TOLD_MARKS.test(mark))
      .map(({ mark, atUs, host }) => ({ kind: 'mark', atUs, host, mark }) as const),
    ...result.commands.map(
      ({ step, on, startedUs, code }) => ({ kind: 'step', atUs: startedUs, step, on, code }) as const,
    ),
  ];
  const { finding, counts } = minimal;
  return { plan, finding, original, minimal: counts, runs, ended, events, neighbours };
}
