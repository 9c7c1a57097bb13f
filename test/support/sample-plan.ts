import { PLAN_VERSION, type RunPlan, START_WALL_MS } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';

/** A rule of scenarios/kimberlite/alerts.yml. */
const ALERT = 'ALERT-REPLICA-UNHEALTHY';

const CLUSTER: RunPlan['cluster'] = {
  naming: 'replica',
  replicaCount: 3,
  clientCount: 2,
  journalSlots: 64,
  slotBytes: 4096,
  checkpointOps: 16,
  pipelineMax: 8,
  sessionsMax: 8,
  heartbeatUs: 100_000,
  electionTimeoutUs: 1_000_000,
  prepareRetryUs: 500_000,
  restart: 'no',
  restartDelayUs: 0,
};

const NETWORK: RunPlan['network'] = {
  latencyUsMin: 200,
  latencyUsMean: 500,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 125_000,
  queueMax: 1_000,
};

const DISK: RunPlan['disk'] = {
  sectorBytes: 4096,
  capacityBytes: 1 << 24,
  writeLatencyUsMin: 50,
  writeLatencyUsMean: 100,
  readLatencyUsMin: 50,
  readLatencyUsMean: 100,
  fsyncLatencyUsMin: 200,
  fsyncLatencyUsMean: 500,
  bytesPerMs: 200_000,
  queueDepth: 8,
};

const WORKLOAD: RunPlan['workload'] = {
  kind: 'closed',
  thinkUsMin: 1_000,
  thinkUsMax: 5_000,
  bodyBytesMin: 1,
  bodyBytesMax: 128,
  readPer65536: 8_192,
  streamCount: 2,
  retryUs: 300_000,
  operationsMax: 0,
};

/** A complete plan for tests of what surrounds the engine; nothing runs it. */
export function samplePlan(changes: Partial<RunPlan> = {}): RunPlan {
  return {
    version: PLAN_VERSION,
    system: 'kimberlite',
    scenario: 'sample',
    variant: 'safe',
    seed: 1,
    startWallMs: START_WALL_MS,
    profile: 'intended',
    cluster: CLUSTER,
    network: NETWORK,
    disk: DISK,
    clock: { wallOffsetUs: [0, -3, 2, 0, 0], driftPpm: [0, 1.5, -2, 0, 0] },
    workload: WORKLOAD,
    faults: [
      {
        label: 'crash-2',
        kind: 'process.crash',
        trigger: { kind: 'on', mark: 'ack', nth: 20, host: -1, delayUs: 0 },
        target: { kind: 'hosts', hosts: [2] },
        durationUs: 0,
        params: { cause: 'crash' },
      },
    ],
    operator: {
      onAlerts: [ALERT],
      startUs: 0,
      reactionUs: 1_000_000,
      steps: [
        sampleStep({ id: 'look', phase: 'diagnose', script: 'systemctl status kimberlite', expectCode: 3 }),
        sampleStep({ id: 'restart', phase: 'resolve', script: 'systemctl restart kimberlite' }),
      ],
    },
    alerts: { rules: [ALERT], mustFire: [{ id: ALERT, withinUs: 90_000_000 }], mayFire: [] },
    mustReach: ['replica-recovered'],
    guardsOff: [],
    mutant: null,
    expectedFailure: null,
    mttrUs: 180_000_000,
    properties: [],
    faultPhaseUs: 60_000_000,
    limits: { eventsMax: 1_000_000, virtualUsMax: 3_600_000_000 },
    rarities: false,
    ...changes,
  };
}

type Step = NonNullable<RunPlan['operator']>['steps'][number];

function sampleStep(changes: Pick<Step, 'id' | 'phase' | 'script'> & Partial<Step>): Step {
  return { on: 'replica-2', expectCode: 0, expectMatch: [], expectNoMatch: [], timeoutUs: 60_000_000, ...changes };
}

/** A result that passed, or whatever the changes make of it. */
export function sampleResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    plan: samplePlan(),
    verdict: 'passed',
    reason: '',
    property: '',
    findings: [],
    traceHash: '0123456789abcdef',
    traceCheckpoints: [11, 22, 33],
    events: 3_500,
    virtualUs: 61_000_000,
    acknowledged: 900,
    committed: 900,
    reached: [['replica-recovered', 1]],
    faultsFired: ['crash-2'],
    faultsSuppressed: [],
    alerts: [],
    commands: [],
    certificates: [],
    alertToRecoveryUs: 4_200_000,
    pending: '',
    ...changes,
  };
}

/** A result that failed by these properties, in this order. */
export function failedResult(properties: readonly string[], changes: Partial<RunResult> = {}): RunResult {
  const findings = properties.map((property, index) => ({
    property,
    site: 'sample-site',
    atUs: 1_000_000 + index,
    args: { op: 12, replica: index },
  }));
  return sampleResult({ verdict: 'failed', property: properties[0] ?? '', findings, ...changes });
}
