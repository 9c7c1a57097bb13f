import { expect, it } from 'vitest';
import { HONEST_RULES as HONEST } from '../../src/cluster/vsr/rules.ts';
import { isExpected } from '../../src/plan/expected.ts';
import { AS_BUILT, guardsOffOf } from '../../src/scenarios/profiles.ts';
import { rulesOf } from '../../src/scenarios/rules-table.ts';
import { samplePlan } from '../support/sample-plan.ts';

it('a plan of the profile as_built runs under what was read in the code, any other under the honest rules (R30)', () => {
  const intended = rulesOf(samplePlan({ profile: 'intended' }), HONEST);
  const built = rulesOf(samplePlan({ profile: 'as_built' }), HONEST);
  expect(intended.restartsFromDisk()).toBe(true);
  expect(built.restartsFromDisk()).toBe(false);
  expect(built.newViewResetsOks()).toBe(false);
  expect(built.reacksDuplicate()).toBe(false);
  expect(guardsOffOf(samplePlan({ profile: 'intended', guardsOff: [] })).size).toBe(0);
  expect([...guardsOffOf(samplePlan({ profile: 'as_built', guardsOff: [] }))]).toEqual(['standby-eligibility']);
});

it('each difference names where it was read and changes something', () => {
  for (const { id, source, rules, guardsOff } of AS_BUILT) {
    expect(source, id).not.toBe('');
    expect(Object.keys(rules ?? {}).length + (guardsOff ?? []).length, id).toBeGreaterThan(0);
  }
});

it('what a scenario does not declare is observed and never unexpected', () => {
  const result = { verdict: 'failed' } as Parameters<typeof isExpected>[0];
  expect(isExpected(result, { kind: 'observed' })).toBe(true);
});
