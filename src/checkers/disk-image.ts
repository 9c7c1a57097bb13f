import type { Sum } from '../cluster/storage/prepare.ts';

/**
 * A second reader of the cluster's disk format, written from its description and sharing no code with the cluster, so
 * that a mistake in one shows against the other. A record is a header of 128 bytes, little-endian words, and a body:
 * magic at 0, CRC-32C of bytes 8..127 at 4, CRC-32C of the body at 8, size of both at 12, sum at 16, parent at 76,
 * epoch 92, view 96, op 100, operation 104, client 108, request 112, timestamp (low, high) 116. The sum covers all bytes
 * from 76 on.
 */

/** Where an op's record lies. */
export const PREPARES_FILE = 'log/prepares';
/** Without one of these a replica cannot know what it has promised: its next life recovers from its peers. */
export const VOTE_FILES: readonly string[] = ['superblock', 'log/headers', PREPARES_FILE];
/** The two places of a checkpoint, written in turn. */
export const CHECKPOINT_FILES: readonly string[] = ['checkpoint/0', 'checkpoint/1'];
const RECORD_MAGIC = 0x76737270;
const HEADER_SIZE = 128;
const HEADER_CRC_FROM = 8;
const SUM_AT = 16;
const PARENT_AT = 76;
const OP_AT = 100;

/** Reflected Castagnoli polynomial. */
const CASTAGNOLI_REFLECTED = 0x82f63b78;
/** Remainders of the sixteen half bytes. */
const HALF_BYTES = halfByteTable();

function halfByteTable(): Uint32Array {
  const table = new Uint32Array(16);
  for (let half = 0; half < 16; half++) {
    let crc = half;
    for (let bit = 0; bit < 4; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ CASTAGNOLI_REFLECTED : crc >>> 1;
    table[half] = crc;
  }
  return table;
}

/** What an intact record says. */
export interface DiskRecord {
  readonly op: number;
  readonly view: number;
  readonly epoch: number;
  readonly operation: number;
  readonly client: number;
  readonly request: number;
  readonly timestampUs: number;
  readonly sum: Sum;
  readonly parent: Sum;
  readonly sizeBytes: number;
}

/** CRC-32C (RFC 3720, section 12.1), four bits at a time: for samples and fallbacks. */
export function slowCrc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at++) {
    crc ^= bytes[at] as number;
    crc = (crc >>> 4) ^ (HALF_BYTES[crc & 15] as number);
    crc = (crc >>> 4) ^ (HALF_BYTES[crc & 15] as number);
  }
  return ~crc >>> 0;
}

/** Parses and proves the record at `offset`: null unless magic, size, both checksums and the sum are right. */
export function parseRecord(bytes: Uint8Array, offset: number): DiskRecord | null {
  if (offset + HEADER_SIZE > bytes.length) return null;
  const data = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  if (data.getUint32(0, true) !== RECORD_MAGIC) return null;
  if (data.getUint32(4, true) !== slowCrc32c(bytes, offset + HEADER_CRC_FROM, offset + HEADER_SIZE)) return null;
  const sizeBytes = data.getUint32(12, true);
  if (sizeBytes < HEADER_SIZE || sizeBytes > data.byteLength) return null;
  if (data.getUint32(8, true) !== slowCrc32c(bytes, offset + HEADER_SIZE, offset + sizeBytes)) return null;
  const sum = sumAt(data, SUM_AT);
  const computed = digest(data, PARENT_AT, sizeBytes);
  if (!equalSums(sum, computed)) return null;
  return {
    op: data.getUint32(OP_AT, true),
    view: data.getUint32(96, true),
    epoch: data.getUint32(92, true),
    operation: data.getUint32(104, true),
    client: data.getUint32(108, true),
    request: data.getUint32(112, true),
    timestampUs: data.getUint32(116, true) + data.getUint32(120, true) * 4_294_967_296,
    sum,
    parent: sumAt(data, PARENT_AT),
    sizeBytes,
  };
}

/** The sum that a record's own bytes give; null when it is shorter than a header. */
export function recordSum(record: Uint8Array): Sum | null {
  if (record.length < HEADER_SIZE) return null;
  return digest(new DataView(record.buffer, record.byteOffset, record.length), PARENT_AT, record.length);
}

/** Digest of a checkpoint's bytes. */
export function blobSum(bytes: Uint8Array): Sum {
  return digest(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** A sum as 32 hexadecimal digits. */
export function sumDigits(sum: Sum): string {
  return [sum.a, sum.b, sum.c, sum.d].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

export function equalSums(left: Sum, right: Sum): boolean {
  return left.a === right.a && left.b === right.b && left.c === right.c && left.d === right.d;
}

function sumAt(data: DataView, at: number): Sum {
  return {
    a: data.getInt32(at, true),
    b: data.getInt32(at + 4, true),
    c: data.getInt32(at + 8, true),
    d: data.getInt32(at + 12, true),
  };
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** A word at `at`; bytes at and beyond `end` count as zero. */
function paddedWord(data: DataView, at: number, end: number): number {
  if (at + 4 <= end) return data.getInt32(at, true);
  let word = 0;
  for (let byte = end - 1; byte >= at; byte--) word = (word << 8) | data.getUint8(byte);
  return word;
}

function mixLast(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The four words at `at` after the first half of the block function, which is all that the last piece gets. */
function scrambled(data: DataView, at: number, end: number, lane: 0 | 1 | 2 | 3): number {
  const word = paddedWord(data, at + lane * 4, end);
  switch (lane) {
    case 0:
      return Math.imul(rotate(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
    case 1:
      return Math.imul(rotate(Math.imul(word, 0xab0e9789), 16), 0x38b34ae5);
    case 2:
      return Math.imul(rotate(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93);
    case 3:
      return Math.imul(rotate(Math.imul(word, 0xa1e38b93), 18), 0x239b961b);
  }
}

/**
 * The cluster's 128-bit digest with seed zero: the block function of MurmurHash3_x86_128 (Austin Appleby, public domain)
 * over blocks of 16 bytes; a shorter rest is padded with zeros and only scrambled into the lanes; then length and lanes
 * are folded together.
 */
function digest(data: DataView, start: number, end: number): Sum {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let at = start; at < end; at += 16) {
    const whole = at + 16 <= end;
    a ^= scrambled(data, at, end, 0);
    if (whole) a = (Math.imul(rotate(a, 19) + b, 5) + 0x561ccd1b) | 0;
    b ^= scrambled(data, at, end, 1);
    if (whole) b = (Math.imul(rotate(b, 17) + c, 5) + 0x0bcaa747) | 0;
    c ^= scrambled(data, at, end, 2);
    if (whole) c = (Math.imul(rotate(c, 15) + d, 5) + 0x96cd1c35) | 0;
    d ^= scrambled(data, at, end, 3);
    if (whole) d = (Math.imul(rotate(d, 13) + a, 5) + 0x32ac3b17) | 0;
  }
  const length = end - start;
  b ^= length;
  c ^= length;
  d ^= length;
  a = ((a ^ length) + b + c + d) | 0;
  b = mixLast((b + a) | 0);
  c = mixLast((c + a) | 0);
  d = mixLast((d + a) | 0);
  a = (mixLast(a) + b + c + d) | 0;
  return { a, b: (b + a) | 0, c: (c + a) | 0, d: (d + a) | 0 };
}
