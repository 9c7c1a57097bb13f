import { diskSource, scanDataDirectory } from './data-directory.ts';
import type { KimberliteFleet } from './fleet.ts';
import { isCaughtUp, membersSeen } from './replica-view.ts';

/** Ops that a caught-up replica may be behind while writes go on. */
export const CAUGHT_UP_OPS = 64;

/**
 * Why the storage of a replica may not be wiped or replaced now, or '' (guards wipe-needs-clean-quorum and
 * wipe-needs-evidence): its copies may be the only ones, and what is gone cannot be looked at.
 */
export function refuseWipe(fleet: KimberliteFleet, host: number, what: 'rm' | 'restore'): string {
  if (fleet.guard('wipe-needs-clean-quorum')) {
    if (fleet.machineOfReplica(host).isUp) return 'the server uses these files: stop it first';
    const { clean, wanted } = cleanOthers(fleet, host);
    if (clean < wanted) {
      return `only ${clean} other replicas are normal, caught up and clean, and ${wanted} are needed: acknowledged operations may exist on this disk alone`;
    }
  }
  if (what === 'rm' && fleet.guard('wipe-needs-evidence') && !hasEvidence(fleet, host)) {
    return 'no copy of the damaged files was kept: make one first (cp -a, tar, storage export or debug dump-state)';
  }
  return '';
}

function hasEvidence(fleet: KimberliteFleet, host: number): boolean {
  return fleet.evidence.some(
    ({ host: about, kind }) =>
      about === host && (kind === 'copy' || kind === 'storage-export' || kind === 'state-dump'),
  );
}

/** Other replicas that hold everything committed, by their own account and by a look at their disks. */
function cleanOthers(fleet: KimberliteFleet, host: number): { clean: number; wanted: number } {
  const { cluster } = fleet;
  const desk = fleet.machineOfReplica(cluster.operatorHost);
  const members = membersSeen(fleet.seeAll(desk), cluster.replicaHosts);
  const wanted = Math.floor(members.length / 2) + 1;
  const views = members.filter((id) => id !== host).map((id) => fleet.see(desk, id));
  let commit = 0;
  for (const view of views) if (view.commit > commit) commit = view.commit;
  let clean = 0;
  for (const view of views) {
    if (!isCaughtUp(view, commit, CAUGHT_UP_OPS)) continue;
    const scan = scanDataDirectory(diskSource(fleet.machineOfReplica(view.host).disk), cluster.config);
    if (scan.damage.length === 0) clean++;
  }
  return { clean, wanted };
}
