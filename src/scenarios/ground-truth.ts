import type { GroundTruth } from '../checkers/property.ts';
import { firstVoterCount, serverCount } from '../cluster/kimberlite/hosts.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { Machine } from '../sim/machine.ts';
import type { World } from '../sim/world.ts';

/** What the ground truth is read from: a world and the sizes of its plan. A cluster is one. */
export interface JudgedWorld {
  readonly world: World;
  readonly plan: {
    readonly cluster: Pick<RunPlan['cluster'], 'replicaCount' | 'spares' | 'standbys' | 'journalSlots' | 'slotBytes'>;
    readonly disk: Pick<RunPlan['disk'], 'sectorBytes'>;
  };
}

/** What the properties may know of the world beside what replicas tell: durable bytes, the damage ledger, who is up. */
export function groundTruth({ world, plan }: JudgedWorld): GroundTruth {
  const disk = (replica: number): Machine['disk'] => (world.machines[replica] as Machine).disk;
  return {
    nowUs: () => world.nowUs,
    replicaCount: serverCount(plan.cluster),
    voterCount: firstVoterCount(plan.cluster),
    ledger: world.ledger,
    journalSlots: plan.cluster.journalSlots,
    slotBytes: plan.cluster.slotBytes,
    peekDurable: (replica, file, offsetBytes, lengthBytes, into) =>
      disk(replica).peekDurable(file, offsetBytes, lengthBytes, into),
    durableVersion: (replica, file, offsetBytes) =>
      disk(replica).durableVersion(file, Math.floor(offsetBytes / plan.disk.sectorBytes)),
    isUp: (replica) => (world.machines[replica] as Machine).process !== null,
  };
}
