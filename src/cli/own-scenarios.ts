import { swarmPlan } from '../faults/swarm.ts';
import type { Variant } from '../plan/plan.ts';
import { toPlan } from '../scenarios/expand.ts';
import { SCENARIO_ROOT } from '../scenarios/files.ts';
import { loadScenarios } from '../scenarios/load.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { knownNames } from './known-names.ts';
import type { ScenarioEntry, ScenarioSource } from './scenario-source.ts';

/** Drawn plans, which run under this name. They have no file. */
const SWARM: ScenarioEntry = {
  id: 'swarm',
  system: 'kimberlite',
  title: 'a plan drawn from the seed: any faults within the budget',
  severity: '',
  variants: ['swarm'],
  covers: [],
  mttrUs: 0,
  mustReach: [],
  healsAlone: true,
};

/** The scenario files that come with firedrill, sorted by id. Throws a `ScenarioError` with the mistakes of all files. */
export function ownScenarios(): ScenarioSource {
  const scenarios = loadScenarios(SCENARIO_ROOT, knownNames());
  return {
    list: () => [...scenarios.map(entryOf), SWARM],
    plan: (id, variant, seed) => {
      if (variant === 'swarm') return swarmPlan(seed);
      const scenario = scenarios.find((each) => each.id === id);
      if (scenario === undefined) throw new Error(`no scenario ${id} with a variant ${variant}`);
      return toPlan(scenario, variant, seed);
    },
  };
}

function entryOf(scenario: Scenario): ScenarioEntry {
  const { id, system, title, severity, covers, recovered, must_reach: mustReach, heals_alone: healsAlone } = scenario;
  const variants = (['safe', 'literal'] as const).filter(
    (each): each is Variant => scenario.variants[each] !== undefined,
  );
  return {
    id,
    system,
    title,
    severity,
    variants,
    covers,
    mttrUs: recovered.within,
    mustReach,
    healsAlone: healsAlone !== undefined,
  };
}
