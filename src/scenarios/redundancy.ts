import { isCaughtUp, viewOf } from '../cluster/kimberlite/replica-view.ts';
import { CAUGHT_UP_OPS } from '../cluster/kimberlite/wipe-guard.ts';
import { MINUTE, type Us } from '../sim/time.ts';
import type { Simulation } from './simulation.ts';

/** A voter that is missing longer than a P1 may wait for an answer was left missing (catalogue, severities: 30 minutes). */
const LEFT_US: Us = 30 * MINUTE;

/**
 * INV-REDUNDANCY-RESTORED (catalogue, invariants.operations, and AMB-SINGLE-DOWN-P2), by ground truth, for the scenarios
 * that name it: a procedure ends with as many voting, caught-up replicas as it began with, and does not leave one missing
 * for so long that the next failure takes the quorum.
 */
export class Redundancy {
  private readonly simulation: Simulation;
  private readonly judges: boolean;
  private before: number;
  /** By host: since when it has been no caught-up voter. */
  private readonly missingSinceUs: Map<number, Us>;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.judges = simulation.plan.properties.includes('INV-REDUNDANCY-RESTORED');
    this.before = 0;
    this.missingSinceUs = new Map();
  }

  /** The scene is set: as many voters as now must be there at the end. */
  note(): void {
    if (this.judges) this.before = this.voters().length;
  }

  /** To be called now and then while the incident is open. */
  tick(): void {
    if (!this.judges || this.before === 0) return;
    const { nowUs } = this.simulation.cluster.world;
    const { members } = this.simulation;
    const voters = this.voters();
    for (const host of members) {
      if (voters.includes(host)) this.missingSinceUs.delete(host);
      else if (!this.missingSinceUs.has(host)) this.missingSinceUs.set(host, nowUs);
    }
    const quorum = Math.floor(members.length / 2) + 1;
    if (voters.length >= quorum) return;
    for (const [host, sinceUs] of this.missingSinceUs) {
      if (nowUs - sinceUs <= LEFT_US) continue;
      const missingUs = nowUs - sinceUs;
      this.simulation.report('INV-REDUNDANCY-RESTORED', 'quorum-lost-meanwhile', {
        replica: host,
        missingUs,
        voters: voters.length,
        quorum,
      });
      return;
    }
  }

  /** The procedure is over and the cluster counts as recovered. */
  close(): void {
    if (!this.judges) return;
    const voters = this.voters().length;
    if (voters >= this.before) return;
    this.simulation.report('INV-REDUNDANCY-RESTORED', 'fewer-voters', { before: this.before, voters });
  }

  private voters(): number[] {
    const { cluster, members } = this.simulation;
    const views = members.map((member) => viewOf(cluster, member, true));
    let commit = 0;
    for (const view of views) if (view.commit > commit) commit = view.commit;
    return views.filter((view) => isCaughtUp(view, commit, CAUGHT_UP_OPS)).map((view) => view.host);
  }
}
