import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultPlan, OperatorStep, RunPlan } from '../../src/plan/plan.ts';
import { planText, readPlanText } from '../../src/plan/read.ts';
import {
  CLUSTER_DEFAULT,
  DISK_PLAN_DEFAULT,
  LIMITS_DEFAULT,
  LINK_DEFAULT,
  WORKLOAD_DEFAULT,
} from '../../src/scenarios/defaults.ts';

const us = fc.nat(2 ** 31 - 1);
const word = fc.stringMatching(/^[a-z][a-z0-9.:-]{0,12}$/);
const anyText = fc.string({ unit: 'binary', maxLength: 40 });

const trigger = fc.oneof(
  fc.record({ kind: fc.constant('at' as const), atUs: us }),
  fc.record({
    kind: fc.constant('on' as const),
    mark: word,
    nth: fc.integer({ min: 1, max: 99 }),
    host: fc.integer({ min: -1, max: 9 }),
    delayUs: us,
  }),
);
const endsOn = fc.record({
  kind: fc.constant('on' as const),
  mark: word,
  nth: fc.integer({ min: 1, max: 99 }),
  host: fc.integer({ min: -1, max: 9 }),
  delayUs: us,
});
const target = fc.oneof(
  fc.record({ kind: fc.constant('hosts' as const), hosts: fc.array(fc.nat(9)) }),
  fc.record({
    kind: fc.constant('role' as const),
    role: fc.constantFrom('primary', 'backup', 'any-replica', 'all-replicas'),
    index: fc.nat(4),
  }),
);
const faultParts = {
  label: word,
  kind: word,
  trigger,
  target,
  durationUs: us,
  params: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}(Us|Bytes)?$/), fc.oneof(fc.integer(), anyText), {
    noNullPrototype: true,
  }),
};
const fault: fc.Arbitrary<FaultPlan> = fc.oneof(fc.record(faultParts), fc.record({ ...faultParts, endsOn }));
const step: fc.Arbitrary<OperatorStep> = fc.record({
  id: word,
  on: word,
  script: anyText,
  phase: fc.constantFrom('diagnose', 'resolve'),
  expectCode: fc.nat(255),
  expectMatch: fc.array(word, { maxLength: 2 }),
  expectNoMatch: fc.array(word, { maxLength: 2 }),
  timeoutUs: us,
});
const plan: fc.Arbitrary<RunPlan> = fc.record({
  version: fc.constant(1 as const),
  system: word,
  scenario: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,9}$/),
  variant: fc.constantFrom('safe', 'literal', 'swarm'),
  seed: fc.nat(0xffff_ffff),
  startWallMs: fc.nat(2 ** 41),
  profile: fc.constantFrom('intended', 'as_built'),
  cluster: fc.constant(CLUSTER_DEFAULT),
  network: fc.constant(LINK_DEFAULT),
  disk: fc.constant(DISK_PLAN_DEFAULT),
  clock: fc.record({ wallOffsetUs: fc.array(fc.integer()), driftPpm: fc.array(fc.integer({ min: -500, max: 500 })) }),
  workload: fc.constant(WORKLOAD_DEFAULT),
  faults: fc.uniqueArray(fault, { selector: ({ label }) => label, maxLength: 4 }),
  operator: fc.option(
    fc.record({ onAlerts: fc.array(word), startUs: us, reactionUs: us, steps: fc.array(step, { maxLength: 3 }) }),
  ),
  alerts: fc.option(
    fc.record({
      rules: fc.array(word),
      mustFire: fc.array(fc.record({ id: word, withinUs: us })),
      mayFire: fc.array(word),
    }),
  ),
  mustReach: fc.array(word),
  guardsOff: fc.array(word),
  mutant: fc.option(word),
  expectedFailure: fc.option(
    fc.record({
      property: word,
      seeds: fc.constantFrom('every' as const, 'some' as const),
      pinned: fc.nat(99),
      reason: anyText,
    }),
  ),
  mttrUs: us,
  properties: fc.array(word),
  faultPhaseUs: us,
  limits: fc.constant(LIMITS_DEFAULT),
  rarities: fc.boolean(),
});

describe('a plan file', () => {
  it('prints and parses losslessly, and prints equal plans alike', () => {
    fc.assert(
      fc.property(plan, (each) => {
        const text = planText(each);
        const read = readPlanText(text, 'plan.json');
        expect(read).toEqual({ ok: true, plan: each });
        if (read.ok) expect(planText(read.plan)).toBe(text);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('is refused with file, place and remedy when it is bad', () => {
    const text = planText(fc.sample(plan, { seed: 3, numRuns: 1 })[0]!);
    const mistake = (changed: string) => readPlanText(changed, 'p.json');
    expect(mistake(text.slice(0, 100))).toMatchObject({
      ok: false,
      mistake: { file: 'p.json', path: 'plan', problem: 'is not JSON' },
    });
    expect(mistake(text.replace('"version": 1', '"version": 2'))).toMatchObject({
      ok: false,
      mistake: { path: 'version', remedy: expect.stringContaining('reads version 1') },
    });
    expect(mistake(text.replace('"rarities"', '"raritys"'))).toMatchObject({
      ok: false,
      mistake: { file: 'p.json', problem: expect.any(String) },
    });
    expect(mistake(`"${' '.repeat(17 * 1024 * 1024)}"`)).toMatchObject({
      ok: false,
      mistake: { problem: 'is larger than 16 MiB' },
    });
  });
});
