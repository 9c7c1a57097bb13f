import { durationWords, timelineLine } from '../cluster/kimberlite/commands/incident-report.ts';
import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import {
  BUG_FIELDS,
  fieldText,
  type IncidentEvent,
  type IncidentFacts,
  type IncidentReport,
  REVIEW_FIELDS,
} from '../cluster/kimberlite/incident.ts';
import type { CommandRecord } from '../plan/result.ts';
import type { Us } from '../sim/time.ts';
import type { Monitor } from './monitor.ts';
import type { Simulation } from './simulation.ts';
import { vacuity } from './swarm-run.ts';
import { tokenProblems } from './token-audit.ts';

/**
 * INV-AUDIT-NO-GAP for the documents of an incident: the event log of the run is what a review and a bug report are written
 * from, and each document fills every required field and leaves out no event that the log had at that moment. Judged
 * where a scenario names it; a scenario that names it must end with a document or a support token (`tokenProblems`).
 */
export class IncidentAudit {
  private readonly simulation: Simulation;
  private readonly fleet: KimberliteFleet;

  constructor(
    simulation: Simulation,
    fleet: KimberliteFleet,
    monitor: Pick<Monitor, 'records'>,
    commands: () => readonly CommandRecord[],
  ) {
    this.simulation = simulation;
    this.fleet = fleet;
    fleet.incident = () => factsOf(simulation, fleet, monitor, commands());
  }

  /** The incident is over. */
  close(): void {
    if (!this.simulation.plan.properties.includes('INV-AUDIT-NO-GAP')) return;
    // Where nothing happened there is nothing to write about (R17).
    if (vacuity(this.simulation) !== '') return;
    const { reports, tokens } = this.fleet;
    for (const problem of tokenProblems(tokens))
      this.simulation.report('INV-AUDIT-NO-GAP', 'support-token', { problem });
    if (reports.length === 0 && tokens.length === 0) this.simulation.report('INV-AUDIT-NO-GAP', 'no-document', {});
    for (const report of reports) {
      for (const problem of reportProblems(report)) {
        this.simulation.report('INV-AUDIT-NO-GAP', 'document-incomplete', { path: report.path, problem });
      }
    }
  }
}

/** What a document lacks, in the order of its fields; empty when it is complete. */
export function reportProblems({ kind, text, facts }: IncidentReport): string[] {
  const problems: string[] = [];
  for (const field of kind === 'review' ? REVIEW_FIELDS : BUG_FIELDS) {
    if (fieldText(text, field) === '') problems.push(`${field} is empty`);
  }
  const log = fieldText(text, kind === 'review' ? 'Timeline' : 'Steps to Reproduce').split('\n');
  for (const event of facts.events) if (!log.includes(timelineLine(event))) problems.push(`left out: ${event.what}`);
  if (kind === 'bug') {
    const again = `- npx firedrill run ${facts.scenario} --variant ${facts.variant} --seed ${facts.seed}`;
    return log.includes(again) ? problems : [...problems, 'says not how to run it again'];
  }
  const times = log.map((line) => line.slice(2, 26));
  if (times.some((time, index) => index > 0 && time < (times[index - 1] as string)))
    problems.push('timeline runs back');
  if (fieldText(text, 'Duration') !== durationWords(facts)) problems.push('Duration is not the span of the timeline');
  if (!/\(P\d, [\w-]+\)/.test(fieldText(text, 'Action Items'))) problems.push('Action Items lack priority or owner');
  return problems;
}

function factsOf(
  simulation: Simulation,
  fleet: KimberliteFleet,
  monitor: Pick<Monitor, 'records'>,
  commands: readonly CommandRecord[],
): IncidentFacts {
  const { scenario, variant, seed, startWallMs } = simulation.plan;
  const events: { readonly atUs: Us; readonly what: string }[] = [];
  const alerts = monitor.records();
  for (const { id, labels, firingUs, resolvedUs } of alerts) {
    events.push({ atUs: firingUs, what: `${id} fires (${labels})` });
    if (resolvedUs >= 0) events.push({ atUs: resolvedUs, what: `${id} is resolved (${labels})` });
  }
  for (const { atUs, act, about } of fleet.people.records) events.push({ atUs, what: `${act}: ${about}` });
  for (const { step, startedUs, code } of commands)
    events.push({ atUs: startedUs, what: `step ${step} (exit ${code})` });
  const since = alerts.reduce((first, { firingUs }) => Math.min(first, firingUs), Number.MAX_SAFE_INTEGER);
  const log = events
    .filter(({ atUs }) => atUs >= since)
    .sort((one, other) => one.atUs - other.atUs)
    .map(({ atUs, what }): IncidentEvent => ({ atMs: startWallMs + Math.floor(atUs / 1_000), what }));
  const fired = [...new Set(alerts.map(({ id }) => id))];
  return { scenario, variant, seed, alerts: fired, events: log, acknowledged: simulation.acknowledged };
}
