import { describe, expect, it } from 'vitest';
import { healthyPlan } from '../../src/faults/swarm.ts';
import { heal } from '../../src/scenarios/liveness.ts';
import { honestSimulation } from '../support/simulation.ts';

describe('the healed world', () => {
  // A client that was down at the healing must not go on with its load: the epilogue compares what a quiet cluster holds.
  it('keeps a client quiet that starts again only afterwards', () => {
    const plan = healthyPlan({ clientCount: 3, faultPhaseUs: 3_000_000, thinkUs: 10_000 });
    const simulation = honestSimulation(plan);
    simulation.cluster.start();
    simulation.advance(2_900_000);
    const machine = simulation.cluster.world.machines[simulation.cluster.clientHosts[1] as number];
    machine?.stop('crash');
    simulation.advance(3_000_000);
    const before = simulation.cluster.clients[1];
    heal(simulation);
    machine?.scheduleStart(100_000);
    simulation.advance(5_000_000);
    const acknowledged = simulation.acknowledged;
    simulation.advance(10_000_000);
    expect(simulation.cluster.clients[1]).not.toBe(before);
    expect(simulation.cluster.clients.map((client) => client?.active)).toEqual([false, false, false]);
    expect(simulation.acknowledged).toBe(acknowledged);
  });
});
