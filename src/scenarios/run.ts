import type { GroundTruth, Property } from '../checkers/property.ts';
import { HONEST_RULES, type Rules } from '../cluster/vsr/rules.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { InconclusiveReason, RunResult, Verdict } from '../plan/result.ts';
import { Decisions, type TakenDecision } from '../sim/decisions.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { checksOf } from './properties.ts';
import { rulesOf } from './rules-table.ts';
import { runScenario } from './scenario-run.ts';
import { Simulation } from './simulation.ts';
import { type Ending, runSwarm } from './swarm-run.ts';
import type { Watcher } from './watcher.ts';

/** What a run is asked to do beside its plan. */
export interface RunOptions {
  /** Keeps trace records with their texts. */
  readonly recording: boolean;
  readonly untilEvent?: number;
  /** Findings are recorded and never end the run (R27). */
  readonly recordOnly?: boolean;
  /** Ends the run at this finding even where findings are only recorded. */
  readonly stopAt?: { readonly property: string; readonly site: string };
  /** Collects `RunOutcome.decisions` of a plan that has no list of its own (R26). */
  readonly recordDecisions?: boolean;
  /** Collects coverage (R25): costs a little, changes nothing. */
  readonly coverage?: boolean;
  /** Hears what the properties hear, after them. It must not report and cannot change the run. A function is given the time. */
  readonly observer?: Property | ((truth: Pick<GroundTruth, 'nowUs'>) => Property);
  /** Looks on for a recording; costs time, changes nothing. */
  readonly watcher?: Watcher;
}

export interface RunOutcome {
  readonly result: RunResult;
  readonly records: readonly TraceRecord[];
  /** Chance decisions that differed from their defaults, in their order; only where they were asked for or listed. */
  readonly decisions?: readonly TakenDecision[];
  /** Operations that clients began. */
  readonly invoked?: number;
}

/** Mark that a planted bug sets when its answer first differs from the honest one (R27). */
export const MUTANT_FIRED = 'mutant-fired';

/** Runs a plan: `run(plan)` is a function. A plan without operator steps runs without one promise that waits. */
export async function runPlan(plan: RunPlan, options: RunOptions): Promise<RunOutcome> {
  const fired = { simulation: null as Simulation | null };
  const rules: Rules = rulesOf(plan, HONEST_RULES, () => {
    const world = fired.simulation?.cluster.world;
    if (world !== undefined && !world.marks.has(MUTANT_FIRED)) world.mark(MUTANT_FIRED, -1);
  });
  const limited =
    options.untilEvent === undefined ? plan : { ...plan, limits: { ...plan.limits, eventsMax: options.untilEvent } };
  const decisions = decisionsOf(plan, options.recordDecisions ?? false);
  const simulation = new Simulation(limited, {
    recording: options.recording,
    decisions,
    logging: options.recording || plan.operator !== null,
    rules,
    checks: observedBy(options.observer),
    recordOnly: options.recordOnly ?? plan.mutant !== null,
    stopAt: options.stopAt ?? null,
    coverage: options.coverage ?? false,
  });
  fired.simulation = simulation;
  const watcher = options.watcher ?? null;
  watcher?.built(simulation);
  const ending = plan.alerts === null ? runSwarm(simulation) : await runScenario(simulation, watcher);
  if (plan.alerts === null && ending.excused.length > 0) counterfactual(limited, simulation, ending, rules);
  return {
    result: result(plan, simulation, ending),
    records: simulation.cluster.world.trace.records,
    ...(decisions === null ? {} : { decisions: decisions.taken }),
    invoked: simulation.invoked,
  };
}

function decisionsOf({ decisions }: RunPlan, record: boolean): Decisions | null {
  return decisions === undefined && !record ? null : new Decisions(decisions ?? null);
}

/** The properties, and behind them an observer if there is one. */
function observedBy(observer: RunOptions['observer']): typeof checksOf {
  if (observer === undefined) return checksOf;
  return (truth, report, simulation) => {
    const checks = checksOf(truth, report, simulation);
    const heard = typeof observer === 'function' ? observer(truth) : observer;
    return { ...checks, properties: [...checks.properties, heard] };
  };
}

