import { isExpected } from '../plan/expected.ts';
import type { RunResult } from '../plan/result.ts';
import type { RunRow } from '../store/rows.ts';
import { planHash } from './expand.ts';
import type { Slot } from './order.ts';
import type { PoolRun } from './pool.ts';
import { sameOutcome } from './second-run.ts';
import { signatureOf, siteOf } from './signature.ts';
import { GENERATION } from './strategy.ts';

/** Stored as the reason of a run whose repetition ended otherwise: no verdict about the system (R28). */
export const NONDETERMINISM = 'nondeterminism';

/** Findings and certificates that are stored of one run. */
const FINDINGS_MAX = 8;

/**
 * What is stored of a run. With `second`, the same plan was run again: where it ended otherwise, the run counts as
 * nondeterministic and both outcomes are kept.
 */
export function rowOf(slot: Slot, origin: string, run: PoolRun, second: PoolRun | null): RunRow {
  const { result, wallMs } = run;
  const planJson = JSON.stringify(result.plan);
  const lost = second !== null && isLost(second.result);
  const drifts = second !== null && !lost && !sameOutcome(result, second.result);
  const judged = lost ? second.result : result;
  const differs = drifts ? { verdict: 'inconclusive', reason: NONDETERMINISM, property: '' } : judged;
  const kept = drifts || judged.verdict === 'failed' || isLost(judged);
  return {
    index: slot.index,
    seed: slot.seed,
    scenario: slot.scenario,
    variant: slot.variant,
    generation: Math.floor(slot.index / GENERATION),
    origin,
    planHash: planHash(planJson),
    verdict: differs.verdict,
    reason: differs.reason,
    property: differs.property,
    site: drifts ? '' : siteOf(judged),
    signature: drifts ? '' : signatureOf(judged),
    traceHash: result.traceHash,
    events: result.events,
    virtualUs: result.virtualUs,
    acknowledged: result.acknowledged,
    faultsFired: result.faultsFired.length,
    ...(result.alertToRecoveryUs < 0 ? {} : { recoveryUs: result.alertToRecoveryUs }),
    wallMs,
    expected: !drifts && isExpected(judged),
    coverage: result.coverage ?? [],
    reached: result.reached,
    planJson: kept ? planJson : '',
    detail: drifts ? differenceText(result, second.result) : detailText(judged),
  };
}

/** A run that gave no result, or ran out of its modelled memory: counted apart, and the campaign ends with 70. */
export function isLost({ reason }: { readonly reason: string }): boolean {
  return reason === 'crashed' || reason === 'hung';
}

function detailText({ verdict, findings, pending, certificates }: RunResult): string {
  if (verdict === 'passed') return '';
  return JSON.stringify({
    findings: findings.slice(0, FINDINGS_MAX),
    pending,
    ...(certificates.length === 0 ? {} : { certificates: certificates.slice(0, FINDINGS_MAX) }),
  });
}

function differenceText(first: RunResult, second: RunResult): string {
  const outcome = ({ traceHash, events, verdict, reason, property }: RunResult): object => ({
    traceHash,
    events,
    verdict,
    reason,
    property,
  });
  return JSON.stringify({ first: outcome(first), second: outcome(second) });
}
