import type { HttpAnswer } from '../host/host-fleet.ts';
import type { Replica } from '../vsr/replica.ts';
import { eligibilityProblem } from './eligibility.ts';
import type { KimberliteFleet } from './fleet.ts';
import { metricsText } from './metrics-text.ts';
import { shownId, viewOf } from './replica-view.ts';

const JSON_TYPE = 'application/json';

/** The status document of a running replica (catalogue, status_fields), as GET /status and `replica status` show it. */
export function statusDocument(fleet: KimberliteFleet, host: number): Readonly<Record<string, unknown>> {
  const { cluster } = fleet;
  const view = viewOf(cluster, host, true);
  const replica = view.node?.vsr.replica;
  const leader = replica === undefined || view.status !== 'normal' ? null : replica.leaderOf(replica.view);
  return {
    replica_id: view.id,
    node_id: view.id,
    status: view.status,
    view: view.view,
    op_number: view.op,
    commit_number: view.commit,
    checkpoint_op: view.checkpointOp,
    is_leader: view.isLeader,
    leader: leader === null ? null : shownId(cluster, leader),
    epoch: replica?.epoch ?? 0,
    cluster_size: replica?.members.length ?? 0,
    cluster_members: (replica?.members ?? []).map((member) => shownId(cluster, member)),
    healthy_replicas: fleet.metrics.healthyCount(host),
    version: view.version,
    ...(replica === undefined || view.status !== 'standby' ? {} : standbyFields(fleet, replica)),
  };
}

/** What a standby says of how well it follows. */
function standbyFields(fleet: KimberliteFleet, replica: Replica): Readonly<Record<string, unknown>> {
  const { following } = replica;
  const lag = following?.lag(replica);
  const problem = eligibilityProblem(fleet, replica);
  return {
    promotion_eligible: problem === '',
    ...(problem === '' ? {} : { not_eligible_because: problem }),
    lag_ops: lag?.ops ?? null,
    lag_ms: lag === undefined ? null : Math.floor(lag.us / 1_000),
    primary_silent_ms: following === null ? null : Math.floor(following.silentUs(replica) / 1_000),
  };
}

/** What the HTTP server of a running replica answers. A frozen process answers nothing; callers see to that. */
export function httpPage(fleet: KimberliteFleet, host: number, path: string): HttpAnswer {
  const view = viewOf(fleet.cluster, host, true);
  switch (path) {
    case '/status':
      return { code: 200, contentType: JSON_TYPE, body: `${JSON.stringify(statusDocument(fleet, host), null, 2)}\n` };
    case '/metrics':
      return { code: 200, contentType: 'text/plain', body: metricsText(fleet.metrics.scrape(host) ?? []) };
    case '/health':
    case '/health/live':
      return { code: 200, contentType: JSON_TYPE, body: '{"live": true}\n' };
    case '/ready':
    case '/health/ready': {
      // The shipped probe looks at the process and its directory, not at the replica (AMB-READINESS-NOT-HEALTH).
      const ready = view.status === 'normal' || !fleet.guard('ready-when-normal');
      return { code: ready ? 200 : 503, contentType: JSON_TYPE, body: `{"ready": ${ready}}\n` };
    }
    default:
      return { code: 404, contentType: 'text/plain', body: 'not found\n' };
  }
}
