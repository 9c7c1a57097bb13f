import { OPERATION, type Prepare, type Sum, sameSum } from '../storage/prepare.ts';
import { TIMER } from './config.ts';
import { type Electorate, electoratesOf } from './electorate.ts';
import {
  decodeMembership,
  encodeMembership,
  formattedMembership,
  type Membership,
  type Memberships,
  takesPart,
  votersOf,
} from './membership.ts';
import type { VsrMessage } from './message.ts';
import type { Replica } from './replica.ts';

/** Ops that a newcomer may lack when it becomes a voter: what is in flight. */
const CAUGHT_UP_OPS = 8;

/** Puts a pair of memberships in force: the newest of the own log, and the one that a cut would bring back. */
export function setMemberships(r: Replica, former: Membership, latest: Membership): void {
  r.former = former;
  r.membership = latest;
  // Until a change is known to be through, those whom it removes lead and ask on, though their voices count no more.
  r.members = votersOf(former.phase === 'joint' && r.commitMax < latest.op ? former : latest);
  r.seats = r.config.replicaCount;
  for (const host of r.members) r.seats = Math.max(r.seats, host + 1);
  // Until a change is known to be through, those whom it removes are told of it, too.
  const others = r.commitMax < latest.op ? [...votersOf(former), ...latest.standbys] : latest.standbys;
  r.peers = [...new Set([...r.members, ...others])].sort((left, right) => left - right);
  r.clock.quorum = Math.floor(latest.voters.length / 2) + 1;
  r.electorates = electoratesOf(latest, r.config.rules);
}

/** Whose quorums an op needs: what was prepared while a change was joint needs both, also after the entry that ends it. */
export function electoratesAt(r: Replica, op: number): readonly Electorate[] {
  if (op >= r.membership.op || r.former.phase !== 'joint') return r.electorates;
  return electoratesOf(r.former, r.config.rules);
}

/** As the disk was formatted, or as force-leader wrote it: no entry of the log has changed it. */
export function formatMembership(r: Replica, members: readonly number[]): void {
  const formatted = formattedMembership([...members]);
  setMemberships(r, formatted, formatted);
}

/** What messages and the superblock tell; null while no entry of this log has changed the membership. */
export function toldMemberships(r: Replica): Memberships | null {
  return r.membership.op === 0 ? null : [r.former, r.membership];
}

/** An entry was appended to the own log: a membership in it is in force from there on (Ongaro 2014, section 4.1). */
export function noteAppended(r: Replica, prepare: Prepare): void {
  if (prepare.operation !== OPERATION.reconfigure || prepare.op <= r.membership.op) return;
  const latest = decodeMembership(prepare.body, 0, prepare.op, prepare.sum);
  setMemberships(r, r.membership, latest);
  // What a newcomer held as a follower was no promise: it acknowledges as a voter what is not committed yet.
  for (const host of latest.next) if (!latest.voters.includes(host)) r.ackedOps[host] = 0;
  r.host.reached(`membership-${latest.phase}`);
  r.host.log('info', () => `membership ${latest.phase} from op ${latest.op}: voters ${latest.voters.join(' ')}`);
}

/** The whole log was replaced by that of a message's sender: its memberships come along. */
export function adoptMemberships(r: Replica, told: Memberships | null): void {
  if (told !== null && told[1].op > r.membership.op && !r.config.rules.learnsMembership(true)) return;
  if (told !== null) setMemberships(r, told[0], told[1]);
  else if (r.membership.op > 0) setMemberships(r, r.former, r.former);
  r.heard = null;
}

/** The newest view whose log a vote brings. */
function newestLogView(votes: readonly VsrMessage[]): number {
  let newest = 0;
  for (const { logView } of votes) newest = Math.max(newest, logView);
  return newest;
}

/**
 * Whose quorums a view change needs, given the votes: by the newest membership of the logs from which the new one is
 * chosen, those of the newest view. What an older view's log shows beyond them may have been cut since, and then its
 * voters are too few, or others (Ongaro 2014, section 4.1: the newest configuration of the log that leads).
 */
export function electoratesOfVotes(r: Replica, votes: readonly VsrMessage[]): readonly Electorate[] {
  const logView = newestLogView(votes);
  let newest: Membership | null = null;
  for (const { memberships, logView: own } of votes) {
    if (own !== logView || memberships === null) continue;
    if (newest === null || memberships[1].op > newest.op) newest = memberships[1];
  }
  if (newest === null && r.former.op > 0) return r.electorates;
  return electoratesOf(newest ?? r.former, r.config.rules);
}

/** Whose wish for a view is heeded: of the newest membership that is known, for who has gone asks for no view any more. */
export function electoratesHeard(r: Replica): readonly Electorate[] {
  return r.heard !== null && isNewer(r.heardView, r.heard, r.logView, r.membership)
    ? electoratesOf(r.heard, r.config.rules)
    : r.electorates;
}

