import type { ChunkReader } from '../host/chunk-reader.ts';
import { hash128 } from '../storage/checksum.ts';
import { type Header, sameSum, ZERO_SUM } from '../storage/prepare.ts';
import { decodeHeader } from '../storage/record.ts';
import { createJournal } from './blank-journal.ts';
import { restoreState } from './checkpoint.ts';
import { FILE, HEADER_BYTES, HEADER_SECTOR_BYTES, TIMER } from './config.ts';
import { isQuorum } from './electorate.ts';
import { SLOT } from './journal.ts';
import { classifySlot } from './journal-table.ts';
import { logOfView } from './log-suffix.ts';
import type { VsrMessage } from './message.ts';
import { onDurableAdvance } from './normal.ts';
import { propose } from './proposals.ts';
import {
  askEverybody,
  electoratesOfVotes,
  formatMembership,
  isKnown,
  reopenMemberships,
  setMemberships,
} from './reconfiguration.ts';
import { refuseUnreadable } from './releases.ts';
import type { Replica } from './replica.ts';
import { openSuperblock, SUPERBLOCK_COPIES, SUPERBLOCK_COPY_BYTES, type SuperblockState } from './superblock.ts';
import { adoptView } from './view-change.ts';

/** Reads the disk, then {@link decide}s how this incarnation begins. Nothing is answered before that. */
export function open(r: Replica, reader: ChunkReader): void {
  r.host.log('info', () => `replica ${r.replica} starts, incarnation ${r.incarnation}`);
  if (!r.config.rules.restartsFromDisk() && r.incarnation > 1) {
    openBlank(r);
    return;
  }
  reader.read(FILE.superblock, SUPERBLOCK_COPY_BYTES, SUPERBLOCK_COPIES, (copies) => {
    const opened = openSuperblock(copies, r.config.rules);
    if (opened.kind !== 'open') {
      r.host.log('error', () => 'superblock unreadable: starting as recovering, without a vote');
      r.host.reached('superblock-lost');
      lostState(r);
      return;
    }
    if (r.hello !== null && opened.state.cluster !== r.config.cluster) {
      r.host.reached('foreign-data-refused');
      r.host.exit('the data directory belongs to another cluster: nothing of it is taken');
    }
    r.superblock.resume(opened);
    r.fresh = opened.sequence === 1;
    takeSuperblock(r, opened.state);
    if (opened.damagedCopies.length > 0 && r.config.rules.repairsCopies(opened.damagedCopies.length)) {
      // Nothing is promised on the strength of copies that one more fault could outvote.
      r.host.reached('superblock-copy-repaired');
      r.durableView = -1;
      r.durableLogView = -1;
      r.persist();
    }
    openCheckpoint(r, reader, opened.state);
  });
}

/** As the shipped product does where it does not read its durable state (AMB-AMNESIA): a blank voter at view 0. */
function openBlank(r: Replica): void {
  r.host.reached('blank-restart');
  createJournal(r);
  r.opened = true;
  r.status = 'normal';
  r.armElection();
}

function takeSuperblock(r: Replica, state: SuperblockState): void {
  r.epoch = state.epoch;
  r.view = state.view;
  r.logView = state.logView;
  r.durableView = state.view;
  r.durableLogView = state.logView;
  r.checkpointOp = state.checkpointOp;
  r.op = state.checkpointOp;
  r.checkpointOpSum = state.checkpointOpSum;
  r.checkpointSum = state.checkpointSum;
  r.checkpointBytes = state.checkpointBytes;
  r.checkpointFile = state.checkpointFile;
  r.commitMax = Math.max(state.commit, state.checkpointOp);
  r.viewHeaders = [...state.viewHeaders];
  formatMembership(r, state.members);
  if (state.memberships) setMemberships(r, state.memberships[0], state.memberships[1]);
  r.retired = state.retired ?? false;
  r.mustRecover = state.mustRecover;
  for (const [index, member] of state.members.entries()) {
    const known = state.peerIncarnations[index] ?? 0;
    r.peerIncarnations[member] = known;
    r.durableIncarnations[member] = known;
  }
  r.isolated = state.isolated;
  r.peerCheckpoints[r.replica] = state.checkpointOp;
}

