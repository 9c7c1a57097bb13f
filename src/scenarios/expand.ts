import type {
  AlertPlan,
  ClockPlan,
  ClusterPlan,
  DeploymentPlan,
  DiskPlan,
  ExpectedFailure,
  FaultPlan,
  GatePlan,
  HostsPlan,
  LinkPlan,
  OperatorPlan,
  OperatorStep,
  RunPlan,
  Trigger,
  Variant,
  WorkloadPlan,
} from '../plan/plan.ts';
import { PLAN_VERSION, START_WALL_MS } from '../plan/plan.ts';
import { stream } from '../sim/random.ts';
import {
  BATCHING_DEFAULT,
  CLUSTER_DEFAULT,
  COMPACTION_DEFAULT,
  DISK_PLAN_DEFAULT,
  FAULT_PHASE_US,
  HOSTS_DEFAULT,
  LIMITS_DEFAULT,
  LINK_DEFAULT,
  OPERATOR_HOST,
  STANDBY_DEFAULT,
  STEP_TIMEOUT_US,
  WORKLOAD_DEFAULT,
} from './defaults.ts';
import type { Scenario, ScenarioFault, ScenarioStep, ScenarioVariant } from './schema.ts';
import type { Range, Words } from './units.ts';

/** What the command line or a campaign may set in any plan. */
export type PlanOverrides = Partial<
  Pick<RunPlan, 'profile' | 'mutant' | 'rarities' | 'startWallMs' | 'faultPhaseUs' | 'limits' | 'guardsOff'>
>;

/**
 * The complete plan of one run. Ranges are drawn from streams that are named after the fault and the field, so that
 * taking a fault away or adding one shifts no other draw (R20).
 *
 * @throws Error when the scenario has no such variant
 */
export function toPlan(scenario: Scenario, variant: Variant, seed: number, overrides: PlanOverrides = {}): RunPlan {
  const chosen = scenario.variants[variant];
  if (chosen === undefined) throw new Error(`scenario ${scenario.id} has no variant ${variant}`);
  const cluster = clusterOf(scenario);
  return {
    version: PLAN_VERSION,
    system: scenario.system,
    scenario: scenario.id,
    variant,
    seed,
    startWallMs: START_WALL_MS,
    profile: scenario.profile ?? 'intended',
    cluster,
    network: networkOf(scenario),
    disk: diskOf(scenario),
    clock: clockOf(scenario, cluster),
    workload: workloadOf(scenario),
    faults: (chosen.inject ?? scenario.inject).map((fault) => faultOf(fault, seed)),
    operator: operatorOf(scenario, chosen),
    alerts: alertsOf(chosen.signals ?? scenario.signals),
    mustReach: chosen.must_reach ?? scenario.must_reach,
    guardsOff: chosen.guards_off ?? [],
    mutant: null,
    expectedFailure: expectedOf(scenario, variant),
    mttrUs: scenario.recovered.within,
    properties: chosen.properties ?? scenario.properties ?? [],
    faultPhaseUs: chosen.fault_phase ?? scenario.fault_phase ?? FAULT_PHASE_US,
    limits: LIMITS_DEFAULT,
    rarities: false,
    ...(scenario.loses_data === true ? { budget: 'declared-loss' as const } : {}),
    ...hostsOf(scenario),
    ...batchingOf(scenario),
    ...compactionOf(scenario),
    ...deploymentOf({ ...scenario, deployment: chosen.deployment ?? scenario.deployment }),
    ...gatesOf(chosen.gates ?? scenario.gates),
    ...overrides,
  };
}

function draw(range: Range, seed: number, label: string): number {
  return range.min === range.max ? range.min : stream(seed, label).int(range.min, range.max);
}

function drawAny(value: Range | Words, seed: number, label: string): number | string {
  return 'words' in value ? stream(seed, label).pick(value.words) : draw(value, seed, label);
}

function faultOf(fault: ScenarioFault, seed: number): FaultPlan {
  const label = (field: string): string => `${fault.label}/${field}`;
  const params = Object.entries(fault.params ?? {}).map(([name, value]): [string, number | string] => [
    name,
    typeof value === 'string' ? value : drawAny(value, seed, label(`params/${name}`)),
  ]);
  const { until } = fault;
  return {
    label: fault.label,
    kind: fault.fault,
    trigger: triggerOf(fault, seed),
    target: fault.target,
    durationUs: fault.for === undefined ? 0 : draw(fault.for, seed, label('for')),
    ...(until === undefined ? {} : { endsOn: stateOf(until, seed, label('until')) }),
    params: Object.fromEntries(params),
  };
}

function triggerOf(fault: ScenarioFault, seed: number): Trigger {
  const { on, at } = fault;
  if (on === undefined) return { kind: 'at', atUs: at === undefined ? 0 : draw(at, seed, `${fault.label}/at`) };
  return stateOf(on, seed, `${fault.label}/after`);
}

