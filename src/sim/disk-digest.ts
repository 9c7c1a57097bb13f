/**
 * A 32-bit digest of written bytes for the trace hash: two lanes, four bytes a step. It tells runs apart; it protects
 * nothing.
 */
export function digestBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  let x = 0x9e3779b1 ^ length;
  let y = 0x85ebca77 | 0;
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    const a = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const b = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    x = Math.imul(x ^ a, 0x27d4eb2f);
    y = Math.imul(y ^ b, 0x165667b1);
    x ^= x >>> 15;
    y ^= y >>> 13;
  }
  for (; at < length; at++) x = Math.imul(x ^ bytes[at]!, 0x27d4eb2f) ^ (y >>> 11);
  x = Math.imul(x ^ ((y << 16) | (y >>> 16)), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