function openCheckpoint(r: Replica, reader: ChunkReader, state: SuperblockState): void {
  if (state.checkpointOp === 0) {
    openJournal(r, reader);
    return;
  }
  reader.read(FILE.checkpoint[state.checkpointFile] as string, Math.max(state.checkpointBytes, 1), 1, (chunks) => {
    const bytes = chunks[0] ?? null;
    const sum = bytes === null ? ZERO_SUM : hash128(bytes, 0, bytes.length, ZERO_SUM);
    if (bytes !== null && sameSum(sum, state.checkpointSum)) {
      r.checkpointBlob = { op: state.checkpointOp, opSum: state.checkpointOpSum, bytes, sum };
      restoreState(r, r.checkpointBlob);
      r.commit = state.checkpointOp;
      r.hooks.observer.onInstall(r.replica, r.incarnation, r.commit, r.machine.hash0, r.machine.hash1, 'start');
    } else {
      r.checksumFailures++;
      r.host.reached('checkpoint-damaged');
      r.host.log('error', () => `Checksum mismatch in checkpoint ${state.checkpointOp}`);
    }
    openJournal(r, reader);
  });
}

function openJournal(r: Replica, reader: ChunkReader): void {
  if (!r.host.fileExists(FILE.headers) || !r.host.fileExists(FILE.prepares)) {
    r.host.log('error', () => 'journal missing: this replica must recover from its peers before it votes');
    r.host.reached('journal-lost');
    if (r.config.rules.lostJournalLosesVote()) {
      lostState(r);
      return;
    }
    createJournal(r);
    decide(r);
    return;
  }
  const slots = r.config.journalSlots;
  reader.read(FILE.headers, HEADER_SECTOR_BYTES, slots, (headers) => {
    reader.read(FILE.prepares, r.config.slotBytes, slots, (prepares) => {
      for (let slot = 0; slot < slots; slot++) openSlot(r, slot, headers[slot] ?? null, prepares[slot] ?? null);
      rebuildLog(r);
      decide(r);
    });
  });
}

/** What one slot holds, by the decision table. */
function openSlot(r: Replica, slot: number, header: Uint8Array | null, prepare: Uint8Array | null): void {
  const found = classifySlot(header, prepare, slot, r.config.journalSlots, r.config.cluster, r);
  const journal = r.journal;
  if (header === null || prepare === null) journal.rough[slot] = 1;
  switch (found.decision) {
    case 'empty':
      if (prepare !== null && r.checkpointBlob === null) journal.keepCovered(prepare);
      return;
    case 'torn':
      r.host.reached('torn-append-found');
      if (!r.config.rules.refusesDamagedRecord() && prepare !== null) takeUnchecked(r, slot, prepare);
      return;
    case 'faulty':
      if (prepare !== null && !r.config.rules.marksDamagedSlot() && takeUnchecked(r, slot, prepare)) return;
      r.checksumFailures++;
      r.host.reached('faulty-slot-found');
      r.host.log('error', () => `Checksum mismatch in journal slot ${slot}`);
      journal.faulty[slot] = 1;
      journal.headers[slot] = found.header;
      return;
    case 'clean':
    case 'fix':
      journal.entries[slot] = found.prepare;
      journal.headers[slot] = found.prepare;
      journal.states[slot] = found.decision === 'clean' ? SLOT.durable : SLOT.none;
      return;
    default:
      found.decision satisfies never;
  }
}

/** What a replica does that believes a record by its header alone: only a mutant comes here. */
function takeUnchecked(r: Replica, slot: number, bytes: Uint8Array): boolean {
  const header = decodeHeader(bytes, 0);
  if (header === null || header.op % r.config.journalSlots !== slot || header.sizeBytes > bytes.length) return false;
  const record = bytes.slice(0, header.sizeBytes);
  const entry = { ...header, record, body: record.subarray(HEADER_BYTES) };
  r.journal.entries[slot] = entry;
  r.journal.headers[slot] = entry;
  return true;
}

/**
 * Which of the entries found belong to the log of `logView`: those that the superblock's headers name, and above them
 * those first prepared in that very view. Everything else is left over from views that were given up.
 */
