import { OPERATION, type Prepare, sameSum } from '../storage/prepare.ts';
import { makePrepare } from '../storage/record.ts';
import { advanceCommit, answerFromTable, answerLocally, hostOfClient, isKnownRequest } from './commit.ts';
import { TIMER } from './config.ts';
import { type Electorate, isQuorum, quorumValue } from './electorate.ts';
import type { VsrMessage } from './message.ts';
import { driveChange, electoratesAt, noteAppended } from './reconfiguration.ts';
import type { Replica } from './replica.ts';
import { armRetry, prepareMessage } from './retransmit.ts';
import { Following, hearStandby, heartbeatStandbys, isStandby, tellStandbys } from './standby.ts';

const EMPTY = new Uint8Array(0);

/** A client's request. Only the primary of the view executes it; a backup passes it on. */
export function onRequest(r: Replica, message: VsrMessage): void {
  if (r.status !== 'normal' || r.isolated || r.mustRecover) return;
  if (!r.isLeader()) {
    onRequestAtBackup(r, message);
    return;
  }
  if (!r.config.rules.readsThroughLog() && answerLocally(r, message)) return;
  if (isKnownRequest(r, message) && r.config.rules.answersFromTable()) {
    const session = r.sessions.get(message.client);
    if (session === null || session.request !== message.request) return;
    r.host.reached('retry-answered-from-table');
    answerFromTable(r, message.client);
    return;
  }
  if (r.inPipeline.requestOf(message.client) === message.request && r.config.rules.answersFromTable()) return;
  if (
    message.operation !== OPERATION.register &&
    r.sessions.get(message.client)?.session !== message.nonce &&
    r.config.rules.needsSession()
  ) {
    // No session, or one that a late duplicate of the registration opened anew: this request's session is gone (R13).
    if (r.commit === r.commitMax && !r.inPipeline.has(message.client)) evict(r, message);
    return;
  }
  if (r.hooks.intake?.(message) === true) return;
  if (r.commit < r.commitMax || r.op - r.commitMax >= r.config.pipelineMax || !hasRoom(r)) {
    if (r.queue.length < r.config.sessionsMax) r.queue.push(message);
    return;
  }
  prepareRequest(r, message);
}

/**
 * A backup answers what has been executed from its own table, and passes anything else on, once: a request that comes
 * from a replica is not passed on again. It answers that request, too, when it is applied here, because the primary may
 * hear this backup and not reach the client.
 */
function onRequestAtBackup(r: Replica, message: VsrMessage): void {
  if (message.incarnation !== 0) return;
  const session = r.sessions.get(message.client);
  if (session !== null && session.request === message.request) {
    // A registration names no session yet: its answer tells which one it opened.
    const same = message.operation === OPERATION.register || session.session === message.nonce;
    if (same) answerFromTable(r, message.client);
    return;
  }
  // The session's registration is applied here and the session is gone: nobody need be asked.
  if (message.nonce > 0 && r.commit >= message.nonce && session?.session !== message.nonce) {
    evict(r, message);
    return;
  }
  if (r.passedOn.size >= r.config.sessionsMax) r.passedOn.clear();
  r.passedOn.set(message.client, message.request);
  r.send(r.leaderOf(r.view), { ...message, incarnation: r.incarnation });
}

function evict(r: Replica, request: VsrMessage): void {
  const message = r.message('eviction');
  message.client = request.client;
  message.request = request.request;
  r.send(hostOfClient(request.client), r.sealed(message, request.client, request.request));
  r.host.reached('eviction-sent');
}

/** Whether the slots of the next ops may be overwritten: their former ops lie under a checkpoint that a quorum holds (R7). */
export function hasRoom(r: Replica, entries: number = 1): boolean {
  return accepts(r, r.op + entries);
}

/** Synchronised time for the next entry, or -1 when the cluster clock has no epoch: then writes are refused (R6). */
export function nextTimestampUs(r: Replica): number {
  const nowUs = r.clock.nowUs(r.host.monotonicUs());
  if (nowUs < 0) return -1;
  return r.config.rules.clampsTimestamp() ? Math.max(nowUs, r.lastTimestampUs) : nowUs;
}

