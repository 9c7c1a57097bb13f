import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleExpectedForm } from '../plan/document-form.ts';
import type { RunPlan } from '../plan/plan.ts';
import { readPlan } from '../plan/plan-file.ts';
import { planText, readPlanText } from '../plan/read.ts';
import type { RunResult } from '../plan/result.ts';
import { systemReason, UserError } from '../plan/user-error.ts';
import { makeFolder, refuseOddPlace, writeWhole } from './write-file.ts';

/** Version of the bundle's own form; the plan in it has its own. */
export const BUNDLE_VERSION = 1;

/** What a replay of the plan must give. */
export interface BundleExpected {
  readonly hash: string;
  readonly verdict: string;
  readonly property: string;
  readonly events: number;
  /** The hash along the way (`RunResult.traceCheckpoints`), to find the first difference. */
  readonly checkpoints: readonly number[];
}

export interface BundleContent {
  readonly version: typeof BUNDLE_VERSION;
  /** Versions that ran it: of firedrill, and of Node with its `v`. */
  readonly firedrill: string;
  readonly node: string;
  readonly plan: RunPlan;
  readonly expected: BundleExpected;
}

/** The exact versions of this process. */
export interface Versions {
  readonly firedrill: string;
  readonly node: string;
}

/** What a bundle says of a run. */
export function bundleOf(result: RunResult, versions: Versions): BundleContent {
  const { plan, traceHash, verdict, property, events, traceCheckpoints } = result;
  const expected = { hash: traceHash, verdict, property, events, checkpoints: traceCheckpoints };
  return { version: BUNDLE_VERSION, firedrill: versions.firedrill, node: versions.node, plan, expected };
}

/**
 * The text of a bundle file. The checksum covers everything else in it, and a bundle has exactly one spelling: a file
 * that reads alike but is written otherwise is not this bundle.
 */
export function bundleText(content: BundleContent): string {
  const checksum = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `${JSON.stringify({ ...content, checksum }, null, 1)}\n`;
}

/** Where a run's bundle goes: the first eight digits of the hash keep two plans of one seed apart. */
export function bundlePath(reports: string, { plan, traceHash }: Pick<RunResult, 'plan' | 'traceHash'>): string {
  return join(reports, 'runs', `${plan.scenario}-${plan.variant}-${plan.seed}-${traceHash.slice(0, 8)}.json`);
}

/** Refuses a place at which something stands that is no ordinary file: a bundle is put in the place of what is there. */
export function checkBundlePlace(path: string): void {
  refuseOddPlace(path, 'the bundle', 'name a new file, or a file that may be replaced');
}

/** Writes a bundle, whole or not at all. Throws a `UserError` that names the path when the folder cannot take it. */
export function writeBundle(path: string, content: BundleContent): void {
  checkBundlePlace(path);
  writeForUser(path, 'bundle', bundleText(content));
}

function writeForUser(path: string, what: string, text: string): void {
  try {
    makeFolder(dirname(path));
    writeWhole(path, text);
  } catch (error) {
    throw new UserError(
      `cannot write the ${what} ${path}: ${systemReason(error)}`,
      'free or unlock the folder, or name another one with --reports FOLDER, and run the same command again',
    );
  }
}

/** Where the plan of a run goes that has no hash to compare: it crashed, hung or ended otherwise the second time. */
export function planPath(
  reports: string,
  { scenario, variant, seed }: Pick<RunPlan, 'seed'> & { readonly scenario: string; readonly variant: string },
  planHash: string,
): string {
  return join(reports, 'runs', `${scenario}-${variant}-${seed}-${planHash.slice(0, 8)}.plan.json`);
}

/** Writes a plan for `firedrill run --plan`. Throws a `UserError` that names the path when the folder cannot take it. */
export function writePlan(path: string, plan: RunPlan): void {
  writeForUser(path, 'plan', planText(plan));
}

/** Reads a file of the user as text; throws a `UserError` that says why it cannot be read. */
export function readUserFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read the ${what} ${path}: ${systemReason(error)}`, `name a readable ${what} file`);
  }
}

/** Reads a plan file; throws a `UserError` with the place in the file when it is not a complete plan. */
export function readPlanFile(path: string): RunPlan {
  const reading = readPlanText(readUserFile(path, 'plan'), path);
  if (reading.ok) return reading.plan;
  const { file, path: place, problem, remedy } = reading.mistake;
  throw new UserError(`${file}: ${place}: ${problem}`, remedy);
}

function parseBundle(path: string, text: string): Partial<BundleContent> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON`, 'name a bundle that firedrill wrote, whole and unchanged');
  }
  return typeof value === 'object' && value !== null ? value : {};
}

/** Reads a bundle. Throws a `UserError` for another version, a changed byte or a plan that cannot be used. */
export function readBundle(path: string): BundleContent {
  const text = readUserFile(path, 'bundle');
  const found = parseBundle(path, text);
  if (found.version !== BUNDLE_VERSION) {
    throw new UserError(
      `${path}: this is no bundle of version ${BUNDLE_VERSION} (version: ${JSON.stringify(found.version) ?? 'none'})`,
      'name a file that `firedrill run` wrote, or replay it with the firedrill that wrote it',
    );
  }
  const { version, firedrill, node, plan, expected } = found as BundleContent;
  const content: BundleContent = { version, firedrill, node, plan, expected };
  if (bundleText(content) !== text) {
    throw new UserError(
      `${path}: the checksum does not match, so the bundle was changed after it was written`,
      'fetch the bundle again; to run a changed plan, save the plan alone and use firedrill run --plan FILE',
    );
  }
  const wrong = bundleExpectedForm(expected);
  if (wrong !== null) {
    throw new UserError(
      `${path}: expected${wrong.path === '' ? '' : `.${wrong.path}`} ${wrong.problem}`,
      'name a bundle that firedrill wrote; to run its plan, save the plan alone and use firedrill run --plan FILE',
    );
  }
  const reading = readPlan(plan);
  if (reading.kind === 'plan') return { ...content, plan: reading.plan };
  throw new UserError(`${path}: plan.${reading.mistake.path}: ${reading.mistake.problem}`, reading.mistake.remedy);
}
