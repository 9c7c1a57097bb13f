import { createHash } from 'node:crypto';
import { FAULT_KINDS } from '../faults/kind-table.ts';
import type { RunPlan, Variant } from '../plan/plan.ts';
import { toPlan } from '../scenarios/expand.ts';
import { SCENARIO_ROOT } from '../scenarios/files.ts';
import { loadScenarioFile } from '../scenarios/load.ts';
import type { RangeSource } from './engine.ts';
import { DEFAULT_STRATEGY, strategyOf } from './strategy.ts';

/** Systems that have a folder of scenarios. */
const SYSTEMS = ['kimberlite'] as const;

/** Scenario id of drawn plans, and the name of the strategy of campaigns over scenario files, which draw nothing. */
export const DRAWN = 'swarm';
export const REHEARSED = 'scenario';

/** Strategies whose plans depend on the coverage of earlier generations; only the coordinator can make them. */
const LEARNING: readonly string[] = ['guided', DEFAULT_STRATEGY];

export function learns(strategy: string): boolean {
  return LEARNING.includes(strategy);
}

/**
 * The plans of a range, in its order: run i is that of seed `seedFrom` + i. A function of the source alone, so that
 * every machine with this version makes the same ones. Scenario files are read only for ranges that name one; they were
 * checked in full by the command that began the campaign.
 *
 * @throws ScenarioError when the scenario's file is missing or cannot be read
 * @throws UserError for an unknown strategy
 */
export async function plansOf(source: RangeSource, count: number): Promise<readonly RunPlan[]> {
  if (source.kind === 'plans') return source.plans;
  const seeds = Array.from({ length: count }, (_, i) => source.seedFrom + i);
  if (source.scenario !== DRAWN) {
    const expand = expanderOf(source.scenario, source.variant as Variant);
    return seeds.map(expand);
  }
  const strategy = strategyOf(source.strategy, 0, { unrestricted: source.unrestricted });
  return strategy.generation(0, seeds).map(({ plan }) => plan);
}

function expanderOf(id: string, variant: Variant): (seed: number) => RunPlan {
  const known = { systems: SYSTEMS, faults: FAULT_KINDS.map(({ kind }) => kind) };
  const folder = SYSTEMS[0];
  const scenario = loadScenarioFile(`${SCENARIO_ROOT}${folder}/${id}.yaml`, known, `scenarios/${folder}/${id}.yaml`);
  return (seed) => toPlan(scenario, variant, seed);
}

/** The first 32 hexadecimal digits of the SHA-256 of a plan's JSON: equal plans of one version have equal hashes. */
export function planHash(planJson: string): string {
  return createHash('sha256').update(planJson).digest('hex').slice(0, 32);
}
