import { STANDBY_ID_MIN, serverCount } from '../cluster/kimberlite/hosts.ts';
import type { RunPlan } from '../plan/plan.ts';

/**
 * The short name of a host in a trace: replicas come first, named as their documents name them, then the standbys, the
 * clients, the operator's host and the monitor.
 */
export function traceHostName({ cluster }: Pick<RunPlan, 'cluster'>, host: number): string {
  const { replicaCount, clientCount, naming } = cluster;
  if (host < 0) return '-';
  if (host < replicaCount) return naming === 'node' ? `node${host + 1}` : `replica-${host}`;
  const servers = serverCount(cluster);
  if (host < servers) return `replica-${STANDBY_ID_MIN + host - replicaCount}`;
  const rest = host - servers - clientCount;
  if (rest < 0) return `client-${host - servers}`;
  return rest === 0 ? 'operator' : rest === 1 ? 'monitor' : `host-${host}`;
}
