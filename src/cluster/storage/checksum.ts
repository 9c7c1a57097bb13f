import type { Sum } from './prepare.ts';

/**
 * The two digests of the log: CRC-32C finds damage, and a 128-bit hash identifies an entry and links it to its
 * predecessor (R29). Both read bytes one at a time, so they do not depend on the byte order of the machine.
 */

/** Reversed Castagnoli polynomial (RFC 3720, section 12.1). */
const CASTAGNOLI = 0x82f63b78;
const TABLE = crcTables();

/** Tables for sixteen bytes a step: `table[n * 256 + b]` is the remainder of byte `b` followed by `n` zero bytes. */
function crcTables(): Int32Array {
  const table = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ CASTAGNOLI;
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = table[index - 256]!;
    table[index] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}

/** CRC-32C of `bytes[start, end)` as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = TABLE;
  let crc = -1;
  let i = start;
  for (const last = end - 16; i <= last; i += 16) {
    crc =
      t[3840 + (bytes[i]! ^ (crc & 255))]! ^
      t[3584 + (bytes[i + 1]! ^ ((crc >>> 8) & 255))]! ^
      t[3328 + (bytes[i + 2]! ^ ((crc >>> 16) & 255))]! ^
      t[3072 + (bytes[i + 3]! ^ (crc >>> 24))]! ^
      t[2816 + bytes[i + 4]!]! ^
      t[2560 + bytes[i + 5]!]! ^
      t[2304 + bytes[i + 6]!]! ^
      t[2048 + bytes[i + 7]!]! ^
      t[1792 + bytes[i + 8]!]! ^
      t[1536 + bytes[i + 9]!]! ^
      t[1280 + bytes[i + 10]!]! ^
      t[1024 + bytes[i + 11]!]! ^
      t[768 + bytes[i + 12]!]! ^
      t[512 + bytes[i + 13]!]! ^
      t[256 + bytes[i + 14]!]! ^
      t[bytes[i + 15]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

/**
 * A 128-bit digest of `bytes[start, end)`, seeded by another digest. {@link hash128} is the one in use; SHA-256 over
 * (seed, bytes), cut to 128 bits, has the same form.
 */
export type Digest128 = (bytes: Uint8Array, start: number, end: number, seed: Sum) => Sum;

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

function avalanche(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Four 32-bit lanes over blocks of 16 bytes, in the manner of MurmurHash3_x86_128 (Austin Appleby, public domain
 * algorithm) with a 128-bit seed. The rest of less than a block is mixed into the lanes without their rotation step,
 * and the length enters at the end, so inputs that differ in trailing zeros differ in digest. Not cryptographic: nobody
 * forges entries in this simulation.
 */
export function hash128(bytes: Uint8Array, start: number, end: number, seed: Sum): Sum {
  let a = seed.a | 0;
  let b = seed.b | 0;
  let c = seed.c | 0;
  let d = seed.d | 0;
  let i = start | 0;
  for (const last = (end - 16) | 0; i <= last; i = (i + 16) | 0) {
    const k1 = Math.imul(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24), C1);
    a ^= Math.imul((k1 << 15) | (k1 >>> 17), C2);
    a = (Math.imul((((a << 19) | (a >>> 13)) + b) | 0, 5) + 0x561ccd1b) | 0;
    const k2 = Math.imul(bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24), C2);
    b ^= Math.imul((k2 << 16) | (k2 >>> 16), C3);
    b = (Math.imul((((b << 17) | (b >>> 15)) + c) | 0, 5) + 0x0bcaa747) | 0;
    const k3 = Math.imul(bytes[i + 8]! | (bytes[i + 9]! << 8) | (bytes[i + 10]! << 16) | (bytes[i + 11]! << 24), C3);
    c ^= Math.imul((k3 << 17) | (k3 >>> 15), C4);
    c = (Math.imul((((c << 15) | (c >>> 17)) + d) | 0, 5) + 0x96cd1c35) | 0;
    const k4 = Math.imul(bytes[i + 12]! | (bytes[i + 13]! << 8) | (bytes[i + 14]! << 16) | (bytes[i + 15]! << 24), C4);
    d ^= Math.imul((k4 << 18) | (k4 >>> 14), C1);
    d = (Math.imul((((d << 13) | (d >>> 19)) + a) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (i < end) {
    const k1 = Math.imul(partial(bytes, i, end), C1);
    const k2 = Math.imul(partial(bytes, i + 4, end), C2);
    const k3 = Math.imul(partial(bytes, i + 8, end), C3);
    const k4 = Math.imul(partial(bytes, i + 12, end), C4);
    a ^= Math.imul((k1 << 15) | (k1 >>> 17), C2);
    b ^= Math.imul((k2 << 16) | (k2 >>> 16), C3);
    c ^= Math.imul((k3 << 17) | (k3 >>> 15), C4);
    d ^= Math.imul((k4 << 18) | (k4 >>> 14), C1);
  }
  return finish(a, b, c, d, (end - start) | 0);
}

/** Up to four bytes from `i` on as a little-endian word, zeros beyond `end`. */
function partial(bytes: Uint8Array, i: number, end: number): number {
  let word = 0;
  for (let n = 0; n < 4 && i + n < end; n++) word |= bytes[i + n]! << (8 * n);
  return word;
}

function finish(a: number, b: number, c: number, d: number, sizeBytes: number): Sum {
  a ^= sizeBytes;
  b ^= sizeBytes;
  c ^= sizeBytes;
  d ^= sizeBytes;
  a = (a + b + c + d) | 0;
  b = avalanche((b + a) | 0);
  c = avalanche((c + a) | 0);
  d = avalanche((d + a) | 0);
  a = (avalanche(a) + b + c + d) | 0;
  return { a, b: (b + a) | 0, c: (c + a) | 0, d: (d + a) | 0 };
}
