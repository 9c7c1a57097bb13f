import type { GroundTruth } from '../checkers/property.ts';
import type { KimberliteCluster } from '../cluster/kimberlite/cluster.ts';
import type { Machine } from '../sim/machine.ts';

/** What the properties may know of the world beside what replicas tell: durable bytes, the damage ledger, who is up. */
export function groundTruth(cluster: KimberliteCluster): GroundTruth {
  const { world, plan } = cluster;
  const disk = (replica: number): Machine['disk'] => (world.machines[replica] as Machine).disk;
  return {
    nowUs: () => world.nowUs,
    replicaCount: plan.cluster.replicaCount,
    ledger: world.ledger,
    journalSlots: plan.cluster.journalSlots,
    slotBytes: plan.cluster.slotBytes,
    peekDurable: (replica, file, offsetBytes, lengthBytes) => disk(replica).peekDurable(file, offsetBytes, lengthBytes),
    durableVersion: (replica, file, offsetBytes) =>
      disk(replica).durableVersion(file, Math.floor(offsetBytes / plan.disk.sectorBytes)),
    isUp: (replica) => (world.machines[replica] as Machine).process !== null,
  };
}
