import type { ClusterPlan, FaultPlan, LinkPlan, RunPlan, Target, Trigger, WorkloadPlan } from '../plan/plan.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import { faultKind, numberParam, validateFault } from './kinds.ts';

/** Bytes of a slot that are not the body of its record. */
const RECORD_HEAD_BYTES = 128;
/** The cluster needs this long to elect and to agree on the time before it takes operations. */
const QUIET_START_US: Us = 2_500 * MS;
/** A run is to issue some hundred operations within its fault phase; waiting for answers makes them fewer. */
const OPERATIONS_MIN = 460;
const OPERATIONS_MAX = 1_070;
const FAULTS_MAX = 16;

/** `value` when it lies in [min, max], else folded into it: equally spread draws stay so, and the ends are not heaped. */
function folded(value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  const span = max - min + 1;
  return min + ((((value - min) % span) + span) % span);
}

function clamped(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}

/**
 * The plan itself when it is one that a search may run, else the nearest such plan: fields that depend on each other
 * are brought into agreement, hosts and times into range, parameters that a kind does not take left out. Fitting twice
 * changes nothing, so a search can draw each field for itself, and mutate and shrink without knowing the others.
 */
export function fitPlan(plan: RunPlan): RunPlan {
  const network = fitNetwork(plan.network);
  const cluster = fitCluster(plan.cluster, network);
  const hosts = cluster.replicaCount + cluster.clientCount;
  const sized = (values: readonly number[]): number[] =>
    Array.from({ length: hosts }, (_none, index) => values[index] ?? 0);
  return {
    ...plan,
    cluster,
    network,
    disk: {
      ...plan.disk,
      writeLatencyUsMean: Math.max(plan.disk.writeLatencyUsMean, plan.disk.writeLatencyUsMin),
      readLatencyUsMean: Math.max(plan.disk.readLatencyUsMean, plan.disk.readLatencyUsMin),
      fsyncLatencyUsMean: Math.max(plan.disk.fsyncLatencyUsMean, plan.disk.fsyncLatencyUsMin),
    },
    clock: { wallOffsetUs: sized(plan.clock.wallOffsetUs), driftPpm: sized(plan.clock.driftPpm) },
    workload: fitWorkload(plan.workload, cluster, plan.faultPhaseUs),
    faults: fitFaults(plan.faults, cluster, plan.faultPhaseUs),
  };
}

function fitCluster(cluster: ClusterPlan, network: LinkPlan): ClusterPlan {
  const { journalSlots, clientCount } = cluster;
  return {
    ...cluster,
    checkpointOps: clamped(cluster.checkpointOps, Math.ceil(journalSlots / 4), Math.floor(journalSlots / 2)),
    pipelineMax: clamped(cluster.pipelineMax, 1, Math.floor(journalSlots / 4)),
    sessionsMax: Math.max(cluster.sessionsMax, 2, clientCount - 2),
    electionTimeoutUs: Math.max(cluster.electionTimeoutUs, 5 * cluster.heartbeatUs),
    prepareRetryUs: Math.max(cluster.prepareRetryUs, 4 * network.latencyUsMean + 50 * MS),
  };
}

function fitNetwork(network: LinkPlan): LinkPlan {
  const reorders = network.reorderPer65536 > 0 && network.reorderUsMax > 0;
  return {
    ...network,
    latencyUsMean: Math.max(network.latencyUsMean, network.latencyUsMin),
    reorderPer65536: reorders ? network.reorderPer65536 : 0,
    reorderUsMax: reorders ? network.reorderUsMax : 0,
  };
}

/** A think time that spreads the operations over the phase; the rest as drawn. */
function fitWorkload(workload: WorkloadPlan, cluster: ClusterPlan, faultPhaseUs: Us): WorkloadPlan {
  const perClient = faultPhaseUs * cluster.clientCount;
  const meanUs = folded(
    Math.floor((workload.thinkUsMin + workload.thinkUsMax) / 2),
    Math.ceil(perClient / OPERATIONS_MAX),
    Math.floor(perClient / OPERATIONS_MIN),
  );
  const asDrawn = Math.floor((workload.thinkUsMin + workload.thinkUsMax) / 2) === meanUs;
  const thinkUsMin = asDrawn ? workload.thinkUsMin : Math.floor(meanUs / 4);
  const bodyBytesMax = Math.min(workload.bodyBytesMax, cluster.slotBytes - RECORD_HEAD_BYTES);
  return {
    ...workload,
    thinkUsMin: asDrawn ? Math.min(thinkUsMin, meanUs) : thinkUsMin,
    thinkUsMax: asDrawn ? Math.max(workload.thinkUsMax, meanUs) : 2 * meanUs - thinkUsMin,
    bodyBytesMin: Math.min(workload.bodyBytesMin, bodyBytesMax),
    bodyBytesMax,
  };
}

