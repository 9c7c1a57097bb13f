import { type Header, OPERATION, type Sum, sameSum } from '../storage/prepare.ts';
import { requestTransfer } from './checkpoint.ts';
import { advanceCommit } from './commit.ts';
import { TIMER } from './config.ts';
import { selectLog, type Vote } from './log-selection.ts';
import { describeLog, logOfView } from './log-suffix.ts';
import type { LogSuffix, VsrMessage } from './message.ts';
import { acknowledge, onDurableAdvance, sendHeartbeat, updateCheckpointQuorum } from './normal.ts';
import { startRepair } from './repair.ts';
import type { Replica } from './replica.ts';
import { popcount } from './rules.ts';

/**
 * The primary of the view has been silent for too long. The replica proposes the next view, and goes on in its own
 * until a quorum proposes likewise: one replica that hears nothing cannot move the others (R7).
 */
export function propose(r: Replica, reason: string): void {
  if (r.mustRecover || r.isolated || !r.isMember(r.replica)) return;
  const target = Math.max(r.view + 1, r.proposed);
  if (r.proposed !== target) {
    r.proposed = target;
    r.hooks.onViewChange(target, reason);
    r.host.log('warn', () => `view change to ${target} proposed: ${reason}`);
    r.host.reached('view-change-proposed');
  }
  if (r.viewChangeRound < 8) r.viewChangeRound++;
  note(r, target, r.replica);
  sendProposal(r, target);
  joinIfQuorum(r, target);
}

function note(r: Replica, target: number, from: number): void {
  r.proposals.set(target, (r.proposals.get(target) ?? 0) | (1 << from));
}

/**
 * StartViewChange: `view` is the sender's own (durable) view, `nonce` the view that it wants. It promises nothing: the
 * promise is made by the DoViewChange, after the new view is durable.
 */
function sendProposal(r: Replica, target: number): void {
  const message = r.message('startViewChange');
  message.nonce = target;
  message.request = r.connected();
  // While copies of the superblock are being repaired, its view is not durable enough to be named.
  if (r.durableView >= 0) r.broadcast(r.sealed(message, target, r.viewChangeRound));
  r.host.setTimer(
    TIMER.viewChange,
    Math.floor(r.electionTimeoutUs() / 3),
    Math.floor(r.electionTimeoutUs() / 2),
    target,
  );
}

export function onStartViewChange(r: Replica, from: number, message: VsrMessage): void {
  const target = message.nonce;
  if (r.mustRecover || r.isolated || !r.isMember(from)) return;
  if (target <= r.view) {
    if (message.view < r.view) helpToCurrent(r, from);
    return;
  }
  note(r, target, from);
  const abdicates = r.status === 'normal' && message.view === r.view && from === r.leaderOf(r.view);
  if (abdicates && r.proposed < target) {
    r.proposed = target - 1;
    r.host.reached('primary-abdication-heard');
    propose(r, 'primary gave up its view');
    return;
  }
  if (r.status === 'normal' && r.proposed === 0 && giveIn(r, from, message)) {
    r.host.reached('complaint-joined');
    propose(r, `replica ${from} hears a quorum but not the primary`);
    return;
  }
  if (r.proposed > 0 && target > r.proposed) {
    r.proposed = target;
    note(r, target, r.replica);
    sendProposal(r, target);
  }
  joinIfQuorum(r, target);
}

/**
 * Whether to join a peer that keeps proposing a view although this replica hears its primary. It must show that it
 * exchanges messages both ways with a quorum, this replica included: then the primary, not the peer, is badly
 * connected, and a primary that all can hear exists. Patience doubles each time, so that where none does the views
 * still come to rest.
 */
