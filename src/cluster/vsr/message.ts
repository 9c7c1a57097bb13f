import type { Message } from '../../sim/api.ts';
import { type Header, type Prepare, type Sum, ZERO_SUM } from '../storage/prepare.ts';
import type { Memberships } from './membership.ts';

/** Tags of the messages: part of keys and hashes, never renumbered. */
export const TAG = {
  request: 1,
  prepare: 2,
  prepareOk: 3,
  reply: 4,
  heartbeat: 5,
  startViewChange: 6,
  doViewChange: 7,
  startView: 8,
  getView: 9,
  recovery: 10,
  recoveryResponse: 11,
  getHeaders: 12,
  headers: 13,
  getPrepare: 14,
  repairPrepare: 15,
  repairMissing: 16,
  getCheckpoint: 17,
  checkpoint: 18,
  ping: 19,
  pong: 20,
  eviction: 21,
  heartbeatAck: 22,
  getReply: 23,
  farewell: 28,
  /** The handshake of the connection has failed; never sent where servers have no identities. */
  rejected: 30,
} as const;

export type VsrKind = keyof typeof TAG;

/** What a replica tells about its log in a DoViewChange or in answer to GetHeaders: consecutive ops from `first`. */
export interface LogSuffix {
  /** Op of `headers[0]`. */
  readonly first: number;
  /** null where the op's header is not known (its slot is faulty). */
  readonly headers: readonly (Header | null)[];
  /** 1 where an intact prepare with that header is durable here. */
  readonly present: Uint8Array;
  /** 1 where this replica can prove that it never acknowledged the op. */
  readonly nack: Uint8Array;
}

/** A checkpoint as it travels: the state machine's and the client table's bytes at `op`. */
export interface CheckpointBlob {
  readonly op: number;
  /** Hash of the entry at `op`, the parent of the next. */
  readonly opSum: Sum;
  readonly bytes: Uint8Array;
  readonly sum: Sum;
}

/**
 * Every message of the protocol, with one object shape (fields that a kind does not use hold their neutral value), so
 * that the network and the handlers read them at full speed.
 */
export interface VsrMessage extends Message {
  readonly kind: VsrKind;
  /** Membership epoch; a message of another epoch is dropped. */
  readonly epoch: number;
  readonly view: number;
  readonly logView: number;
  readonly op: number;
  readonly commit: number;
  /** The sender's durable checkpoint op. */
  readonly checkpointOp: number;
  /** Op up to which a checkpoint is durable on a replication quorum, as far as the sender knows. */
  readonly checkpointQuorumOp: number;
  /** Sender's incarnation, so that answers to an earlier life are told apart. */
  readonly incarnation: number;
  /** Recovery nonce or ping time, echoed. */
  readonly nonce: number;
  readonly client: number;
  readonly request: number;
  readonly operation: number;
  /** Wall-clock reading (pings) or timestamp (replies). */
  readonly timeUs: number;
  readonly sum: Sum;
  readonly prepare: Prepare | null;
  /** Newest incarnation known of each member, by host (votes and recovery answers). */
  readonly incarnations: readonly number[] | null;
  readonly suffix: LogSuffix | null;
  readonly blob: CheckpointBlob | null;
  /** Request or reply content. */
  readonly body: Uint8Array | null;
  /** Memberships of the sender's log; null while no entry of it has changed the one that was formatted. */
  readonly memberships: Memberships | null;
  /** Release of the sender's binary; 0 where releases are not modelled. */
  readonly release: number;
  /** The sender's handshake; null where servers have no identities. */
  readonly hello: string | null;
}

/** The mutable draft of a message; fill in what the kind uses, then send it. */
export type Draft = { -readonly [K in keyof VsrMessage]: VsrMessage[K] };

const HEADER_BYTES = 128;
/** What two memberships take on the wire, in round figures. */
const MEMBERSHIPS_BYTES = 96;

/** A message of `kind` with every other field neutral. The caller sets fields, then calls {@link seal}. */
export function draft(kind: VsrKind, epoch: number, view: number): Draft {
  return {
    kind,
    tag: TAG[kind],
    id0: 0,
    id1: 0,
    digest: 0,
    sizeBytes: HEADER_BYTES,
    epoch,
    view,
    logView: 0,
    op: 0,
    commit: 0,
    checkpointOp: 0,
    checkpointQuorumOp: 0,
    incarnation: 0,
    nonce: 0,
    client: 0,
    request: 0,
    operation: 0,
    timeUs: 0,
    sum: ZERO_SUM,
    prepare: null,
    incarnations: null,
    suffix: null,
    blob: null,
    body: null,
    memberships: null,
    release: 0,
    hello: null,
  };
}

/** Sets the identity (R20: view and op, or client and request), size and digest of a filled draft. */
export function seal(message: Draft, id0: number, id1: number, release = 0): VsrMessage {
  message.release = release;
  message.id0 = id0;
  message.id1 = id1;
  let size = HEADER_BYTES;
  if (message.body !== null) size += message.body.length;
  if (message.prepare !== null) size += message.prepare.record.length;
  if (message.suffix !== null) size += message.suffix.headers.length * 48;
  if (message.blob !== null) size += message.blob.bytes.length;
  if (message.memberships !== null) size += MEMBERSHIPS_BYTES;
  message.sizeBytes = size;
  let digest = Math.imul(message.op ^ (message.view << 20), 0x9e3779b1) ^ Math.imul(message.commit, 0x85ebca6b);
  digest = Math.imul(digest ^ message.logView ^ (message.incarnation << 16) ^ message.nonce, 0xc2b2ae35);
  digest ^= Math.imul(message.request ^ (message.client << 20) ^ message.operation, 0x27d4eb2f);
  digest ^= message.sum.a ^ message.timeUs ^ (message.checkpointOp << 8) ^ message.epoch;
  if (message.release !== 0) digest ^= Math.imul(message.release, 0x165667b1);
  if (message.prepare !== null) digest ^= message.prepare.sum.b;
  if (message.blob !== null) digest ^= message.blob.sum.a;
  if (message.suffix !== null) digest ^= message.suffix.first + message.suffix.headers.length * 65_537;
  if (message.memberships !== null) digest ^= Math.imul(message.memberships[1].op, 0x2c1b3c6d);
  message.digest = digest | 0;
  return message;
}
