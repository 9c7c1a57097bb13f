import { ProcessAssertion } from '../../sim/api.ts';
import { crc32c, type Digest128, hash128 } from './checksum.ts';
import { type Header, type Prepare, type Sum, sameSum, ZERO_SUM } from './prepare.ts';

/**
 * How an entry lies on disk: a header of 128 bytes, little-endian, then the body. The header ring holds the same 128
 * bytes alone. All fields are unsigned 32-bit words.
 *
 * | offset | field | | offset | field |
 * |---|---|---|---|---|
 * | 0 | magic | | 92 | epoch |
 * | 4 | CRC-32C of bytes 8..127 | | 96 | view |
 * | 8 | CRC-32C of the body | | 100 | op |
 * | 12 | size of header and body | | 104 | operation |
 * | 16 | sum (4 words) | | 108 | client |
 * | 32 | zeros (44 bytes) | | 112 | request |
 * | 76 | parent (4 words) | | 116 | timestamp, low and high word |
 * | | | | 124 | cluster |
 *
 * `sum` covers bytes 76 to the end of the body, in one piece.
 *
 * A slot that never held an entry holds a *reserved* header with a checksum of its own. Zeros would not do: a zeroed
 * sector is damage (class B of R1), and taking it for a slot that was never used would deny an acknowledged op.
 */

export const HEADER_BYTES = 128;
const MAGIC = 0x76737270;
const MAGIC_RESERVED = 0x76737230;
const SUMMED_FROM = 76;
const WORD_MAX = 4_294_967_295;
const SUM_HASH: Digest128 = hash128;

/** A header as stored: what {@link Header} says, and the words beside it. */
export interface RecordHeader extends Header {
  readonly epoch: number;
  readonly operation: number;
  readonly client: number;
  readonly request: number;
  readonly timestampUs: number;
  readonly cluster: number;
  /** Header and body. */
  readonly sizeBytes: number;
}

/** What the maker of an entry chooses; the rest of a {@link Prepare} follows from it. */
export interface PrepareFields {
  readonly cluster: number;
  readonly epoch: number;
  readonly view: number;
  readonly op: number;
  readonly parent: Sum;
  readonly operation: number;
  readonly client: number;
  readonly request: number;
  readonly timestampUs: number;
  readonly body: Uint8Array;
}

export function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function readSum(bytes: Uint8Array, at: number): Sum {
  return {
    a: read32(bytes, at) | 0,
    b: read32(bytes, at + 4) | 0,
    c: read32(bytes, at + 8) | 0,
    d: read32(bytes, at + 12) | 0,
  };
}

export function writeSum(bytes: Uint8Array, at: number, sum: Sum): void {
  write32(bytes, at, sum.a);
  write32(bytes, at + 4, sum.b);
  write32(bytes, at + 8, sum.c);
  write32(bytes, at + 12, sum.d);
}

function word(bytes: Uint8Array, at: number, value: number, name: string): void {
  if (!(value >= 0 && value <= WORD_MAX && value === Math.trunc(value))) {
    throw new ProcessAssertion('record-field', `${name} ${value} is not an unsigned 32-bit integer`);
  }
  write32(bytes, at, value);
}

/**
 * Builds an entry: encodes the record, hashes it, and links it to `parent`. The body is copied into the record.
 * Throws ProcessAssertion `record-field` when a field does not fit its word.
 */
export function makePrepare(fields: PrepareFields): Prepare {
  const record = new Uint8Array(HEADER_BYTES + fields.body.length);
  const { timestampUs } = fields;
  write32(record, 0, MAGIC);
  write32(record, 12, record.length);
  writeSum(record, SUMMED_FROM, fields.parent);
  word(record, 92, fields.epoch, 'epoch');
  word(record, 96, fields.view, 'view');
  word(record, 100, fields.op, 'op');
  word(record, 104, fields.operation, 'operation');
  word(record, 108, fields.client, 'client');
  word(record, 112, fields.request, 'request');
  word(record, 116, timestampUs % 4_294_967_296, 'timestamp');
  word(record, 120, Math.floor(timestampUs / 4_294_967_296), 'timestamp');
  word(record, 124, fields.cluster, 'cluster');
  record.set(fields.body, HEADER_BYTES);
  const sum = SUM_HASH(record, SUMMED_FROM, record.length, ZERO_SUM);
  writeSum(record, 16, sum);
  write32(record, 8, crc32c(record, HEADER_BYTES, record.length));
  write32(record, 4, crc32c(record, 8, HEADER_BYTES));
  return {
    epoch: fields.epoch,
    view: fields.view,
    op: fields.op,
    parent: fields.parent,
    sum,
    operation: fields.operation,
    client: fields.client,
    request: fields.request,
    timestampUs,
    body: record.subarray(HEADER_BYTES),
    record,
  };
}

