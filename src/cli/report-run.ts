import { failureSignature, signatureOf } from '../campaign/signature.ts';
import type { InconclusiveReason, RunResult } from '../plan/result.ts';
import { explanation, propertyMeaning, reasonMeaning } from '../report/findings.ts';
import type { ReportRun } from '../report/model.ts';
import type { RunReport } from '../report/run-report.ts';

export function runId({
  scenario,
  variant,
  profile,
  seed,
}: Pick<ReportRun, 'scenario' | 'variant' | 'profile' | 'seed'>): string {
  return `${scenario}-${variant}-${profile}-${seed}`;
}

/** A run of the document of `firedrill run --json`. */
export function runOfDocument(run: RunReport): ReportRun {
  const { scenario, variant, profile, seed, verdict, expected, reason, property, traceHash, events, virtualUs } = run;
  const site = run.findings.find((finding) => finding.property === property)?.site ?? '';
  const lost = reason === 'crashed' || reason === 'hung';
  const signature = verdict === 'failed' ? failureSignature(property, site) : lost ? `${reason}: ${run.pending}` : '';
  const meaning =
    verdict === 'failed' ? propertyMeaning(property) : reason === '' ? '' : reasonMeaning(reason as InconclusiveReason);
  return {
    id: runId(run),
    scenario,
    variant,
    profile,
    seed,
    verdict,
    expected,
    reason,
    property,
    signature,
    explanation: run.pending === '' ? meaning : `${meaning} (${run.pending})`,
    traceHash,
    events,
    virtualUs,
    wallMs: run.wallMs,
    alertToRecoveryUs: run.alertToRecoveryUs,
    bundle: run.bundle,
    replay: run.again,
  };
}

/** A run that was made here. */
export function runOfResult(
  result: RunResult,
  {
    expected,
    wallMs,
    bundle,
    again,
  }: { readonly expected: boolean; readonly wallMs: number; readonly bundle: string | null; readonly again: string },
): ReportRun {
  const { plan, verdict, reason, property, traceHash, events, virtualUs, alertToRecoveryUs } = result;
  const { scenario, variant, profile, seed } = plan;
  return {
    id: runId(plan),
    scenario,
    variant,
    profile,
    seed,
    verdict,
    expected,
    reason,
    property,
    signature: signatureOf(result),
    explanation: explanation(result),
    traceHash,
    events,
    virtualUs,
    wallMs,
    alertToRecoveryUs,
    bundle,
    replay: again,
  };
}
