import type { RunPlan } from '../../plan/plan.ts';
import type { Finding, RunResult } from '../../plan/result.ts';
import { mutantOf } from '../../scenarios/rules-table.ts';

/** What a smaller plan must show again: the property, and the place in our source that found it violated. */
export interface Failure {
  readonly property: string;
  readonly site: string;
}

/** The property that a plan declares: its mutant's, or that of its literal variant; '' for others. */
export function declaredProperty(plan: RunPlan): string {
  if (plan.mutant !== null) return mutantOf(plan.mutant)?.property ?? '';
  return plan.expectedFailure?.property ?? '';
}

/** The failure of a run that is worth keeping: the declared property's, else the reported one's; null for no failure. */
export function failureOf(result: RunResult): Failure | null {
  const declared = declaredProperty(result.plan);
  const found =
    result.findings.find(({ property }) => property === declared) ??
    result.findings.find(({ property }) => property === result.property) ??
    result.findings[0];
  return found === undefined ? null : { property: found.property, site: found.site };
}

/** The finding by which a run fails alike, or null. */
export function findingOf(result: RunResult, { property, site }: Failure): Finding | null {
  return result.findings.find((finding) => finding.property === property && finding.site === site) ?? null;
}
