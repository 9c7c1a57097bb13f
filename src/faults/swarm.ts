import {
  type ClockPlan,
  type ClusterPlan,
  type DiskPlan,
  type LinkPlan,
  PLAN_VERSION,
  type RunPlan,
  START_WALL_MS,
  type WorkloadPlan,
} from '../plan/plan.ts';
import { PERFECT_CLOCK } from '../sim/clock.ts';
import { DISK_DEFAULT } from '../sim/disk-options.ts';
import { type Stream, stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import type { FaultKindName } from './kind-table.ts';
import { swarmFaults } from './swarm-faults.ts';
import { drawStorm } from './swarm-storms.ts';

/** What may be laid down about a swarm plan before it is drawn; the rest is drawn as if nothing had been. */
export interface SwarmOverrides {
  readonly replicaCount?: number;
  readonly clientCount?: number;
  readonly faultPhaseUs?: Us;
  /** Kinds that may occur; a drawn subset of them is switched off as ever. */
  readonly kinds?: readonly FaultKindName[];
  readonly faultsMax?: number;
  readonly rarities?: boolean;
}

/** Bytes of a slot that are not the body of its record. */
const RECORD_HEAD_BYTES = 128;

/**
 * The default swarm (R17, swarm testing): a seed expanded into an explicit plan for Kimberlite. Each part is drawn from
 * a stream of its own, so that a new draw in one shifts none in another (R20). Figures are our own, chosen so that a run
 * acknowledges some hundred operations while its faults are under way.
 */
export function swarmPlan(seed: number, overrides: SwarmOverrides = {}): RunPlan {
  const shape = stream(seed, 'swarm/shape');
  const drawnReplicas = shape.chance(3, 5) ? 3 : 5;
  const drawnPhaseUs = shape.int(14, 36) * SECOND;
  const drawnRarities = shape.chance(1, 2);
  const replicaCount = overrides.replicaCount ?? drawnReplicas;
  const faultPhaseUs = overrides.faultPhaseUs ?? drawnPhaseUs;
  const network = swarmNetwork(stream(seed, 'swarm/network'));
  const cluster = swarmCluster(
    stream(seed, 'swarm/cluster'),
    replicaCount,
    overrides.clientCount ?? null,
    network.latencyUsMean,
  );
  const weather = stream(seed, 'swarm/storm');
  const storm =
    replicaCount === 3 && overrides.kinds === undefined && weather.chance(1, 6) ? drawStorm(cluster, weather) : null;
  return {
    ...PLAN_FRAME,
    variant: 'swarm',
    scenario: 'swarm',
    seed: seed >>> 0,
    cluster: storm?.cluster ?? cluster,
    network,
    disk: swarmDisk(stream(seed, 'swarm/disk')),
    clock: swarmClocks(stream(seed, 'swarm/clock'), replicaCount + cluster.clientCount),
    workload: swarmWorkload(stream(seed, 'swarm/workload'), cluster, faultPhaseUs),
    faults:
      storm?.faults ??
      swarmFaults(seed, {
        replicaCount,
        clientCount: cluster.clientCount,
        faultPhaseUs,
        restartDelayUs: cluster.restartDelayUs,
        kinds: overrides.kinds ?? null,
        faultsMax: overrides.faultsMax ?? 10,
      }),
    faultPhaseUs: storm === null ? faultPhaseUs : Math.max(faultPhaseUs, 24 * SECOND),
    rarities: overrides.rarities ?? drawnRarities,
  };
}

/** What all drawn plans have in common. */
const PLAN_FRAME = {
  version: PLAN_VERSION,
  system: 'kimberlite',
  startWallMs: START_WALL_MS,
  profile: 'intended',
  operator: null,
  alerts: null,
  mustReach: [],
  guardsOff: [],
  mutant: null,
  expectedFailure: null,
  mttrUs: 0,
  properties: [],
  limits: { eventsMax: 400_000, virtualUsMax: 600 * SECOND },
} as const;

function swarmCluster(draw: Stream, replicaCount: number, clientCount: number | null, latencyUsMean: Us): ClusterPlan {
  const crowd = draw.chance(1, 6) ? draw.int(9, 16) : draw.int(2, 8);
  const clients = clientCount ?? crowd;
  const slots = 32 + 8 * draw.int(0, 4);
  const evicts = draw.chance(1, 6) && clients >= 4;
  const gap = draw.int(1, 2);
  return {
    naming: 'replica',
    replicaCount,
    clientCount: clients,
    journalSlots: slots,
    slotBytes: draw.chance(2, 3) ? 4096 : 8192,
    checkpointOps: draw.int(slots / 4, slots / 2),
    pipelineMax: draw.int(4, 8),
    sessionsMax: evicts ? clients - gap : clients + draw.int(0, 16),
    heartbeatUs: 100 * MS,
    electionTimeoutUs: draw.int(5, 20) * 100 * MS,
    prepareRetryUs: 4 * latencyUsMean + draw.int(50, 250) * MS,
    restart: 'on-failure',
    restartDelayUs: (draw.chance(3, 4) ? draw.int(100, 1_000) : draw.int(1_000, 3_000)) * MS,
  };
}

function swarmNetwork(draw: Stream): LinkPlan {
  const latencyUsMin = draw.chance(2, 3) ? draw.int(100, 1_000) : draw.int(1_000, 5_000);
  const excessUs = draw.chance(2, 3) ? draw.int(0, 4_000) : draw.int(4_000, 15_000);
  const rate = (numerator: number, denominator: number, max: number): number => {
    const value = draw.int(1, max);
    return draw.chance(numerator, denominator) ? value : 0;
  };
  const reorderUsMax = draw.int(1, 50) * MS;
  const reorderPer65536 = rate(1, 2, 6_554);
  return {
    latencyUsMin,
    latencyUsMean: latencyUsMin + excessUs,
    lossPer65536: rate(1, 2, 1_311),
    duplicatePer65536: rate(1, 2, 3_277),
    reorderPer65536,
    reorderUsMax: reorderPer65536 > 0 ? reorderUsMax : 0,
    corruptPer65536: rate(1, 3, 328),
    bytesPerMs: draw.chance(1, 4) ? draw.int(2_000, 20_000) : 125_000,
    queueMax: draw.chance(1, 4) ? draw.int(48, 256) : 1024,
  };
}

function swarmDisk(draw: Stream): DiskPlan {
  const fsyncUsMin = draw.chance(2, 3) ? draw.int(50, 500) : draw.int(500, 3_000);
  const fsyncUsMean = fsyncUsMin + (draw.chance(1, 8) ? draw.int(3_000, 12_000) : draw.int(0, 2_000));
  const writeUsMin = draw.int(5, 50);
  const readUsMin = draw.int(50, 150);
  return {
    sectorBytes: 4096,
    capacityBytes: 1024 * 1024 * 1024,
    writeLatencyUsMin: writeUsMin,
    writeLatencyUsMean: writeUsMin + draw.int(0, 150),
    readLatencyUsMin: readUsMin,
    readLatencyUsMean: readUsMin + draw.int(0, 300),
    fsyncLatencyUsMin: fsyncUsMin,
    fsyncLatencyUsMean: fsyncUsMean,
    bytesPerMs: draw.chance(1, 4) ? draw.int(20_000, 100_000) : 1_000_000,
    queueDepth: draw.chance(1, 4) ? draw.int(1, 4) : 32,
  };
}

/** Offsets within 20 ms and drifts within 100 ppm: ordinary clocks, far inside the tolerance (R6). */
function swarmClocks(draw: Stream, hosts: number): ClockPlan {
  const wallOffsetUs: number[] = [];
  const driftPpm: number[] = [];
  for (let host = 0; host < hosts; host++) {
    wallOffsetUs.push(draw.int(-20_000, 20_000));
    driftPpm.push(draw.int(-100, 100));
  }
  return { wallOffsetUs, driftPpm };
}

/** A closed loop whose think time spreads some hundred operations over the fault phase. */
function swarmWorkload(draw: Stream, cluster: ClusterPlan, faultPhaseUs: Us): WorkloadPlan {
  const operations = draw.int(350, 800);
  const meanUs = Math.floor((faultPhaseUs * cluster.clientCount) / operations);
  const bodyMax = Math.min(3_900, cluster.slotBytes - RECORD_HEAD_BYTES);
  const bodyBytesMax = draw.pick([64, 256, 1_024, bodyMax]);
  return {
    kind: 'closed',
    thinkUsMin: Math.floor(meanUs / 4),
    thinkUsMax: Math.floor((meanUs * 5) / 4),
    bodyBytesMin: 16,
    bodyBytesMax,
    readPer65536: draw.pick([6_554, 13_107, 32_768]),
    streamCount: draw.int(1, 6),
    retryUs: draw.int(300, 800) * MS,
    operationsMax: 0,
  };
}

/** What the benchmark chooses; everything else is the ordinary cluster. */
export interface HealthyOptions {
  readonly seed?: number;
  readonly replicaCount?: number;
  readonly clientCount?: number;
  readonly bodyBytes?: number;
  /** 0: the next operation follows the answer at once. */
  readonly thinkUs?: Us;
  readonly faultPhaseUs?: Us;
  readonly journalSlots?: number;
}

/** A plan without faults: 3 replicas on good disks in one room, closed-loop clients (R29). */
export function healthyPlan(options: HealthyOptions = {}): RunPlan {
  const { replicaCount = 3, clientCount = 32, bodyBytes = 128, thinkUs = 0, journalSlots = 64 } = options;
  const hosts = replicaCount + clientCount;
  return {
    ...PLAN_FRAME,
    variant: 'swarm',
    scenario: 'healthy',
    seed: (options.seed ?? 1) >>> 0,
    cluster: {
      naming: 'replica',
      replicaCount,
      clientCount,
      journalSlots,
      slotBytes: 4096,
      checkpointOps: Math.floor(journalSlots / 2),
      pipelineMax: 8,
      sessionsMax: clientCount,
      heartbeatUs: 100 * MS,
      electionTimeoutUs: SECOND,
      prepareRetryUs: 100 * MS,
      restart: 'on-failure',
      restartDelayUs: SECOND,
    },
    network: {
      latencyUsMin: 100,
      latencyUsMean: 250,
      lossPer65536: 0,
      duplicatePer65536: 0,
      reorderPer65536: 0,
      reorderUsMax: 0,
      corruptPer65536: 0,
      bytesPerMs: 0,
      queueMax: 0,
    },
    disk: DISK_DEFAULT,
    clock: {
      wallOffsetUs: new Array<number>(hosts).fill(PERFECT_CLOCK.wallOffsetUs),
      driftPpm: new Array<number>(hosts).fill(PERFECT_CLOCK.driftPpm),
    },
    workload: {
      kind: 'closed',
      thinkUsMin: thinkUs,
      thinkUsMax: thinkUs,
      bodyBytesMin: bodyBytes,
      bodyBytesMax: bodyBytes,
      readPer65536: 0,
      streamCount: 4,
      retryUs: SECOND,
      operationsMax: 0,
    },
    faults: [],
    faultPhaseUs: options.faultPhaseUs ?? 10 * SECOND,
    rarities: false,
  };
}
