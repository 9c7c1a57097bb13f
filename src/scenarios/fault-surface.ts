import type { Batching } from '../cluster/kimberlite/batching.ts';
import type { KimberliteCluster } from '../cluster/kimberlite/cluster.ts';
import { firstVoterCount } from '../cluster/kimberlite/hosts.ts';
import { SETTING } from '../cluster/kimberlite/machine.ts';
import { PoisonOp } from '../cluster/kimberlite/poison-op.ts';
import { OPERATION } from '../cluster/storage/prepare.ts';
import { write32 } from '../cluster/storage/record.ts';
import { FILE, HEADER_SECTOR_BYTES } from '../cluster/vsr/config.ts';
import { SUPERBLOCK_COPIES, SUPERBLOCK_COPY_BYTES } from '../cluster/vsr/superblock.ts';
import type { FaultSurface } from '../faults/surface.ts';
import type { Machine } from '../sim/machine.ts';
import { identitySurface } from './fault-identity.ts';
import type { Simulation } from './simulation.ts';

type LoadSurface = Required<Pick<FaultSurface, 'offerLoad' | 'setCost'>>;

/** What faults may do where there is background load. */
function loadSurface(batching: Batching): LoadSurface {
  return {
    offerLoad: (opsPerS) => {
      const before = batching.load.offeredPerS;
      batching.load.offeredPerS = opsPerS;
      return before;
    },
    setCost: (host, nsPerOp) => {
      batching.setHot(host, nsPerOp);
      return true;
    },
  };
}

/** A change of a cluster setting like any other: the first client's host sends it, and the log carries it. */
function setWrong(cluster: KimberliteCluster, key: string, value: number): boolean {
  const setting = key === 'max-batch-size' || key === 'batching-enabled' ? SETTING[key] : 0;
  const client = cluster.clients[0] ?? null;
  if (setting === 0 || client === null) return false;
  const body = new Uint8Array(8);
  write32(body, 0, setting);
  write32(body, 4, value);
  client.plan({ operation: OPERATION.config, key: 0, value: 0, body });
  return true;
}

/** The interval of some hosts' compaction in seconds; 0 switches it off there. */
function switchCompaction(simulation: Simulation, hosts: readonly number[], seconds: number): boolean {
  const compaction = simulation.fleet?.compaction ?? null;
  if (compaction === null) return false;
  for (const host of hosts) {
    if (seconds === 0) compaction.disabled.add(host);
    else compaction.setEvery(host, seconds * 1_000_000);
  }
  return true;
}

/** Changes of settings, where there are settings that can be wrong. */
function settingSurface(simulation: Simulation): Pick<FaultSurface, 'changeSetting'> {
  const { cluster, plan } = simulation;
  if (cluster.batching === null && plan.compaction === undefined) return {};
  return {
    changeSetting: (hosts, key, value) =>
      key === 'compaction' ? switchCompaction(simulation, hosts, value) : setWrong(cluster, key, value),
  };
}

/** Releases with something wrong, where the servers are installed from packages or images. */
function releaseSurface(simulation: Simulation): Pick<FaultSurface, 'releases'> {
  const { cluster, plan } = simulation;
  if (plan.deployment === undefined) return {};
  return {
    releases: {
      regress: (label, release, kind, amount) => cluster.releases.addDefect({ label, release, kind, ...amount }),
      mend: (label) => cluster.releases.removeDefect(label),
    },
  };
}

/** Queries of people and programs beside the plan's clients, and the pace of those. */
function clientLoad(cluster: KimberliteCluster): Required<FaultSurface>['load'] {
  return {
    connect: (host, spec, delayUs) => {
      const queries = cluster.queries[host];
      if (queries === undefined) return null;
      const session = queries.connect(spec, delayUs);
      return () => queries.disconnect(session);
    },
    pace: (host, thinkUs) => {
      if (thinkUs < 0) cluster.paces.delete(host);
      else cluster.paces.set(host, thinkUs);
    },
  };
}

/** Where a server stands in its work, as it would print it. */
function activityOf(cluster: KimberliteCluster, host: number): string {
  const node = cluster.nodes[host];
  if (node === undefined || node === null) return '';
  const { view, op, commit } = node.vsr.replica;
  return `${node.status}, view ${view}, op ${op}, commit ${commit}`;
}

/** What faults may do to a Kimberlite cluster, in words that know no cluster. */
export function faultSurface(simulation: Simulation): FaultSurface {
  const { cluster, plan } = simulation;
  const { journalSlots, slotBytes } = plan.cluster;
  const { batching } = cluster;
  return {
    ...(batching === null ? {} : loadSurface(batching)),
    ...settingSurface(simulation),
    ...identitySurface(simulation),
    failBackups: (host, days) => {
      const { fleet } = simulation;
      if (fleet === null) return false;
      if (days < 0) fleet.localBackups.works(host);
      else fleet.localBackups.fail(host, days);
      return true;
    },
    world: cluster.world,
    replicaHosts: cluster.replicaHosts,
    clientHosts: cluster.clientHosts,
    ...(cluster.standbyHosts.length === 0 ? {} : { standbyHosts: cluster.standbyHosts }),
    quorum: Math.floor(firstVoterCount(plan.cluster) / 2) + 1,
    primaryHost: () => cluster.primaryHost(),
    zones: [
      { name: 'superblock', file: FILE.superblock, unitBytes: SUPERBLOCK_COPY_BYTES, units: SUPERBLOCK_COPIES },
      { name: 'journal-headers', file: FILE.headers, unitBytes: HEADER_SECTOR_BYTES, units: journalSlots },
      { name: 'journal-prepares', file: FILE.prepares, unitBytes: slotBytes, units: journalSlots },
      { name: 'checkpoint', file: FILE.checkpoint[0], unitBytes: 4096, units: 1 },
    ],
    corruptMemory: (host) => {
      const replica = cluster.nodes[host]?.vsr.replica;
      if (replica === undefined || (cluster.world.machines[host] as Machine).process === null) return false;
      // A flipped bit in the commit number: more is said to be committed than the log holds (catalogue, scn5).
      replica.commit = replica.op + 4_096;
      simulation.injectedViolations.add(host);
      simulation.injectedEver.add(host);
      simulation.sample(host);
      return true;
    },
    readers: cluster.readers,
    poison: (on) => cluster.poison(on ? new PoisonOp((host) => void simulation.injectedEver.add(host)) : null),
    activity: (host) => activityOf(cluster, host),
    crashClient: (host) => {
      const machine = cluster.world.machines[host] as Machine;
      machine.stop('crash');
      machine.scheduleStart(500_000);
    },
    load: clientLoad(cluster),
    ...releaseSurface(simulation),
    isHealthy: (host) => {
      const seen = cluster.observation(host);
      return seen !== null && seen.status === 'normal' && !seen.mustRecover && seen.settled;
    },
  };
}
