import { describe, expect, it } from 'vitest';
import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import { healthyPlan } from '../../src/faults/swarm.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { certificatesOf, isRecoverable } from '../../src/scenarios/recoverable.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';

/** Three replicas some rings of the journal into their log. */
function running(): Simulation {
  const simulation = new Simulation(healthyPlan({ clientCount: 2, thinkUs: 10_000 }), {
    recording: false,
    logging: false,
    rules: HONEST_RULES,
    checks: checksOf,
    recordOnly: false,
  });
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
