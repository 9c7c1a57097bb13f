import type { CommittedOps } from '../checkers/committed-ops.ts';
import type { ForcedLeader } from '../cluster/kimberlite/fleet.ts';
import type { Simulation } from './simulation.ts';

/**
 * An operator has forced one node to be the only member: the engine expects no more of the others, and properties judge
 * what it does as a lineage of its own. Acknowledged ops that its log does not have are declared lost where a loss was
 * approved before (R16); otherwise they stay owed, and whoever puts others in their place is found.
 */
export function takeForcedLeader(simulation: Simulation, forced: ForcedLeader): void {
  const { checks, properties } = simulation;
  const { declaredUs } = forced;
  if (declaredUs !== undefined) checks.promotions.promoted({ ...forced, declaredUs });
  const members = forced.members ?? [forced.host];
  simulation.members = [...members];
  checks.voters.force(forced.host, forced.epoch, members, forced.newEpoch);
  if (!forced.approved) return;
  const position = commonPosition(checks.committed, forced);
  if (position < checks.committed.head) {
    simulation.cluster.world.mark('data-loss-declared', forced.host);
    properties.onDeclaredLoss(position, simulation.members);
  }
}

/** The last op up to which the forced node's log is the committed one. */
export function commonPosition(committed: CommittedOps, { head, sumAt }: ForcedLeader): number {
  let op = Math.min(head, committed.head);
  for (; op > 0; op--) {
    const sum = sumAt(op);
    // Below its checkpoint there are no entries to compare: what a checkpoint holds was committed.
    if (sum === null || committed.compare(op, sum) !== 0) return op;
  }
  return 0;
}
