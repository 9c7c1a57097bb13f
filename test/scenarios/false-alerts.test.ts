import { expect, it } from 'vitest';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { AlertRecord } from '../../src/plan/result.ts';
import { judgeFalseAlerts } from '../../src/scenarios/false-alerts.ts';
import { SECOND } from '../../src/sim/time.ts';

const firing = (id: string, atS: number): AlertRecord => ({
  id,
  name: id,
  severity: 'page',
  labels: 'instance=a',
  pendingUs: atS * SECOND,
  firingUs: atS * SECOND,
  resolvedUs: -1,
});

/** Findings about these firings in a run whose incident begins at second 60: one must page, one may. */
function judge(records: readonly AlertRecord[], from = 0): string[] {
  const found: string[] = [];
  const alerts = { rules: [], mustFire: [{ id: 'must', withinUs: 90 * SECOND }], mayFire: ['may'] };
  const run = {
    plan: { alerts } as unknown as RunPlan,
    nemesis: { firstFiredUs: 60 * SECOND },
    failed: false,
    report: (property: string, site: string, args: Readonly<Record<string, number | string>>) => {
      found.push(`${property} ${site} ${args['alert']}`);
    },
  };
  expect(judgeFalseAlerts(run, { records: () => [...records] }, from)).toBe(records.length);
  return found;
}

it('an alert that is not listed is a false one, and so is one of the incident before there is an incident', () => {
  expect(judge([firing('may', 30), firing('must', 75)])).toEqual([]);
  expect(judge([firing('other', 75)])).toEqual(['INV-NO-FALSE-ALERT not-listed other']);
  expect(judge([firing('must', 30), firing('must', 75)])).toEqual(['INV-NO-FALSE-ALERT before-the-incident must']);
});

it('what was judged before the wait for the alerts to clear is not judged again, what fires in it is', () => {
  expect(judge([firing('other', 75), firing('last', 300)], 1)).toEqual(['INV-NO-FALSE-ALERT not-listed last']);
});