/** Whether a membership in the log of one view is newer than one in the log of another: a later view's log decides. */
function isNewer(view: number, told: Membership, knownView: number, known: Membership): boolean {
  if (view !== knownView) return view > knownView && !(told.op === known.op && sameSum(told.sum, known.sum));
  return told.op > known.op;
}

/** The memberships of a chosen log: those that the votes tell of and whose entries are in it. */
export function chooseMemberships(
  r: Replica,
  votes: readonly VsrMessage[],
  sumAt: (op: number) => Sum | null,
  commit: number,
): void {
  // Whoever appends a membership knows that the one before it is committed.
  const kept = [r.former];
  const logView = newestLogView(votes);
  for (const { memberships, commit: known, logView: own } of votes) {
    for (const each of memberships ?? []) {
      const there = sumAt(each.op);
      // Where the chosen log shows no header, only a vote of that very log, or one that knows it committed, vouches for it.
      const vouched = each.op <= (own === logView ? commit : known);
      if (each.op === 0 || (there === null ? vouched : sameSum(there, each.sum))) kept.push(each);
    }
  }
  kept.sort((left, right) => left.op - right.op);
  const latest = kept.at(-1) ?? r.former;
  const former = kept.findLast((each) => each.op < latest.op) ?? latest;
  if (latest.op > 0 || r.membership.op > 0) setMemberships(r, former, latest);
  r.heard = null;
}

/** A superblock's memberships, and whatever the log on the disk holds beyond them. */
export function reopenMemberships(r: Replica): void {
  for (let op = r.checkpointOp + 1; op <= r.op; op++) {
    const entry = r.journal.entry(op);
    if (entry !== null) noteAppended(r, entry);
  }
}

/**
 * A known peer tells of its log's membership: whoever takes part in a newer one is listened to. A peer whose log is of a
 * later view and shows none proves that the own one was cut.
 */
export function hearMemberships(r: Replica, { memberships, logView }: VsrMessage): void {
  const told = memberships === null ? r.former : memberships[1];
  if (memberships === null && (r.former.op > 0 || r.membership.op === 0)) return;
  const known = r.heard ?? r.membership;
  if (!isNewer(logView, told, r.heard === null ? r.logView : r.heardView, known)) return;
  r.heard = told;
  r.heardView = logView;
}

/**
 * Whether this replica is asked for its vote: by its own log, or by that of a peer. A newcomer that has followed votes even
 * where the entry that makes it a voter has not reached it: otherwise the new quorum might never come about.
 */
export function isAsked(r: Replica): boolean {
  return r.isMember(r.replica) || (r.heard !== null && votersOf(r.heard).includes(r.replica));
}

/** Whether `host` takes part in the membership in force, the one before it, or a newer one that a peer told of. */
export function isKnown(r: Replica, host: number): boolean {
  if (r.peers.includes(host)) return true;
  return r.heard !== null && takesPart(r.heard, host);
}

/** A question to all peers, and to whoever leads or follows by a newer membership that a peer told of. */
export function askEverybody(r: Replica, message: VsrMessage): void {
  r.broadcast(message);
  if (r.heard === null) return;
  for (const host of votersOf(r.heard)) if (host !== r.replica && !r.peers.includes(host)) r.send(host, message);
}

/** Called whenever the commit number rises: a membership that is settled now decides alone. */
export function onCommitted(r: Replica): void {
  const { membership } = r;
  if (membership.op === 0 || r.commitMax < membership.op || r.settledOp === membership.op) return;
  r.settledOp = membership.op;
  setMemberships(r, r.former, membership);
  r.host.reached(`membership-${membership.phase}-settled`);
  part(r);
}

/**
 * The primary lets those go who take part no more, itself included, once a quorum of those who stay knows that the change
 * is through. Before, one of these might have to finish a view, and would ask the old voters for what was prepared while
 * the change was joint.
 */
function part(r: Replica): void {
  const { membership, former } = r;
  if (membership.phase !== 'stable' || !r.isPrimary || r.settledOp !== membership.op || r.partedOp === membership.op) {
    return;
  }
  const { voters } = membership;
  const knowing = voters.filter((host) => host === r.replica || (r.peerCommits[host] as number) >= membership.op);
  if (knowing.length < r.commitQuorum(voters.length)) return;
  r.partedOp = membership.op;
  for (const host of [...votersOf(former), ...former.standbys]) if (host !== r.replica) bidFarewell(r, host);
  if (!takesPart(membership, r.replica)) retire(r);
}

/**
 * Tells a host that it takes part no more, with the settled membership as evidence. One that has retired tells that to
 * those who take part, too: they ask it only while they do not know that the change is through.
 */
export function bidFarewell(r: Replica, host: number): void {
  if (r.membership.phase !== 'stable' || r.commitMax < r.membership.op || r.membership.op === 0) return;
  if (takesPart(r.membership, host) && !r.retired) return;
  const message = r.message('farewell');
  message.commit = r.commitMax;
  r.send(host, r.sealed(message, r.view, r.membership.op));
}