function rebuildLog(r: Replica): void {
  const journal = r.journal;
  const named = new Map<number, Header>();
  let head = r.checkpointOp;
  for (const header of r.viewHeaders) {
    named.set(header.op, header);
    head = Math.max(head, header.op);
  }
  const namedHead = head;
  for (let slot = 0; slot < journal.slotCount; slot++) {
    const header = journal.headers[slot] as Header | null;
    placeFaulty(r, slot, header);
    if (header === null) continue;
    const belongs = header.op > r.checkpointOp && header.op <= r.checkpointOp + journal.slotCount;
    const kept = belongs && (header.op <= namedHead ? named.has(header.op) : header.view === r.logView);
    if (!kept) journal.forget(slot);
  }
  for (const header of named.values()) if (header.op > r.checkpointOp) journal.expect(header);
  head = extendHead(r, head);
  for (let op = head + 1; op <= r.checkpointOp + journal.slotCount; op++) {
    if (journal.header(op) !== null && !journal.isFaulty(op)) journal.forget(journal.slotOf(op));
  }
  r.op = head;
  reopenMemberships(r);
  for (let op = r.checkpointOp + 1; op <= r.op; op++) {
    const entry = journal.entry(op);
    if (entry !== null) refuseUnreadable(r, entry);
    // Found intact but without its header: the header is written again before anything is promised.
    if (entry !== null && journal.states[journal.slotOf(op)] === SLOT.none) journal.append(entry);
  }
  r.dirty = true;
  r.advanceDurable();
}

/**
 * Above the named headers the log goes on as far as its entries chain. A gap that is a faulty slot may have held an
 * acknowledged op, so what lies beyond it may have been acknowledged, too, and stays; a gap that is torn or empty was
 * never acknowledged, and nothing beyond it was either (prepare_ok only without gaps).
 */
function extendHead(r: Replica, from: number): number {
  const { journal } = r;
  let head = from;
  for (;;) {
    if (journal.header(head + 1) !== null) {
      if (!chains(r, head + 1)) return head;
      head++;
      continue;
    }
    let beyond = head + 1;
    while (journal.header(beyond) === null && journal.isFaulty(beyond) && beyond <= from + journal.slotCount) beyond++;
    if (beyond === head + 1 || journal.header(beyond) === null) return head;
    head = beyond;
  }
}

function chains(r: Replica, op: number): boolean {
  const header = r.journal.header(op);
  const before = op - 1 === r.checkpointOp ? r.checkpointOpSum : r.journal.header(op - 1)?.sum;
  if (header === null) return false;
  return before === undefined ? r.journal.isFaulty(op - 1) : sameSum(header.parent, before);
}

/** A faulty slot stands for the one op above the checkpoint that maps to it, or for nothing when that is past. */
function placeFaulty(r: Replica, slot: number, header: Header | null): void {
  const journal = r.journal;
  if (journal.faulty[slot] === 0) return;
  const above = r.checkpointOp + 1;
  const op = above + ((slot - (above % journal.slotCount) + journal.slotCount) % journal.slotCount);
  if (header !== null && header.op !== op) {
    // Its header proves that the slot holds an older op, which the checkpoint covers.
    if (header.op <= r.checkpointOp) {
      journal.faulty[slot] = 0;
      return;
    }
  }
  journal.faultyOps[slot] = op;
}

/** The replica cannot know what it acknowledged: it has no vote until the nonce protocol is through (R7). */
function lostState(r: Replica): void {
  if (!r.host.fileExists(FILE.superblock)) {
    r.host.createFile(FILE.superblock, SUPERBLOCK_COPIES * SUPERBLOCK_COPY_BYTES);
  }
  r.mustRecover = r.config.rules.lostJournalLosesVote();
  // What its former life promised is not known: nothing of it is claimed.
  r.view = 0;
  r.logView = 0;
  r.viewHeaders = [];
  r.op = r.checkpointOp;
  r.dirty = true;
  r.journalLost = true;
  r.persist();
}

/** The superblock says that this replica must recover: only now may a journal exist that looks as if nothing was lost. */
export function onLossPersisted(r: Replica): void {
  r.journalLost = false;
  createJournal(r);
  decide(r);
}

/** How the incarnation begins, once the disk has been read. */
function decide(r: Replica): void {
  r.opened = true;
  r.status = 'recovering';
  if (r.commit < r.checkpointOp) r.dirty = true;
  if (r.mustRecover) {
    beginNonce(r);
    return;
  }
  if (r.isolated || r.retired) return;
  r.armElection();
  if (r.members.length === 1 && r.isMember(r.replica)) {
    propose(r, 'only member');
    return;
  }
  if (r.logView < r.view) {
    r.status = 'view-change';
    r.host.reached('view-change-resumed');
    r.persist();
  } else if (r.isLeader() && r.fresh) {
    r.status = 'view-change';
    r.installing = true;
    r.persist();
  } else if (r.isLeader() && r.config.rules.restartedPrimaryYields()) {
    r.host.reached('restarted-primary-yields');
    propose(r, 'restarted primary');
  } else if (r.isLeader()) {
    r.status = 'view-change';
    r.installing = true;
    r.persist();
  }
  r.host.setTimer(TIMER.recovery, 0, 1_000, r.view);
}

