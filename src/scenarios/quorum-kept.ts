import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { isCaughtUp, viewOf } from '../cluster/kimberlite/replica-view.ts';
import { CAUGHT_UP_OPS } from '../cluster/kimberlite/wipe-guard.ts';
import type { Simulation } from './simulation.ts';

/**
 * INV-QUORUM-KEPT (catalogue, invariants.operations): no step of a procedure that is no outage itself takes the voting,
 * caught-up replicas below a quorum. Judged when a command is about to end a server, by ground truth and not by what the
 * operator sees; a stop while there is no quorum anyway takes none. For the scenarios that name it.
 */
export function judgeQuorumKept(simulation: Simulation, fleet: KimberliteFleet): void {
  if (!simulation.plan.properties.includes('INV-QUORUM-KEPT')) return;
  const { cluster } = simulation;
  fleet.onStopping = (host, command) => {
    const views = simulation.members.map((member) => viewOf(cluster, member, true));
    let commit = 0;
    for (const view of views) if (view.commit > commit) commit = view.commit;
    const voters = views.filter((view) => isCaughtUp(view, commit, CAUGHT_UP_OPS)).map((view) => view.host);
    const quorum = Math.floor(simulation.members.length / 2) + 1;
    const left = voters.filter((voter) => voter !== host).length;
    if (voters.length < quorum || left >= quorum) return;
    simulation.report('INV-QUORUM-KEPT', 'server-ended', { host, command, voters: voters.length, left, quorum });
  };
}
