import type { GatePolicy } from '../campaign/gate/policy.ts';
import type { Pool } from '../campaign/pool.ts';
import { DEFAULT_STRATEGY, strategyOf } from '../campaign/strategy.ts';
import type { RunPlan } from '../plan/plan.ts';
import { MUTANTS } from '../scenarios/rules-table.ts';
import { HARNESS_MUTANTS, runHarnessMutants } from '../selfcheck/harness-mutants.ts';
import { type MutantRow, runMutants } from '../selfcheck/mutants.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** Seeds that are tried at a time. */
const BATCH = 8;

/** Every planted bug that a policy may name. */
export function canaryNames(): string[] {
  return [...MUTANTS, ...HARNESS_MUTANTS].map(({ id }) => id);
}

/** Plants the bugs that a policy names and looks for them: the tester must prove that it is awake. */
export async function huntCanaries(
  { canaries }: GatePolicy,
  pool: Pool,
  scenarios: ScenarioSource,
): Promise<readonly MutantRow[]> {
  if (canaries === undefined) return [];
  const { mutants, seeds_max: seedsMax } = canaries;
  const source = strategyOf(DEFAULT_STRATEGY, 0, { unrestricted: false });
  const rehearsal = (scenario: string, seed: number): RunPlan => scenarios.plan(scenario, 'safe', seed);
  const options = {
    seedsMax,
    starts: 1,
    batch: BATCH,
    rehearsal,
    planOf: (seed: number) => source.generation(0, [seed])[0]!.plan,
  };
  const planted = mutants.filter((id) => MUTANTS.some((mutant) => mutant.id === id));
  const harness = mutants.filter((id) => !planted.includes(id));
  const rows: MutantRow[] = [];
  if (planted.length > 0) {
    const execute: Parameters<typeof runMutants>[1] = async (plans) =>
      (await pool.run(plans)).map(({ result }) => result);
    rows.push(...(await runMutants({ ...options, ids: planted }, execute, () => {})));
  }
  if (harness.length > 0) rows.push(...runHarnessMutants({ ...options, ids: harness }, () => {}));
  return rows;
}