function giveIn(r: Replica, from: number, message: VsrMessage): boolean {
  const mask = message.request;
  const connected = (mask & (1 << r.replica)) !== 0 && popcount(mask) >= r.viewQuorum();
  const nowUs = r.host.monotonicUs();
  const timeoutUs = r.electionTimeoutUs();
  // A peer that is in a later view already cannot come back to this one, whomever it hears.
  const hearsPrimary = message.view === r.view && (mask & (1 << r.leaderOf(r.view))) !== 0;
  if (!connected || hearsPrimary) {
    r.complaintUs[from] = 0;
    return false;
  }
  const sinceUs = r.complaintUs[from] as number;
  if (sinceUs === 0) {
    r.complaintUs[from] = nowUs;
    return false;
  }
  if (nowUs - sinceUs < timeoutUs * 3 * (1 << Math.min(r.complaintRound, 6))) return false;
  r.complaintUs[from] = 0;
  r.complaintRound++;
  return true;
}

/** Somebody in an older view asks for a view that is already here or past: bring it up. */
function helpToCurrent(r: Replica, from: number): void {
  if (r.isPrimary) {
    r.send(from, startViewMessage(r));
    return;
  }
  if (r.status !== 'view-change') return;
  const message = r.message('startViewChange');
  message.nonce = r.view;
  r.send(from, r.sealed(message, r.view, r.viewChangeRound));
}

function joinIfQuorum(r: Replica, target: number): void {
  if (target <= r.view) return;
  if (popcount(r.proposals.get(target) ?? 0) < r.viewQuorum()) return;
  joinView(r, target);
}

/** Enters `view`: from here on nothing of an older view is acknowledged. The vote waits for the superblock. */
function joinView(r: Replica, view: number): void {
  leaveNormal(r);
  r.view = view;
  r.status = 'view-change';
  r.proposed = 0;
  r.voteSent = false;
  r.chosen = false;
  r.installing = false;
  r.transferFrom = -1;
  r.votes.clear();
  for (const target of r.proposals.keys()) if (target <= view) r.proposals.delete(target);
  r.host.reached('view-change-started');
  r.host.log('info', () => `view change to ${view} started`);
  r.persist();
  r.armElection();
  sendProposalOf(r, view);
  if (!r.config.rules.voteNeedsDurableView()) sendVote(r);
}

function sendProposalOf(r: Replica, view: number): void {
  const message = r.message('startViewChange');
  message.nonce = view;
  message.view = r.durableView;
  message.request = r.connected();
  if (r.durableView >= 0) r.broadcast(r.sealed(message, view, r.viewChangeRound));
  r.host.setTimer(TIMER.viewChange, Math.floor(r.electionTimeoutUs() / 3), Math.floor(r.electionTimeoutUs() / 2), view);
}

function leaveNormal(r: Replica): void {
  r.host.cancelTimer(TIMER.heartbeat);
  r.host.cancelTimer(TIMER.prepareRetry);
  r.host.cancelTimer(TIMER.abdicate);
  r.queue.length = 0;
  r.inPipeline.clear();
  r.pending.clear();
}

/** DoViewChange with the log of the last normal view, to the primary of the new one; sent again until it answers. */
export function sendVote(r: Replica): void {
  if (r.status !== 'view-change' || r.mustRecover || r.isolated) return;
  if (r.config.rules.voteNeedsDurableView() && r.durableView !== r.view) return;
  if (r.chosen || r.installing || r.logView === r.view) return;
  r.voteSent = true;
  const message = r.message('doViewChange');
  message.op = r.op;
  message.commit = r.commitMax;
  message.suffix = describeLog(r);
  const sealed = r.sealed(message, r.view, r.logView);
  const leader = r.leaderOf(r.view);
  if (leader === r.replica) takeVote(r, r.replica, sealed);
  else r.send(leader, sealed);
}

/** While the new view has not begun: proposals and votes again. */
export function onViewChangeTimer(r: Replica): void {
  if (r.status === 'view-change') {
    sendProposalOf(r, r.view);
    sendVote(r);
    if (r.chosen) startRepair(r);
    return;
  }
  if (r.proposed > r.view) sendProposal(r, r.proposed);
}