/** Prepares a client's request as the next entry. */
export function prepareRequest(r: Replica, message: VsrMessage): void {
  const timestampUs = nextTimestampUs(r);
  if (timestampUs < 0) {
    r.host.reached('request-refused-no-clock');
    r.host.log('warn', () => `request refused: cluster clock has no epoch (${clockReason(r)})`);
    return;
  }
  const asked = { operation: message.operation, body: message.body ?? EMPTY };
  const { operation, body } = r.machine.formOf?.(asked.operation, asked.body) ?? asked;
  prepareEntry(r, operation, message.client, message.request, timestampUs, body);
  r.inPipeline.set(message.client, message.request);
}

/** The name under which the product reports a refused epoch (catalogue, scn3 logs). */
export function clockReason(r: Replica): string {
  return r.clock.refusal === 'tolerance-exceeded' ? 'ToleranceExceeded' : 'NoQuorumAgreement';
}

/** Appends an entry as primary and sends it to the backups. */
export function prepareEntry(
  r: Replica,
  operation: number,
  client: number,
  request: number,
  timestampUs: number,
  body: Uint8Array,
): void {
  const sealed = makePrepare({
    cluster: r.config.cluster,
    epoch: r.epoch,
    view: r.view,
    op: r.op + 1,
    parent: r.headSum(),
    operation,
    client,
    request,
    timestampUs,
    body,
  });
  const prepare = r.config.rules.sealedEntry(sealed);
  r.lastTimestampUs = timestampUs;
  r.op = prepare.op;
  const slot = r.journal.slotOf(prepare.op);
  r.okMasks[slot] = 0;
  r.okCounts[slot] = 0;
  r.preparedUs[slot] = r.host.monotonicUs();
  r.journal.append(prepare);
  noteAppended(r, prepare);
  const message = prepareMessage(r, prepare);
  r.broadcast(message);
  tellStandbys(r, message);
  if (!r.host.isArmed(TIMER.prepareRetry)) armRetry(r);
  if (!r.config.rules.ackNeedsSync()) onDurableAdvance(r);
}

/** Appends an entry of the protocol's own; false when there is no room for it now. */
export function prepareOwn(r: Replica, operation: number, timestampUs: number, body: Uint8Array): boolean {
  if (!r.isPrimary || !hasRoom(r)) return false;
  prepareEntry(r, operation, 0, 0, timestampUs, body);
  return true;
}

/** The primary's entry for a backup. */
export function onPrepare(r: Replica, from: number, message: VsrMessage): void {
  const prepare = message.prepare;
  if (prepare === null || r.status !== 'normal' || from !== r.leaderOf(r.view)) return;
  hearPrimary(r, message);
  if (prepare.op <= r.op) {
    onKnownPrepare(r, prepare);
  } else if (!accepts(r, prepare.op)) {
    r.host.reached('prepare-refused-no-room');
  } else if (prepare.op === r.op + 1) {
    appendFollowing(r, prepare);
    drainPending(r);
  } else {
    if (r.pending.size < r.config.pipelineMax * 2) r.pending.set(prepare.op, prepare);
    needRepair(r);
  }
  learnCommit(r, message.commit);
}

function accepts(r: Replica, op: number): boolean {
  const former = op - r.config.journalSlots;
  return former <= r.checkpointQuorumOp && former <= r.checkpointOp;
}

function onKnownPrepare(r: Replica, prepare: Prepare): void {
  const header = r.journal.header(prepare.op);
  const known = header !== null && sameSum(header.sum, prepare.sum);
  if (known && r.journal.entry(prepare.op) === null) {
    r.journal.append(prepare);
    if (!r.config.rules.ackNeedsSync()) onDurableAdvance(r);
    return;
  }
  if (r.config.rules.reacksDuplicate()) {
    r.host.reached('prepare-acknowledged-again');
    acknowledge(r);
  }
}

/** Appends `prepare` as op + 1 of the view's log; refuses one that does not continue the own head. */
function appendFollowing(r: Replica, prepare: Prepare, isRepair = false): boolean {
  if (!sameSum(prepare.parent, r.headSum())) {
    r.host.reached('prepare-breaks-chain');
    return false;
  }
  r.op = prepare.op;
  r.journal.append(prepare);
  if (r.config.rules.learnsMembership(isRepair)) noteAppended(r, prepare);
  if (!r.config.rules.ackNeedsSync()) onDurableAdvance(r);
  return true;
}

/** Appends the prepares that had come too early and now follow. */
export function drainPending(r: Replica): void {
  if (r.pending.size === 0) return;
  for (;;) {
    const next = r.pending.get(r.op + 1);
    if (next === undefined || !accepts(r, next.op)) break;
    r.pending.delete(next.op);
    if (!appendFollowing(r, next)) break;
  }
  for (const op of r.pending.keys()) if (op <= r.op) r.pending.delete(op);
}

