import { lagOf, runningNode } from '../cluster/kimberlite/replica-view.ts';
import { isStandby } from '../cluster/vsr/standby.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import type { Simulation } from './simulation.ts';

/** What the runbook calls recovered (catalogue, targets T-LAG), and for how long it must have been so. */
const LAG_US_MAX: Us = 100 * MS;
const STEADY_US: Us = 5 * SECOND;

/**
 * INV-CATCHUP (catalogue, invariants.liveness): a replica that has fallen behind catches up within the time that the
 * scenario allows. By the leader's own books no member's lag, and by its own no standby's, passes 100 ms for five seconds.
 * For the scenarios that name it.
 */
export class CaughtUp {
  private readonly simulation: Simulation;
  /** Whether the scenario names the property. */
  readonly judged: boolean;
  private sinceUs: Us;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.judged = simulation.plan.properties.includes('INV-CATCHUP');
    this.sinceUs = -1;
  }

  /** Whether all members have kept up for long enough; to be asked again and again. */
  look(): boolean {
    if (!this.judged) return true;
    const { nowUs } = this.simulation.cluster.world;
    if (this.worst().us > LAG_US_MAX) this.sinceUs = -1;
    else if (this.sinceUs < 0) this.sinceUs = nowUs;
    return this.sinceUs >= 0 && nowUs - this.sinceUs >= STEADY_US;
  }

  report(): void {
    const { host, us, ops } = this.worst();
    const lagMs = Math.floor(us / MS);
    this.simulation.report('INV-CATCHUP', 'lags', { replica: host, lagMs, ops });
  }

  private worst(): { readonly host: number; readonly us: Us; readonly ops: number } {
    const { cluster, members } = this.simulation;
    const leader = cluster.nodes[cluster.primaryHost()]?.vsr.replica;
    let worst = { host: -1, us: leader === undefined ? LAG_US_MAX + 1 : 0, ops: 0 };
    if (leader === undefined) return worst;
    for (const host of members) {
      if (host === leader.replica) continue;
      const lag = lagOf(leader, host);
      if (lag.us > worst.us) worst = { host, us: lag.us, ops: lag.ops };
    }
    // A standby acknowledges in its own time: what counts is its own lag, as it does for its promotion.
    for (const host of cluster.standbyHosts) {
      const replica = runningNode(cluster, host)?.vsr.replica;
      if (replica === undefined || members.includes(host) || !isStandby(leader, host)) continue;
      const lag = replica.following?.lag(replica);
      if (lag !== undefined && lag.us > worst.us) worst = { host, us: lag.us, ops: lag.ops };
    }
    return worst;
  }
}
