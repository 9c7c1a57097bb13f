import { ProcessAssertion } from '../../sim/api.ts';
import { crc32c, hash128 } from '../storage/checksum.ts';
import { type Header, type Sum, sameSum, ZERO_SUM } from '../storage/prepare.ts';
import { read32, readSum, write32, writeSum } from '../storage/record.ts';
import { type Memberships, packMembership, unpackMembership } from './membership.ts';
import { HONEST_RULES, type Rules } from './rules.ts';

/** What a replica must never forget while it keeps its vote (R5, R7). */
export interface SuperblockState {
  readonly cluster: number;
  readonly replica: number;
  readonly epoch: number;
  readonly members: readonly number[];
  readonly view: number;
  readonly logView: number;
  readonly commit: number;
  readonly checkpointOp: number;
  readonly checkpointOpSum: Sum;
  /** Sum of the checkpoint's bytes. */
  readonly checkpointSum: Sum;
  readonly checkpointFile: 0 | 1;
  readonly checkpointBytes: number;
  /** Headers of the log of `logView` above the checkpoint, as they were when that view began here. */
  readonly viewHeaders: readonly Header[];
  /** The journal was lost: no vote until the nonce protocol is through. */
  readonly mustRecover: boolean;
  readonly incarnation: number;
  /** Newest incarnation heard of each member, in the order of `members`: votes of older ones do not count. */
  readonly peerIncarnations: readonly number[];
  readonly isolated: boolean;
  /** Memberships that entries of the log have made; absent or null: `members` are the voters, as formatted. */
  readonly memberships?: Memberships | null;
  /** Removed from the membership: silent for good. */
  readonly retired?: boolean;
}

export const SUPERBLOCK_COPIES = 4;
/** Four sectors: room for the headers of some 400 ops above the checkpoint. */
export const SUPERBLOCK_COPY_BYTES = 16_384;

const MAGIC = 0x76737362;
/** Copies of one sequence that make it readable (R5). */
const OPEN_THRESHOLD = 2;
/** Content begins after magic, checksum and the copy's index, which no checksum covers. */
export const CONTENT_FROM = 12;
const FIXED_BYTES = 116;
const HEADER_ENTRY_BYTES = 40;

/** The result of reading the copies: a state, or why there is none. */
export type OpenedSuperblock =
  | {
      readonly kind: 'open';
      readonly state: SuperblockState;
      readonly sequence: number;
      readonly sum: Sum;
      readonly parent: Sum;
      /** Copies that do not hold this state: to be rewritten before the next update. */
      readonly damagedCopies: readonly number[];
    }
  | { readonly kind: 'lost'; readonly reason: string };

/** Place of the copy's index, which is all that differs between the copies of one superblock. */
export const COPY_AT = 8;

interface Copy {
  readonly state: SuperblockState;
  readonly sequence: number;
  readonly parent: Sum;
  readonly sum: Sum;
}

/** The words and sums of fixed size; returns where what follows begins. */
function writeFixed(bytes: Uint8Array, state: SuperblockState, size: number, sequence: number, parent: Sum): number {
  const words = [
    size,
    sequence,
    state.cluster,
    state.replica,
    state.epoch,
    state.view,
    state.logView,
    state.commit,
    state.checkpointOp,
    state.checkpointFile,
    state.checkpointBytes,
    flagsOf(state),
    state.incarnation,
    state.members.length,
  ];
  let at = CONTENT_FROM;
  for (const value of words) {
    write32(bytes, at, value);
    at += 4;
  }
  for (const sum of [parent, state.checkpointOpSum, state.checkpointSum]) {
    writeSum(bytes, at, sum);
    at += 16;
  }
  return at;
}

/**
 * Encodes one copy, into `bytes` where they are given; throws ProcessAssertion `superblock-size` when the state does not
 * fit.
 */