/** An entry that a repair brought: it fills a known gap or continues the head. */
export function takeRepaired(r: Replica, prepare: Prepare): boolean {
  if (prepare.op <= r.op) {
    const wanted = r.journal.header(prepare.op)?.sum ?? r.journal.sumNamedAfter(prepare.op, r.op);
    if (wanted === null || r.journal.entry(prepare.op) !== null) return false;
    if (!r.config.rules.repairAccepts(wanted, prepare)) {
      r.host.reached('repair-refused-other-sum');
      return false;
    }
    r.journal.append(prepare);
    if (!r.config.rules.ackNeedsSync()) onDurableAdvance(r);
    return true;
  }
  if (prepare.op !== r.op + 1 || !accepts(r, prepare.op) || r.isLeader()) return false;
  // What follows the head was prepared in this view: an answer out of a peer's former log may hold what the view cut off.
  if (prepare.view !== r.view && r.isMember(r.replica)) return false;
  if (!appendFollowing(r, prepare, true)) return false;
  drainPending(r);
  return true;
}

function needRepair(r: Replica): void {
  r.dirty = true;
  if (!r.host.isArmed(TIMER.repair)) r.host.setTimer(TIMER.repair, 1_000, r.config.repairUs, 0);
}

/** Whatever proves that the primary of the view is alive. */
function hearPrimary(r: Replica, message: VsrMessage): void {
  if (message.op > r.primaryOp) r.primaryOp = message.op;
  if (!r.isMember(r.replica)) {
    r.following ??= new Following();
    r.following.hear(r, message);
  }
  if (message.checkpointQuorumOp > r.checkpointQuorumOp) r.checkpointQuorumOp = message.checkpointQuorumOp;
  r.viewChangeRound = 0;
  r.proposed = 0;
  r.armElection();
}

/** The cluster has committed up to `commit` (of this view's log). */
export function learnCommit(r: Replica, commit: number): void {
  const known = r.config.rules.knownCommit(r.commitMax, commit);
  // Only a mutant makes a commit number go back.
  if (known < r.commitMax && known < r.commit) r.commit = known;
  r.commitMax = known;
  if (r.commit < r.commitMax) {
    advanceCommit(r);
    if (r.commit < r.commitMax) needRepair(r);
  }
}

/** The gapless durable prefix may have grown: a backup acknowledges, the primary counts itself. */
export function onDurableAdvance(r: Replica): void {
  if (!r.advanceDurable()) return;
  if (r.status !== 'normal' || r.durableLogView !== r.view) return;
  if (r.isLeader()) countOk(r, r.replica, r.durableOp);
  else acknowledge(r);
}

/** prepare_ok for the gapless durable prefix: for the current view, to its primary only (R7). */
export function acknowledge(r: Replica): void {
  if (r.status !== 'normal' || r.isLeader() || r.isolated) return;
  if (!r.isMember(r.replica) && !r.config.rules.standbyVotes()) return;
  if (r.mustRecover && r.config.rules.recoveringIsSilent()) return;
  if (r.durableLogView !== r.view && r.config.rules.voteNeedsDurableView()) return;
  const message = r.message('prepareOk');
  message.op = r.durableOp;
  message.commit = r.commit;
  message.sum = r.sumAt(r.durableOp);
  r.send(r.leaderOf(r.view), r.sealed(message, r.view, r.durableOp));
}

/** A backup holds everything up to `op` durably. */
export function onPrepareOk(r: Replica, from: number, message: VsrMessage): void {
  if (!r.isPrimary || !(r.isMember(from) || r.config.rules.standbyVotes())) return;
  hearBackup(r, from, message);
  if (message.op > r.op || !sameSum(r.sumAt(message.op), message.sum)) return;
  countOk(r, from, message.op);
}

function hearBackup(r: Replica, from: number, message: VsrMessage): void {
  const nowUs = r.host.monotonicUs();
  r.peerHeardUs[from] = nowUs;
  r.peerCommits[from] = message.commit;
  if (message.checkpointOp > (r.peerCheckpoints[from] as number)) {
    r.peerCheckpoints[from] = message.checkpointOp;
    updateCheckpointQuorum(r);
  }
  let heard = 1 << r.replica;
  const since = nowUs - r.config.abdicateUs;
  for (const member of r.members) if ((r.peerHeardUs[member] as number) >= since) heard |= 1 << member;
  if (isQuorum(r.electorates, heard, r.commitQuorum)) r.lastQuorumHeardUs = nowUs;
}

