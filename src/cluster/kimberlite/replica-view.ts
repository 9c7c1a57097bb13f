import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import { releaseText } from '../vsr/releases.ts';
import type { Replica } from '../vsr/replica.ts';
import type { KimberliteCluster } from './cluster.ts';
import { STANDBY_ID_MIN } from './hosts.ts';
import type { KimberliteNode } from './node.ts';

/** Release of every replica where the plan says nothing of releases (catalogue, cluster-version: the present one). */
export const RELEASE = 'v0.3.0';

/** Statuses that tools show (catalogue, status_fields). */
export type ShownStatus = 'unreachable' | 'recovering' | 'normal' | 'view-change' | 'isolated' | 'standby' | 'removed';

/** What the status page of a replica says of it. */
export interface ReplicaView {
  /** Number as the runbook writes it. */
  readonly id: number;
  readonly host: number;
  readonly status: ShownStatus;
  readonly view: number;
  readonly op: number;
  readonly commit: number;
  readonly checkpointOp: number;
  readonly isLeader: boolean;
  /** Release of the running server. */
  readonly version: string;
  readonly node: KimberliteNode | null;
}

/** Release of the server that runs on a host, or ran last. */
export function releaseOn(cluster: KimberliteCluster, host: number): string {
  const release = cluster.releases.of(host);
  return release === 0 ? RELEASE : releaseText(release);
}

/** Replica number as printed: `node1` is 1, `replica-0` is 0, the first standby is 100. */
export function shownId(cluster: KimberliteCluster, host: number): number {
  const standby = cluster.standbyHosts.indexOf(host);
  if (standby >= 0) return STANDBY_ID_MIN + standby;
  return cluster.plan.cluster.naming === 'node' ? host + 1 : host;
}

/** Host of a printed replica number, or -1 when no replica has it. */
export function hostOfId(cluster: KimberliteCluster, id: number): number {
  if (id >= STANDBY_ID_MIN) return cluster.standbyHosts[id - STANDBY_ID_MIN] ?? -1;
  const host = cluster.plan.cluster.naming === 'node' ? id - 1 : id;
  return cluster.replicaHosts.includes(host) ? host : -1;
}

/** The running node of a replica host, or null while its process is down or frozen. */
export function runningNode(cluster: KimberliteCluster, host: number): KimberliteNode | null {
  const machine = cluster.world.machines[host] as Machine;
  if (machine.process === null || machine.paused || !machine.powered) return null;
  return cluster.nodes[host] ?? null;
}

/** Status page of a replica as seen over a connection that may not work (`reached` false). */
export function viewOf(cluster: KimberliteCluster, host: number, reached: boolean): ReplicaView {
  const node = reached ? runningNode(cluster, host) : null;
  const replica = node?.vsr.replica ?? null;
  return {
    id: shownId(cluster, host),
    host,
    status: node?.status ?? 'unreachable',
    view: replica?.view ?? 0,
    op: replica?.op ?? 0,
    commit: replica?.commit ?? 0,
    checkpointOp: replica?.checkpointOp ?? 0,
    isLeader: replica?.isPrimary ?? false,
    version: replica === null || replica.releases.own === 0 ? RELEASE : releaseText(replica.releases.own),
    node,
  };
}

/** Normal, with a vote, and holding everything that it knows to be committed. */
export function isHealthy(view: ReplicaView): boolean {
  const replica = view.node?.vsr.replica;
  return view.status === 'normal' && replica !== undefined && !replica.mustRecover;
}

/** Healthy, and its commit number within `slackOps` of `commit`. */
export function isCaughtUp(view: ReplicaView, commit: number, slackOps: number): boolean {
  const replica = view.node?.vsr.replica;
  return isHealthy(view) && replica !== undefined && !replica.dirty && view.commit + slackOps >= commit;
}

/** What the leader knows of how far a backup is behind. */
export interface Lag {
  readonly ops: number;
  /** Age of the oldest entry that the backup has not acknowledged; 0 when it has all. */
  readonly us: Us;
}

/**
 * Lag of a backup by the leader's books: entries prepared minus entries acknowledged as durable. The time is the age of
 * the oldest missing entry where this leader prepared it, else the time since the backup was last heard.
 */
export function lagOf(leader: Replica, backup: number): Lag {
  const acked = Math.max(leader.ackedOps[backup] as number, 0);
  const ops = Math.max(0, leader.op - acked);
  if (ops === 0) return { ops: 0, us: 0 };
  const nowUs = leader.host.monotonicUs();
  const oldest = Math.max(acked + 1, leader.op - leader.config.journalSlots + 1);
  const preparedUs = leader.preparedUs[leader.journal.slotOf(oldest)] as number;
  const heardUs = leader.peerHeardUs[backup] as number;
  const sinceUs = preparedUs > 0 ? preparedUs : Math.max(0, heardUs);
  return { ops, us: Math.max(0, nowUs - sinceUs) };
}

/** Members of the newest epoch that anybody who answers knows of; `fallback` when nobody answers. */
export function membersSeen(views: readonly ReplicaView[], fallback: readonly number[]): readonly number[] {
  let newest: Replica | null = null;
  for (const { node } of views) {
    if (node !== null && (newest === null || node.vsr.replica.epoch > newest.epoch)) newest = node.vsr.replica;
  }
  return newest?.members ?? fallback;
}
