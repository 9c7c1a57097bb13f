import { describe, expect, test } from 'vitest';
import { faultKind, validateFault } from '../../src/faults/kinds.ts';
import { healthyPlan, swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { readPlan } from '../../src/plan/plan-file.ts';
import { checkLinkOptions } from '../../src/sim/link.ts';

const SEEDS = 500;
const plans: RunPlan[] = [];
for (let seed = 1; seed <= SEEDS; seed++) plans.push(swarmPlan(seed));

describe('a swarm plan', () => {
  test('depends on nothing but its seed', () => {
    for (const plan of [3, 499, 100].map((seed) => plans[seed - 1]!)) {
      expect(JSON.stringify(swarmPlan(plan.seed))).toBe(JSON.stringify(plan));
    }
    expect(new Set(plans.map((plan) => JSON.stringify({ ...plan, seed: 0 }))).size).toBe(SEEDS);
  });

  test('survives being written and read', () => {
    for (const plan of plans) {
      const reading = readPlan(JSON.parse(JSON.stringify(plan)));
      expect(reading.kind === 'mistake' ? reading.mistake : reading.plan).toEqual(plan);
    }
  });

  test('keeps its cluster, links and workload within bounds', () => {
    for (const { cluster, network, workload, disk, clock, faultPhaseUs } of plans) {
      expect([3, 5]).toContain(cluster.replicaCount);
      expect(cluster.clientCount >= 2 && cluster.clientCount <= 16).toBe(true);
      expect(cluster.sessionsMax).toBeGreaterThanOrEqual(2);
      expect(cluster.journalSlots >= 32 && cluster.journalSlots <= 64).toBe(true);
      expect(cluster.checkpointOps >= cluster.journalSlots / 4).toBe(true);
      expect(cluster.checkpointOps <= cluster.journalSlots / 2).toBe(true);
      expect(cluster.pipelineMax <= cluster.journalSlots / 4).toBe(true);
      expect(cluster.heartbeatUs * 5 <= cluster.electionTimeoutUs).toBe(true);
      expect(cluster.slotBytes % disk.sectorBytes).toBe(0);
      expect(workload.bodyBytesMax <= cluster.slotBytes - 128).toBe(true);
      expect(workload.bodyBytesMin <= workload.bodyBytesMax).toBe(true);
      expect(workload.thinkUsMin <= workload.thinkUsMax).toBe(true);
      expect(() => checkLinkOptions('plan', network)).not.toThrow();
      expect(clock.wallOffsetUs).toHaveLength(cluster.replicaCount + cluster.clientCount);
      expect(faultPhaseUs >= 14_000_000 && faultPhaseUs <= 36_000_000).toBe(true);
    }
  });

  test('holds 2 to 10 valid faults with labels of their own, on hosts that exist', () => {
    for (const { faults, cluster, faultPhaseUs } of plans) {
      expect(faults.length >= 2 && faults.length <= 10).toBe(true);
      expect(new Set(faults.map((fault) => fault.label)).size).toBe(faults.length);
      for (const fault of faults) {
        expect(validateFault(fault)).toBeNull();
        expect(fault.durationUs <= 8_000_000).toBe(true);
        if (fault.trigger.kind === 'at') expect(fault.trigger.atUs).toBeLessThanOrEqual(faultPhaseUs);
        const clients = faultKind(fault.kind)!.targets === 'clients';
        const { replicaCount, clientCount } = cluster;
        const [low, high] = clients ? [replicaCount, replicaCount + clientCount - 1] : [0, replicaCount - 1];
        if (fault.target.kind === 'hosts') {
          for (const host of fault.target.hosts) expect(host >= low && host <= high).toBe(true);
        }
      }
    }
  });

  test('puts no more than f replicas out of action at once by faults that are placed in time', () => {
    const lasting = ['process.pause', 'host.down', 'disk.stall', 'net.flap'];
    for (const { faults, cluster } of plans) {
      const spare = (cluster.replicaCount - 1) / 2;
      const spans = faults.flatMap((fault) => {
        const { trigger, target } = fault;
        // Shorter ones are those for which no room was left: they may take the quorum away, but only for so long.
        if (!lasting.includes(fault.kind) || trigger.kind !== 'at' || fault.durationUs <= 600_000) return [];
        const hosts = target.kind === 'hosts' ? target.hosts : [-1];
        return hosts.map((host) => ({ host, from: trigger.atUs, to: trigger.atUs + fault.durationUs }));
      });
      for (const { from } of spans) {
        const busy = new Set(spans.filter((span) => span.from <= from && span.to > from).map((span) => span.host));
        expect(busy.size).toBeLessThanOrEqual(spare);
      }
    }
  });
});

describe('500 plans together', () => {
  const share = (matches: (plan: RunPlan) => boolean): number => plans.filter(matches).length / SEEDS;
  const hasKind = (kind: string) => (plan: RunPlan) => plan.faults.some((fault) => fault.kind === kind);

  test('switch kinds on and off, and use all of them', () => {
    const seen = new Set(plans.flatMap((plan) => plan.faults.map((fault) => fault.kind)));
    for (const kind of ['memory.corrupt', 'disk.lost', 'disk.stale-read', 'net.flap', 'clock.slew', 'client.crash']) {
      expect(seen).toContain(kind);
    }
    expect(seen.size).toBeGreaterThan(30);
    for (const kind of ['process.crash', 'net.partition', 'host.power-loss']) {
      expect(share(hasKind(kind))).toBeGreaterThan(0.3);
      expect(share(hasKind(kind))).toBeLessThan(0.9);
    }
  });

  test('vary what makes runs different', () => {
    expect(share((plan) => plan.cluster.replicaCount === 5)).toBeGreaterThan(0.3);
    expect(share((plan) => plan.cluster.sessionsMax < plan.cluster.clientCount)).toBeGreaterThan(0.05);
    expect(share((plan) => plan.rarities)).toBeGreaterThan(0.4);
    expect(share((plan) => plan.rarities)).toBeLessThan(0.6);
    expect(share((plan) => plan.faults.some((fault) => fault.trigger.kind === 'on'))).toBeGreaterThan(0.4);
    const all = (plan: RunPlan): boolean =>
      plan.faults.some(
        (fault) =>
          fault.kind === 'host.power-loss' && fault.target.kind === 'role' && fault.target.role === 'all-replicas',
      );
    expect(share(all)).toBeGreaterThan(0.15);
    expect(
      share((plan) => plan.faults.some((fault) => JSON.stringify(fault.params).includes('unreadable'))),
    ).toBeGreaterThan(0.2);
  });
});

test('overrides hold and leave the rest as drawn', () => {
  const plan = swarmPlan(7, { replicaCount: 5, kinds: ['process.crash', 'net.clog'], faultsMax: 4 });
  expect(plan.cluster.replicaCount).toBe(5);
  expect(plan.faults.length).toBeLessThanOrEqual(4);
  for (const fault of plan.faults) expect(['process.crash', 'net.clog', 'host.power-loss']).toContain(fault.kind);
  expect(plan.network).toEqual(swarmPlan(7).network);
  expect(plan.disk).toEqual(swarmPlan(7).disk);
});

test('the healthy plan has no faults and can be read', () => {
  const plan = healthyPlan({ clientCount: 4, bodyBytes: 100, thinkUs: 5 });
  expect(plan.faults).toEqual([]);
  expect(plan.workload).toMatchObject({ bodyBytesMin: 100, bodyBytesMax: 100, thinkUsMin: 5, thinkUsMax: 5 });
  expect(readPlan(JSON.parse(JSON.stringify(plan))).kind).toBe('plan');
});
