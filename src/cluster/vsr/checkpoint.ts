import type { DiskOp } from '../../sim/api.ts';
import { hash128 } from '../storage/checksum.ts';
import { type Header, type Prepare, sameSum, ZERO_SUM } from '../storage/prepare.ts';
import { FILE, TIMER, TOKEN } from './config.ts';
import type { CheckpointBlob, VsrMessage } from './message.ts';
import { adoptMemberships } from './reconfiguration.ts';
import { refuseUnreadableState } from './releases.ts';
import type { Replica } from './replica.ts';

/** Bytes of a checkpoint: the client table, then the state machine. */
export function encodeState(r: Replica): Uint8Array {
  const sessions = r.sessions.encode();
  const state = r.machine.snapshot();
  const bytes = new Uint8Array(sessions.length + state.length);
  bytes.set(sessions, 0);
  bytes.set(state, sessions.length);
  return bytes;
}

/** Loads a checkpoint's bytes into the client table and the state machine. */
export function restoreState(r: Replica, blob: CheckpointBlob): void {
  const used = r.sessions.decode(blob.bytes);
  r.machine.restore(blob.bytes.subarray(used));
  refuseUnreadableState(r);
}

/** Starts a checkpoint of the state right after `prepare` was applied: blob, sync, then one superblock update. */
export function takeCheckpoint(r: Replica, prepare: Prepare, bytes: Uint8Array = encodeState(r)): void {
  const sum = hash128(bytes, 0, bytes.length, ZERO_SUM);
  r.pendingCheckpoint = { op: prepare.op, opSum: prepare.sum, bytes, sum };
  r.pendingCause = 'own';
  r.pendingSynced = false;
  writePending(r);
}

function writePending(r: Replica): void {
  const blob = r.pendingCheckpoint as CheckpointBlob;
  const file = FILE.checkpoint[r.checkpointFile === 0 ? 1 : 0] as string;
  r.host.removeFile(file);
  if (r.host.createFile(file, Math.max(blob.bytes.length, 1)) !== '') {
    r.host.log('error', () => 'no space left on device: checkpoint refused');
    r.host.reached('checkpoint-no-space');
    // The checkpoint waits for room, and no op past the next one is applied meanwhile.
    r.host.setTimer(TIMER.checkpointRetry, 200_000, 500_000, blob.op);
    return;
  }
  r.host.write(file, 0, blob.bytes, TOKEN.checkpointWrite, blob.op);
}

/** There was no room for the pending checkpoint: tries again. */
export function onCheckpointRetry(r: Replica): void {
  if (r.pendingCheckpoint !== null && !r.pendingSynced) writePending(r);
}

/** Completions of the blob's write and sync; false when `op` is not one of them. */
export function onCheckpointDisk(r: Replica, op: DiskOp): boolean {
  if (op.token !== TOKEN.checkpointWrite && op.token !== TOKEN.checkpointSync) return false;
  if (op.error !== '') {
    if (r.config.rules.stopsOnSyncError()) r.host.exit(`checkpoint: ${op.kind} of ${op.file}: ${op.error}`);
  }
  const blob = r.pendingCheckpoint;
  if (blob === null || blob.op !== op.tag) return true;
  if (op.token === TOKEN.checkpointWrite && r.config.rules.syncsCheckpoint()) {
    r.host.fsync(op.file, TOKEN.checkpointSync, op.tag);
    return true;
  }
  r.pendingSynced = true;
  if (r.pendingCause === 'transfer') installHeaders(r);
  r.viewHeaders = r.viewHeaders.filter((header) => header.op > blob.op);
  r.persist();
  return true;
}

