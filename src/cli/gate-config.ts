import { productRefusals, readConfig, withConfig } from '../campaign/gate/config.ts';
import type { RunPlanFunction } from '../campaign/worker-protocol.ts';
import { swarmPlan } from '../faults/swarm.ts';
import type { FaultPlan, RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import type { Attestation } from './gate-attestation.ts';
import { sha256 } from './gate-attestation.ts';
import { type GatedRun, gatedRun } from './gate-runs.ts';

/** A configuration of the user, ready to be tried. */
export interface GateConfig {
  readonly cited: NonNullable<Attestation['config']>;
  /** The drawn plan of a seed under the configuration. */
  readonly planOf: (seed: number) => RunPlan;
  /** Runs that ask what drawn plans do not: whether the cluster stays calm, and goes on without one replica. */
  readonly probes: (seed: number) => readonly ((runPlan: RunPlanFunction) => Promise<GatedRun>)[];
}

export function readGateConfig(content: string, file: string): GateConfig {
  const config = readConfig(content, file);
  const planOf = (seed: number): RunPlan =>
    withConfig(swarmPlan(seed, { replicaCount: config['cluster-size'] ?? 3 }), config);
  return {
    cited: { file, sha256: sha256(content), refusals: productRefusals(config) },
    planOf,
    probes: (from) =>
      Array.from({ length: PROBES }, (_, index) => planOf(from + index)).flatMap((drawn) => [
        (runPlan: RunPlanFunction) => steady(drawn, runPlan),
        (runPlan: RunPlanFunction) => minusOne(drawn, runPlan),
      ]),
  };
}

const SECOND_US = 1_000_000;
const DOWN_FROM_US = 6 * SECOND_US;
const DOWN_FOR_US = 30 * SECOND_US;
/** Seeds of each probe. */
const PROBES = 4;

/** A closed loop of clients without any fault of its own; packets are lost as drawn or configured. */
function quietPlan(scenario: string, drawn: RunPlan): RunPlan {
  return {
    ...drawn,
    scenario,
    faults: [],
    workload: { ...drawn.workload, kind: 'closed', thinkUsMin: 200_000, thinkUsMax: 400_000, operationsMax: 0 },
    faultPhaseUs: DOWN_FROM_US + DOWN_FOR_US + 2 * SECOND_US,
    rarities: false,
  };
}

/** Nothing happens: the cluster has to keep its primary and to acknowledge, which the properties of every run judge. */
async function steady(drawn: RunPlan, runPlan: RunPlanFunction): Promise<GatedRun> {
  const { result } = await runPlan(quietPlan('config-steady', drawn), { recording: false });
  return gatedRun({ result, wallMs: 0 }, null);
}

/**
 * One replica that is no primary stops for half a minute and nothing else happens: a cluster that is there to survive a
 * replica must acknowledge operations meanwhile. Fails INV-AVAILABLE-MINUS-ONE where it acknowledges none from five
 * election timeouts after the stop on.
 */
async function minusOne(drawn: RunPlan, runPlan: RunPlanFunction): Promise<GatedRun> {
  const stop: FaultPlan = {
    label: 'one-stops',
    kind: 'process.pause',
    trigger: { kind: 'at', atUs: DOWN_FROM_US },
    target: { kind: 'role', role: 'backup', index: 0 },
    durationUs: DOWN_FOR_US,
    params: {},
  };
  const plan = { ...quietPlan('config-minus-one', drawn), faults: [stop] };
  const answersUs: number[] = [];
  const { result } = await runPlan(plan, {
    recording: false,
    observer: ({ nowUs }) => ({ id: 'answers', onReturn: () => void answersUs.push(nowUs()) }),
  });
  const fromUs = DOWN_FROM_US + 5 * plan.cluster.electionTimeoutUs;
  const untilUs = DOWN_FROM_US + DOWN_FOR_US;
  const answered = answersUs.filter((atUs) => atUs > fromUs && atUs < untilUs).length;
  return { ...gatedRun({ result: judged(result, answered, untilUs), wallMs: 0 }, null), replayed: result };
}

function judged(result: RunResult, answered: number, atUs: number): RunResult {
  if (result.verdict === 'failed' || answered > 0) return result;
  if (!result.faultsFired.includes('one-stops')) {
    return { ...result, verdict: 'inconclusive', reason: 'vacuous', pending: 'no replica was stopped' };
  }
  const property = 'INV-AVAILABLE-MINUS-ONE';
  const finding = {
    property,
    site: 'nothing-acknowledged',
    atUs,
    args: { replicas: result.plan.cluster.replicaCount },
  };
  return { ...result, verdict: 'failed', reason: '', property, findings: [finding, ...result.findings] };
}