export function onDoViewChange(r: Replica, from: number, message: VsrMessage): void {
  if (r.mustRecover || r.isolated || !r.isMember(from)) return;
  if (message.view > r.view) {
    note(r, message.view, from);
    joinIfQuorum(r, message.view);
    return;
  }
  if (message.view < r.view) {
    helpToCurrent(r, from);
    return;
  }
  if (r.isPrimary) {
    r.send(from, startViewMessage(r));
    return;
  }
  if (r.status !== 'view-change' || !r.isLeader()) return;
  takeVote(r, from, message);
}

function takeVote(r: Replica, from: number, message: VsrMessage): void {
  r.votes.set(from, message);
  if (r.chosen) return;
  if (!r.votes.has(r.replica)) {
    sendVote(r);
    return;
  }
  const votes: Vote[] = [];
  for (const [replica, vote] of [...r.votes].sort((left, right) => left[0] - right[0])) {
    votes.push({
      replica,
      logView: r.config.rules.voteLogView(vote.logView),
      commit: vote.commit,
      checkpointOp: vote.checkpointOp,
      headOp: vote.op,
      suffix: vote.suffix as LogSuffix,
    });
  }
  const selection = selectLog(votes, {
    replicaCount: r.members.length,
    quorumView: r.viewQuorum(),
    nackQuorum: r.config.rules.nackQuorum(r.members.length),
  });
  if (selection.kind === 'stuck') r.host.reached('view-change-undecidable');
  if (selection.kind !== 'chosen') return;
  choose(r, votes, selection);
}

/** Takes over the chosen log: headers now, missing entries by repair, and the view begins when all are here. */
function choose(
  r: Replica,
  votes: readonly Vote[],
  selection: {
    headOp: number;
    commit: number;
    headers: readonly (Header | null)[];
    first: number;
    sources: Map<number, number[]>;
  },
): void {
  r.chosen = true;
  r.chosenSources = selection.sources;
  r.host.reached('view-change-log-chosen');
  if (selection.headOp < r.op) r.host.reached('log-truncated');
  setLog(r, selection.first, selection.headers, selection.headOp, null);
  r.commitMax = Math.max(r.commitMax, selection.commit);
  r.logView = r.view;
  let ahead: Vote | null = null;
  for (const vote of votes) if (ahead === null || vote.checkpointOp > ahead.checkpointOp) ahead = vote;
  r.transferFrom = ahead !== null && ahead.replica !== r.replica ? ahead.replica : -1;
  r.dirty = true;
  startRepair(r);
  beginViewIfReady(r);
}

/**
 * Makes the log of this replica the given one: `headers[0]` is op `first`. Own entries below `first` stay as far as
 * they chain to it; what does not is forgotten and comes by state transfer.
 */
function setLog(
  r: Replica,
  first: number,
  headers: readonly (Header | null)[],
  headOp: number,
  headSum: Sum | null,
): void {
  r.journal.truncate(headOp);
  // Of a log longer than the ring only the newest ring of ops can be kept; what is older comes as a checkpoint.
  const oldest = Math.max(r.checkpointOp, headOp - r.config.journalSlots) + 1;
  let lowest: Header | null = null;
  for (let index = headers.length - 1; index >= 0; index--) {
    const header = headers[index] as Header | null;
    if (header === null || header.op > headOp || header.op < oldest) continue;
    r.journal.expect(header);
    lowest = header;
  }
  let op = lowest === null ? Math.min(headOp, first - 1) : lowest.op - 1;
  let parent = lowest?.parent ?? headSum;
  for (; op > r.checkpointOp; op--) {
    const own = r.journal.header(op);
    if (own !== null && op <= r.commit) break;
    if (parent === null || own === null || !sameSum(own.sum, parent)) {
      dropBelow(r, op);
      break;
    }
    parent = own.parent;
  }
  r.op = Math.max(headOp, r.checkpointOp);
  r.viewHeaders = [];
  for (let at = oldest; at <= r.op; at++) {
    const header = r.journal.header(at);
    if (header !== null)
      r.viewHeaders.push({ op: header.op, view: header.view, sum: header.sum, parent: header.parent });
  }
  r.durableOp = r.checkpointOp;
  r.advanceDurable();
}

