import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/plan/plan-file.ts';
import { samplePlan } from '../support/sample-plan.ts';

/** The sample as parsed JSON, with one place changed. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const plan = JSON.parse(JSON.stringify(samplePlan()));
  let place = plan;
  for (const part of path.slice(0, -1)) place = place[part];
  if (value === undefined) delete place[path.at(-1)!];
  else place[path.at(-1)!] = value;
  return plan;
}

describe('a plan file', () => {
  it('reads losslessly, swarm plans without operator and alerts too', () => {
    for (const plan of [samplePlan(), samplePlan({ variant: 'swarm', operator: null, alerts: null, mutant: 'm' })]) {
      expect(readPlan(JSON.parse(JSON.stringify(plan)))).toEqual({ kind: 'plan', plan });
    }
  });

  it.each([
    [['version'], 2, 'version'],
    [['seed'], -1, 'seed'],
    [['seed'], 2 ** 32, 'seed'],
    [['seed'], undefined, 'seed'],
    [['scenario'], '../../etc', 'scenario'],
    [['sede'], 1, 'plan'],
    [['faults', 0, 'trigger', 'nth'], 0, 'faults[0].trigger.nth'],
    [['faults', 0, 'trigger', 'kind'], 'when', 'faults[0].trigger.kind'],
    [['faults', 0, 'params', 'cause'], null, 'faults[0].params.cause'],
    [['network', 'lossPer65536'], 65_537, 'network.lossPer65536'],
    [['faultPhaseUs'], 1.5, 'faultPhaseUs'],
    [['operator', 'steps', 1, 'expectMatch'], ['('], 'operator.steps[1]'],
  ])('names %j changed to %j', (path, value, place) => {
    const reading = readPlan(changed(path, value));
    expect(reading).toMatchObject({ kind: 'mistake', mistake: { path: place } });
    expect(reading.kind === 'mistake' && reading.mistake.remedy).not.toBe('');
  });

  it('refuses a label used twice, and what is no object', () => {
    const [fault] = samplePlan().faults;
    const reading = readPlan(JSON.parse(JSON.stringify(samplePlan({ faults: [fault!, fault!] }))));
    expect(reading).toMatchObject({ kind: 'mistake', mistake: { path: 'faults[1].label' } });
    for (const value of [null, 1, 'x', []]) expect(readPlan(value)).toMatchObject({ kind: 'mistake' });
  });
});
