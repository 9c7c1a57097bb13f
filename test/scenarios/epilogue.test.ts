import { describe, expect, it } from 'vitest';
import { healthyPlan } from '../../src/faults/swarm.ts';
import { coldRestart } from '../../src/scenarios/epilogue.ts';
import { budgetUs, heal } from '../../src/scenarios/liveness.ts';
import type { Simulation } from '../../src/scenarios/simulation.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { clearSectors } from '../support/clear-sectors.ts';
import { honestSimulation } from '../support/simulation.ts';

/** A run without faults up to its epilogue. */
function ended(): Simulation {
  const simulation = honestSimulation(healthyPlan({ clientCount: 2, thinkUs: 10_000 }));
  simulation.cluster.start();
  simulation.advance(3_000_000);
  heal(simulation);
  return simulation;
}

/** A planted bug: once the cluster serves again, the slot of its newest op is cleared on the disks of these hosts. */
function clearsNewest(simulation: Simulation, hosts: readonly number[]): void {
  const { cluster, checks, plan } = simulation;
  const { slotBytes, journalSlots } = plan.cluster;
  simulation.onControl = () => {
    const count = slotBytes / plan.disk.sectorBytes;
    const slot = checks.committed.head % journalSlots;
    for (const host of hosts)
      clearSectors((cluster.world.machines[host] as Machine).disk, 'log/prepares', slot * count, count);
  };
  cluster.world.scheduleControl(cluster.world.nowUs + 12_000_000, 7, 0, null);
}

// R10: what is acknowledged is on the disks of a quorum at the end, however well the processes remember it.
describe('the audit of the disks after the cold restart', () => {
  it.each([
    { hosts: [], sites: [] },
    { hosts: [1], sites: [] },
    { hosts: [1, 2], sites: ['INV-DURABLE-ACK acknowledged-op-lost'] },
  ])('with the newest op cleared on the disks of $hosts', ({ hosts, sites }) => {
    const simulation = ended();
    clearsNewest(simulation, hosts);
    expect(coldRestart(simulation, budgetUs(simulation))).toBe('');
    expect([...new Set(simulation.findings.map(({ property, site }) => `${property} ${site}`))]).toEqual(sites);
  });
});
