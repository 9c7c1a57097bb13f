/**
 * The set of search nodes that the linearizability search has already visited.
 *
 * A record is a run of 32-bit integers in one growing arena; an open-addressing table finds it by hash and compares it
 * word by word. The comparison is exact: trusting a hash alone could drop a live branch and call a good history illegal.
 */

/** Words that stand before each record in the arena: its hash and its length. */
const HEADER_WORDS = 2;
const WORD_BYTES = 4;

/** A 32-bit finaliser in the manner of MurmurHash3: every input bit reaches every output bit. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The hash of `record[0..length)`. */
function hashRecord(record: Int32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i += 1) hash = mix32(Math.imul(hash, 31) + record[i]!);
  return hash;
}

/** An exact set of integer records; it never shrinks. */
export class SearchMemo {
  private readonly hashOf: (record: Int32Array, length: number) => number;
  private slots = new Int32Array(64);
  private arena = new Int32Array(1024);
  private usedWords = 0;
  private count = 0;

  /** `hashOf` is replaced only by tests that want collisions. */
  constructor(hashOf: (record: Int32Array, length: number) => number = hashRecord) {
    this.hashOf = hashOf;
  }

  /** Bytes held by the arena and the table: a function of what was added, so the same on every machine (R21). */
  sizeBytes(): number {
    return (this.slots.length + this.arena.length) * WORD_BYTES;
  }

  /** Adds `record[0..length)` and says whether it was new. */
  add(record: Int32Array, length: number): boolean {
    const hash = this.hashOf(record, length);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let at = this.slots[slot]!; at !== 0; at = this.slots[slot]!) {
      if (this.equals(at - 1, hash, record, length)) return false;
      slot = (slot + 1) & mask;
    }
    this.slots[slot] = this.append(hash, record, length) + 1;
    this.count += 1;
    if (this.count * 2 > this.slots.length) this.rehash();
    return true;
  }

  private equals(offset: number, hash: number, record: Int32Array, length: number): boolean {
    const arena = this.arena;
    if (arena[offset] !== hash || arena[offset + 1] !== length) return false;
    const start = offset + HEADER_WORDS;
    for (let i = 0; i < length; i += 1) if (arena[start + i] !== record[i]) return false;
    return true;
  }

  private append(hash: number, record: Int32Array, length: number): number {
    const offset = this.usedWords;
    const end = offset + HEADER_WORDS + length;
    if (end > this.arena.length) {
      const grown = new Int32Array(Math.max(end, this.arena.length * 2));
      grown.set(this.arena);
      this.arena = grown;
    }
    const arena = this.arena;
    arena[offset] = hash;
    arena[offset + 1] = length;
    for (let i = 0; i < length; i += 1) arena[offset + HEADER_WORDS + i] = record[i]!;
    this.usedWords = end;
    return offset;
  }

  private rehash(): void {
    const grown = new Int32Array(this.slots.length * 2);
    const mask = grown.length - 1;
    let offset = 0;
    while (offset < this.usedWords) {
      let slot = this.arena[offset]! & mask;
      while (grown[slot] !== 0) slot = (slot + 1) & mask;
      grown[slot] = offset + 1;
      offset += HEADER_WORDS + this.arena[offset + 1]!;
    }
    this.slots = grown;
  }
}