/** True when 128 bytes lie at `offset` with this magic and a right header checksum. */
function headerIntact(bytes: Uint8Array, offset: number, magic: number): boolean {
  return (
    offset + HEADER_BYTES <= bytes.length &&
    read32(bytes, offset) === magic &&
    read32(bytes, offset + 4) === crc32c(bytes, offset + 8, offset + HEADER_BYTES)
  );
}

/** True when body checksum and sum are those that the (intact) header names. */
function contentIntact(bytes: Uint8Array, offset: number): boolean {
  const end = offset + read32(bytes, offset + 12);
  return (
    end >= offset + HEADER_BYTES &&
    end <= bytes.length &&
    read32(bytes, offset + 8) === crc32c(bytes, offset + HEADER_BYTES, end) &&
    sameSum(readSum(bytes, offset + 16), SUM_HASH(bytes, offset + SUMMED_FROM, end, ZERO_SUM))
  );
}

function timestampAt(bytes: Uint8Array, at: number): number {
  return read32(bytes, at) + read32(bytes, at + 4) * 4_294_967_296;
}

/** The header at `offset`, or null when its own checksum or magic is wrong. Says nothing about the body. */
export function decodeHeader(bytes: Uint8Array, offset: number): RecordHeader | null {
  if (!headerIntact(bytes, offset, MAGIC)) return null;
  return {
    op: read32(bytes, offset + 100),
    view: read32(bytes, offset + 96),
    sum: readSum(bytes, offset + 16),
    parent: readSum(bytes, offset + SUMMED_FROM),
    epoch: read32(bytes, offset + 92),
    operation: read32(bytes, offset + 104),
    client: read32(bytes, offset + 108),
    request: read32(bytes, offset + 112),
    timestampUs: timestampAt(bytes, offset + 116),
    cluster: read32(bytes, offset + 124),
    sizeBytes: read32(bytes, offset + 12),
  };
}

/** The entry at `offset`, or null unless magic, both checksums and the sum are right. Owns a copy of its bytes. */
export function decodeRecord(bytes: Uint8Array, offset: number): Prepare | null {
  if (!headerIntact(bytes, offset, MAGIC) || !contentIntact(bytes, offset)) return null;
  const record = bytes.slice(offset, offset + read32(bytes, offset + 12));
  return {
    epoch: read32(record, 92),
    view: read32(record, 96),
    op: read32(record, 100),
    parent: readSum(record, SUMMED_FROM),
    sum: readSum(record, 16),
    operation: read32(record, 104),
    client: read32(record, 108),
    request: read32(record, 112),
    timestampUs: timestampAt(record, 116),
    body: record.subarray(HEADER_BYTES),
    record,
  };
}

/** Cluster id that the record of an entry carries. */
export function recordCluster(prepare: Prepare): number {
  return read32(prepare.record, 124);
}

/**
 * Checks a received entry against its own record: checksums and sum are computed again, and every field, the body
 * included, must be what the record says. Nothing is remembered between calls.
 */
export function verifyPrepare(prepare: Prepare): boolean {
  const { record } = prepare;
  return (
    headerIntact(record, 0, MAGIC) &&
    read32(record, 12) === record.length &&
    contentIntact(record, 0) &&
    sameSum(prepare.sum, readSum(record, 16)) &&
    sameSum(prepare.parent, readSum(record, SUMMED_FROM)) &&
    prepare.epoch === read32(record, 92) &&
    prepare.view === read32(record, 96) &&
    prepare.op === read32(record, 100) &&
    prepare.operation === read32(record, 104) &&
    prepare.client === read32(record, 108) &&
    prepare.request === read32(record, 112) &&
    prepare.timestampUs === timestampAt(record, 116) &&
    sameBody(prepare.body, record)
  );
}

function sameBody(body: Uint8Array, record: Uint8Array): boolean {
  if (body.length !== record.length - HEADER_BYTES) return false;
  if (body.buffer === record.buffer && body.byteOffset === record.byteOffset + HEADER_BYTES) return true;
  for (let index = 0; index < body.length; index++) {
    if (body[index] !== record[HEADER_BYTES + index]) return false;
  }
  return true;
}

/** The header that stands in a slot which never held an entry: written to both zones when a replica is formatted. */
export function encodeReserved(slot: number, cluster: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  write32(bytes, 0, MAGIC_RESERVED);
  write32(bytes, 12, HEADER_BYTES);
  word(bytes, 100, slot, 'slot');
  word(bytes, 124, cluster, 'cluster');
  write32(bytes, 4, crc32c(bytes, 8, HEADER_BYTES));
  return bytes;
}

/** True when an intact reserved header of this slot and cluster lies at `offset`. */
export function isReserved(bytes: Uint8Array, offset: number, slot: number, cluster: number): boolean {
  return (
    headerIntact(bytes, offset, MAGIC_RESERVED) &&
    read32(bytes, offset + 100) === slot &&
    read32(bytes, offset + 124) === cluster
  );
}
