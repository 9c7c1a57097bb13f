import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import { stormPlan } from '../../src/faults/storms.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { MUTANTS } from '../../src/scenarios/rules-table.ts';
import { MUTANT_FIRED, runPlan } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';

/**
 * Seeds at which each mutant was found, from `npm run mutants -- --strategy swarm --json` (field `killingSeed`). A change of the swarm or
 * of the protocol moves them: then run that command again and write the new seeds down with `node scripts/kills.mjs`.
 */
const KILLS = seedsIn('./kills.json');
/** Those that the swarm does not find in a reasonable time, with seeds of the strategy `storm`. */
const STORM_KILLS = seedsIn('./storm-kills.json');
/** Those that only a rehearsal exercises, with seeds of its safe variant. */
const REHEARSAL_KILLS = seedsIn('./rehearsal-kills.json');

function seedsIn(file: string): Record<string, number> {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Record<string, number>;
}

/** The safe variant of a rehearsal. */
function rehearsalPlan(id: string, seed: number): RunPlan {
  const scenario = loadScenarios(SCENARIO_ROOT, knownNames()).find((each) => each.id === id);
  return toPlan(scenario as Scenario, 'safe', seed);
}

describe.each([...MUTANTS])('$id', (mutant) => {
  const stormSeed = STORM_KILLS[mutant.id];
  const seed = stormSeed ?? REHEARSAL_KILLS[mutant.id] ?? KILLS[mutant.id];

  it(`is found by ${mutant.property}, and the same plan passes without it`, async () => {
    if (seed === undefined) throw new Error(`no killing seed of ${mutant.id} in test/selfcheck/kills.json`);
    const plan =
      mutant.scenario === undefined
        ? (stormSeed === undefined ? swarmPlan : stormPlan)(seed)
        : rehearsalPlan(mutant.scenario, seed);
    const planted = await runPlan({ ...plan, mutant: mutant.id }, { recording: false });
    const failed = planted.result.findings.map((finding) => finding.property);
    expect(planted.result.reached.map(([mark]) => mark)).toContain(MUTANT_FIRED);
    expect(failed).toContain(mutant.property);
    const honest = await runPlan(plan, { recording: false });
    expect(honest.result.verdict, honest.result.pending).toBe('passed');
  });
});

it('every mutant of the table has its seed, and no other does', () => {
  expect([...Object.keys(KILLS), ...Object.keys(STORM_KILLS), ...Object.keys(REHEARSAL_KILLS)].sort()).toEqual(
    MUTANTS.map((mutant) => mutant.id).sort(),
  );
});
