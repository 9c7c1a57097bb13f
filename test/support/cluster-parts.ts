import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alwaysOn, type Checks } from '../../src/checkers/always-on.ts';
import type { Report } from '../../src/checkers/property.ts';
import type { PropertySet } from '../../src/checkers/set.ts';
import type { KimberliteCluster } from '../../src/cluster/kimberlite/cluster.ts';
import { chainStep, KIMBERLITE_OPERATION } from '../../src/cluster/kimberlite/machine.ts';
import { replyDigest } from '../../src/cluster/vsr/commit.ts';
import { PLAN_VERSION, type RunPlan, START_WALL_MS } from '../../src/plan/plan.ts';
import { groundTruth } from '../../src/scenarios/ground-truth.ts';

/** Election timeout of scenario tests: short, so that a view change costs few events. */
export const ELECTION_US = 300_000;
const LATENCY_US_MEAN = 2_000;
const PREPARE_RETRY_US = 100_000;
const SECTOR_BYTES = 4096;

/** What a test says of its cluster; everything else is fixed. */
export interface ClusterOptions {
  readonly replicas: 3 | 5;
  /** Blank machines after the replicas. */
  readonly spares?: number;
  readonly clients: number;
  readonly seed: number;
  readonly sessionsMax: number;
  /** Error of each host's wall clock at the start, in µs. */
  readonly wallOffsetUs: readonly number[];
  /** Record findings instead of failing the test with the first. */
  readonly recordOnly: boolean;
  readonly recording: boolean;
}

const NETWORK: RunPlan['network'] = {
  latencyUsMin: 1_000,
  latencyUsMean: LATENCY_US_MEAN,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 0,
  queueMax: 0,
};

const DISK: RunPlan['disk'] = {
  sectorBytes: SECTOR_BYTES,
  capacityBytes: 1 << 28,
  writeLatencyUsMin: 20,
  writeLatencyUsMean: 50,
  readLatencyUsMin: 20,
  readLatencyUsMean: 50,
  fsyncLatencyUsMin: 100,
  fsyncLatencyUsMean: 300,
  bytesPerMs: 1_000_000,
  queueDepth: 32,
};

const WORKLOAD: RunPlan['workload'] = {
  kind: 'closed',
  thinkUsMin: 0,
  thinkUsMax: 0,
  bodyBytesMin: 16,
  bodyBytesMax: 64,
  readPer65536: 0,
  streamCount: 1,
  retryUs: 200_000,
  operationsMax: 0,
};

/** The plan of a scenario test: 32 slots, a checkpoint each 8 ops, no loss on the network, quick disks. */
export function scenarioPlan(options: ClusterOptions): RunPlan {
  return {
    version: PLAN_VERSION,
    system: 'kimberlite',
    scenario: 'vsr-scenario-test',
    variant: 'swarm',
    seed: options.seed,
    startWallMs: START_WALL_MS,
    profile: 'intended',
    cluster: {
      naming: 'replica',
      replicaCount: options.replicas + (options.spares ?? 0),
      ...(options.spares === undefined ? {} : { spares: options.spares }),
      clientCount: options.clients,
      journalSlots: 32,
      slotBytes: SECTOR_BYTES,
      checkpointOps: 8,
      pipelineMax: 4,
      sessionsMax: options.sessionsMax,
      heartbeatUs: 50_000,
      electionTimeoutUs: ELECTION_US,
      prepareRetryUs: PREPARE_RETRY_US,
      restart: 'no',
      restartDelayUs: 0,
    },
    network: NETWORK,
    disk: DISK,
    clock: { wallOffsetUs: options.wallOffsetUs, driftPpm: [] },
    workload: WORKLOAD,
    faults: [],
    operator: null,
    alerts: null,
    mustReach: [],
    guardsOff: [],
    mutant: null,
    expectedFailure: null,
    mttrUs: 0,
    properties: [],
    faultPhaseUs: 0,
    limits: { eventsMax: 10_000_000, virtualUsMax: 3_600_000_000 },
    rarities: false,
  };
}

/** All always-on properties over `cluster`; `isStable` as INV-NO-NEEDLESS-VIEW-CHANGE wants it. */
export function attachChecks(cluster: KimberliteCluster, report: Report, isStable: () => boolean): Checks {
  const { plan } = cluster;
  return alwaysOn(groundTruth(cluster), report, {
    sessionsMax: plan.cluster.sessionsMax,
    sectorBytes: SECTOR_BYTES,
    streams: { operationAppend: KIMBERLITE_OPERATION.append, operationRead: KIMBERLITE_OPERATION.read, chainStep },
    search: { stepsMax: 200_000, always: false },
    assertionInjected: () => false,
    isStable,
    pendingUsMax: 4 * 2 * LATENCY_US_MEAN + 2 * PREPARE_RETRY_US,
    replyDigestOf: replyDigest,
    excuse: () => false,
  });
}

/** Hands on what replicas and clients announce; the properties come into being after the cluster that announces. */
export class Relay {
  set: PropertySet | null = null;

  onApply(...args: Parameters<PropertySet['onApply']>): void {
    this.set?.onApply(...args);
  }

  onInstall(...args: Parameters<PropertySet['onInstall']>): void {
    this.set?.onInstall(...args);
  }

  onCheckpoint(...args: Parameters<PropertySet['onCheckpoint']>): void {
    this.set?.onCheckpoint(...args);
  }

  onInvoke(...args: Parameters<PropertySet['onInvoke']>): void {
    this.set?.onInvoke(...args);
  }

  onReturn(...args: Parameters<PropertySet['onReturn']>): void {
    this.set?.onReturn(...args);
  }

  onEvicted(...args: Parameters<PropertySet['onEvicted']>): void {
    this.set?.onEvicted(...args);
  }

  onUnknown(...args: Parameters<PropertySet['onUnknown']>): void {
    this.set?.onUnknown(...args);
  }
}

/** Every mark that the protocol's sources can set: an expectation about any other name would hold vacuously. */
function marksOfSources(): ReadonlySet<string> {
  const marks = new Set<string>();
  const folder = join(import.meta.dirname, '../../src/cluster/vsr');
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const found of text.matchAll(/reached\(\s*'([^']+)'/g)) marks.add(found[1] as string);
  }
  return marks;
}

export const KNOWN_MARKS: ReadonlySet<string> = marksOfSources();