function stateOf(on: NonNullable<ScenarioFault['on']>, seed: number, label: string): Extract<Trigger, { kind: 'on' }> {
  return {
    kind: 'on',
    mark: on.mark,
    nth: on.nth ?? 1,
    host: on.host ?? -1,
    delayUs: on.after === undefined ? 0 : draw(on.after, seed, label),
  };
}

/** The cluster as a plan has it. */
export function clusterOf(scenario: Scenario): ClusterPlan {
  const { cluster } = scenario;
  const base = CLUSTER_DEFAULT;
  return {
    naming: cluster.naming ?? base.naming,
    replicaCount: cluster.replicas + (cluster.spares ?? 0),
    ...(cluster.spares === undefined ? {} : { spares: cluster.spares }),
    clientCount: cluster.clients ?? base.clientCount,
    journalSlots: cluster.journal_slots ?? base.journalSlots,
    slotBytes: cluster.slot ?? base.slotBytes,
    checkpointOps: cluster.checkpoint_ops ?? base.checkpointOps,
    pipelineMax: cluster.pipeline ?? base.pipelineMax,
    sessionsMax: cluster.sessions ?? base.sessionsMax,
    heartbeatUs: cluster.heartbeat ?? base.heartbeatUs,
    electionTimeoutUs: cluster.election_timeout ?? base.electionTimeoutUs,
    prepareRetryUs: cluster.prepare_retry ?? base.prepareRetryUs,
    restart: cluster.restart ?? base.restart,
    restartDelayUs: cluster.restart_delay ?? base.restartDelayUs,
    ...standbysOf(scenario),
  };
}

function standbysOf({ cluster: { standbys } }: Scenario): Pick<ClusterPlan, 'standbys'> {
  if (standbys === undefined) return {};
  const base = STANDBY_DEFAULT;
  return {
    standbys: {
      count: standbys.count,
      spare: standbys.spare ?? base.spare,
      latencyUsMin: standbys.latency_min ?? base.latencyUsMin,
      latencyUsMean: standbys.latency_mean ?? base.latencyUsMean,
      dnsTtlUs: standbys.dns_ttl ?? base.dnsTtlUs,
    },
  };
}

function deploymentOf({
  deployment,
  cluster,
  recovered,
}: Omit<Scenario, 'deployment'> & { deployment: Scenario['deployment'] | undefined }): { deployment?: DeploymentPlan } {
  if (deployment === undefined) return {};
  const { platform, releases = new Array<string>(cluster.replicas).fill('v0.3.0') } = deployment;
  return {
    deployment: {
      platform,
      releases,
      volume: deployment.volume ?? 'claim',
      joining: deployment.joining ?? -1,
      ...(recovered.release === undefined ? {} : { goal: recovered.release }),
    },
  };
}

function networkOf({ network = {} }: Scenario): LinkPlan {
  const base = LINK_DEFAULT;
  return {
    latencyUsMin: network.latency_min ?? base.latencyUsMin,
    latencyUsMean: network.latency_mean ?? base.latencyUsMean,
    lossPer65536: network.loss ?? base.lossPer65536,
    duplicatePer65536: network.duplicate ?? base.duplicatePer65536,
    reorderPer65536: network.reorder ?? base.reorderPer65536,
    reorderUsMax: network.reorder_max ?? base.reorderUsMax,
    corruptPer65536: network.corrupt ?? base.corruptPer65536,
    bytesPerMs: network.bytes_per_ms ?? base.bytesPerMs,
    queueMax: network.queue ?? base.queueMax,
  };
}

function diskOf({ disk = {} }: Scenario): DiskPlan {
  const base = DISK_PLAN_DEFAULT;
  return {
    sectorBytes: disk.sector ?? base.sectorBytes,
    capacityBytes: disk.capacity ?? base.capacityBytes,
    writeLatencyUsMin: disk.write_min ?? base.writeLatencyUsMin,
    writeLatencyUsMean: disk.write_mean ?? base.writeLatencyUsMean,
    readLatencyUsMin: disk.read_min ?? base.readLatencyUsMin,
    readLatencyUsMean: disk.read_mean ?? base.readLatencyUsMean,
    fsyncLatencyUsMin: disk.fsync_min ?? base.fsyncLatencyUsMin,
    fsyncLatencyUsMean: disk.fsync_mean ?? base.fsyncLatencyUsMean,
    bytesPerMs: disk.bytes_per_ms ?? base.bytesPerMs,
    queueDepth: disk.queue_depth ?? base.queueDepth,
  };
}

/** One entry per host: replicas, standbys, clients, the operator, the monitor. */
function clockOf({ clock = {} }: Scenario, { replicaCount, clientCount, standbys }: ClusterPlan): ClockPlan {
  const servers = replicaCount + (standbys?.count ?? 0) + (standbys?.spare ?? 0);
  const hosts = Array.from({ length: servers + clientCount + 2 }, (_, host) => String(host));
  return {
    wallOffsetUs: hosts.map((host) => (clock.ahead?.[host] ?? 0) - (clock.behind?.[host] ?? 0)),
    driftPpm: hosts.map((host) => clock.drift_ppm?.[host] ?? 0),
  };
}