export function encodeSuperblock(
  state: SuperblockState,
  sequence: number,
  parent: Sum,
  copy: number,
  bytes: Uint8Array = new Uint8Array(SUPERBLOCK_COPY_BYTES),
): Uint8Array {
  bytes.fill(0);
  const packed = (state.memberships ?? []).map(packMembership);
  let size = FIXED_BYTES + state.members.length * 8 + state.viewHeaders.length * HEADER_ENTRY_BYTES;
  for (const each of packed) size += each.length;
  if (size > SUPERBLOCK_COPY_BYTES) {
    const room = `${SUPERBLOCK_COPY_BYTES} bytes a copy: use fewer journal slots`;
    throw new ProcessAssertion('superblock-size', `superblock of ${size} bytes does not fit ${room}`);
  }
  let at = writeFixed(bytes, state, size, sequence, parent);
  for (const member of state.members) {
    write32(bytes, at, member);
    at += 4;
  }
  for (let index = 0; index < state.members.length; index++) {
    write32(bytes, at, state.peerIncarnations[index] ?? 0);
    at += 4;
  }
  for (const each of packed) {
    bytes.set(each, at);
    at += each.length;
  }
  for (const header of state.viewHeaders) {
    write32(bytes, at, header.op);
    write32(bytes, at + 4, header.view);
    writeSum(bytes, at + 8, header.sum);
    writeSum(bytes, at + 24, header.parent);
    at += HEADER_ENTRY_BYTES;
  }
  write32(bytes, 0, MAGIC);
  write32(bytes, 4, crc32c(bytes, CONTENT_FROM, size));
  write32(bytes, COPY_AT, copy);
  return bytes;
}

function flagsOf({ mustRecover, isolated, memberships, retired }: SuperblockState): number {
  return (mustRecover ? 1 : 0) | (isolated ? 2 : 0) | ((memberships ?? null) === null ? 0 : 4) | (retired ? 8 : 0);
}

function decodeMemberships(
  bytes: Uint8Array,
  at: number,
  flags: number,
): { readonly memberships: Memberships | null; readonly endAt: number } {
  if ((flags & 4) === 0) return { memberships: null, endAt: at };
  const former = unpackMembership(bytes, at);
  const latest = unpackMembership(bytes, at + former.sizeBytes);
  return {
    memberships: [former.membership, latest.membership],
    endAt: at + former.sizeBytes + latest.sizeBytes,
  };
}

function decodeCopy(bytes: Uint8Array | null): Copy | null {
  if (bytes === null || bytes.length < SUPERBLOCK_COPY_BYTES || read32(bytes, 0) !== MAGIC) return null;
  const sizeBytes = read32(bytes, CONTENT_FROM);
  if (sizeBytes < FIXED_BYTES || sizeBytes > SUPERBLOCK_COPY_BYTES) return null;
  if (crc32c(bytes, CONTENT_FROM, sizeBytes) !== read32(bytes, 4)) return null;
  const word = (index: number): number => read32(bytes, CONTENT_FROM + index * 4);
  const size = word(0);
  const memberCount = word(13);
  const sumsAt = CONTENT_FROM + 14 * 4;
  const members: number[] = [];
  const peerIncarnations: number[] = [];
  for (let index = 0; index < memberCount; index++) {
    members.push(read32(bytes, sumsAt + 48 + index * 4));
    peerIncarnations.push(read32(bytes, sumsAt + 48 + (memberCount + index) * 4));
  }
  const viewHeaders: Header[] = [];
  const { memberships, endAt } = decodeMemberships(bytes, sumsAt + 48 + memberCount * 8, word(11));
  for (let at = endAt; at + HEADER_ENTRY_BYTES <= size; at += HEADER_ENTRY_BYTES) {
    viewHeaders.push({
      op: read32(bytes, at),
      view: read32(bytes, at + 4),
      sum: readSum(bytes, at + 8),
      parent: readSum(bytes, at + 24),
    });
  }
  return {
    sequence: word(1),
    parent: readSum(bytes, sumsAt),
    sum: hash128(bytes, CONTENT_FROM, size, ZERO_SUM),
    state: {
      cluster: word(2),
      replica: word(3),
      epoch: word(4),
      members,
      view: word(5),
      logView: word(6),
      commit: word(7),
      checkpointOp: word(8),
      checkpointOpSum: readSum(bytes, sumsAt + 16),
      checkpointSum: readSum(bytes, sumsAt + 32),
      checkpointFile: word(9) === 1 ? 1 : 0,
      checkpointBytes: word(10),
      viewHeaders,
      mustRecover: (word(11) & 1) !== 0,
      incarnation: word(12),
      peerIncarnations,
      isolated: (word(11) & 2) !== 0,
      ...(memberships === null ? {} : { memberships }),
      ...((word(11) & 8) === 0 ? {} : { retired: true }),
    },
  };
}

