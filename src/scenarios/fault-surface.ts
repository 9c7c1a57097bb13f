import { PoisonOp } from '../cluster/kimberlite/poison-op.ts';
import { FILE, HEADER_SECTOR_BYTES } from '../cluster/vsr/config.ts';
import { SUPERBLOCK_COPIES, SUPERBLOCK_COPY_BYTES } from '../cluster/vsr/superblock.ts';
import type { FaultSurface } from '../faults/surface.ts';
import { firstVoterCount } from '../plan/hosts.ts';
import type { Machine } from '../sim/machine.ts';
import type { Simulation } from './simulation.ts';

/** What faults may do to a Kimberlite cluster, in words that know no cluster. */
export function faultSurface(simulation: Simulation): FaultSurface {
  const { cluster, plan } = simulation;
  const { journalSlots, slotBytes } = plan.cluster;
  return {
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
    poison: (on) => cluster.poison(on ? new PoisonOp((host) => void simulation.injectedEver.add(host)) : null),
    crashClient: (host) => {
      const machine = cluster.world.machines[host] as Machine;
      machine.stop('crash');
      machine.scheduleStart(500_000);
    },
    load: {
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
    },
    ...(plan.deployment === undefined
      ? {}
      : {
          releases: {
            regress: (label, release, kind, amount) => cluster.releases.addDefect({ label, release, kind, ...amount }),
            mend: (label) => cluster.releases.removeDefect(label),
          },
        }),
    isHealthy: (host) => {
      const seen = cluster.observation(host);
      return seen !== null && seen.status === 'normal' && !seen.mustRecover && seen.settled;
    },
  };
}
