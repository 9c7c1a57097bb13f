import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/plan/plan-file.ts';
import { LINK_OPTION_MAX } from '../../src/sim/link.ts';
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

  it.each([
    [['cluster', 'replicaCount'], 1_000_000_000, 'is above 64', 'give 64 or less'],
    [['cluster', 'replicaCount'], 0, 'is below 1', 'give 1 or more'],
    [['cluster', 'clientCount'], 1_000_000_000, 'is above 1024', 'give 1024 or less'],
    [['cluster', 'slotBytes'], 1_000_000_000, 'is above 65536', 'give 65536 or less'],
    [['cluster', 'journalSlots'], 385, 'is above 384', 'give 384 or less'],
    [['network', 'latencyUsMin'], LINK_OPTION_MAX + 1, 'is above 240000000', 'give 240000000 or less'],
    [['disk', 'queueDepth'], 1_000_000_000, 'is above 65536', 'give 65536 or less'],
    [['seed'], undefined, 'is missing', 'write every field'],
    [['faultPhaseUs'], 1.5, 'is no whole number', 'write a whole number here'],
    [['rarities'], 'no', 'is no true or false', 'write true or false here'],
    [['faults'], {}, 'is no list', 'write a list here'],
    [['system'], '', 'is empty', 'write every field'],
    [['profile'], 'built', 'is none of intended, as_built', 'write one of them'],
    [['sede'], 1, 'has the unknown key sede', 'leave it out'],
    [['version'], 2, 'is not 1', 'reads version 1'],
  ])('says of %j as %j that it %s', (path, value, problem, remedy) => {
    const reading = readPlan(changed(path, value));
    expect(reading).toMatchObject({ mistake: { problem, remedy: expect.stringContaining(remedy) } });
  });

  it('refuses a label used twice, and what is no object', () => {
    const [fault] = samplePlan().faults;
    const reading = readPlan(JSON.parse(JSON.stringify(samplePlan({ faults: [fault!, fault!] }))));
    expect(reading).toMatchObject({ kind: 'mistake', mistake: { path: 'faults[1].label' } });
    for (const value of [null, 1, 'x', []]) expect(readPlan(value)).toMatchObject({ kind: 'mistake' });
  });
});
