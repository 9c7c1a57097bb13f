import type { Prepare } from '../storage/prepare.ts';
import type { VsrMessage } from './message.ts';
import type { Replica } from './replica.ts';

/**
 * Releases of the server in one cluster (catalogue, model.version_rule). A release is a number: v0.4.0 is 400, v1.2.3 is
 * 10203; 0 stands for a cluster in which releases are not modelled, or for a peer that has not been heard yet.
 *
 * Every message tells its sender's release. The primary takes the lowest of all members, and when it is above the one
 * in force it prepares an entry that says so: from that entry on, for every replica at the same place of the log,
 * newer forms of entries are written. A binary that meets an entry or a checkpoint of a newer form stops.
 */

/** The release that knows the entry which raises the cluster's release: older ones never propose it, nor can read it. */
export const RELEASE_OF_UPGRADES = 400;

/** `v0.4.0` as a number; -1 for a text that is no release. */
export function parseRelease(text: string): number {
  const match = /^v(\d{1,3})\.(\d{1,2})\.(\d{1,2})$/.exec(text);
  return match === null ? -1 : Number(match[1]) * 10_000 + Number(match[2]) * 100 + Number(match[3]);
}

/** 400 as `v0.4.0`. */
export function releaseText(release: number): string {
  return `v${Math.floor(release / 10_000)}.${Math.floor(release / 100) % 100}.${release % 100}`;
}

/** What a message of a member tells of its binary: also when it is an older one than before. */
export function hearRelease(r: Replica, from: number, message: VsrMessage): void {
  if (message.release !== 0) r.releases.peers[from] = message.release;
}

/** The lowest release among the members, as far as this replica knows: a member that was never heard counts as 0. */
export function lowestRelease(r: Replica): number {
  const known = r.members.map((member) =>
    member === r.replica ? r.releases.own : (r.releases.peers[member] as number),
  );
  return r.config.rules.clusterRelease(known);
}

/** Stops a binary that is to take an entry which it cannot read: it would execute it as something else. */
export function refuseUnreadable(r: Replica, prepare: Prepare): void {
  if (r.releases.own === 0) return;
  const needed = r.machine.releaseOf?.(prepare.operation) ?? 0;
  if (r.config.rules.readsForm(needed, r.releases.own)) return;
  stopUnreadable(r, `entry ${prepare.op}`, needed);
}

/** As {@link refuseUnreadable}, for the state that a checkpoint brought. */
export function refuseUnreadableState(r: Replica): void {
  if (r.releases.own === 0) return;
  const needed = r.machine.activeRelease ?? 0;
  if (r.config.rules.readsForm(needed, r.releases.own)) return;
  stopUnreadable(r, 'the checkpoint', needed);
}

function stopUnreadable(r: Replica, what: string, needed: number): never {
  r.host.reached('unreadable-form-refused');
  return r.host.exit(`${what} has a form of ${releaseText(needed)}, which ${releaseText(r.releases.own)} cannot read`);
}
