import { expect, it } from 'vitest';
import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { MUTANTS } from '../../src/scenarios/rules-table.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';

/** Properties that no decision of the protocol can break, with what shows instead that they can fail. */
const REASONS: ReadonlyMap<string, string> = new Map([
  [
    'INV-SINGLE-INSTANCE',
    'the world starts a process only where none runs, so no rule of the protocol brings a second one about; ' +
      'test/checkers/properties/process.test.ts shows the property both histories',
  ],
]);

function judged(): string[] {
  const options = { recording: false, logging: false, rules: HONEST_RULES, checks: checksOf, recordOnly: false };
  const simulation = new Simulation(swarmPlan(1), options);
  return [...simulation.checks.properties.map((property) => property.id), 'INV-RECOVERS'];
}

it('every property that judges all runs is the named property of a mutant, or there is a reason', () => {
  const named = new Set(MUTANTS.map((mutant) => mutant.property));
  expect(judged().filter((id) => !named.has(id) && !REASONS.has(id))).toEqual([]);
  expect([...REASONS.keys()].filter((id) => named.has(id) || !judged().includes(id))).toEqual([]);
});

it('every mutant that drawn plans hunt names a property that judges all runs, and no two share an id', () => {
  // A mutant that a rehearsal hunts may name one of the rehearsal's own: test/selfcheck/mutants.test.ts sees it fail.
  const drawn = MUTANTS.filter((mutant) => mutant.scenario === undefined);
  expect(drawn.filter((mutant) => !judged().includes(mutant.property)).map((mutant) => mutant.id)).toEqual([]);
  expect(new Set(MUTANTS.map((mutant) => mutant.id)).size).toBe(MUTANTS.length);
});
