import type { RunPlan } from '../../plan/plan.ts';
import type { Machine } from '../../sim/machine.ts';
import { ZERO_SUM } from '../storage/prepare.ts';
import { emptyZone } from '../vsr/blank-journal.ts';
import { FILE, HEADER_SECTOR_BYTES, type VsrConfig } from '../vsr/config.ts';
import type { Rules } from '../vsr/rules.ts';
import { formatSuperblock } from '../vsr/superblock.ts';

/** Id of the simulated cluster: one of another id is another cluster. */
const CLUSTER_ID = 0x4b4d4254;

/** `count` numbers from `first` on. */
export function range(first: number, count: number): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < count; index++) numbers.push(first + index);
  return numbers;
}

/** Timing and sizes of the protocol; what the plan does not say stands in the catalogue (model.defaults_for_sim). */
export function vsrConfig(plan: RunPlan, rules: Rules): VsrConfig {
  const { cluster } = plan;
  return {
    cluster: CLUSTER_ID,
    replicaCount: cluster.replicaCount,
    ...(cluster.standbys === undefined ? {} : { standbys: range(cluster.replicaCount, cluster.standbys.count) }),
    spares: cluster.spares ?? 0,
    journalSlots: cluster.journalSlots,
    slotBytes: cluster.slotBytes,
    checkpointOps: cluster.checkpointOps,
    pipelineMax: cluster.pipelineMax,
    sessionsMax: cluster.sessionsMax,
    heartbeatUs: cluster.heartbeatUs,
    electionTimeoutUs: cluster.electionTimeoutUs,
    prepareRetryUs: cluster.prepareRetryUs,
    abdicateUs: cluster.electionTimeoutUs * 3,
    repairUs: 100_000,
    recoveryRetryUs: 500_000,
    pingUs: 500_000,
    clockWindowUs: 1_500_000,
    clockToleranceUs: cluster.clockToleranceUs ?? 500_000,
    clockEpochUs: 30_000_000,
    scrubUs: 0,
    rules,
  };
}

/** Formats a replica's disk: an empty journal and the first superblock, all of it synced. */
export function format(
  machine: Machine,
  config: VsrConfig,
  replica: number,
  into?: { readonly members: readonly number[]; readonly epoch: number; readonly mustRecover?: boolean },
): void {
  const { disk } = machine;
  for (const [file, unitBytes] of [
    [FILE.headers, HEADER_SECTOR_BYTES],
    [FILE.prepares, config.slotBytes],
  ] as const) {
    const zone = emptyZone(config.journalSlots, unitBytes, config.cluster);
    disk.createFile(file, zone.length);
    disk.poke(file, 0, zone, true);
  }
  const members = into?.members ?? range(0, config.replicaCount - (config.spares ?? 0));
  const bytes = formatSuperblock({
    cluster: config.cluster,
    replica,
    epoch: into?.epoch ?? 0,
    members,
    view: 0,
    logView: 0,
    commit: 0,
    checkpointOp: 0,
    checkpointOpSum: ZERO_SUM,
    checkpointSum: ZERO_SUM,
    checkpointFile: 0,
    checkpointBytes: 0,
    viewHeaders: [],
    mustRecover: into?.mustRecover ?? false,
    incarnation: 0,
    peerIncarnations: [],
    isolated: false,
  });
  disk.createFile(FILE.superblock, bytes.length);
  disk.poke(FILE.superblock, 0, bytes, true);
  disk.syncAll();
}
