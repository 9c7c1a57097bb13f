import type { RunResult } from './result.ts';

/** Against what a result is judged: its plan's own declaration, or what `--without` must show (R17). */
export type Expectation =
  | { readonly kind: 'declared' }
  /** A profile for which nothing is declared: what happens is what is to be learnt (R30). */
  | { readonly kind: 'observed' }
  | { readonly kind: 'without-faults' }
  /** `healsAlone`: the scenario says that the incident ends without its operator. */
  | { readonly kind: 'without-resolve'; readonly healsAlone: boolean };

/**
 * Whether a run ended as declared. A safe or drawn run must pass. A literal run must fail with its declared property
 * among those that failed (R24b); where the plan says `seeds: some` a pass is as good, except on the pinned seed (R18).
 * A run without its faults must be vacuous with no alert firing; one without its repair must fail, unless it heals alone. An
 * inconclusive run is never expected otherwise.
 */
export function isExpected(result: RunResult, expectation: Expectation = { kind: 'declared' }): boolean {
  switch (expectation.kind) {
    case 'declared':
      return endedAsDeclared(result);
    case 'observed':
      return true;
    case 'without-faults':
      return (
        result.verdict === 'inconclusive' &&
        result.reason === 'vacuous' &&
        result.alerts.every((alert) => alert.firingUs < 0)
      );
    case 'without-resolve':
      return withoutRepair(result, expectation.healsAlone);
  }
}

/** Whether one of the properties that failed is the one that the plan declares. */
export function failsAsDeclared(result: RunResult): boolean {
  const property = result.plan.expectedFailure?.property;
  if (property === undefined || result.verdict !== 'failed') return false;
  return result.property === property || result.findings.some((finding) => finding.property === property);
}

function endedAsDeclared(result: RunResult): boolean {
  const declared = result.plan.expectedFailure;
  if (declared === null) return result.verdict === 'passed';
  if (failsAsDeclared(result)) return true;
  return declared.seeds === 'some' && result.plan.seed !== declared.pinned && result.verdict === 'passed';
}

/** A literal run already fails; without its repair steps it has to fail too, by whatever property. */
function withoutRepair(result: RunResult, healsAlone: boolean): boolean {
  return healsAlone ? result.verdict === 'passed' : result.verdict === 'failed';
}
