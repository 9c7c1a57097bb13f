import { HONEST_RULES, type Rules } from '../cluster/vsr/rules.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { Certificate, InconclusiveReason, RunResult, Verdict } from '../plan/result.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { coldRestart } from './epilogue.ts';
import { budgetUs, chooseCore, converge, freezeOthers, heal, thaw } from './liveness.ts';
import { checksOf } from './properties.ts';
import { certificatesOf, isRecoverable } from './recoverable.ts';
import { rulesOf } from './rules-table.ts';
import { runScenario } from './scenario-run.ts';
import { Simulation } from './simulation.ts';

/** What a run is asked to do beside its plan. */
export interface RunOptions {
  /** Keeps trace records with their texts. */
  readonly recording: boolean;
  readonly untilEvent?: number;
  /** Findings are recorded and never end the run (R27). */
  readonly recordOnly?: boolean;
}

export interface RunOutcome {
  readonly result: RunResult;
  readonly records: readonly TraceRecord[];
}

/** Mark that a planted bug sets when its answer first differs from the honest one (R27). */
export const MUTANT_FIRED = 'mutant-fired';

/** How a run ended, before it is put into words. */
export interface Ending {
  readonly pending: string;
  readonly excused: readonly Certificate[];
  readonly vacuous: string;
  readonly alertToRecoveryUs: number;
  readonly alerts: RunResult['alerts'];
  readonly commands: RunResult['commands'];
}

/** Runs a plan: `run(plan)` is a function. A plan without operator steps runs without one promise that waits. */
export async function runPlan(plan: RunPlan, options: RunOptions): Promise<RunOutcome> {
  const fired = { simulation: null as Simulation | null };
  const rules: Rules = rulesOf(plan, HONEST_RULES, () => {
    const world = fired.simulation?.cluster.world;
    if (world !== undefined && !world.marks.has(MUTANT_FIRED)) world.mark(MUTANT_FIRED, -1);
  });
  const limited = options.untilEvent === undefined ? plan : { ...plan, limits: { ...plan.limits, eventsMax: options.untilEvent } };
  const simulation = new Simulation(limited, {
    recording: options.recording,
    logging: options.recording || plan.operator !== null,
    rules,
    checks: checksOf,
    recordOnly: options.recordOnly ?? plan.mutant !== null,
  });
  fired.simulation = simulation;
  const ending = plan.alerts === null ? runSwarm(simulation) : await runScenario(simulation);
  return { result: result(plan, simulation, ending), records: simulation.cluster.world.trace.records };
}

/** A drawn plan: faults, then a healed core that must converge, then everybody, then the cold restart (R12, R10). */
export function runSwarm(simulation: Simulation): Ending {
  const { plan, cluster } = simulation;
  cluster.start();
  simulation.nemesis.start();
  const ended = (pending: string, excused: readonly Certificate[] = []): Ending => ({
    pending,
    excused,
    vacuous: vacuity(simulation),
    alertToRecoveryUs: -1,
    alerts: [],
    commands: [],
  });
  if (!simulation.advance(plan.faultPhaseUs)) return ended('');
  heal(simulation);
  const boundUs = budgetUs(simulation);
  const core = chooseCore(simulation, (set) => isRecoverable(simulation, set));
  freezeOthers(simulation, core);
  const pending = converge(simulation, core, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (pending !== '') return ended(...judgeStuck(simulation, core, pending));
  thaw(simulation);
  const rest = converge(simulation, cluster.replicaHosts, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (rest !== '') return ended(...judgeStuck(simulation, cluster.replicaHosts, rest));
  const cold = coldRestart(simulation, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (cold !== '') return ended(...judgeStuck(simulation, cluster.replicaHosts, `after the cold restart: ${cold}`));
  simulation.properties.onEnd();
  return ended('');
}

/** A core that did not converge: excused only with a certificate for what it lacks (R11), otherwise a failure. */
export function judgeStuck(
  simulation: Simulation,
  core: readonly number[],
  pending: string,
): [string, readonly Certificate[]] {
  const certificates = certificatesOf(simulation, core);
  if (certificates.length > 0) return [pending, certificates];
  simulation.report('INV-RECOVERS', 'not-converged', { pending });
  return [pending, []];
}

/** What a drawn plan must have shown to prove anything (R17); empty when it did. */
export function vacuity(simulation: Simulation): string {
  const { plan } = simulation;
  const missing = plan.mustReach.filter((mark) => !simulation.cluster.world.marks.has(mark));
  if (missing.length > 0) return `not reached: ${missing.join(', ')}`;
  if (plan.variant !== 'swarm') return '';
  if (simulation.acknowledged < 50 || simulation.acknowledgedBy.size < Math.min(2, plan.cluster.clientCount)) {
    return `${simulation.acknowledged} operations of ${simulation.acknowledgedBy.size} clients acknowledged`;
  }
  const planned = plan.faults.length - simulation.nemesis.suppressed.length;
  if (simulation.nemesis.fired.length * 2 < planned) return `${simulation.nemesis.fired.length} of ${planned} faults fired`;
  return '';
}

function result(plan: RunPlan, simulation: Simulation, ending: Ending): RunResult {
  const world = simulation.cluster.world;
  const failed = simulation.findings.length > 0;
  let verdict: Verdict = failed ? 'failed' : 'passed';
  let reason: InconclusiveReason | '' = '';
  if (!failed && simulation.exhausted !== '') reason = simulation.exhausted;
  else if (!failed && ending.excused.length > 0) reason = 'excused';
  else if (!failed && ending.vacuous !== '') reason = 'vacuous';
  if (reason !== '') verdict = 'inconclusive';
  return {
    plan,
    verdict,
    reason,
    property: simulation.findings[0]?.property ?? '',
    findings: simulation.findings,
    traceHash: world.trace.hash(),
    traceCheckpoints: world.trace.checkpoints,
    events: world.events,
    virtualUs: world.nowUs,
    acknowledged: simulation.acknowledged,
    committed: Math.max(0, ...simulation.cluster.replicaHosts.map((host) => simulation.cluster.observation(host)?.commit ?? 0)),
    reached: [...world.marks].sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0)),
    faultsFired: simulation.nemesis.fired,
    faultsSuppressed: simulation.nemesis.suppressed.map((entry) => entry.label),
    alerts: ending.alerts,
    commands: ending.commands,
    certificates: ending.excused,
    alertToRecoveryUs: ending.alertToRecoveryUs,
    pending: reason === 'vacuous' ? ending.vacuous : ending.pending,
  };
}
