import type { ClusterPlan } from '../../plan/plan.ts';

/** Hosts that run the system's server: the replicas, then the standbys, the empty ones included. They come first in a world. */
export function serverCount(cluster: Pick<ClusterPlan, 'replicaCount' | 'standbys'>): number {
  return cluster.replicaCount + (cluster.standbys?.count ?? 0) + (cluster.standbys?.spare ?? 0);
}

/** Replicas that vote at first: those that are not blank machines. */
export function firstVoterCount(cluster: Pick<ClusterPlan, 'replicaCount' | 'spares'>): number {
  return cluster.replicaCount - (cluster.spares ?? 0);
}

/** Number of a standby's host as the runbook writes it: 100 is the first. */
export const STANDBY_ID_MIN = 100;
