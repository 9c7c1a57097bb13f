import type { RunPlan } from './plan.ts';

/** What `--without` takes out of a plan to show that it matters (R17). */
export type Without = 'faults' | 'resolve';

/** The same plan without any fault: nothing that a scenario is about may happen, so it must end vacuous. */
export function withoutFaults(plan: RunPlan): RunPlan {
  return { ...plan, faults: [] };
}

/** The same plan without the operator's repair; diagnosis stays. Only an incident that heals alone may then recover. */
export function withoutResolve(plan: RunPlan): RunPlan {
  if (plan.operator === null) return plan;
  const steps = plan.operator.steps.filter((step) => step.phase !== 'resolve');
  return { ...plan, operator: { ...plan.operator, steps } };
}

/** Applies `--without`; null leaves the plan as it is. */
export function planWithout(plan: RunPlan, without: Without | null): RunPlan {
  switch (without) {
    case null:
      return plan;
    case 'faults':
      return withoutFaults(plan);
    case 'resolve':
      return withoutResolve(plan);
  }
}
