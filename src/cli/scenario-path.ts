import type { RunPlan } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import { readPlanScenario } from '../scenarios/plan-scenario.ts';
import { readUserFile } from './bundle.ts';
import { checkPlanNames } from './known-names.ts';
import type { Selection } from './select.ts';

/** Whether a scenario was named by the path of its file. */
export function isScenarioPath(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}

/** The plans of scenario files that hold one (`shrink --save-scenario`). Throws a `UserError` for anything else. */
export function scenarioPathPlans({ scenarios, seeds, variant, system, profiles }: Selection): RunPlan[] {
  const id = scenarios.find((name) => !isScenarioPath(name));
  if (id !== undefined || seeds.kind !== 'unset' || variant !== null || system !== null || profiles !== undefined) {
    throw new UserError(
      'a scenario file with a plan says by itself what runs',
      `leave out ${id ?? '--seed, --seeds, --variant, --profile and --system'}, or run it on its own`,
    );
  }
  return scenarios.map((path) => {
    const plan = readPlanScenario(readUserFile(path, 'scenario'), path);
    checkPlanNames(plan, path);
    return plan;
  });
}
