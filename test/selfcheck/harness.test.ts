import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../src/scenarios/rules-table.ts';
import { casesToKill, HARNESS_MUTANTS } from '../../src/selfcheck/harness-mutants.ts';

/** Cases in which the honest part must be silent. */
const CASES = 12;
/** Cases within which the planted part is caught: nearly all in the first one. */
const CASES_MAX = 100;

describe.each([...HARNESS_MUTANTS])('$id', (mutant) => {
  it(`is seen by ${mutant.property}, which is silent about the honest ${mutant.part}`, () => {
    for (let seed = 1; seed <= CASES; seed++) expect(mutant.honest(seed), `seed ${seed}`).toBeNull();
    expect(casesToKill(mutant, 1, CASES_MAX)).toBeGreaterThan(0);
  });
});

it('no two planted bugs share an id', () => {
  const ids = [...HARNESS_MUTANTS, ...MUTANTS].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