function workloadOf({ load = {} }: Scenario): WorkloadPlan {
  const base = WORKLOAD_DEFAULT;
  return {
    kind: load.kind ?? base.kind,
    thinkUsMin: load.think_min ?? base.thinkUsMin,
    thinkUsMax: load.think_max ?? base.thinkUsMax,
    bodyBytesMin: load.body_min ?? base.bodyBytesMin,
    bodyBytesMax: load.body_max ?? base.bodyBytesMax,
    readPer65536: load.reads ?? base.readPer65536,
    streamCount: load.streams ?? base.streamCount,
    retryUs: load.retry ?? base.retryUs,
    operationsMax: load.operations ?? base.operationsMax,
  };
}

function operatorOf(scenario: Scenario, chosen: ScenarioVariant): OperatorPlan | null {
  const operator = chosen.operator ?? scenario.operator ?? {};
  const { diagnose = scenario.diagnose, resolve = scenario.resolve } = chosen;
  if (diagnose.length + resolve.length === 0) return null;
  return {
    onAlerts: operator.after_alert ?? [],
    startUs: operator.start ?? 0,
    reactionUs: operator.reaction ?? 0,
    steps: [
      ...(chosen.prepare ?? scenario.prepare ?? []).map((step) => stepOf(step, 'prepare')),
      ...diagnose.map((step) => stepOf(step, 'diagnose')),
      ...resolve.map((step) => stepOf(step, 'resolve')),
    ],
  };
}

function stepOf(step: ScenarioStep, phase: OperatorStep['phase']): OperatorStep {
  return {
    id: step.id,
    on: step.on ?? OPERATOR_HOST,
    script: step.run,
    phase,
    expectCode: step.expect?.code ?? 0,
    expectMatch: step.expect?.match ?? [],
    expectNoMatch: step.expect?.no_match ?? [],
    timeoutUs: step.timeout ?? STEP_TIMEOUT_US,
  };
}

function alertsOf(signals: Scenario['signals']): AlertPlan | null {
  if (signals === undefined) return null;
  return {
    rules: signals.rules,
    mustFire: signals.must_fire.map(({ id, within }) => ({ id, withinUs: within })),
    mayFire: signals.may_fire ?? [],
  };
}

function hostsOf({ hosts }: Scenario): { hosts?: HostsPlan } {
  if (hosts === undefined) return {};
  return {
    hosts: {
      cores: hosts.cores ?? HOSTS_DEFAULT.cores,
      memoryBytes: hosts.memory ?? HOSTS_DEFAULT.memoryBytes,
      eventUs: hosts.event_cpu ?? HOSTS_DEFAULT.eventUs,
      applyUs: hosts.apply_cpu ?? HOSTS_DEFAULT.applyUs,
      quantumUs: hosts.quantum ?? HOSTS_DEFAULT.quantumUs,
      ...(hosts.credit === undefined ? {} : { creditUs: hosts.credit }),
    },
  };
}

function compactionOf({ compaction }: Scenario): Pick<RunPlan, 'compaction'> {
  if (compaction === undefined) return {};
  const base = COMPACTION_DEFAULT;
  return {
    compaction: {
      atPercent: compaction.at_percent ?? base.atPercent,
      atLogBytes: compaction.at_log ?? base.atLogBytes,
      everyUs: compaction.every ?? base.everyUs,
      pollUs: compaction.poll ?? base.pollUs,
      offPeak: base.offPeak,
      upkeepPerMille: compaction.upkeep_per_mille ?? base.upkeepPerMille,
    },
  };
}

function batchingOf({ batching }: Scenario): Pick<RunPlan, 'batching'> {
  if (batching === undefined) return {};
  const base = BATCHING_DEFAULT;
  return {
    batching: {
      offeredPerS: batching.offered_per_s,
      outstandingMax: batching.outstanding ?? base.outstandingMax,
      bodyBytes: batching.event ?? base.bodyBytes,
      opsMax: batching.max ?? base.opsMax,
      lingerUs: batching.linger ?? base.lingerUs,
      cpuNsPerOp: batching.cpu_ns_per_op ?? base.cpuNsPerOp,
    },
  };
}

function gatesOf(gates: Scenario['gates']): { gates?: readonly GatePlan[] } {
  if (gates === undefined || gates.length === 0) return {};
  return {
    gates: gates.map((gate) => ({
      id: gate.id,
      act: gate.act,
      about: gate.about ?? '',
      withinUs: gate.within,
      afterStep: gate.after_step ?? '',
      repeats: gate.repeats ?? false,
      whileOpen: gate.while_open ?? false,
    })),
  };
}

function expectedOf({ variants }: Scenario, variant: Variant): ExpectedFailure | null {
  const fails = variant === 'literal' ? variants.literal?.fails : undefined;
  if (fails === undefined) return null;
  const { property, seeds, pinned = 0, reason = '' } = fails;
  return { property, seeds, pinned, reason };
}
