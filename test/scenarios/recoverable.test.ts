import { describe, expect, it } from 'vitest';
import { SUPERBLOCK_COPIES, SUPERBLOCK_COPY_BYTES } from '../../src/cluster/vsr/superblock.ts';
import { healthyPlan } from '../../src/faults/swarm.ts';
import type { ClusterPlan } from '../../src/plan/plan.ts';
import { certificatesOf, isRecoverable } from '../../src/scenarios/recoverable.ts';
import type { Simulation } from '../../src/scenarios/simulation.ts';
import { judgeStuck } from '../../src/scenarios/swarm-run.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { clearSectors } from '../support/clear-sectors.ts';
import { honestSimulation } from '../support/simulation.ts';

/** Three replicas some rings of the journal into their log. */
function running(cluster: Partial<ClusterPlan> = {}): Simulation {
  const plan = healthyPlan({ clientCount: 2, thinkUs: 10_000 });
  const simulation = honestSimulation({ ...plan, cluster: { ...plan.cluster, ...cluster } });
  simulation.cluster.start();
  simulation.advance(5_000_000);
  simulation.cluster.quietClients();
  simulation.advance(6_000_000);
  expect(simulation.cluster.observation(0)?.commit).toBeGreaterThan(2 * simulation.plan.cluster.journalSlots);
  return simulation;
}

function damageCheckpoint(simulation: Simulation, host: number): void {
  const file = `checkpoint/${simulation.cluster.nodes[host]?.vsr.replica.checkpointFile}`;
  const machine = simulation.cluster.world.machines[host];
  expect(machine?.disk.faults.rot(`rot-${host}`, file, 0, 160)).toBe(true);
}

describe('what ground truth says of a core', () => {
  it('that is undamaged: it can converge, and there is nothing to excuse', () => {
    const simulation = running();
    expect(isRecoverable(simulation, [0, 1])).toBe(true);
    expect(certificatesOf(simulation, [0, 1])).toEqual([]);
  });

  // The superblock still names the checkpoint, and the log below it has been overwritten long since.
  it('without an intact checkpoint: it cannot converge, whatever the superblocks say', () => {
    const simulation = running();
    damageCheckpoint(simulation, 0);
    expect(isRecoverable(simulation, [0, 1])).toBe(true);
    damageCheckpoint(simulation, 1);
    expect(isRecoverable(simulation, [0, 1])).toBe(false);
    expect(isRecoverable(simulation, [0, 1, 2])).toBe(true);
    const labels = certificatesOf(simulation, [0, 1]).map((certificate) => certificate.label);
    expect([...new Set(labels)].sort((left, right) => (left < right ? -1 : 1))).toEqual(['rot-0', 'rot-1']);
  });

  // A start would find no valid header beside a record that the checkpoint covers: such a slot denies nothing.
  it('with a damaged header above a covered record: not by itself', () => {
    const simulation = running();
    const commit = simulation.cluster.observation(0)?.commit ?? 0;
    const slot = (commit + 1) % simulation.plan.cluster.journalSlots;
    expect(isRecoverable(simulation, [0, 1])).toBe(true);
    expect(simulation.cluster.world.machines[1]?.disk.faults.rot('rot-header', 'log/headers', slot, 160)).toBe(true);
    expect(isRecoverable(simulation, [0, 1])).toBe(false);
    expect(isRecoverable(simulation, [0, 2])).toBe(true);
  });

  // Ground truth has the bytes, the process that started did not: it gave up its vote, and so did a second one.
  it('whose voters gave up their votes over reads that the device refused: the excuse names those faults', () => {
    const simulation = running();
    for (const host of [0, 1]) {
      const machine = simulation.cluster.world.machines[host];
      machine?.stop('crash');
      machine?.disk.faults.failNext('read', `refused-${host}`, 'superblock', 4);
      machine?.start();
    }
    simulation.advance(simulation.cluster.world.nowUs + 2_000_000);
    expect(simulation.cluster.observation(0)?.mustRecover).toBe(true);
    expect(isRecoverable(simulation, [0, 1, 2])).toBe(false);
    const labels = certificatesOf(simulation, [0, 1, 2]).map((certificate) => certificate.label);
    expect(labels).toEqual(['refused-0', 'refused-1']);
  });

  it('with a voter whose present process was refused a read of its log: not by itself, until it starts again', () => {
    const simulation = running();
    const machine = simulation.cluster.world.machines[1];
    const again = (): void => {
      machine?.stop('crash');
      machine?.start();
      simulation.advance(simulation.cluster.world.nowUs + 5_000_000);
    };
    machine?.disk.faults.failNext('read', 'refused', 'log/headers', 1);
    again();
    expect(isRecoverable(simulation, [0, 1])).toBe(false);
    again();
    expect(isRecoverable(simulation, [0, 1])).toBe(true);
  });
});