/**
 * An excuse must be true (R12): the same plan without the faults that the certificates name has to converge. Where it
 * does not, the excused run has failed.
 */
function counterfactual(plan: RunPlan, simulation: Simulation, ending: Ending, rules: Rules): void {
  const named = new Set(ending.excused.map((certificate) => certificate.label));
  const innocent = { ...plan, faults: plan.faults.filter((fault) => !named.has(fault.label)) };
  const again = new Simulation(innocent, {
    recording: false,
    decisions: decisionsOf(plan, false),
    logging: false,
    rules,
    checks: checksOf,
    recordOnly: false,
  });
  const outcome = runSwarm(again);
  if (!again.failed && outcome.excused.length === 0) return;
  simulation.report('INV-RECOVERS', 'counterfactual', { without: [...named].join(' '), pending: outcome.pending });
}

/** The property that a run reports: the declared one when it is among those that failed together (R24b), else the first. */
function namedProperty(plan: RunPlan, simulation: Simulation): string {
  const { findings } = simulation;
  const declared = plan.expectedFailure?.property;
  const named = findings.find((finding) => finding.property === declared) ?? findings[0];
  return named?.property ?? '';
}

/** Why nothing was proved, in one line. Modelled bytes are the same on every machine, so they may stand in a result. */
function pendingText(simulation: Simulation, reason: InconclusiveReason | '', ending: Ending): string {
  switch (reason) {
    case 'vacuous':
      return ending.vacuous;
    case 'out-of-model': {
      const [first] = simulation.budget.outOfModel;
      return `out of model: ${first?.label}: ${first?.reason}`;
    }
    case 'crashed': {
      const { bytes, bytesMax } = simulation.memory;
      return `memory: ${bytes} modelled bytes held, ${bytesMax} allowed (limits.memoryBytesMax of the plan)`;
    }
    default:
      return ending.pending;
  }
}

function result(plan: RunPlan, simulation: Simulation, ending: Ending): RunResult {
  const world = simulation.cluster.world;
  const found = simulation.findings.length > 0;
  // What fails after an assumption was broken says nothing about the system (R1).
  const outOfModel = found && simulation.budget.outOfModel.length > 0;
  const failed = found && !outOfModel;
  let verdict: Verdict = failed ? 'failed' : 'passed';
  let reason: InconclusiveReason | '' = '';
  if (outOfModel) reason = 'out-of-model';
  else if (!failed && simulation.exhausted !== '') reason = simulation.exhausted;
  // A history too large for the search's budget is no proof either way (R21).
  else if (!failed && simulation.checks.linearizable.undecided.length > 0) reason = 'out-of-budget';
  else if (!failed && ending.excused.length > 0) reason = 'excused';
  else if (!failed && ending.vacuous !== '') reason = 'vacuous';
  if (reason !== '') verdict = 'inconclusive';
  return {
    plan,
    verdict,
    reason,
    property: namedProperty(plan, simulation),
    findings: simulation.findings,
    traceHash: world.trace.hash(),
    traceCheckpoints: world.trace.checkpoints,
    events: world.events,
    virtualUs: world.nowUs,
    acknowledged: simulation.acknowledged,
    committed: Math.max(
      0,
      ...simulation.cluster.serverHosts.map((host) => simulation.cluster.observation(host)?.commit ?? 0),
    ),
    ...(simulation.coverage === null ? {} : { coverage: simulation.coverage.features() }),
    reached: [...world.marks].sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0)),
    faultsFired: simulation.nemesis.fired,
    faultsSuppressed: simulation.nemesis.suppressed.map((entry) => entry.label),
    alerts: ending.alerts,
    commands: ending.commands,
    certificates: ending.excused,
    alertToRecoveryUs: ending.alertToRecoveryUs,
    ...(plan.alerts === null || simulation.nemesis.firstFiredUs < 0
      ? {}
      : { firstFaultUs: simulation.nemesis.firstFiredUs }),
    pending: pendingText(simulation, reason, ending),
  };
}