/** Forgets unapplied own entries from the checkpoint up to `op`: they do not belong to the chosen log. */
function dropBelow(r: Replica, op: number): void {
  for (let at = Math.max(r.checkpointOp, r.commit) + 1; at <= op; at++) {
    if (r.journal.header(at) !== null) r.journal.forget(r.journal.slotOf(at));
  }
}

/** Primary of a new view: all entries up to the head are here; the log view becomes durable, then the view begins. */
export function beginViewIfReady(r: Replica): void {
  if (r.status !== 'view-change' || !r.chosen || r.installing || r.transferring) return;
  for (let op = r.commit + 1; op <= r.op; op++) {
    if (r.journal.entry(op) === null) {
      if (r.journal.header(op) === null && r.transferFrom >= 0) requestTransfer(r, r.transferFrom);
      return;
    }
  }
  r.installing = true;
  r.persist();
  if (!r.config.rules.voteNeedsDurableView()) onLogViewDurable(r);
}

/** The superblock holds (view, log view): the view begins here, as primary or as backup. */
export function onLogViewDurable(r: Replica): void {
  if (!r.installing || r.status === 'normal') return;
  r.installing = false;
  r.status = 'normal';
  r.chosen = false;
  r.viewChangeRound = 0;
  r.proposed = 0;
  r.votes.clear();
  r.host.cancelTimer(TIMER.viewChange);
  if (!r.config.rules.keepsSessions()) r.sessions.clear();
  if (r.isLeader()) beginAsPrimary(r);
  else beginAsBackup(r);
}

function beginAsPrimary(r: Replica): void {
  r.host.reached('view-started');
  r.host.log('info', () => `leading view ${r.view} from op ${r.op}, commit ${r.commitMax}`);
  r.host.cancelTimer(TIMER.election);
  r.ackedOps.fill(0);
  r.okMasks.fill(0);
  r.okCounts.fill(0);
  r.lastQuorumHeardUs = r.host.monotonicUs();
  r.peerHeardUs.fill(r.host.monotonicUs());
  updateCheckpointQuorum(r);
  r.lastTimestampUs = 0;
  for (let op = r.checkpointOp + 1; op <= r.op; op++) {
    const entry = r.journal.entry(op);
    if (entry === null) continue;
    r.lastTimestampUs = Math.max(r.lastTimestampUs, entry.timestampUs);
    if (op > r.commitMax && entry.client !== 0)
      r.inPipeline.set(entry.client, entry.operation === OPERATION.register ? 0 : entry.request);
    if (r.journal.states[r.journal.slotOf(op)] === 0) r.journal.append(entry);
  }
  for (const session of r.sessions.table.values()) r.lastTimestampUs = Math.max(r.lastTimestampUs, session.timestampUs);
  r.broadcast(startViewMessage(r));
  advanceCommit(r);
  sendHeartbeat(r);
  r.host.setTimer(TIMER.prepareRetry, r.config.prepareRetryUs, r.config.prepareRetryUs, 0);
  r.host.setTimer(TIMER.abdicate, r.config.abdicateUs, r.config.abdicateUs, r.view);
  r.durableOp = 0;
  onDurableAdvance(r);
}

