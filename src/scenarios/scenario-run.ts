import { loadRuleSet } from '../alerts/rule-file.ts';
import { kimberliteCommands } from '../cluster/kimberlite/commands/table.ts';
import { FleetFiles } from '../cluster/kimberlite/files.ts';
import { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { KUBERNETES_TICK_US } from '../cluster/kimberlite/stateful-set.ts';
import { parseRelease, releaseText } from '../cluster/vsr/releases.ts';
import type { OperatorPlan } from '../plan/plan.ts';
import { MINUTE, SECOND, type Us } from '../sim/time.ts';
import { AmbientGuard } from './ambient-guard.ts';
import { CaughtUp } from './caught-up.ts';
import { CONTROL_COMPACTION, CONTROL_UPKEEP, CompactionDaemon } from './compaction-daemon.ts';
import { judgeArchived } from './compaction-safe.ts';
import { coldRestart } from './epilogue.ts';
import { judgeFalseAlerts } from './false-alerts.ts';
import { readAlertRules } from './files.ts';
import { Gates } from './gates.ts';
import { IncidentAudit } from './incident-audit.ts';
import { takeForcedLeader } from './lineage.ts';
import { budgetUs, converge, heal, pendingReason } from './liveness.ts';
import { LossApproved } from './loss-approved.ts';
import { CONTROL_SCRAPE, Monitor } from './monitor.ts';
import { Operator } from './operator.ts';
import { guardsOffOf } from './profiles.ts';
import { watchEvidence, watchInstances } from './properties.ts';
import { judgeQuorumKept } from './quorum-kept.ts';
import { Redundancy } from './redundancy.ts';
import { OperatorShell } from './shell.ts';
import { loadShell } from './shell-loaded.ts';
import type { Simulation } from './simulation.ts';
import { type Ending, judgeStuck, vacuity } from './swarm-run.ts';
import { TemporarySettings } from './temporary.ts';
import { CONTROL_NTP, TimeDaemons } from './time-daemons.ts';
import { type Watcher, watchedCommands } from './watcher.ts';

/** An operator whom no alert wakes looks at the dashboards after this long. */
const UNALERTED_US: Us = 600 * SECOND;
/** How long a run waits at its end for alerts to clear: at least this, and the longest range of a rule and a little. */
const CLEAR_US: Us = 420 * SECOND;
const SLICE_US: Us = 250_000;
/** Control number of the Kubernetes controllers. */
const CONTROL_KUBERNETES = 40;

/**
 * A rehearsal: the cluster under load and watched; the incident; the alert; the operator's diagnosis and resolution by
 * the runbook's own commands; recovery; then what every run ends with (R10, R12).
 */
export async function runScenario(simulation: Simulation, watcher: Watcher | null): Promise<Ending> {
  const { plan, cluster } = simulation;
  const alerts = plan.alerts;
  if (alerts === null) throw new Error('a scenario plan names its alert rules');
  const fleet = new KimberliteFleet(cluster, guardsOffOf(plan));
  const monitor = new Monitor(simulation, fleet, loadRuleSet(readAlertRules(plan.system), new Set(alerts.rules)));
  const settings = new TemporarySettings(simulation, fleet);
  const redundancy = new Redundancy(simulation);
  const daemons = new TimeDaemons(simulation);
  const compaction = fleet.compaction === null ? null : new CompactionDaemon(simulation, fleet.compaction);
  simulation.fleet = fleet;
  watcher?.monitored(monitor);
  let gates: Gates | null = null;
  simulation.onControl = (control, host) => {
    if (control === CONTROL_SCRAPE) {
      monitor.tick();
      judgeOverdue(simulation, monitor);
      gates?.tick();
      redundancy.tick();
    } else if (control === CONTROL_NTP) daemons.poll(host);
    else if (control === CONTROL_COMPACTION || control === CONTROL_UPKEEP) compaction?.turn(control, host);
    else if (control === CONTROL_KUBERNETES) controlPods(simulation, fleet);
  };
  watchFleet(simulation, fleet);
  const operator = await hire(simulation, fleet, watcher);
  gates = watchGates(simulation, fleet, monitor, operator);
  const audit = new IncidentAudit(simulation, fleet, monitor, () => operator?.records ?? []);
  cluster.start();
  if (fleet.statefulSet !== null) controlPods(simulation, fleet);
  simulation.nemesis.start();
  let recoveredUs = -1;
  if (operator !== null && plan.operator !== null) {
    await operator.work(plan.operator.steps.filter((step) => step.phase === 'prepare'));
    cluster.world.mark('prepared', -1);
  }
  settings.note();
  redundancy.note();
  await workThrough(simulation, monitor, operator);
  const zeroUs = zeroPoint(simulation, monitor);
  if (running(simulation)) recoveredUs = awaitRecovery(simulation, zeroUs);
  for (const judge of [gates, redundancy, audit]) if (running(simulation)) judge.close();
  if (running(simulation)) judgeAlerts(simulation, monitor, zeroUs);
  const ending = (pending: string, excused: Ending['excused'] = []): Ending => ({
    pending,
    excused,
    vacuous: vacuity(simulation),
    alertToRecoveryUs: recoveredUs < 0 || zeroUs < 0 ? -1 : Math.max(0, recoveredUs - zeroUs),
    alerts: monitor.records(),
    commands: operator?.records ?? [],
  });
  // A run in which the incident did not happen proves nothing, whatever its end would show (R17).
  if (!running(simulation) || vacuity(simulation) !== '') return ending('');
  const pending = finish(simulation, settings);
  if (pending !== '' && running(simulation)) return ending(...judgeStuck(simulation, simulation.members, pending));
  return ending('');
}

/** Has the properties told of what the operator's commands do to the cluster. */
function watchFleet(simulation: Simulation, fleet: KimberliteFleet): void {
  fleet.mend = (label) => simulation.mend(label);
  watchEvidence(simulation, fleet);
  watchInstances(simulation, fleet);
  judgeArchived(simulation, fleet);
  const losses = new LossApproved(simulation, fleet);
  fleet.onForced = (forced) => {
    losses.forced(forced);
    takeForcedLeader(simulation, forced);
  };
}

/** One look of the Kubernetes controllers at the pods; asks for the next. */
function controlPods(simulation: Simulation, fleet: KimberliteFleet): void {
  const { world } = simulation.cluster;
  fleet.statefulSet?.tick();
  world.scheduleControl(world.nowUs + KUBERNETES_TICK_US, CONTROL_KUBERNETES, 0, null);
}

function running(simulation: Simulation): boolean {
  return !simulation.failed && simulation.exhausted === '';
}

/** The operator is paged, diagnoses and resolves; a plan without one only lets the faults strike. */
async function workThrough(
  simulation: Simulation,
  monitor: Monitor,
  operator: Operator<KimberliteFleet> | null,
): Promise<void> {
  const { plan } = simulation;
  if (operator === null || plan.operator === null) {
    simulation.advance(plan.faultPhaseUs);
    return;
  }
  // Where no alert calls anybody it is the incident itself that somebody looks into: without faults there is none (R17).
  if (plan.faults.length === 0 && plan.operator.onAlerts.length === 0) return;
  if (!awaitAlert(simulation, monitor, plan.operator)) return;
  const { steps } = plan.operator;
  const diagnosed = await operator.work(steps.filter((step) => step.phase === 'diagnose'));
  if (diagnosed) await operator.work(steps.filter((step) => step.phase === 'resolve'));
}

/** The deadlines run from the page on; a run without operator has nobody who could keep one. */
function watchGates(
  simulation: Simulation,
  fleet: KimberliteFleet,
  monitor: Monitor,
  operator: Operator<KimberliteFleet> | null,
): Gates {
  const paging = simulation.plan.alerts?.mustFire.map((alert) => alert.id) ?? [];
  return new Gates(simulation, {
    pagedUs: () => monitor.firstFiringUs(paging),
    commands: () => operator?.records ?? [],
    people: fleet.people,
  });
}

async function hire(
  simulation: Simulation,
  fleet: KimberliteFleet,
  watcher: Watcher | null,
): Promise<Operator<KimberliteFleet> | null> {
  if (simulation.plan.operator === null) return null;
  judgeQuorumKept(simulation, fleet);
  const { world } = simulation.cluster;
  const loaded = await loadShell();
  const resolveHost = (name: string): string | null => fleet.resolve(name);
  const shell = new OperatorShell<KimberliteFleet>({
    loaded,
    guard: new AmbientGuard(),
    table: watcher === null ? kimberliteCommands() : watchedCommands(kimberliteCommands(), watcher),
    fleet,
    clock: {
      nowUs: () => world.nowUs,
      wallMs: (host) =>
        simulation.plan.startWallMs + Math.floor((world.machine(host)?.clock.wallUs() ?? world.nowUs) / 1_000),
    },
    seed: simulation.plan.seed | 0,
    files: new FleetFiles(fleet),
    resolveHost,
    canReach: (from, to) => fleet.canReach(from, to),
  });
  const operator = new Operator(simulation, shell, resolveHost);
  watcher?.hired(operator.records);
  return operator;
}

/** Runs until an alert pages the operator and the reaction time has passed; false when nothing ever did. */
function awaitAlert(simulation: Simulation, monitor: Monitor, operator: OperatorPlan): boolean {
  const world = simulation.cluster.world;
  if (!simulation.advance(operator.startUs)) return false;
  // Whom no alert pages has come because of what somebody noticed; without a fault nobody has a reason to come (R17).
  if (operator.onAlerts.length === 0 && simulation.plan.faults.length === 0) return false;
  if (operator.onAlerts.length > 0) {
    const paged = simulation.advanceUntil(
      () => monitor.firstFiringUs(operator.onAlerts) >= 0,
      SLICE_US,
      world.nowUs + UNALERTED_US,
    );
    if (!paged) return false;
  }
  return simulation.advance(world.nowUs + operator.reactionUs);
}

/** From when recovery is measured: the first alert, else the first fault; -1 when there was neither. */
function zeroPoint(simulation: Simulation, monitor: Monitor): Us {
  const firstUs = monitor.firstFiringUs(simulation.plan.alerts?.mustFire.map((alert) => alert.id) ?? []);
  return firstUs >= 0 ? firstUs : simulation.nemesis.firstFiredUs;
}

/**
 * Waits for full redundancy: every replica normal and caught up, one primary, and a request of a client that it answers.
 * Returns when it was there, or -1. A recovery that was only there when the operator had gone through all steps is late
 * when that was past the time allowed (INV-RECOVERS).
 */
function awaitRecovery(simulation: Simulation, zeroUs: Us): Us {
  const { plan, cluster } = simulation;
  const world = cluster.world;
  if (zeroUs < 0) return -1;
  const allowedUs = plan.mttrUs > 0 ? zeroUs + plan.mttrUs : world.nowUs + budgetUs(simulation);
  const caughtUp = new CaughtUp(simulation);
  const answered = simulation.acknowledged;
  const pending = (): string => {
    const reason = healthyReason(simulation);
    // After a change of name clients come when their name server's answer expires: no target counts that (AMB-DNS).
    const silent = simulation.acknowledged === answered && !world.marks.has('dns-changed');
    return reason === '' && silent ? 'no request is answered' : reason;
  };
  const recovered = (): boolean => healthyReason(simulation) === '' && caughtUp.look() && pending() === '';
  const late = world.nowUs > allowedUs;
  if (simulation.advanceUntil(recovered, SLICE_US, late ? world.nowUs + budgetUs(simulation) : allowedUs)) {
    if (!late) return world.nowUs;
    reportLate(simulation, `recovered after ${Math.floor((world.nowUs - zeroUs) / SECOND)} s`);
  } else if (running(simulation)) {
    const reason = pending();
    // A replica that lags goes by that name where the scenario asks for it, whatever the last instant happens to show.
    if (reason === '' || (caughtUp.judged && reason.endsWith(' lags'))) caughtUp.report();
    else reportLate(simulation, reason);
  }
  return -1;
}

function reportLate(simulation: Simulation, pending: string): void {
  simulation.report('INV-RECOVERS', 'not-within-mttr', {
    pending,
    mttrS: Math.floor(simulation.plan.mttrUs / SECOND),
  });
}

/** Where a change is the aim, the host has to run the release that was aimed at. */
function wrongRelease({ plan, cluster }: Simulation, host: number): string {
  const goal = plan.deployment?.goal;
  const runs = cluster.releases.of(host);
  if (goal === undefined || runs === parseRelease(goal)) return '';
  return `replica ${host} runs ${releaseText(runs)}, not ${goal}`;
}

/** As {@link pendingReason}, but clients go on working: their requests in flight do not count. */
function healthyReason(simulation: Simulation): string {
  const { cluster } = simulation;
  const joining = simulation.plan.deployment?.joining ?? -1;
  if (joining >= 0 && !simulation.members.includes(joining)) return 'new-node has not joined';
  for (const host of simulation.members) {
    const status = cluster.nodes[host]?.status;
    if (cluster.observation(host) === null) return `replica ${host} is down`;
    if (status !== 'normal') return `replica ${host} is ${status}`;
    const wrong = wrongRelease(simulation, host);
    if (wrong !== '') return wrong;
    const seen = cluster.observation(host);
    if (seen !== null && seen.commitMax - seen.commit > simulation.plan.cluster.pipelineMax)
      return `replica ${host} lags`;
  }
  const primary = cluster.nodes[cluster.primaryHost()]?.vsr.replica;
  if (primary === undefined) return 'no primary';
  return primary.clock.isSynchronised(primary.host.monotonicUs())
    ? ''
    : 'the primary has no clock epoch and refuses writes';
}

/** INV-ALERT-FIRES fails as soon as an alert is overdue: what follows in an incident that nobody notices is another matter. */
function judgeOverdue(simulation: Simulation, monitor: Monitor): void {
  const { firstFiredUs } = simulation.nemesis;
  if (firstFiredUs < 0) return;
  for (const { id, withinUs } of simulation.plan.alerts?.mustFire ?? []) {
    if (simulation.cluster.world.nowUs <= firstFiredUs + withinUs || monitor.firstFiringUs([id]) >= 0) continue;
    simulation.report('INV-ALERT-FIRES', 'not-in-time', { alert: id, atS: -1 });
  }
}

/** INV-ALERT-FIRES, INV-NO-FALSE-ALERT and INV-ALERT-CLEARS over the whole incident. */
function judgeAlerts(simulation: Simulation, monitor: Monitor, zeroUs: Us): void {
  const { plan, cluster } = simulation;
  const alerts = plan.alerts;
  if (alerts === null || simulation.nemesis.firstFiredUs < 0) return;
  for (const failure of monitor.engine.failures()) {
    throw new Error(`rule ${failure.id} cannot be evaluated: ${failure.message}`);
  }
  for (const wanted of alerts.mustFire) {
    const firedUs = monitor.firstFiringUs([wanted.id]);
    const limitUs = simulation.nemesis.firstFiredUs + wanted.withinUs;
    if (firedUs < 0 && cluster.world.nowUs < limitUs) {
      simulation.advanceUntil(() => monitor.firstFiringUs([wanted.id]) >= 0, SLICE_US, limitUs);
    }
    const atUs = monitor.firstFiringUs([wanted.id]);
    if (running(simulation) && (atUs < 0 || atUs > limitUs)) {
      simulation.report('INV-ALERT-FIRES', 'not-in-time', { alert: wanted.id, atS: Math.floor(atUs / SECOND) });
    }
  }
  const before = judgeFalseAlerts(simulation, monitor, 0);
  if (!running(simulation)) return;
  const clear = (): boolean => monitor.firing().every((id) => !alerts.mustFire.some((alert) => alert.id === id));
  // At least until the time allowed for recovery is over: what heals by itself may take that long.
  const lookBackUs = Math.max(CLEAR_US, monitor.longestRangeUs + MINUTE);
  const untilUs = Math.max(cluster.world.nowUs + lookBackUs, zeroUs + plan.mttrUs);
  const cleared = simulation.advanceUntil(clear, SLICE_US, untilUs);
  if (!running(simulation)) return;
  // While an incident lasts, what else comes to fire is part of it.
  if (cleared) judgeFalseAlerts(simulation, monitor, before);
  else simulation.report('INV-ALERT-CLEARS', 'still-firing', { alerts: monitor.firing().join(' ') });
}

/** What every run ends with: convergence of the healed cluster and the cold restart (R10, R12). */
function finish(simulation: Simulation, settings: TemporarySettings): string {
  heal(simulation);
  const boundUs = budgetUs(simulation);
  const pending = converge(simulation, simulation.members, boundUs);
  if (pending === '' && running(simulation)) settings.judge();
  if (pending !== '' || !running(simulation)) return pending;
  const cold = coldRestart(simulation, boundUs);
  if (cold === '' && running(simulation)) simulation.properties.onEnd();
  return cold === '' ? '' : `after the cold restart: ${cold} (${pendingReason(simulation, simulation.members)})`;
}
