import { OPERATION } from '../storage/prepare.ts';
import { write32 } from '../storage/record.ts';
import { hasRoom, nextTimestampUs, prepareEntry } from './normal.ts';
import { lowestRelease, RELEASE_OF_UPGRADES, releaseText } from './releases.ts';
import type { Replica } from './replica.ts';

/** The primary raises the cluster's release once every member can read what that allows. */
export function proposeRelease(r: Replica): void {
  if (r.releases.own === 0 || !r.isPrimary || r.isolated) return;
  const release = Math.min(lowestRelease(r), r.releases.own);
  if (release < RELEASE_OF_UPGRADES || release <= (r.machine.activeRelease ?? 0)) return;
  // Proposed already and not yet applied here; a new view proposes again, and applying it twice changes nothing.
  if (r.releases.proposedView === r.view && r.releases.proposedRelease === release) return;
  const body = new Uint8Array(4);
  write32(body, 0, release);
  if (!prepareOwn(r, OPERATION.release, body)) return;
  r.releases.proposedView = r.view;
  r.releases.proposedRelease = release;
  r.host.log('info', () => `proposed cluster upgrade to ${releaseText(release)}`);
  r.host.reached('release-proposed');
}

/** An entry of the protocol's own, prepared by the primary when it has room and time; false when it has not. */
function prepareOwn(r: Replica, operation: number, body: Uint8Array): boolean {
  if (r.commit < r.commitMax || r.op - r.commitMax >= r.config.pipelineMax || !hasRoom(r)) return false;
  const timestampUs = nextTimestampUs(r);
  if (timestampUs < 0) return false;
  prepareEntry(r, operation, 0, 0, timestampUs, body);
  return true;
}
