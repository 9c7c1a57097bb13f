/**
 * The stateless mix behind every run-time decision (R20): `mixN(seed, domain, k1..kN)` is a 32-bit integer that depends
 * on nothing but its arguments. The construction is MurmurHash3's 32-bit body and finaliser (Austin Appleby, public
 * domain algorithm) over the words (domain, k1..kN), with the number of words folded in at the end so that tuples of
 * different lengths never collide by concatenation. `test/sim/mix.test.ts` holds the test vectors and the bit-agreement
 * property of R20.
 */

/** What a decision is about. The numbers enter keys, so they are never reused or renumbered. */
export const DOMAIN = {
  tie: 1,
  packetLoss: 2,
  packetLatency: 3,
  packetDuplicate: 4,
  packetReorder: 5,
  packetCorrupt: 6,
  packetDuplicateLatency: 7,
  timerJitter: 8,
  diskLatency: 9,
  powerLossFate: 10,
  powerLossTear: 11,
  clientOperation: 12,
  fault: 13,
  may: 14,
  mayFire: 15,
  heal: 16,
  core: 17,
  memory: 18,
  bitRot: 19,
  shell: 20,
  packetAlter: 21,
  fsyncFailFate: 22,
  hostLoad: 23,
} as const;

function word(h: number, k: number): number {
  k = Math.imul(k | 0, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  h ^= Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

function finish(h: number, words: number): number {
  h ^= words * 4;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One key word. Returns an unsigned 32-bit integer, as all of the family do. */
export function mix1(seed: number, domain: number, a: number): number {
  return finish(word(word(seed, domain), a), 2);
}

/** Two key words. A time or another number above 2^32 must be passed as two words (see {@link hi32}). */
export function mix2(seed: number, domain: number, a: number, b: number): number {
  return finish(word(word(word(seed, domain), a), b), 3);
}

export function mix3(seed: number, domain: number, a: number, b: number, c: number): number {
  return finish(word(word(word(word(seed, domain), a), b), c), 4);
}

export function mix4(seed: number, domain: number, a: number, b: number, c: number, d: number): number {
  return finish(word(word(word(word(word(seed, domain), a), b), c), d), 5);
}

export function mix5(seed: number, domain: number, a: number, b: number, c: number, d: number, e: number): number {
  return finish(word(word(word(word(word(word(seed, domain), a), b), c), d), e), 6);
}

export function mix6(
  seed: number,
  domain: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
): number {
  return finish(word(word(word(word(word(word(word(seed, domain), a), b), c), d), e), f), 7);
}

/** The upper 21 bits of a number up to 2^53, as a key word of its own. */
export function hi32(value: number): number {
  return Math.floor(value / 4_294_967_296);
}

/** Hashes a string (a fault's label, a mark's name) to a 32-bit key word, length included. */
export function mixString(seed: number, text: string): number {
  let h = word(seed | 0, text.length);
  for (let index = 0; index < text.length; index++) h = word(h, text.charCodeAt(index));
  return finish(h, text.length + 1);
}

/** True with probability `per65536 / 65536` for a uniformly mixed `draw`. */
export function chance(draw: number, per65536: number): boolean {
  return draw >>> 16 < per65536;
}

/** Maps a draw to an integer in [min, max], both inclusive; bias is below (max - min) / 2^32. */
export function scale(draw: number, min: number, max: number): number {
  return min + Math.floor((draw / 4_294_967_296) * (max - min + 1));
}
