import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import type { Simulation } from './simulation.ts';

/**
 * INV-COMPACTION-SAFE, where log segments move to an archive: none leaves a replica's disk before an object with it lies in
 * the bucket. Judged by ground truth whenever one is removed. For the scenarios that name it.
 */
export function judgeArchived(simulation: Simulation, fleet: KimberliteFleet): void {
  if (!simulation.plan.properties.includes('INV-COMPACTION-SAFE')) return;
  const removed = new Map<number, number>();
  fleet.onArchived = (host, bytes) => {
    const removedBytes = (removed.get(host) ?? 0) + bytes;
    removed.set(host, removedBytes);
    let archivedBytes = 0;
    for (const object of fleet.archived) {
      if (object.name.startsWith(`replica-${host}/`)) archivedBytes += object.sizeBytes;
    }
    if (removedBytes <= archivedBytes) return;
    simulation.report('INV-COMPACTION-SAFE', 'removed-before-archived', { host, removedBytes, archivedBytes });
  };
}
