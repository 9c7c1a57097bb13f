import { describe, expect, it } from 'vitest';
import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import { healthyPlan, swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';
import { runSwarm } from '../../src/scenarios/swarm-run.ts';
import { MEMORY_BYTES_MAX_DEFAULT, modelledBytes } from '../../src/sim/memory.ts';

const MIB = 1 << 20;

function bounded(plan: RunPlan, memoryBytesMax: number): RunPlan {
  return { ...plan, limits: { ...plan.limits, memoryBytesMax } };
}

function build(plan: RunPlan): Simulation {
  const options = { recording: false, logging: false, rules: HONEST_RULES, checks: checksOf, recordOnly: false };
  return new Simulation(plan, options);
}

/** Clients that never wait, on links that keep everything for a minute: the queue grows with every send. */
function slowLinks(): RunPlan {
  const plan = healthyPlan({ clientCount: 16, bodyBytes: 3_000 });
  const cluster = { ...plan.cluster, prepareRetryUs: 1_000, heartbeatUs: 1_000, electionTimeoutUs: 600_000_000 };
  const workload = { ...plan.workload, retryUs: 1_000 };
  const network = { ...plan.network, latencyUsMin: 60_000_000, latencyUsMean: 60_000_000 };
  return { ...plan, cluster, workload, network };
}

function disks(machines: readonly { readonly disk: { readonly allocatedBytes: number } }[]): number {
  return machines.reduce((sum, { disk }) => sum + disk.allocatedBytes, 0);
}

describe('the modelled byte budget (R28)', () => {
  it('ends a run that queues large bodies without end, twice alike', async () => {
    const plan = bounded(slowLinks(), 4 * MIB);
    const first = (await runPlan(plan, { recording: false })).result;
    expect(first).toMatchObject({ verdict: 'inconclusive', reason: 'crashed', findings: [] });
    expect(first.pending).toMatch(/^memory: \d+ modelled bytes held, 4194304 allowed/);
    // A replay keeps records, and another life of the process has another heap: neither is charged.
    expect((await runPlan(plan, { recording: true })).result).toEqual(first);
    const wider = (await runPlan(bounded(slowLinks(), 8 * MIB), { recording: false })).result;
    expect(wider.events).toBeGreaterThan(first.events);
  });

  it('ends a run in which a rule holds every message back for ever', () => {
    const simulation = build(bounded(healthyPlan(), 2 * MIB));
    simulation.cluster.world.network.rules.push((from, to) => (from !== to ? 3_600_000_000 : 'pass'));
    // Whoever gets no answer sends again, while what it sent before still waits.
    runSwarm(simulation);
    expect(simulation.exhausted).toBe('crashed');
    expect(simulation.memory.bytes).toBeGreaterThan(2 * MIB);
  });

  it('charges what waits on a paused host, and the sectors of disks', () => {
    const { cluster } = build(healthyPlan());
    const idle = modelledBytes(cluster.world);
    expect(idle).toBeGreaterThan(3 * 4_096);
    cluster.start();
    cluster.world.runUntil(4_000_000);
    const machine = cluster.world.machines[cluster.primaryHost()]!;
    machine.pause();
    const atPause = modelledBytes(cluster.world);
    cluster.world.runUntil(4_010_000);
    let waiting = 0;
    machine.eachWaiting(() => waiting++);
    expect(waiting).toBeGreaterThan(8);
    // Nothing answers the clients, so the queue runs dry; what waits is still charged.
    const held = modelledBytes(cluster.world) - disks(cluster.world.machines);
    expect(held).toBeGreaterThan(waiting * 100);
    expect(atPause).toBeGreaterThan(idle);
  });

  it('leaves drawn plans a hundredfold room', () => {
    for (const seed of [1, 2, 3]) {
      const simulation = build(swarmPlan(seed));
      runSwarm(simulation);
      expect(simulation.exhausted).toBe('');
      expect(modelledBytes(simulation.cluster.world)).toBeLessThan(MEMORY_BYTES_MAX_DEFAULT / 100);
    }
  });

  it('is a field that a plan file may leave out, but not fill with nonsense', () => {
    const plan = healthyPlan();
    expect(readPlan(bounded(plan, MIB))).toMatchObject({ kind: 'plan' });
    expect(readPlan(plan)).toMatchObject({ kind: 'plan' });
    expect(readPlan(bounded(plan, 0))).toMatchObject({ kind: 'mistake', mistake: { path: 'limits.memoryBytesMax' } });
  });
});