/** The op under whose checkpoint a commit quorum stands. */
export function updateCheckpointQuorum(r: Replica): void {
  r.peerCheckpoints[r.replica] = r.checkpointOp;
  const op = quorumValue(r.electorates, (member) => r.peerCheckpoints[member] as number, r.commitQuorum);
  if (op > r.checkpointQuorumOp) {
    r.checkpointQuorumOp = op;
    drainQueue(r);
  }
}

/** Whether a quorum of each electorate has acknowledged what is in `slot`. */
function isAcknowledged(r: Replica, electorates: readonly Electorate[], slot: number): boolean {
  const [mask, count] = [r.okMasks[slot] as number, r.okCounts[slot] as number];
  for (const { voters, mask: own } of electorates) {
    const counted = r.config.rules.standbyVotes() ? mask : mask & own;
    if (r.config.rules.countOks(counted, count) < r.commitQuorum(voters.length)) return false;
  }
  return true;
}

function countOk(r: Replica, from: number, op: number): void {
  const acked = r.ackedOps[from] as number;
  const bit = 1 << from;
  for (let covered = Math.max(acked, r.commitMax) + 1; covered <= op; covered++) {
    const slot = r.journal.slotOf(covered);
    r.okMasks[slot] = (r.okMasks[slot] as number) | bit;
    r.okCounts[slot] = (r.okCounts[slot] as number) + 1;
  }
  if (op <= acked && op > r.commitMax) {
    const slot = r.journal.slotOf(op);
    r.okCounts[slot] = (r.okCounts[slot] as number) + 1;
  }
  if (op > acked) r.ackedOps[from] = op;
  let committed = r.commitMax;
  while (committed < r.op) {
    const slot = r.journal.slotOf(committed + 1);
    if (!isAcknowledged(r, electoratesAt(r, committed + 1), slot)) break;
    if (!r.config.rules.commitsEntryOf(r.journal.header(committed + 1)?.view ?? r.view, r.view)) break;
    committed++;
  }
  if (committed > r.commitMax) {
    r.commitMax = committed;
    r.host.reached('prepare-quorum');
    advanceCommit(r);
    drainQueue(r);
  }
}

/** Takes up requests that had to wait for a place in the pipeline. */
export function drainQueue(r: Replica): void {
  while (r.queue.length > 0 && r.isPrimary) {
    if (r.commit < r.commitMax || r.op - r.commitMax >= r.config.pipelineMax || !hasRoom(r)) return;
    const request = r.queue.shift() as VsrMessage;
    onRequest(r, request);
  }
}

/** The primary says that it is there, what is committed, and which checkpoint a quorum holds. */
export function sendHeartbeat(r: Replica): void {
  if (!r.isPrimary || r.isolated) return;
  driveChange(r);
  const message = r.message('heartbeat');
  message.op = r.op;
  message.commit = r.config.rules.heartbeatCommit(r.commitMax);
  message.sum = r.headSum();
  message.nonce = r.host.monotonicUs();
  const heartbeat = r.sealed(message, r.view, Math.floor(r.host.monotonicUs() / r.heartbeatUs()));
  r.broadcast(heartbeat);
  heartbeatStandbys(r, heartbeat);
  r.host.setTimer(TIMER.heartbeat, r.heartbeatUs(), r.heartbeatUs(), r.view);
}

export function onHeartbeat(r: Replica, from: number, message: VsrMessage): void {
  if (r.status !== 'normal' || from !== r.leaderOf(r.view)) return;
  hearPrimary(r, message);
  if (message.op > r.op) needRepair(r);
  learnCommit(r, message.commit);
  const answer = r.message('heartbeatAck');
  answer.op = r.durableOp;
  answer.commit = r.commit;
  answer.sum = r.sumAt(r.durableOp);
  answer.nonce = message.nonce;
  r.send(from, r.sealed(answer, r.view, Math.floor(message.nonce / r.heartbeatUs())));
}

export function onHeartbeatAck(r: Replica, from: number, message: VsrMessage): void {
  if (!r.isPrimary) return;
  if (r.isMember(from)) hearBackup(r, from, message);
  else if (r.peers.includes(from) || isStandby(r, from)) hearStandby(r, from, message);
}
