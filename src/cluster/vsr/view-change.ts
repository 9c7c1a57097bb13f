import { type Header, OPERATION, type Sum, sameSum } from '../storage/prepare.ts';
import { requestTransfer } from './checkpoint.ts';
import { advanceCommit } from './commit.ts';
import { TIMER } from './config.ts';
import { type SelectionConfig, selectLog, type Vote } from './log-selection.ts';
import { describeLog, logOfView } from './log-suffix.ts';
import type { LogSuffix, VsrMessage } from './message.ts';
import { acknowledge, onDurableAdvance, sendHeartbeat, updateCheckpointQuorum } from './normal.ts';
import { adoptMemberships, chooseMemberships, electoratesOfVotes, isKnown } from './reconfiguration.ts';
import { startRepair } from './repair.ts';
import type { Replica } from './replica.ts';
import { isStandby } from './standby.ts';

export function leaveNormal(r: Replica): void {
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
  // No entry above names the sum of a head that the checkpoint covers.
  if (r.op === r.checkpointOp) message.sum = r.checkpointOpSum;
  message.suffix = describeLog(r);
  message.incarnations = r.knownIncarnations();
  const sealed = r.sealed(message, r.view, r.logView);
  const leader = r.leaderOf(r.view);
  if (leader === r.replica) takeVote(r, r.replica, sealed);
  else r.send(leader, sealed);
}

export function takeVote(r: Replica, from: number, message: VsrMessage): void {
  r.votes.set(from, message);
  r.learnIncarnations(message.incarnations);
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
      headSum: vote.sum,
      suffix: vote.suffix as LogSuffix,
    });
  }
  const told = [...r.votes.values()];
  const [first, joint] = electoratesOfVotes(r, told).map(({ voters }) => ({
    voters,
    replicaCount: voters.length,
    quorumView: r.viewQuorum(voters.length),
    nackQuorum: r.config.rules.nackQuorum(voters.length),
  }));
  const selection = selectLog(votes, first as SelectionConfig, joint ?? null);
  if (selection.kind === 'stuck') r.host.reached('view-change-undecidable');
  if (selection.kind !== 'chosen') return;
  const sumAt = (op: number): Sum | null => (op === 0 ? null : (selection.headers[op - selection.first]?.sum ?? null));
  choose(r, votes, selection);
  chooseMemberships(r, told, sumAt, selection.commit);
  beginViewIfReady(r);
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
  setLog(r, selection.first, selection.headers, selection.headOp, checkpointedSum(votes, selection.headOp));
  r.commitMax = Math.max(r.commitMax, selection.commit);
  r.logView = r.view;
  let ahead: Vote | null = null;
  for (const vote of votes) if (ahead === null || vote.checkpointOp > ahead.checkpointOp) ahead = vote;
  r.transferFrom = ahead !== null && ahead.replica !== r.replica ? ahead.replica : -1;
  r.dirty = true;
  startRepair(r);
}

/** Sum of the entry at `op` where that is the last op of a voter's checkpoint, hence committed; else null. */
function checkpointedSum(votes: readonly Vote[], op: number): Sum | null {
  for (const vote of votes) {
    if (vote.checkpointOp !== op || op === 0) continue;
    const sum = vote.headOp === op ? vote.headSum : vote.suffix.headers[0]?.parent;
    if (sum !== undefined) return sum;
  }
  return null;
}

/**
 * Makes the log of this replica the given one: `headers[0]` is op `first`. Where no header is given an own entry stays
 * only when it is applied here or the entry after it names it as its parent; any other may be of a view that was given
 * up, so it is forgotten and comes by state transfer.
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
  let parent = headSum;
  r.journal.nameHead(headOp, headSum);
  for (let op = headOp; op > r.checkpointOp; op--) {
    const given = op >= oldest ? (headers[op - first] ?? null) : null;
    if (given !== null) {
      r.journal.expect(given);
      parent = given.parent;
      continue;
    }
    const own = r.journal.header(op);
    if (own === null) {
      parent = null;
    } else if (op <= r.commit || (parent !== null && sameSum(own.sum, parent))) {
      parent = own.parent;
    } else {
      r.journal.forget(r.journal.slotOf(op));
      parent = null;
    }
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
  if (r.config.rules.forgetsVotes(r.votes.size)) r.votes.clear();
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
  if (!r.config.rules.newViewResetsOks()) r.commitMax = r.op;
  r.broadcast(startViewMessage(r));
  advanceCommit(r);
  sendHeartbeat(r);
  r.host.setTimer(TIMER.prepareRetry, r.config.prepareRetryUs, r.config.prepareRetryUs, 0);
  startRepair(r);
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
  if (r.config.rules.forgetsVotes(r.votes.size)) r.votes.clear();
  for (const target of r.proposals.keys()) if (target <= r.view) r.proposals.delete(target);
  if (message.op < r.op) r.host.reached('log-truncated');
  const head = r.config.rules.adoptedHead(message.op, r.commit);
  setLog(r, suffix.first, suffix.headers, head, head === message.op ? message.sum : null);
  adoptMemberships(r, message.memberships);
  r.primaryOp = message.op;
  r.commitMax = Math.max(r.commitMax, message.commit);
  r.installing = true;
  r.armElection();
  r.persist();
  if (!r.config.rules.voteNeedsDurableView()) onLogViewDurable(r);
}

/** A message of a newer view came from its primary: ask that primary for the view's log. */
export function askForView(r: Replica, from: number, view: number): void {
  const message = r.message('getView');
  message.nonce = view;
  r.send(from, r.sealed(message, view, r.incarnation));
  r.host.reached('newer-view-seen');
}

export function onGetView(r: Replica, from: number): void {
  if (r.isPrimary && (isKnown(r, from) || isStandby(r, from)) && !r.isolated) r.send(from, startViewMessage(r));
}
