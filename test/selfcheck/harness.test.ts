import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../src/scenarios/rules-table.ts';
import { casesToKill, HARNESS_MUTANTS, runHarnessMutants } from '../../src/selfcheck/harness-mutants.ts';
import { spread } from '../../src/selfcheck/mutants.ts';

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

it('a row says which check saw the bug and after how many cases; one that nothing sees survives', () => {
  const options = { ids: ['partition-leaks', 'ignores-reads'], starts: 2 };
  const told: string[] = [];
  const [leak, reads] = runHarnessMutants({ ...options, seedsMax: 1 }, ({ id }) => told.push(id));
  expect(leak).toMatchObject({ part: 'simulator', killed: true, killedBy: 'partition-reach', medianSeeds: 1, runs: 2 });
  expect(reads).toMatchObject({ killed: false, killedBy: '', status: 'survived', medianSeeds: -1, killingSeed: -1 });
  expect(told).toEqual(options.ids);
});

it('median, 95th percentile and maximum are members of the sample', () => {
  const sample = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect(spread(sample, true)).toEqual([10, 19, 20]);
  expect(spread([7], true)).toEqual([7, 7, 7]);
  expect(spread([], false)).toEqual([-1, -1, -1]);
});
