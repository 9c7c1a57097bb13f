import { isExpected } from '../../plan/expected.ts';
import { nearest } from '../../plan/nearest.ts';
import type { RunResult } from '../../plan/result.ts';
import { UserError } from '../../plan/user-error.ts';
import { windowText } from '../../report/determinism.ts';
import { explanation, findingText } from '../../report/findings.ts';
import { type TraceLine, traceTable } from '../../report/trace-table.ts';
import { type BundleContent, readBundle } from '../bundle.ts';
import { type DivergenceWindow, differences, divergenceWindow, fingerprint } from '../divergence.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import { traceHostName } from '../host-names.ts';
import { checkPlanNames, hostCount } from '../known-names.ts';
import type { CommandOutput } from '../output.ts';
import { TRACE_KINDS, traceLine } from '../trace-lines.ts';
import { refuseOwnInput } from '../write-file.ts';

export interface ReplayOptions {
  readonly bundle: string;
  /** Virtual times, both included; null: no bound. With any of the four the whole matching part is printed. */
  readonly fromUs: number | null;
  readonly untilUs: number | null;
  readonly node: number | null;
  readonly kinds: readonly string[];
  readonly json: boolean;
  /** Writes what the clients called and were answered to this file. */
  readonly history?: string;
}

/** Records before the first finding (or before the end) that are shown when no part is asked for, and after it. */
const BEFORE = 40;
const AFTER = 4;

/**
 * Runs a bundle's plan again, compares it with what the bundle says and prints a part of the trace. Returns 3 when the
 * replay differs; otherwise the code of the run itself: 0 as declared, 1 not as declared, 2 inconclusive.
 */
export async function replay(options: ReplayOptions, out: CommandOutput, engine: Engine): Promise<number> {
  checkKinds(options.kinds);
  const bundle = readBundle(options.bundle);
  refuseOwnInput(options.bundle, options.history ?? null, '--history');
  checkPlanNames(bundle.plan, `${options.bundle}: plan`);
  checkNode(options.node, bundle);
  const runPlan = await engine.runPlan();
  const { result, records } =
    options.history === undefined
      ? await runPlan(bundle.plan, { recording: true })
      : await (await import('../write-history.ts')).runAndWriteHistory(options.history, bundle.plan, runPlan, {
          recording: true,
        });
  const differs = differences(bundle.expected, fingerprint(result));
  const window = differs.length === 0 ? null : divergenceWindow(bundle.expected.checkpoints, result.traceCheckpoints);
  const part = partOf(records.map(traceLine), options, result, window);
  const report: ReplayReport = { options, bundle, result, differs, window, part, engine };
  if (options.json) out.stdout(`${JSON.stringify(document(report), null, 2)}\n`);
  else out.stdout(`${text(report).join('\n')}\n`);
  if (differs.length > 0) return EXIT.nondeterminism;
  if (isExpected(result)) return EXIT.expected;
  return result.verdict === 'inconclusive' ? EXIT.inconclusive : EXIT.unexpected;
}

interface ReplayReport {
  readonly options: ReplayOptions;
  readonly bundle: BundleContent;
  readonly result: RunResult;
  readonly differs: readonly string[];
  readonly window: DivergenceWindow | null;
  readonly part: readonly TraceLine[];
  readonly engine: Engine;
}

function checkKinds(kinds: readonly string[]): void {
  const unknown = kinds.find((kind) => !TRACE_KINDS.includes(kind));
  if (unknown === undefined) return;
  const meant = nearest(unknown, TRACE_KINDS);
  const hint = meant === undefined ? '' : `did you mean ${meant}? `;
  throw new UserError(`there is no trace kind ${unknown}`, `${hint}use some of ${TRACE_KINDS.join(', ')}`);
}

function checkNode(node: number | null, { plan }: BundleContent): void {
  const hosts = hostCount(plan);
  if (node === null || node < hosts) return;
  throw new UserError(`--node ${node}: there is no such host in this run`, `give a host from 0 to ${hosts - 1}`);
}

/** The part that was asked for; else what leads up to the difference, the first finding or the end. */
function partOf(
  lines: readonly TraceLine[],
  { fromUs, untilUs, node, kinds }: ReplayOptions,
  { findings }: RunResult,
  window: DivergenceWindow | null,
): readonly TraceLine[] {
  if (fromUs !== null || untilUs !== null || node !== null || kinds.length > 0) {
    return lines.filter(
      ({ atUs, host, kind }) =>
        (fromUs === null || atUs >= fromUs) &&
        (untilUs === null || atUs <= untilUs) &&
        (node === null || host === node) &&
        (kinds.length === 0 || kinds.includes(kind)),
    );
  }
  const found = findings[0];
  const isAfter = (line: TraceLine): boolean =>
    window !== null ? line.event >= window.firstEvent : found !== undefined && line.atUs > found.atUs;
  const first = lines.findIndex(isAfter);
  const centre = first === -1 ? lines.length : first;
  return lines.slice(Math.max(0, centre - BEFORE), centre + AFTER);
}

function document({ options, bundle, result, differs, window, part, engine }: ReplayReport): object {
  const { plan } = bundle;
  return {
    bundle: options.bundle,
    scenario: plan.scenario,
    variant: plan.variant,
    seed: plan.seed,
    reproduced: differs.length === 0,
    differences: differs,
    firstDifference: window,
    versions: { bundle: { firedrill: bundle.firedrill, node: bundle.node }, replay: engine.versions },
    hash: { expected: bundle.expected.hash, actual: result.traceHash },
    verdict: result.verdict,
    expected: isExpected(result),
    reason: result.reason,
    property: result.property,
    findings: result.findings,
    events: result.events,
    virtualUs: result.virtualUs,
    trace: part,
  };
}

function text(report: ReplayReport): string[] {
  const { bundle, result, differs, part, engine } = report;
  const { plan } = bundle;
  const words = explanation(result);
  return [
    `${plan.scenario} ${plan.variant} seed ${plan.seed}: ${result.verdict}${words === '' ? '' : ` (${words})`}`,
    ...result.findings.map((finding) => `  ${findingText(finding)}`),
    '',
    traceTable(part, (host) => traceHostName(plan, host)),
    '',
    differs.length === 0
      ? `reproduced: hash ${result.traceHash}, ${result.events} events`
      : `NOT REPRODUCED (bundle and replay): ${differs.join('; ')}`,
    ...(report.window === null ? [] : differenceLines(report.window, bundle, engine)),
  ];
}

function differenceLines(window: DivergenceWindow, { firedrill, node }: BundleContent, engine: Engine): string[] {
  const { versions } = engine;
  const same = firedrill === versions.firedrill && node === versions.node;
  const cause = same
    ? 'the versions are equal, so this is nondeterminism or a change of the code: please report it'
    : `written by firedrill ${firedrill} on Node ${node}, replayed by ${versions.firedrill} on ${versions.node}`;
  return [`  the first difference lies ${windowText(window)}`, `  ${cause}`];
}
