import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { Simulation, type SimulationOptions } from '../../src/scenarios/simulation.ts';

/** A run of a plan by the honest rules, judged by every property, neither recorded nor logged. */
export function honestSimulation(plan: RunPlan, changes: Partial<SimulationOptions> = {}): Simulation {
  return new Simulation(plan, {
    recording: false,
    logging: false,
    rules: HONEST_RULES,
    checks: checksOf,
    recordOnly: false,
    ...changes,
  });
}
