import type {
  BatchingPlan,
  ClusterPlan,
  CompactionPlan,
  DiskPlan,
  HostsPlan,
  LinkPlan,
  StandbyPlan,
  WorkloadPlan,
} from '../plan/plan.ts';
import { DISK_DEFAULT } from '../sim/disk-options.ts';
import { HOUR, MINUTE, MS, SECOND } from '../sim/time.ts';

/** What a scenario file that says nothing else gets. Heartbeat and election timeout are the catalogue's (`config`). */
export const CLUSTER_DEFAULT: ClusterPlan = {
  naming: 'replica',
  replicaCount: 3,
  clientCount: 4,
  journalSlots: 256,
  slotBytes: 4096,
  checkpointOps: 64,
  pipelineMax: 8,
  sessionsMax: 64,
  heartbeatUs: 100 * MS,
  electionTimeoutUs: SECOND,
  prepareRetryUs: 100 * MS,
  restart: 'no',
  restartDelayUs: SECOND,
};

/** A standby in the other region: 30 ms one way between the coasts, and the usual TTL of a minute. Our own round figures. */
export const STANDBY_DEFAULT: StandbyPlan = {
  count: 0,
  spare: 0,
  latencyUsMin: 30 * MS,
  latencyUsMean: 32 * MS,
  dnsTtlUs: MINUTE,
};

/** Machines of one region: half a millisecond, 1 Gbit/s, no loss. Our own round figures. */
export const LINK_DEFAULT: LinkPlan = {
  latencyUsMin: 200,
  latencyUsMean: 500,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 125_000,
  queueMax: 1024,
};

export const DISK_PLAN_DEFAULT: DiskPlan = DISK_DEFAULT;

export const WORKLOAD_DEFAULT: WorkloadPlan = {
  kind: 'closed',
  thinkUsMin: 20 * MS,
  thinkUsMax: 200 * MS,
  bodyBytesMin: 64,
  bodyBytesMax: 512,
  readPer65536: 13_107,
  streamCount: 4,
  retryUs: 500 * MS,
  operationsMax: 0,
};

/** A small instance, where a scenario asks for CPU and memory at all. Our own round figures. */
export const HOSTS_DEFAULT: HostsPlan = {
  cores: 2,
  memoryBytes: 8 * 1_073_741_824,
  eventUs: 200,
  applyUs: 500,
  quantumUs: 6 * MS,
};

/** Catalogue: events of 2 KiB and batches of 1000; the rest are our own figures for a server that reaches 50000 operations a second. */
export const BATCHING_DEFAULT: BatchingPlan = {
  offeredPerS: 0,
  outstandingMax: 2_000,
  bodyBytes: 2_048,
  opsMax: 1_000,
  lingerUs: 5 * MS,
  cpuNsPerOp: 6_000,
};

/** Catalogue: by itself at 85 percent, regularly once a day. The hours of little load are our own. */
export const COMPACTION_DEFAULT: CompactionPlan = {
  atPercent: 85,
  atLogBytes: 0,
  everyUs: 24 * HOUR,
  pollUs: MINUTE,
  offPeak: { fromHour: 22, toHour: 6 },
  upkeepPerMille: 0,
};

/** The operator's host, by the name under which shells know it. */
export const OPERATOR_HOST = 'operator';
export const STEP_TIMEOUT_US = 5 * MINUTE;
export const FAULT_PHASE_US = MINUTE;
export const LIMITS_DEFAULT = { eventsMax: 5_000_000, virtualUsMax: 12 * HOUR } as const;
