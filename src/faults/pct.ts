import type { RunPlan, SchedulingPlan } from '../plan/plan.ts';
import { type Stream, stream } from '../sim/random.ts';
import { MS, type Us } from '../sim/time.ts';
import { swarmPlan } from './swarm.ts';

/** Few faults: what is searched for here is an order of messages. */
const FAULTS_MAX = 4;
/** Bugs that need more orderings than this are rare (Burckhardt et al., ASPLOS 2010, depths 1 to 3). */
const DEPTH_MAX = 4;
/** A replica handles about that many events in the fault phase of a median run. */
const EVENTS_MAX = 4_000;
const DELAY_US_MAX: Us = 45 * MS;

/**
 * Priority-based scheduling (PCT): a swarm plan with few faults whose hosts are served by seeded priorities, with depth - 1
 * moments at which one of them falls behind all others. Messages come late by less than the smallest timeout, so nobody
 * gives a host up for it; when the fault phase ends all are equal, and liveness is judged in a fair world.
 */
export function pctPlan(seed: number): RunPlan {
  const plan = swarmPlan(seed, { faultsMax: FAULTS_MAX });
  return { ...plan, scheduling: pctScheduling(plan, stream(seed, 'pct/scheduling')) };
}

/** Priorities and change points for the hosts of a plan. */
export function pctScheduling({ cluster, workload }: RunPlan, draw: Stream): SchedulingPlan {
  const { replicaCount, clientCount } = cluster;
  const hosts = Array.from({ length: replicaCount + clientCount }, (_none, index) => index);
  const smallestUs = Math.min(cluster.heartbeatUs, cluster.electionTimeoutUs, cluster.prepareRetryUs, workload.retryUs);
  const depth = draw.int(1, DEPTH_MAX);
  const ranks = draw.shuffle(hosts);
  const changes: { host: number; afterEvents: number }[] = [];
  for (let change = 1; change < depth; change++) {
    // Replicas decide what is agreed upon; of the clients one now and then.
    const host = draw.chance(5, 6) ? draw.int(0, replicaCount - 1) : replicaCount + draw.int(0, clientCount - 1);
    changes.push({ host, afterEvents: draw.int(1, EVENTS_MAX) });
  }
  return { kind: 'pct', ranks, changes, delayUsMax: draw.int(MS, Math.min(DELAY_US_MAX, smallestUs - 1)) };
}