/**
 * Reads the copies of a superblock; null stands for one that the device refused to read.
 *
 * Let s be the last completed update, s + 1 one that a crash cut short, and let one copy be damaged besides (R5). As
 * copies are written in order and each is synced before the next:
 * - two or more copies agree on s + 1: it opens; it was asked for, and nothing of it contradicts s;
 * - fewer do, and two or more agree on s: s opens, and the lone newer copy counts as unfinished. It must have s as its
 *   parent. Otherwise an update has been completed of which this quorum knows nothing (`skipped`), and opening would
 *   take back what was promised in it;
 * - one copy of each is left (copy 0 new, copy 1 torn, one of the others damaged): the new one opens, as its parent
 *   link attests the old one and the old one it. Never a single copy without such a link.
 *
 * In none of these is the result below the last completed update, because a completed update leaves no copy of its
 * predecessor. Two copies of one sequence with different content (a fork) never open.
 *
 * `damagedCopies` stands in the order of repair: unreadable copies first, then those of another sequence. Overwriting
 * one of the latter first would spend a witness while a copy that tells nothing is still there.
 */
export function openSuperblock(
  copies: readonly (Uint8Array | null)[],
  rules: Pick<Rules, 'copiesSuffice'> = HONEST_RULES,
): OpenedSuperblock {
  const decoded = copies.map((bytes) => decodeCopy(bytes));
  const valid = decoded.filter((copy): copy is Copy => copy !== null);
  valid.sort((left, right) => right.sequence - left.sequence);
  const newest = valid[0];
  if (newest === undefined) return { kind: 'lost', reason: 'no copy is readable' };
  const agreed = valid.find((copy) => rules.copiesSuffice(count(valid, copy), OPEN_THRESHOLD));
  const chosen = agreed ?? valid.find((copy) => isLinked(valid, copy));
  if (chosen === undefined) {
    return { kind: 'lost', reason: `${valid.length} of ${copies.length} copies readable, no two of them agree` };
  }
  if (valid.some((copy) => copy.sequence === chosen.sequence && !sameSum(copy.sum, chosen.sum))) {
    return { kind: 'lost', reason: `fork: copies of sequence ${chosen.sequence} differ` };
  }
  const above = valid.filter((copy) => copy.sequence > chosen.sequence);
  if (above.some((copy) => copy.sequence !== chosen.sequence + 1 || !sameSum(copy.parent, chosen.sum))) {
    return {
      kind: 'lost',
      reason: `skipped: a copy of sequence ${newest.sequence} does not follow ${chosen.sequence}`,
    };
  }
  const unreadable: number[] = [];
  const differing: number[] = [];
  for (const [index, copy] of decoded.entries()) {
    if (copy === null) unreadable.push(index);
    else if (copy.sequence !== chosen.sequence) differing.push(index);
  }
  return {
    kind: 'open',
    state: chosen.state,
    sequence: chosen.sequence,
    sum: chosen.sum,
    parent: chosen.parent,
    damagedCopies: [...unreadable, ...differing],
  };
}

function count(valid: readonly Copy[], wanted: Copy): number {
  let alike = 0;
  for (const copy of valid) if (copy.sequence === wanted.sequence && sameSum(copy.sum, wanted.sum)) alike++;
  return alike;
}

function isLinked(valid: readonly Copy[], copy: Copy): boolean {
  return valid.some((older) => older.sequence === copy.sequence - 1 && sameSum(older.sum, copy.parent));
}

/** The bytes of a freshly formatted superblock: all copies at sequence 1. */
export function formatSuperblock(state: SuperblockState, sequence = 1, parent: Sum = ZERO_SUM): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_COPIES * SUPERBLOCK_COPY_BYTES);
  const encoded = encodeSuperblock(state, sequence, parent, 0);
  for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
    bytes.set(encoded, copy * SUPERBLOCK_COPY_BYTES);
    write32(bytes, copy * SUPERBLOCK_COPY_BYTES + COPY_AT, copy);
  }
  return bytes;
}
