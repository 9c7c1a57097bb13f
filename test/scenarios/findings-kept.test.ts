import { expect, it } from 'vitest';
import { healthyPlan } from '../../src/faults/swarm.ts';
import { honestSimulation } from '../support/simulation.ts';

// A planted bug's named property, and the finding that shrinking ends a run at, may come after many others.
it('a finding of a new property or site is kept, and ends the run if asked to, however many there were before', () => {
  const simulation = honestSimulation(healthyPlan({ clientCount: 2, thinkUs: 10_000 }), {
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
