import type { Monitor } from './monitor.ts';
import type { Simulation } from './simulation.ts';

/** What is asked of a run. */
type Judged = Pick<Simulation, 'plan' | 'failed' | 'report'> & { readonly nemesis: { readonly firstFiredUs: number } };

/**
 * INV-NO-FALSE-ALERT for the firings from the given number on: none that is not listed, and none of the incident's own
 * alerts before the incident. Returns how many firings there were.
 */
export function judgeFalseAlerts(simulation: Judged, monitor: Pick<Monitor, 'records'>, from: number): number {
  const { alerts } = simulation.plan;
  const mustFire = new Set(alerts?.mustFire.map(({ id }) => id));
  const records = monitor.records();
  for (const { id, labels, firingUs } of records.slice(from)) {
    if (simulation.failed) break;
    if (!mustFire.has(id) && alerts?.mayFire.includes(id) !== true) {
      simulation.report('INV-NO-FALSE-ALERT', 'not-listed', { alert: id, labels });
    } else if (mustFire.has(id) && firingUs < simulation.nemesis.firstFiredUs) {
      simulation.report('INV-NO-FALSE-ALERT', 'before-the-incident', { alert: id, labels });
    }
  }
  return records.length;
}
