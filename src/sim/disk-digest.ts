/** From this length on a DataView pays for its allocation. Both ways give the same digest. */
const VIEW_BYTES_MIN = 512;

/**
 * A 32-bit digest of written bytes for the trace hash: two lanes, eight bytes a step, little-endian words. It tells
 * runs apart; it protects nothing.
 */
export function digestBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  const view = length < VIEW_BYTES_MIN ? null : new DataView(bytes.buffer, bytes.byteOffset, length);
  let x = 0x9e3779b1 ^ length;
  let y = 0x85ebca77 | 0;
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    x = Math.imul(x ^ (view === null ? word(bytes, at) : view.getInt32(at, true)), 0x27d4eb2f);
    y = Math.imul(y ^ (view === null ? word(bytes, at + 4) : view.getInt32(at + 4, true)), 0x165667b1);
    x ^= x >>> 15;
    y ^= y >>> 13;
  }
  for (; at < length; at++) x = Math.imul(x ^ bytes[at]!, 0x27d4eb2f) ^ (y >>> 11);
  x = Math.imul(x ^ ((y << 16) | (y >>> 16)), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
