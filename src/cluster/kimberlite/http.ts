import type { HttpAnswer } from '../host/host-fleet.ts';
import { eligibilityProblem } from './eligibility.ts';
import type { KimberliteFleet } from './fleet.ts';
import { metricsText } from './metrics-text.ts';
import type { KimberliteNode } from './node.ts';
import { shownId, viewOf } from './replica-view.ts';

const JSON_TYPE = 'application/json';

/** The status document of a running replica (catalogue, status_fields), as GET /status and `replica status` show it. */
export function statusDocument(fleet: KimberliteFleet, host: number): Readonly<Record<string, unknown>> {
  const { cluster } = fleet;
  const view = viewOf(cluster, host, true);
  const { node } = view;
  const replica = node?.vsr.replica;
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
    cluster_size: replica?.membership.voters.length ?? 0,
    cluster_members: (replica?.membership.voters ?? []).map((member) => shownId(cluster, member)),
    healthy_replicas: fleet.metrics.healthyCount(host),
    version: view.version,
    ...(node === null || view.status !== 'standby' ? {} : standbyFields(fleet, node)),
    ...(node === null ? {} : readFields(fleet, node)),
  };
}

/** What a standby says of how well it follows. */
function standbyFields(fleet: KimberliteFleet, node: KimberliteNode): Readonly<Record<string, unknown>> {
  const { replica } = node.vsr;
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

/** Reads that a server answers by itself, where there are any. */
function readFields(fleet: KimberliteFleet, { reads }: KimberliteNode): Readonly<Record<string, unknown>> {
  if (!reads.isBusy(fleet.world.nowUs) && reads.maxPerSecond < 0) return {};
  const busy = reads.isBusy(fleet.world.nowUs);
  return {
    reads_offered_per_s: busy ? reads.offeredPerSecond : 0,
    reads_answered_per_s: busy ? reads.answeredPerSecond : 0,
    reads_limit_per_s: reads.maxPerSecond < 0 ? null : reads.maxPerSecond,
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
