import { expect, it } from 'vitest';
import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import { healthyPlan } from '../../src/faults/swarm.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';

// A planted bug's named property, and the finding that shrinking ends a run at, may come after many others.
it('a finding of a new property or site is kept, and ends the run if asked to, however many there were before', () => {
  const simulation = new Simulation(healthyPlan({ clientCount: 2, thinkUs: 10_000 }), {
    recording: false,
    logging: false,
    rules: HONEST_RULES,
    checks: checksOf,
    recordOnly: true,
    stopAt: { property: 'INV-B', site: 'y' },
  });
  for (let count = 0; count < 100; count++) simulation.report('INV-A', 'x', { count });
  expect(simulation.findings).toHaveLength(64);
  simulation.report('INV-B', 'x', {});
  expect(simulation.failed).toBe(false);
  simulation.report('INV-B', 'y', {});
  expect(simulation.failed).toBe(true);
  simulation.report('INV-B', 'y', {});
  expect(simulation.findings.slice(64).map(({ property, site }) => `${property} ${site}`)).toEqual([
    'INV-B x',
    'INV-B y',
  ]);
});
