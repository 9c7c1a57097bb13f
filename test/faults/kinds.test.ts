import { describe, expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/faults/kind-table.ts';
import { choiceParam, faultKind, numberParam, validateFault } from '../../src/faults/kinds.ts';
import type { FaultPlan } from '../../src/plan/plan.ts';
import { fault } from './bench.ts';

describe('the table of kinds', () => {
  test('names no kind and no parameter twice, and every default is allowed', () => {
    const names = FAULT_KINDS.map((known) => known.kind);
    expect(new Set(names).size).toBe(names.length);
    for (const known of FAULT_KINDS) {
      const specs = faultKind(known.kind)!.params;
      expect(new Set(specs.map((spec) => spec.name)).size).toBe(specs.length);
      for (const spec of specs) {
        if (spec.kind === 'choice') expect(spec.choices).toContain(spec.default);
        else expect(spec.default >= spec.min && spec.default <= spec.max).toBe(true);
      }
    }
  });

  test('defaults stand in for what a plan leaves out', () => {
    expect(numberParam(fault('disk.slow'), 'factorPermille')).toBe(5_000);
    expect(numberParam(fault('disk.slow', { params: { factorPermille: 7 } }), 'factorPermille')).toBe(7);
    expect(choiceParam(fault('disk.fsync-error'), 'semantics')).toBe('ext4');
    expect(() => numberParam(fault('disk.slow'), 'percent')).toThrow('disk.slow has no number parameter percent');
  });
});

describe('validation', () => {
  test('accepts every kind with its defaults, where a default does something', () => {
    for (const known of FAULT_KINDS) {
      const needsMore = known.kind === 'net.degrade';
      const needsEnd = known.kind === 'net.clog' || known.kind === 'disk.stall';
      const made = fault(known.kind, {
        durationUs: needsEnd ? 1_000 : 0,
        params: needsMore ? { lossPer65536: 100 } : {},
      });
      expect(validateFault(made)).toBeNull();
    }
  });

  const bad: readonly (readonly [string, FaultPlan, string])[] = [
    ['kind', { ...fault('net.clog'), kind: 'disk.melt' }, 'kind disk.melt is not known; use one of process.crash'],
    ['label', { ...fault('disk.slow'), label: '' }, 'label is empty'],
    ['duration of an instant', fault('disk.lost', { durationUs: 5 }), 'durationUs is 5, but disk.lost is done at once'],
    ['a clog without end', fault('net.clog'), 'durationUs is 0, but net.clog needs an end'],
    ['range', fault('disk.full', { params: { percent: 101 } }), 'percent is 101; give an integer from 1 to 100'],
    ['fraction', fault('clock.skew', { params: { ms: 1.5 } }), 'ms is 1.5; give an integer'],
    ['choice', fault('host.down', { params: { mode: 'soft' } }), 'mode is soft; use one of mix, unreadable'],
    ['unknown parameter', fault('disk.slow', { params: { factor: 2 } }), 'no parameter as in {"factor":2}'],
    ['no effect', fault('net.degrade'), 'net.degrade changes nothing'],
    [
      'latencies',
      fault('net.degrade', { params: { latencyUsMin: 9, latencyUsMean: 8 } }),
      'latencyUsMean 8 is below latencyUsMin 9',
    ],
    ['nobody', fault('disk.slow', { hosts: [] }), 'target.hosts is empty'],
    ['a host twice', fault('disk.slow', { hosts: [1, 1] }), 'names host 1 twice'],
    [
      'a role for clients',
      fault('client.crash', { target: { kind: 'role', role: 'primary', index: 0 } }),
      'client.crash strikes clients; list their hosts',
    ],
    [
      'count',
      fault('disk.slow', { trigger: { kind: 'on', mark: 'tick', nth: 0, host: -1, delayUs: 0 } }),
      'trigger.nth is 0; give an integer from 1',
    ],
  ];
  test.each(bad)('refuses %s', (_name, made, message) => {
    expect(validateFault(made)).toContain(message);
  });
});
