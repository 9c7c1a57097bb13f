import type { RunPlanFunction } from '../../campaign/worker-protocol.ts';
import type { FaultPlan, RunPlan } from '../../plan/plan.ts';
import type { RunResult } from '../../plan/result.ts';
import type { ScenarioSource } from '../scenario-source.ts';

/** A plan that differs in one thing, and what that is. */
export interface Neighbour {
  readonly plan: RunPlan;
  readonly change: string;
}

/** Runs that are tried at most. */
const TRIES_MAX = 24;

/**
 * The nearest plan whose run passes: without the fault that took effect last, else the one before it, and so on (taking
 * a fault out changes nothing before its effect, R20); then without a step of the operator, without the planted bug, and
 * the safe variant of the scenario. Null when all of these fail.
 */
export async function nearestPassing(
  plan: RunPlan,
  { faultsFired }: Pick<RunResult, 'faultsFired'>,
  runPlan: RunPlanFunction,
  source: ScenarioSource,
): Promise<Neighbour | null> {
  for (const candidate of candidates(plan, faultsFired, source).slice(0, TRIES_MAX)) {
    const { result } = await runPlan(candidate.plan, { recording: false });
    // A run with less in it may prove nothing; what counts is that it does not fail.
    if (result.verdict === 'passed' || result.reason === 'vacuous') return candidate;
  }
  return null;
}

function candidates(plan: RunPlan, fired: readonly string[], source: ScenarioSource): Neighbour[] {
  const faults = [...fired]
    .reverse()
    .map((label) => plan.faults.find((fault) => fault.label === label))
    .filter((fault): fault is FaultPlan => fault !== undefined);
  const found: Neighbour[] = faults.map((fault) => ({
    plan: { ...plan, faults: plan.faults.filter(({ label }) => label !== fault.label) },
    change: `without ${fault.kind} (${fault.label})`,
  }));
  if (plan.mutant !== null) found.push({ plan: { ...plan, mutant: null }, change: 'without the planted bug' });
  const { operator } = plan;
  if (operator !== null) {
    for (const step of operator.steps.filter(({ phase }) => phase === 'resolve').reverse()) {
      const steps = operator.steps.filter(({ id }) => id !== step.id);
      found.push({ plan: { ...plan, operator: { ...operator, steps } }, change: `without step ${step.id}` });
    }
  }
  if (plan.variant === 'literal') {
    const entry = source.list().find(({ id }) => id === plan.scenario);
    if (entry?.variants.includes('safe'))
      found.push({ plan: source.plan(plan.scenario, 'safe', plan.seed), change: '' });
  }
  return found;
}