function beginAsBackup(r: Replica): void {
  r.host.reached('view-joined');
  r.armElection();
  r.dirty = true;
  if (r.commit < r.commitMax) r.catchUpTo = Math.max(r.catchUpTo, r.commitMax);
  for (let op = r.checkpointOp + 1; op <= r.op; op++) {
    const entry = r.journal.entry(op);
    if (entry !== null && r.journal.states[r.journal.slotOf(op)] === 0) r.journal.append(entry);
  }
  advanceCommit(r);
  startRepair(r);
  r.durableOp = 0;
  r.advanceDurable();
  acknowledge(r);
}

export function startViewMessage(r: Replica): VsrMessage {
  const message = r.message('startView');
  message.op = r.op;
  message.commit = r.commitMax;
  message.sum = r.headSum();
  message.suffix = logOfView(r);
  return r.sealed(message, r.view, r.op);
}

/** The primary of a view tells its log: whoever is not yet in that view joins it with that log. */
export function onStartView(r: Replica, from: number, message: VsrMessage): void {
  const suffix = message.suffix;
  if (suffix === null || from !== r.leaderOf(message.view) || message.view < r.view) return;
  if (r.mustRecover && r.nonce !== 0) return;
  if (message.view === r.view && (r.status === 'normal' || r.installing || r.isLeader())) return;
  adoptView(r, message, suffix);
}

/** Takes over view and log of a StartView (or of the newest primary's recovery answer). */
export function adoptView(r: Replica, message: VsrMessage, suffix: LogSuffix): void {
  leaveNormal(r);
  r.view = message.view;
  r.logView = message.view;
  r.status = r.status === 'recovering' ? 'recovering' : 'view-change';
  r.chosen = false;
  r.votes.clear();
  for (const target of r.proposals.keys()) if (target <= r.view) r.proposals.delete(target);
  if (message.op < r.op) r.host.reached('log-truncated');
  setLog(r, suffix.first, suffix.headers, message.op, message.sum);
  r.primaryOp = message.op;
  r.commitMax = Math.max(r.commitMax, message.commit);
  r.installing = true;
  r.armElection();
  r.persist();
  if (!r.config.rules.voteNeedsDurableView()) onLogViewDurable(r);
}

/** The election timer fired: the primary of the view, or the new view itself, did not come. */
export function onElectionTimeout(r: Replica): void {
  if (r.isPrimary) return;
  propose(
    r,
    r.status === 'view-change' ? `view ${r.view} did not begin` : `no heartbeat from the primary of view ${r.view}`,
  );
  r.armElection();
}

/** A message of a newer view came from its primary: ask that primary for the view's log. */
export function askForView(r: Replica, from: number, view: number): void {
  const message = r.message('getView');
  message.nonce = view;
  r.send(from, r.sealed(message, view, r.incarnation));
  r.host.reached('newer-view-seen');
}

export function onGetView(r: Replica, from: number): void {
  if (r.isPrimary && r.isMember(from) && !r.isolated) r.send(from, startViewMessage(r));
}

/** The primary has not heard a quorum for too long: it stops, so that the others elect (one-way cuts, R7). */
export function onAbdicateTimer(r: Replica): void {
  if (!r.isPrimary) return;
  const silentUs = r.host.monotonicUs() - r.lastQuorumHeardUs;
  if (silentUs < r.config.abdicateUs || r.members.length === 1) {
    r.host.setTimer(TIMER.abdicate, Math.max(1_000, r.config.abdicateUs - silentUs), r.config.abdicateUs, r.view);
    return;
  }
  r.host.log('warn', () => 'leader appears partitioned from quorum, abdicating');
  r.host.log('warn', () => `quorum not reached: need ${r.commitQuorum()}, got 1`);
  r.host.reached('primary-abdicated');
  abdicate(r, 'leader appears partitioned from quorum');
}

/** Gives up leading: no more heartbeats, and a proposal for the next view. */
export function abdicate(r: Replica, reason: string): void {
  leaveNormal(r);
  r.status = 'view-change';
  r.chosen = false;
  r.voteSent = true;
  propose(r, reason);
  r.armElection();
}
