import { describe, expect, it } from 'vitest';
import { type Expectation, isExpected } from '../../src/plan/expected.ts';
import type { ExpectedFailure } from '../../src/plan/plan.ts';
import type { AlertRecord, RunResult } from '../../src/plan/result.ts';
import { withoutFaults, withoutResolve } from '../../src/plan/without.ts';
import { failedResult, samplePlan, sampleResult } from '../support/sample-plan.ts';

const every: ExpectedFailure = { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' };
const some: ExpectedFailure = { ...every, seeds: 'some', pinned: 7, reason: 'timing' };
const alert: AlertRecord = {
  id: 'ALERT-REPLICA-UNHEALTHY',
  name: 'Down',
  severity: 'page',
  labels: '',
  pendingUs: 1,
  firingUs: 2,
  resolvedUs: -1,
};
const literal = (declared: ExpectedFailure, seed = 1) =>
  samplePlan({ variant: 'literal', expectedFailure: declared, seed });
const vacuous: Partial<RunResult> = { verdict: 'inconclusive', reason: 'vacuous' };

describe('isExpected', () => {
  const passed = sampleResult();
  const lost = failedResult(['INV-DURABLE-ACK']);
  const swarm = samplePlan({ variant: 'swarm' });
  const rows: [string, RunResult, boolean][] = [
    ['a safe run that passes', passed, true],
    ['a safe run that fails', lost, false],
    ['a safe run that proves nothing', sampleResult(vacuous), false],
    ['a drawn run that passes', sampleResult({ plan: swarm }), true],
    ['a drawn run that fails', failedResult(['INV-PREFIX'], { plan: swarm }), false],
    ['a literal run that fails as declared', { ...lost, plan: literal(every) }, true],
    [
      'a literal run whose property is the second finding',
      failedResult(['INV-PREFIX', 'INV-DURABLE-ACK'], { plan: literal(every) }),
      true,
    ],
    ['a literal run that fails otherwise', failedResult(['INV-PREFIX'], { plan: literal(every) }), false],
    ['a literal run that passes', sampleResult({ plan: literal(every) }), false],
    ['a literal run that proves nothing', sampleResult({ ...vacuous, plan: literal(every) }), false],
    ['a some-seeds run that passes', sampleResult({ plan: literal(some) }), true],
    ['a some-seeds run that fails as declared', { ...lost, plan: literal(some) }, true],
    ['a some-seeds run that fails otherwise', failedResult(['INV-PREFIX'], { plan: literal(some) }), false],
    ['a some-seeds run that proves nothing', sampleResult({ ...vacuous, plan: literal(some) }), false],
    ['the pinned seed that passes', sampleResult({ plan: literal(some, 7) }), false],
    ['the pinned seed that fails as declared', { ...lost, plan: literal(some, 7) }, true],
  ];
  it.each(rows)('%s', (_, result, expected) => {
    expect(isExpected(result)).toBe(expected);
  });

  const noFaults: Expectation = { kind: 'without-faults' };
  const heals = (healsAlone: boolean): Expectation => ({ kind: 'without-resolve', healsAlone });
  const withoutRows: [string, RunResult, Expectation, boolean][] = [
    ['vacuous without faults', sampleResult(vacuous), noFaults, true],
    ['vacuous without faults, but an alert fired', sampleResult({ ...vacuous, alerts: [alert] }), noFaults, false],
    [
      'vacuous without faults, an alert was pending',
      sampleResult({ ...vacuous, alerts: [{ ...alert, firingUs: -1 }] }),
      noFaults,
      true,
    ],
    ['excused without faults', sampleResult({ ...vacuous, reason: 'excused' }), noFaults, false],
    ['green without faults', passed, noFaults, false],
    ['failed without repair', lost, heals(false), true],
    ['green without repair', passed, heals(false), false],
    ['vacuous without repair', sampleResult(vacuous), heals(false), false],
    ['green without repair, heals alone', passed, heals(true), true],
    ['failed without repair, said to heal alone', lost, heals(true), false],
  ];
  it.each(withoutRows)('%s', (_, result, expectation, expected) => {
    expect(isExpected(result, expectation)).toBe(expected);
  });
});

describe('--without', () => {
  it('takes out all faults and nothing else', () => {
    const plan = samplePlan();
    expect(withoutFaults(plan)).toEqual({ ...plan, faults: [] });
    expect(plan.faults).toHaveLength(1);
  });

  it('takes out the repair and leaves the diagnosis', () => {
    const plan = samplePlan();
    const { operator, ...rest } = withoutResolve(plan);
    expect(operator?.steps.map(({ id }) => id)).toEqual(['look']);
    expect({ ...rest, operator: plan.operator }).toEqual(plan);
    expect(withoutResolve(samplePlan({ operator: null })).operator).toBeNull();
  });
});
