import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { Replica } from '../vsr/replica.ts';
import { eligibilityProblem } from './eligibility.ts';
import type { KimberliteFleet } from './fleet.ts';
import { LatencyWindow } from './latency-window.ts';
import type { MetricSample } from './metrics-text.ts';
import { type KimberliteNode, LATENCY_BUCKETS_US } from './node.ts';
import { isHealthy, lagOf, runningNode, shownId, viewOf } from './replica-view.ts';

/** Disk usage is sampled that often, and at the start of a process (catalogue, monitoring_intervals). */
const DISK_SAMPLE_US: Us = 300_000_000;
/** States of `kimberlite_replica_status` and of the count of replicas. */
const STATES = ['normal', 'view-change', 'recovering', 'isolated'] as const;

const QUANTILES = [
  ['0.5', 500],
  ['0.99', 990],
  ['0.999', 999],
] as const;

interface HostMemory {
  node: KimberliteNode;
  window: LatencyWindow;
  diskSampledUs: Us;
  diskPercent: number;
}

/**
 * What the HTTP server of each replica exports: the runbook's family (kimberlite_*) and the troubleshooting guide's
 * (kmb_*), computed from one state so that they cannot contradict each other (AMB-PREFIX).
 *
 * A replica counts as healthy for an exporter when its status is normal, it has its vote, and the exporter hears it:
 * its process runs and the link from it is neither cut nor wholly lossy nor held for longer than the election timeout.
 * Replicas of another epoch are unreachable to it. An exporter counts itself by its own status. Views of different exporters differ in a partition (AMB-HEALTHY-MEANING).
 */
export class Metrics {
  private readonly fleet: KimberliteFleet;
  private readonly memory: Map<number, HostMemory>;

  constructor(fleet: KimberliteFleet) {
    this.fleet = fleet;
    this.memory = new Map();
  }

  /** Samples of a replica's own exporter; null while its process is down or frozen (nobody answers). */
  scrape(host: number): MetricSample[] | null {
    const { cluster, world } = this.fleet;
    const node = runningNode(cluster, host);
    if (node === null) return null;
    const memory = this.remember(host, node);
    const out = new SampleList();
    if (node.status === 'standby') {
      this.standbySamples(out, node);
      readSamples(out, node);
      this.storageSamples(out, host, node, memory);
      return out.samples;
    }
    this.clusterSamples(out, host, node);
    this.consensusSamples(out, host, node, memory);
    this.storageSamples(out, host, node, memory);
    this.guideSamples(out, host, node);
    readSamples(out, node);
    memory.window.mark(world.nowUs, node.latencyCounts);
    return out.samples;
  }

  /**
   * Samples of the host's log agent, which outlives the server (the mended assertion alert): null while the host has no
   * power or is frozen. It counts lines of failed assertions from 0 on, so that the first one is an increase.
   */
  scrapeHost(host: number): MetricSample[] | null {
    const machine = this.fleet.machineOfReplica(host);
    if (!machine.powered || machine.paused) return null;
    const out = new SampleList();
    out.add('kimberlite_assertion_log_lines_total', machine.assertionFailures);
    return out.samples;
  }

  /** Replicas that count as healthy for the exporter on `host`. */
  healthyCount(host: number): number {
    let count = 0;
    for (const peer of this.fleet.replicas()) {
      if (isHealthy(viewOf(this.fleet.cluster, peer, this.hears(host, peer)))) count++;
    }
    return count;
  }

  private hears(host: number, peer: number): boolean {
    if (host === peer) return true;
    const { cluster, world } = this.fleet;
    const [own, other] = [runningNode(cluster, host)?.vsr.replica, runningNode(cluster, peer)?.vsr.replica];
    if (own === undefined || other === undefined || own.epoch !== other.epoch) return false;
    const link = world.network.link(peer, host);
    if (link.cutCount > 0 || link.lossPer65536 >= 65_536) return false;
    return link.clogUntilUs - world.nowUs <= cluster.config.electionTimeoutUs;
  }

  private remember(host: number, node: KimberliteNode): HostMemory {
    const known = this.memory.get(host);
    const { nowUs } = this.fleet.world;
    if (known !== undefined && known.node === node) {
      if (nowUs - known.diskSampledUs >= DISK_SAMPLE_US) {
        known.diskSampledUs = nowUs;
        known.diskPercent = this.diskPercent(host);
      }
      return known;
    }
    const fresh = { node, window: new LatencyWindow(), diskSampledUs: nowUs, diskPercent: this.diskPercent(host) };
    this.memory.set(host, fresh);
    return fresh;
  }