/** Asks all peers for the present view until one primary answers (intact journal), or for the nonce protocol's answers. */
export function onRecoveryTimer(r: Replica): void {
  if (r.isolated || (r.status !== 'recovering' && r.nonce === 0)) return;
  if (r.nonce !== 0) {
    const message = r.message('recovery');
    message.nonce = r.nonce;
    askEverybody(r, r.sealed(message, r.nonce, 0));
  } else if (r.status === 'recovering') {
    askEverybody(r, r.sealed(r.message('getView'), r.view, r.incarnation));
  }
  r.host.setTimer(TIMER.recovery, Math.floor(r.config.recoveryRetryUs / 2), r.config.recoveryRetryUs, r.view);
}

function beginNonce(r: Replica): void {
  r.nonce = r.incarnation * 64 + r.replica + 1;
  r.host.reached('nonce-protocol-started');
  r.host.setTimer(TIMER.recovery, 0, 1_000, r.view);
}

/** A peer that lost its log asks. Only a replica in normal operation answers; the primary adds its log. */
export function onRecovery(r: Replica, from: number, message: VsrMessage): void {
  if (!r.config.rules.answersRecovery(r.status) || r.mustRecover || r.isolated) return;
  if (!isKnown(r, from) || !r.isMember(r.replica)) return;
  if ((r.durableIncarnations[from] as number) < message.incarnation) {
    // Whoever answers must never again count a vote of the former life, not even after a restart of its own
    // (crash-consistent quorums: Michael et al., DISC 2017). The asker asks again.
    r.persist();
    return;
  }
  const answer = r.message('recoveryResponse');
  answer.nonce = message.nonce;
  answer.op = r.op;
  answer.commit = r.commitMax;
  answer.sum = r.headSum();
  answer.incarnations = r.knownIncarnations();
  if (r.config.rules.tellsLog(r.isLeader())) answer.suffix = logOfView(r);
  r.send(from, r.sealed(answer, message.nonce, r.view));
}

/**
 * An answer with our nonce. With f + 1 of them, the primary of the newest view among them, the view is known that no
 * former incarnation can have left behind (Michael et al., DISC 2017); its log is taken over, still without a vote.
 */
export function onRecoveryResponse(r: Replica, from: number, message: VsrMessage): void {
  if (r.nonce === 0 || message.nonce !== r.nonce) return;
  r.learnIncarnations(message.incarnations);
  r.recoveryAnswers.set(from, message);
  let mask = 0;
  for (const peer of r.recoveryAnswers.keys()) mask |= 1 << peer;
  const electorates = electoratesOfVotes(r, [...r.recoveryAnswers.values()]);
  if (!isQuorum(electorates, mask, (count) => r.config.rules.recoveryQuorum(r.viewQuorum(count)))) return;
  let newest: VsrMessage | null = null;
  let newestFrom = -1;
  for (const [peer, answer] of r.recoveryAnswers) {
    if (newest === null || answer.view > newest.view || (answer.view === newest.view && answer.suffix !== null)) {
      newest = answer;
      newestFrom = peer;
    }
  }
  if (newest === null || newest.suffix === null) return;
  if (!r.config.rules.tellsLog(newestFrom === r.leaderOf(newest.view))) return;
  r.nonce = 0;
  r.recoveryAnswers.clear();
  r.host.reached('nonce-protocol-answered');
  r.catchUpTo = newest.op;
  adoptView(r, newest, newest.suffix);
}

/** A replica that had lost its log holds everything again: from now on it votes. */
export function regainVote(r: Replica): void {
  if (!r.mustRecover || r.nonce !== 0 || r.status !== 'normal' || r.dirty || r.transferring) return;
  if (r.commit < r.catchUpTo || r.durableOp < r.op) return;
  r.mustRecover = false;
  r.host.reached('vote-regained');
  r.host.log('info', () => `recovered from peers up to op ${r.op}: voting again`);
  r.persist();
  onDurableAdvance(r);
}