/** Faults with labels of their own, on hosts that exist, within the phase; those that no repair makes valid are left out. */
export function fitFaults(faults: readonly FaultPlan[], cluster: ClusterPlan, faultPhaseUs: Us): FaultPlan[] {
  const labels = new Set<string>();
  const badClocks: number[] = [];
  const fitted: FaultPlan[] = [];
  for (const fault of faults) {
    if (fitted.length >= FAULTS_MAX) break;
    const placed: FaultPlan = {
      ...fault,
      trigger: fitTrigger(fault.trigger, faultPhaseUs),
      target: fitTarget(fault, cluster, badClocks),
      durationUs: fitDuration(fault, faultPhaseUs),
      params: fitParams(fault),
    };
    const named = { ...placed, label: freeLabel(fault.label, labels) };
    if (validateFault(named) !== null) continue;
    labels.add(named.label);
    fitted.push(named);
  }
  return fitted;
}

/** The label, or one with the next free number before the kind. */
function freeLabel(label: string, taken: ReadonlySet<string>): string {
  const dash = label.indexOf('-');
  const number = Number(label.slice(0, dash));
  const numbered = dash > 0 && Number.isInteger(number);
  let free = label;
  for (let next = 1; taken.has(free); next++) {
    free = numbered ? `${(number + next) % 1_000}${label.slice(dash)}` : `${label}-${next}`;
  }
  return free;
}

function fitTrigger(trigger: Trigger, faultPhaseUs: Us): Trigger {
  if (trigger.kind === 'on') return trigger;
  const atUs = folded(trigger.atUs, QUIET_START_US, Math.max(QUIET_START_US, faultPhaseUs));
  return atUs === trigger.atUs ? trigger : { kind: 'at', atUs };
}

/** A quarter of the phase at most; instants none; what needs an end gets one. */
function fitDuration({ kind, durationUs }: FaultPlan, faultPhaseUs: Us): Us {
  const lasts = faultKind(kind)?.lasts;
  if (lasts === 'instant') return 0;
  const longestUs = Math.floor(faultPhaseUs / 4);
  if (lasts === 'lasting' && durationUs === 0 && kind !== 'process.crash') return Math.min(SECOND, longestUs);
  return Math.min(durationUs, longestUs);
}

/**
 * Hosts of the sort that the kind strikes. Clocks go wrong on at most f replicas in all of a plan: beyond that writes
 * are refused, which proves nothing (R6).
 */
function fitTarget({ kind, target }: FaultPlan, cluster: ClusterPlan, badClocks: number[]): Target {
  const sort = faultKind(kind)?.targets ?? 'hosts';
  const { replicaCount, clientCount } = cluster;
  if (kind.startsWith('clock.')) return { kind: 'hosts', hosts: [badClock(target, replicaCount, badClocks)] };
  if (target.kind === 'role') {
    return sort === 'clients' ? { kind: 'hosts', hosts: [replicaCount + (target.index % clientCount)] } : target;
  }
  const [first, count] = sort === 'clients' ? [replicaCount, clientCount] : [0, replicaCount];
  const hosts: number[] = [];
  for (const host of target.hosts) {
    const known = host >= first && host < first + count ? host : first + (host % count);
    if (!hosts.includes(known)) hosts.push(known);
  }
  const same = hosts.length === target.hosts.length && hosts.every((host, index) => host === target.hosts[index]);
  return same ? target : { kind: 'hosts', hosts: hosts.length === 0 ? [first] : hosts };
}

function badClock(target: Target, replicaCount: number, badClocks: number[]): number {
  const wanted = target.kind === 'hosts' ? (target.hosts[0] ?? 0) % replicaCount : 0;
  if (badClocks.includes(wanted)) return wanted;
  if (badClocks.length >= Math.floor((replicaCount - 1) / 2)) return badClocks[0] as number;
  badClocks.push(wanted);
  return wanted;
}

/** Parameters that the kind takes, in its order; degraded links keep latencies and reordering in agreement. */
function fitParams(fault: FaultPlan): FaultPlan['params'] {
  const kept: Record<string, number | string> = {};
  for (const { name } of faultKind(fault.kind)?.params ?? []) {
    const value = fault.params[name];
    if (value !== undefined) kept[name] = value;
  }
  if (fault.kind !== 'net.degrade') return kept;
  const number = (name: string): number => numberParam(fault, name);
  if (number('latencyUsMean') > 0 && number('latencyUsMean') < number('latencyUsMin')) {
    kept['latencyUsMean'] = number('latencyUsMin');
  }
  if (number('reorderPer65536') > 0 !== number('reorderUsMax') > 0) {
    delete kept['reorderPer65536'];
    delete kept['reorderUsMax'];
  }
  return kept;
}
