import { describe, expect, it } from 'vitest';
import { checkPlanNames, knownNames } from '../../src/cli/known-names.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { samplePlan } from '../support/sample-plan.ts';

describe('names in a plan file', () => {
  const check = (changes: Partial<RunPlan>) => () => checkPlanNames(samplePlan(changes), 'p.json');
  const fault = samplePlan().faults[0]!;

  it('are all known in a good one', () => {
    expect(check({})).not.toThrow();
    const { guards, faults, alerts } = knownNames();
    expect(check({ guardsOff: guards, mutant: 'ack-before-sync' })).not.toThrow();
    expect(faults).toContain('host.power-loss');
    expect(alerts).toContain('ALERT-QUORUM-LOST');
  });

  it.each<[Partial<RunPlan>, RegExp]>([
    [{ system: 'kimberlit' }, /^p\.json: system: system kimberlit is not known\n {2}remedy: did you mean kimberlite\?/],
    [{ faults: [{ ...fault, kind: 'process.crsh' }] }, /faults\[0\]\.kind: .*\n.*did you mean process\.crash\?/],
    [{ faults: [{ ...fault, params: { cause: 'boredom' } }] }, /faults\[0\]: .*boredom/],
    [{ faults: [{ ...fault, target: { kind: 'hosts', hosts: [7] } }] }, /faults\[0\]: there is no host 7, only 0 to 6/],
    [
      { guardsOff: ['no-such-guard-at-all'] },
      /guardsOff\[0\]: guard no-such-guard-at-all is not known\n {2}remedy: use one of /,
    ],
    [{ mutant: 'ack-before-snyc' }, /mutant: .*\n.*did you mean ack-before-sync\?/],
    [{ alerts: { rules: ['ALERT-X'], mustFire: [], mayFire: [] } }, /alerts\.rules\[0\]: alert rule ALERT-X/],
  ])('%# are refused with their place', (changes, message) => {
    expect(check(changes)).toThrow(message);
  });
});
