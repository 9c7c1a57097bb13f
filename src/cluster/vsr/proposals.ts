import { TIMER } from './config.ts';
import { isQuorum } from './electorate.ts';
import type { VsrMessage } from './message.ts';
import { electoratesHeard, isAsked, isKnown } from './reconfiguration.ts';
import { startRepair } from './repair.ts';
import type { Replica } from './replica.ts';
import { popcount } from './rules.ts';
import { leaveNormal, sendVote, startViewMessage, takeVote } from './view-change.ts';

/**
 * The primary of the view has been silent for too long. The replica proposes the next view, and goes on in its own
 * until a quorum proposes likewise: one replica that hears nothing cannot move the others (R7). The view proposed is at
 * least `viewMin`.
 */
export function propose(r: Replica, reason: string, viewMin = 0): void {
  if (r.mustRecover || r.isolated || !isAsked(r)) return;
  const target = r.ledView(Math.max(r.view + 1, r.proposed, viewMin));
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
  if (r.mustRecover || r.isolated || r.retired || !isKnown(r, from) || !isAsked(r)) return;
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
  const connected = (mask & (1 << r.replica)) !== 0 && isQuorum(electoratesHeard(r), mask, r.viewQuorum);
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
  const mask = r.proposals.get(target) ?? 0;
  for (const { voters, mask: own } of electoratesHeard(r)) {
    if (!r.config.rules.joins(popcount(mask & own), r.viewQuorum(voters.length))) return;
  }
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
  if (r.config.rules.forgetsVotes(r.votes.size)) r.votes.clear();
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
  if (r.mustRecover || r.isolated || r.retired || !isKnown(r, from) || !isAsked(r)) return;
  if (message.view > r.view) {
    note(r, message.view, from);
    joinIfQuorum(r, message.view);
    return;
  }
  if (message.view < r.view && r.config.rules.refusesOldVote(message.view, r.view)) {
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

/** The election timer fired: the primary of the view, or the new view itself, did not come. */
export function onElectionTimeout(r: Replica): void {
  if (r.isPrimary) return;
  if (r.status === 'view-change' && !r.config.rules.goesOnToNextView()) return;
  propose(
    r,
    r.status === 'view-change' ? `view ${r.view} did not begin` : `no heartbeat from the primary of view ${r.view}`,
    Math.max(viewPassedBy(r), viewWanted(r)),
  );
  r.armElection();
}

/**
 * The highest view that a quorum wants, this replica included; 0 when there is none. Others may be several views on,
 * while each of the views between has their old proposals: a replica that took them one by one, a timeout each, would
 * stay as far behind as it is.
 */
function viewWanted(r: Replica): number {
  let best = 0;
  for (const [target, mask] of r.proposals) {
    if (target > best && isQuorum(electoratesHeard(r), mask | (1 << r.replica), r.viewQuorum)) best = target;
  }
  return best;
}

/**
 * The others have gone into the view that this replica has been proposing, or past it, and it was not brought along for
 * a whole timeout: that view's primary and this replica do not reach each other. Nobody listens to a proposal of a view
 * that is here already, so the next one must lie above. Returns that view, else 0.
 */
function viewPassedBy(r: Replica): number {
  return r.proposed > r.view && r.viewSeen >= r.proposed ? r.viewSeen + 1 : 0;
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
  r.host.log('warn', () => `quorum not reached: need ${r.commitQuorum(r.membership.voters.length)}, got 1`);
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