  private diskPercent(host: number): number {
    const { disk } = this.fleet.machineOfReplica(host);
    return (disk.usedBytes() * 100) / disk.capacityBytes;
  }

  private clusterSamples(out: SampleList, host: number, node: KimberliteNode): void {
    const { cluster } = this.fleet;
    const counts = new Map<string, number>();
    const { membership, peers } = node.vsr.replica;
    const changes = membership.op > 0 || cluster.plan.cluster.spares !== undefined;
    for (const peer of this.fleet.replicas()) {
      // Blank machines and removed replicas are no replicas of the cluster.
      if (changes && !peers.includes(peer)) continue;
      const view = viewOf(cluster, peer, this.hears(host, peer));
      const state = isHealthy(view) ? 'healthy' : view.status === 'normal' ? 'recovering' : view.status;
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    for (const state of ['healthy', 'view-change', 'recovering', 'isolated', 'unreachable']) {
      out.add('kimberlite_cluster_replicas_total', counts.get(state) ?? 0, [['status', state]]);
    }
    for (const state of STATES) {
      out.add('kimberlite_replica_status', node.status === state ? 1 : 0, [['state', state]]);
    }
    out.add('kimberlite_has_leader', this.knowsLeader(host, node) ? 1 : 0);
  }

  /** What a standby says of itself: nothing of it is a figure of the cluster's voters. */
  private standbySamples(out: SampleList, node: KimberliteNode): void {
    const replica = node.vsr.replica;
    const lag = replica.following?.lag(replica);
    out.add('kimberlite_standby_promotion_eligible', eligibilityProblem(this.fleet, replica) === '' ? 1 : 0);
    if (lag === undefined) return;
    out.add('kimberlite_standby_lag_ms', lag.us / 1_000);
    out.add('kimberlite_standby_lag_ops', lag.ops);
  }

  /** Whether the node is in contact with a leader of its view: itself, or one that it hears. */
  private knowsLeader(host: number, node: KimberliteNode): boolean {
    const replica = node.vsr.replica;
    if (replica.status !== 'normal') return false;
    if (replica.isPrimary) {
      const silentUs = replica.host.monotonicUs() - replica.lastQuorumHeardUs;
      return replica.members.length === 1 || silentUs <= replica.electionTimeoutUs();
    }
    const leader = replica.leaderOf(replica.view);
    const seen = viewOf(this.fleet.cluster, leader, this.hears(host, leader));
    return seen.isLeader && seen.view === replica.view;
  }

  private consensusSamples(out: SampleList, host: number, node: KimberliteNode, memory: HostMemory): void {
    const { cluster } = this.fleet;
    const replica = node.vsr.replica;
    out.add('kimberlite_consensus_commits_total', node.commitsTotal);
    for (const [quantile, permille] of QUANTILES) {
      const value = memory.window.quantile(node.latencyCounts, permille);
      if (value !== null) out.add('kimberlite_consensus_commit_latency_seconds', value, [['quantile', quantile]]);
    }
    out.add('kimberlite_consensus_commit_latency_seconds_sum', node.latencySumUs / 1_000_000);
    out.add('kimberlite_consensus_commit_latency_seconds_count', node.latencyCount);
    out.add('kimberlite_consensus_view_changes_total', node.viewChangesTotal);
    // The process dies with its first failed assertion: its own counter can never be seen above 0 (AMB-COUNTER-RESET).
    out.add('kimberlite_assertion_failures_total', 0);
    if (replica.isPrimary) {
      for (const member of replica.members) {
        if (member === host) continue;
        const id = String(shownId(cluster, member));
        out.add('kimberlite_replication_lag_ms', lagOf(replica, member).us / 1_000, [['replica_id', id]]);
      }
      for (const standby of this.fleet.standbysOf(replica)) {
        const id = String(shownId(cluster, standby));
        out.add('kimberlite_replication_lag_ms', lagOf(replica, standby).us / 1_000, [['replica_id', id]]);
      }
    }
    this.clockSamples(out, replica);
  }

  /**
   * Offsets of the own wall clock, in ms: to cluster time while an epoch is in force, and to each peer that answered in
   * the last window. Where no quorum of clocks agrees there is no cluster time, and only the pairs show it.
   */
  private clockSamples(out: SampleList, replica: Replica): void {
    const { clock } = replica;
    if (clock.isSynchronised(replica.host.monotonicUs())) out.add('vsr_clock_offset_ms', -clock.offsetUs() / 1_000);
    for (const [peer, offsetUs] of clock.measured) {
      const id = String(shownId(this.fleet.cluster, peer));
      out.add('vsr_clock_offset_ms', -offsetUs / 1_000, [['replica_id', id]]);
    }
  }

  private storageSamples(out: SampleList, host: number, _node: KimberliteNode, memory: HostMemory): void {
    const { world, startWallMs, compactedUs } = this.fleet;
    const machine = world.machines[host] as Machine;
    const startedS = (startWallMs + machine.startedUs / 1_000) / 1_000;
    const compacted = compactedUs.get(host);
    out.add('kimberlite_storage_disk_usage_percent', memory.diskPercent);
    out.add('kimberlite_storage_log_size_bytes', logBytes(this.fleet, machine));
    out.add('process_start_time_seconds', startedS);
    out.add(
      'kimberlite_compaction_last_success_timestamp_seconds',
      compacted === undefined ? startedS : (startWallMs + compacted / 1_000) / 1_000,
    );
  }

  private guideSamples(out: SampleList, host: number, node: KimberliteNode): void {
    const replica = node.vsr.replica;
    const leader = replica.status === 'normal' ? shownId(this.fleet.cluster, replica.leaderOf(replica.view)) : 0;
    out.add('kmb_consensus_leader', leader);
    out.add('kmb_consensus_view', replica.view);
    out.add('kmb_consensus_view_changes_total', node.viewChangesTotal);
    out.add('kmb_projection_lag', Math.max(0, replica.commit - node.projected));
    let below = 0;
    for (let bucket = 0; bucket < LATENCY_BUCKETS_US.length; bucket++) {
      below += node.latencyCounts[bucket] as number;
      const le = String((LATENCY_BUCKETS_US[bucket] as number) / 1_000_000);
      out.add('kmb_write_duration_seconds_bucket', below, [['le', le]]);
    }
    out.add('kmb_write_duration_seconds_bucket', node.latencyCount, [['le', '+Inf']]);
    out.add('kmb_write_duration_seconds_sum', node.latencySumUs / 1_000_000);
    out.add('kmb_write_duration_seconds_count', node.latencyCount);
    out.add('kmb_requests_total', node.latencyCount, [
      ['method', 'write'],
      ['status', 'ok'],
    ]);
    const queries = this.fleet.cluster.queries[host];
    if (queries !== undefined) {
      for (const [status, count] of [
        ['ok', queries.answered],
        ['error', queries.failed],
      ] as const) {
        out.add('kmb_requests_total', count, [
          ['method', 'query'],
          ['status', status],
        ]);
      }
      out.add('kmb_query_duration_seconds_sum', queries.sumUs / 1_000_000);
      out.add('kmb_query_duration_seconds_count', queries.answered);
    }
    out.add('kmb_checksum_failures_total', replica.checksumFailures);
  }
}

/** Reads that a server answers from its own state, where it ever had any. */
function readSamples(out: SampleList, { reads }: KimberliteNode): void {
  if (reads.answered + reads.refused === 0) return;
  for (const [status, count] of [
    ['ok', reads.answered],
    ['error', reads.refused],
  ] as const) {
    out.add('kmb_requests_total', count, [
      ['method', 'read'],
      ['status', status],
    ]);
  }
}

/** Bytes of the log folder: the journal, and old segments where the disk's accounted bytes are such. */
export function logBytes(fleet: KimberliteFleet, machine: Machine): number {
  let bytes = fleet.fillName(machine) === 'log/segments' ? machine.disk.fillBytes : 0;
  for (const file of machine.disk.files()) if (file.startsWith('log/')) bytes += machine.disk.fileSizeBytes(file);
  return bytes;
}

class SampleList {
  readonly samples: MetricSample[];

  constructor() {
    this.samples = [];
  }

  add(name: string, value: number, labels: MetricSample['labels'] = []): void {
    this.samples.push({ name, labels, value });
  }
}
