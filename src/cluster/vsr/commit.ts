import { OPERATION, type Prepare } from '../storage/prepare.ts';
import { encodeState, takeCheckpoint } from './checkpoint.ts';
import type { VsrMessage } from './message.ts';
import { onCommitted } from './reconfiguration.ts';
import type { Replica } from './replica.ts';

const EMPTY = new Uint8Array(0);

/**
 * Applies what is known to be committed, in order, as far as the log reaches. Stops at a missing entry (the caller's
 * repair will bring it) and while a checkpoint that must come first is being written.
 */
export function advanceCommit(r: Replica): void {
  const limit = r.config.rules.clampCommit(r.commitMax, r.op);
  let advanced = false;
  while (r.commit < limit) {
    const next = r.commit + 1;
    if (r.pendingCause !== '' && next % r.config.checkpointOps === 0) break;
    const prepare = r.journal.entry(next);
    if (prepare === null && !r.config.rules.waitsForMissing()) {
      r.commit = next;
      continue;
    }
    if (prepare === null) {
      if (limit > r.op) r.commit = limit;
      r.dirty = true;
      break;
    }
    const due = next % r.config.checkpointOps === 0;
    // Only a mutant takes the state before the op that the checkpoint names.
    const early = due && !r.config.rules.snapshotHoldsLast() ? encodeState(r) : undefined;
    apply(r, prepare);
    advanced = true;
    if (due) takeCheckpoint(r, prepare, early);
  }
  if (r.membership.op > 0) onCommitted(r);
  if (advanced && r.catchUpTo > 0 && r.commit >= r.catchUpTo && !r.dirty) {
    r.catchUpTo = 0;
    r.host.log('info', () => `recovery complete: op ${r.op}, commit ${r.commit}, view ${r.view}`);
    r.host.reached('recovery-complete');
  }
}

function apply(r: Replica, prepare: Prepare): void {
  r.commit = prepare.op;
  let reply: Uint8Array = EMPTY;
  switch (prepare.operation) {
    case OPERATION.root:
    case OPERATION.noop:
      r.machine.apply(prepare);
      break;
    case OPERATION.register: {
      reply = r.machine.apply(prepare);
      const evicted = r.sessions.register(prepare.client, prepare.op, prepare.timestampUs, reply);
      if (evicted >= 0) r.host.reached('session-evicted');
      break;
    }
    default: {
      const session = r.sessions.get(prepare.client);
      // A request of a session that an earlier entry evicted is not executed (R13); every replica decides alike.
      if (
        prepare.client !== 0 &&
        (session === null ? r.config.rules.needsSession() : session.request >= prepare.request)
      ) {
        r.machine.apply({ ...prepare, operation: OPERATION.noop });
        break;
      }
      reply = r.machine.apply(prepare);
      if (session !== null) {
        session.request = prepare.request;
        session.op = prepare.op;
        session.timestampUs = r.config.rules.executionTimeUs(prepare.timestampUs, r.host);
        session.reply = reply;
      }
    }
  }
  const digest = replyDigest(reply);
  r.hooks.observer.onApply(r.replica, r.incarnation, prepare, r.machine.hash0, r.machine.hash1, digest);
  if (r.isPrimary && prepare.client !== 0) {
    r.inPipeline.remove(prepare.client, prepare.request);
    const slot = r.journal.slotOf(prepare.op);
    const preparedUs = r.preparedUs[slot] as number;
    if (preparedUs > 0) r.hooks.onCommitLatency(r.host.monotonicUs() - preparedUs);
    answerFromTable(r, prepare.client);
  } else {
    answerPassedOn(r, prepare);
  }
}

/** A backup answers a request that it had passed on. */
function answerPassedOn(r: Replica, prepare: Prepare): void {
  if (r.passedOn.size === 0 || r.passedOn.get(prepare.client) !== prepare.request) return;
  r.passedOn.delete(prepare.client);
  if (r.sessions.get(prepare.client)?.request === prepare.request) answerFromTable(r, prepare.client);
}

/** Stands for a reply's bytes where they are compared: a 32-bit mix over all of them. */
export function replyDigest(reply: Uint8Array): number {
  let digest = reply.length;
  for (let at = 0; at < reply.length; at++) digest = Math.imul(digest ^ (reply[at] as number), 0x9e3779b1);
  return digest | 0;
}

/**
 * Answers a read from the present state of this replica, without the log and without asking whether it still leads;
 * false when the request is no read. Only a mutant comes here.
 */
export function answerLocally(r: Replica, message: VsrMessage): boolean {
  const body = r.machine.query(message.operation, message.body ?? EMPTY);
  if (body === null || r.sessions.get(message.client)?.session !== message.nonce) return false;
  const reply = r.message('reply');
  reply.client = message.client;
  reply.request = message.request;
  reply.commit = r.commit;
  reply.nonce = message.nonce;
  reply.body = body;
  r.send(hostOfClient(message.client), r.sealed(reply, message.client, message.request));
  return true;
}

/** Sends the reply that the client table holds for `client`, if any. */
export function answerFromTable(r: Replica, client: number): void {
  const session = r.sessions.get(client);
  if (session === null || r.isolated) return;
  const reply = r.message('reply');
  reply.client = client;
  reply.request = session.request;
  reply.op = session.op;
  reply.commit = r.commit;
  reply.nonce = session.session;
  reply.timeUs = session.timestampUs;
  reply.body = r.config.rules.keptReply(r.sessions, session).reply;
  r.send(hostOfClient(client), r.sealed(reply, client, session.request));
}

/** Client ids carry the number of their host, so that replies find it: `life * 1024 + host`. */
export function hostOfClient(client: number): number {
  return client & 1023;
}

export function clientId(host: number, life: number): number {
  return life * 1024 + host;
}

/** Whether `message` is a request that the table or the pipeline already knows. */
export function isKnownRequest(r: Replica, message: VsrMessage): boolean {
  const session = r.sessions.get(message.client);
  return session !== null && message.request <= session.request;
}
