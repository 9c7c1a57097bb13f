import type { RunPlan } from '../plan/plan.ts';

/**
 * The short name of a host in a trace: replicas come first, named as their documents name them, then the clients, the
 * operator's host and the monitor.
 */
export function traceHostName({ cluster }: Pick<RunPlan, 'cluster'>, host: number): string {
  const { replicaCount, clientCount, naming } = cluster;
  if (host < 0) return '-';
  if (host < replicaCount) return naming === 'node' ? `node${host + 1}` : `replica-${host}`;
  const rest = host - replicaCount - clientCount;
  if (rest < 0) return `client-${host - replicaCount}`;
  return rest === 0 ? 'operator' : rest === 1 ? 'monitor' : `host-${host}`;
}