/** Rot in the slot of the op that lies `beyond` the head. */
function damageSlot(simulation: Simulation, host: number, beyond: number): void {
  const { slotBytes, journalSlots } = simulation.plan.cluster;
  const slot = (simulation.checks.committed.head + beyond) % journalSlots;
  const sector = Math.floor((slot * slotBytes) / simulation.plan.disk.sectorBytes);
  const { disk } = simulation.cluster.world.machines[host] as Machine;
  expect(disk.faults.rot(`rot-${host}`, 'log/prepares', sector, 160)).toBe(true);
}

function superblockSectors(simulation: Simulation): number {
  return (SUPERBLOCK_COPIES * SUPERBLOCK_COPY_BYTES) / simulation.plan.disk.sectorBytes;
}

function loseDisk(simulation: Simulation, host: number): void {
  expect(simulation.cluster.world.machines[host]?.disk.faults.loseDisk(`lost-${host}`)).toBe(true);
}

function again(simulation: Simulation, hosts: readonly number[]): void {
  for (const host of hosts) simulation.cluster.world.machines[host]?.stop('crash');
  for (const host of hosts) simulation.cluster.world.machines[host]?.start();
  simulation.advance(simulation.cluster.world.nowUs + 2_000_000);
}

// R11, R12: an excuse names what stands in the way of each op that is needed, and nothing else.
describe('the excuse of a core that is stuck', () => {
  it('is no slot beyond the head that enough others can deny', () => {
    const simulation = running();
    damageSlot(simulation, 2, 3);
    expect(certificatesOf(simulation, [0, 1, 2])).toEqual([]);
    judgeStuck(simulation, [0, 1, 2], 'replica 1 is view-change');
    expect(simulation.findings.map(({ property, site }) => `${property} ${site}`)).toEqual([
      'INV-RECOVERS not-converged',
    ]);
  });

  it('is one that too few can deny', () => {
    const simulation = running();
    for (const host of [1, 2]) damageSlot(simulation, host, 3);
    const labels = certificatesOf(simulation, [0, 1, 2]).map(({ label }) => label);
    expect(labels).toEqual(['rot-1', 'rot-2']);
  });

  it('is no fault of other files, and none that was mended, where a vote is lost', () => {
    const simulation = running();
    loseDisk(simulation, 1);
    again(simulation, [1]);
    expect(simulation.cluster.observation(1)?.mustRecover).toBe(false);
    damageCheckpoint(simulation, 2);
    // Not by a fault: somebody takes the superblocks away, and their lives cannot vote.
    for (const machine of simulation.cluster.world.machines.slice(1, 3) as Machine[]) {
      machine.stop('crash');
      clearSectors(machine.disk, 'superblock', 0, superblockSectors(simulation));
    }
    again(simulation, [1, 2]);
    expect([1, 2].map((host) => simulation.cluster.observation(host)?.mustRecover)).toEqual([true, true]);
    expect(certificatesOf(simulation, [0, 1, 2])).toEqual([]);
  });

  it('is what took the votes of lives that are over since', () => {
    const simulation = running();
    for (const host of [1, 2]) loseDisk(simulation, host);
    for (let life = 0; life < 3; life++) again(simulation, [1, 2]);
    expect([1, 2].map((host) => simulation.cluster.observation(host)?.mustRecover)).toEqual([true, true]);
    expect(certificatesOf(simulation, [0, 1, 2]).map(({ label }) => label)).toEqual(['lost-1', 'lost-2']);
  });

  it('asks for a quorum of those who vote now', () => {
    const simulation = running({ replicaCount: 5 });
    simulation.members = [0, 1, 2];
    loseDisk(simulation, 2);
    expect(certificatesOf(simulation, [0, 1, 2])).toEqual([]);
    simulation.members = [0, 1, 2, 3, 4];
    expect(certificatesOf(simulation, [0, 1, 2]).map(({ label }) => label)).toEqual(['lost-2']);
  });
});