/** Returns the op of the own log up to which the message proves all to be committed, or 0. */
export function onFarewell(r: Replica, message: VsrMessage): number {
  const { membership } = r;
  const latest = message.memberships?.[1] ?? null;
  if (latest === null || latest.phase !== 'stable' || message.commit < latest.op || latest.op < membership.op) return 0;
  const proven = latest.op === membership.op && sameSum(latest.sum, membership.sum) ? latest.op : 0;
  if (takesPart(latest, r.replica)) return proven;
  // A blank machine that waits for its invitation has never taken part: there is nothing that it could leave.
  if (!takesPart(membership, r.replica) && !takesPart(r.former, r.replica)) return 0;
  r.commitMax = Math.max(r.commitMax, Math.min(proven, r.op));
  retire(r);
  return 0;
}

/** This replica takes part no more: all that it says from now on, also after a restart, is that the change is through. */
function retire(r: Replica): void {
  if (r.retired) return;
  r.retired = true;
  r.status = 'recovering';
  // A log that it was about to take over, or had chosen, would make it normal again.
  r.installing = false;
  r.chosen = false;
  for (const timer of [TIMER.heartbeat, TIMER.prepareRetry, TIMER.abdicate, TIMER.election, TIMER.viewChange]) {
    r.host.cancelTimer(timer);
  }
  r.queue.length = 0;
  r.inPipeline.clear();
  r.host.reached('replica-retired');
  r.host.log('info', () => 'removed from the membership: this replica takes part no more');
  r.persist();
}

/** Why a change to `voters` cannot begin now, or ''. Only the primary may be asked. */
export function changeRefusal(r: Replica, voters: readonly number[]): string {
  if (!r.isPrimary) return 'this replica does not lead';
  if (r.membership.phase !== 'stable' || r.commitMax < r.membership.op) return 'another change is in progress';
  if (voters.length === 0) return 'no voter would be left';
  return '';
}

/** Begins a change: newcomers follow first, unless the product lets them vote at once. Returns '' or why not. */
export function changeMembership(r: Replica, voters: readonly number[], standbys: readonly number[]): string {
  const refusal = changeRefusal(r, voters);
  if (refusal !== '') return refusal;
  const { membership } = r;
  const newcomers = voters.filter((host) => !membership.voters.includes(host));
  const waits = newcomers.length > 0 && r.config.rules.newcomersCatchUp();
  const followers = [...standbys, ...newcomers.filter((host) => !standbys.includes(host))];
  const isChange = voters.length !== membership.voters.length || newcomers.length > 0;
  const draft: Membership = {
    ...membership,
    phase: !isChange ? 'stable' : waits ? 'catching-up' : 'joint',
    next: isChange ? [...voters] : [],
    standbys: isChange ? followers : [...standbys],
  };
  return append(r, draft) ? '' : 'no cluster time, or no room in the log';
}

/** Gives up a change whose newcomers do not catch up: nobody's vote has changed yet. Returns '' or why not. */
export function cancelChange(r: Replica): string {
  const { membership } = r;
  if (!r.isPrimary) return 'this replica does not lead';
  if (membership.phase !== 'catching-up' || r.commitMax < membership.op) return 'no change waits for a newcomer';
  const newcomers = membership.next.filter((host) => !membership.voters.includes(host));
  const standbys = membership.standbys.filter((host) => !newcomers.includes(host));
  return append(r, { ...membership, phase: 'stable', next: [], standbys })
    ? ''
    : 'no cluster time, or no room in the log';
}

function append(r: Replica, draft: Membership): boolean {
  const timestampUs = r.clock.nowUs(r.host.monotonicUs());
  if (
    timestampUs < 0 ||
    !r.prepareOwn(OPERATION.reconfigure, Math.max(timestampUs, r.lastTimestampUs), encodeMembership(draft))
  ) {
    return false;
  }
  r.host.reached('membership-change-prepared');
  return true;
}

/** The primary takes a change that is under way to its next step, once the last one is settled. */
export function driveChange(r: Replica): void {
  const { membership } = r;
  part(r);
  if (membership.phase === 'stable' || !r.isPrimary || r.commitMax < membership.op) return;
  if (membership.phase === 'catching-up') {
    if (!caughtUp(r, membership)) return;
    append(r, { ...membership, phase: 'joint' });
    return;
  }
  const { next } = membership;
  const standbys = membership.standbys.filter((host) => !next.includes(host));
  append(r, { ...membership, phase: 'stable', voters: next, next: [], standbys });
}

/** Each newcomer holds the entry that made it a follower, whatever the length of the log, and lacks only what is in flight. */
function caughtUp(r: Replica, { op, voters, next }: Membership): boolean {
  const least = Math.max(op, r.op - CAUGHT_UP_OPS);
  return next.every((host) => voters.includes(host) || (r.ackedOps[host] as number) >= least);
}