/** The superblock holds a state with `checkpointOp`: when that is the pending checkpoint, it is in force from now on. */
export function onCheckpointPersisted(r: Replica, checkpointOp: number): boolean {
  const blob = r.pendingCheckpoint;
  if (blob === null || blob.op !== checkpointOp || !r.pendingSynced) return false;
  const transferred = r.pendingCause === 'transfer';
  r.checkpointFile = r.checkpointFile === 0 ? 1 : 0;
  r.checkpointOp = blob.op;
  r.checkpointOpSum = blob.opSum;
  r.checkpointSum = blob.sum;
  r.checkpointBytes = blob.bytes.length;
  r.checkpointBlob = blob;
  r.journal.covered.clear();
  r.pendingCheckpoint = null;
  r.pendingCause = '';
  r.pendingSynced = false;
  r.peerCheckpoints[r.replica] = blob.op;
  if (transferred) {
    restoreState(r, blob);
    if (!r.config.rules.keepsSessionsOfTransfer()) r.sessions.clear();
    r.commit = blob.op;
    r.commitMax = Math.max(r.commitMax, blob.op);
    if (r.logView === r.pendingLogView) r.op = Math.max(r.op, r.pendingHead);
    r.op = Math.max(r.op, blob.op);
    r.transferring = false;
    r.dirty = true;
    r.durableOp = blob.op;
    r.hooks.observer.onInstall(r.replica, r.incarnation, blob.op, r.machine.hash0, r.machine.hash1, 'transfer');
    r.host.reached('state-transfer-installed');
    r.host.log('info', () => `state transfer: checkpoint ${blob.op} installed`);
  } else {
    r.host.reached('checkpoint-durable');
  }
  r.hooks.observer.onCheckpoint(r.replica, r.incarnation, blob.op, blob.sum.a ^ blob.sum.c);
  return true;
}

/** Takes over the head and the headers that came with a transferred checkpoint. */
function installHeaders(r: Replica): void {
  if (r.logView !== r.pendingLogView) return;
  const blob = r.pendingCheckpoint as CheckpointBlob;
  const headers = r.pendingSuffix.filter((header): header is Header => header !== null && header.op > blob.op);
  for (const header of headers) r.journal.expect(header);
  r.viewHeaders = headers;
}

/** Asks `from` for its newest checkpoint, because the own log no longer reaches what is needed. */
export function requestTransfer(r: Replica, from: number): void {
  if (r.pendingCause !== '' || from === r.replica || from < 0) return;
  const message = r.message('getCheckpoint');
  // Never below the own checkpoint, although its file may be damaged: what it covers was promised.
  message.op = Math.max(r.commit, r.checkpointOp - 1);
  r.send(from, r.sealed(message, r.view, r.commit));
  r.host.reached('state-transfer-asked');
}

/** Answers a peer that lags behind this replica's checkpoint. */
export function onGetCheckpoint(r: Replica, from: number, message: VsrMessage): void {
  const blob = r.checkpointBlob;
  if (blob === null || r.mustRecover || message.view > r.view) return;
  if (!r.config.rules.transfers(blob.op, message.op, 0)) return;
  const answer = r.message('checkpoint');
  answer.op = r.op;
  answer.commit = r.commitMax;
  answer.blob = blob;
  const headers: (Header | null)[] = [];
  for (let op = blob.op + 1; op <= r.op; op++) headers.push(r.journal.header(op));
  answer.suffix = { first: blob.op + 1, headers, present: new Uint8Array(0), nack: new Uint8Array(0) };
  r.send(from, r.sealed(answer, r.view, blob.op));
}

/**
 * A peer's checkpoint. It is installed when it lies ahead of the own commit number and comes either from a replica
 * with the log of the own view, or, while this replica is to lead a new view and lags, from the voter that it asked.
 */
export function onCheckpoint(r: Replica, from: number, message: VsrMessage): void {
  const blob = message.blob;
  if (blob === null || r.pendingCause === 'transfer') return;
  if (!r.config.rules.transfers(blob.op, r.commit, r.checkpointOp)) return;
  // The log of a replica that is in normal operation in the view is a prefix of its primary's.
  const sameLog = r.view === message.view && r.logView === r.view && message.logView === message.view;
  const asFollower = sameLog && !r.isLeader();
  const asCandidate = r.status === 'view-change' && r.isLeader() && r.chosen && from === r.transferFrom;
  if (!asFollower && !asCandidate) return;
  if (!sameSum(hash128(blob.bytes, 0, blob.bytes.length, ZERO_SUM), blob.sum)) {
    r.checksumFailures++;
    return;
  }
  if (r.pendingCause === 'own') return;
  r.pendingCheckpoint = blob;
  r.pendingCause = 'transfer';
  r.transferring = true;
  r.pendingSuffix = asCandidate ? r.viewHeaders : (message.suffix?.headers ?? []);
  r.pendingHead = asCandidate ? r.op : message.op;
  r.pendingLogView = r.logView;
  r.pendingSynced = false;
  if (!asCandidate) {
    r.commitMax = Math.max(r.commitMax, message.commit);
    if (message.memberships !== null && message.memberships[1].op > r.membership.op) {
      adoptMemberships(r, message.memberships);
    }
  }
  writePending(r);
}
