import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { isHealthy, type ReplicaView, viewOf } from '../cluster/kimberlite/replica-view.ts';
import { CAUGHT_UP_OPS } from '../cluster/kimberlite/wipe-guard.ts';
import type { Machine } from '../sim/machine.ts';
import type { Simulation } from './simulation.ts';

/**
 * INV-QUORUM-KEPT (catalogue, invariants.operations): no step of a procedure that is no outage itself takes the voting,
 * caught-up replicas below a quorum. Judged when a command is about to end a server, by ground truth and not by what the
 * operator sees; a stop while there is no quorum anyway takes none. For the scenarios that name it.
 */
export function judgeQuorumKept(simulation: Simulation, fleet: KimberliteFleet): void {
  if (!simulation.plan.properties.includes('INV-QUORUM-KEPT')) return;
  const { cluster } = simulation;
  judgeSites(simulation);
  fleet.onStopping = (host, command) => {
    const views = simulation.members.map((member) => viewOf(cluster, member, true));
    let commit = 0;
    for (const view of views) if (view.commit > commit) commit = view.commit;
    const voters = views.filter((view) => keepsUp(view, commit)).map((view) => view.host);
    const quorum = Math.floor(simulation.members.length / 2) + 1;
    const left = voters.filter((voter) => voter !== host).length;
    if (voters.length < quorum || left >= quorum) return;
    simulation.report('INV-QUORUM-KEPT', 'server-ended', { host, command, voters: voters.length, left, quorum });
  };
}

/**
 * A voter whose durable log and whose state reach to within a few ops of what is committed. That it waits for a single
 * entry which came out of order (a busy replica often does) takes nothing from the quorum.
 */
function keepsUp(view: ReplicaView, commit: number): boolean {
  const durableOp = view.node?.vsr.replica?.durableOp ?? 0;
  return isHealthy(view) && Math.min(view.commit, durableOp) + CAUGHT_UP_OPS >= commit;
}

/** A rack or zone that fails takes a quorum only where an operator has put one: replicas stand apart by themselves. */
function judgeSites(simulation: Simulation): void {
  const { world } = simulation.cluster;
  simulation.nemesis.onFire = (fault) => {
    if (fault.kind !== 'host.site-down') return;
    const { members } = simulation;
    const quorum = Math.floor(members.length / 2) + 1;
    const dark = members.filter((host) => !(world.machines[host] as Machine).powered);
    const moved = dark.filter((host) => world.topology.moved.has(host));
    const left = members.length - dark.length;
    if (left >= quorum || moved.length === 0) return;
    const site = world.topology.siteOf(moved[0] as number);
    simulation.report('INV-QUORUM-KEPT', 'one-failure-domain', {
      moved: moved.join(' '),
      zone: site.zone,
      left,
      quorum,
    });
  };
}
