/** Slots of a fresh table, and of the largest one; the table holds at most half as many identities. */
const SLOTS_MIN = 16;
const SLOTS_MAX = 1024;
const STRIDE = 4;

/** How many distinct identities a link may send between two sends of one identity without its count being forgotten. */
export const ATTEMPT_WINDOW = SLOTS_MAX / 2;

/**
 * Counts how often each identity (tag, id0, id1) was sent over one link: the `attempt` of a packet's key (R20).
 *
 * The table is bounded, because a run may send billions of messages. It grows by doubling up to {@link ATTEMPT_WINDOW}
 * identities; from then on it works in two generations: a full one becomes the old one, and an identity that is sent
 * again moves from the old one into the current one with its count. So a count is exact as long as fewer than
 * `ATTEMPT_WINDOW` other identities that the current generation does not hold are sent between two sends of it, and at
 * best twice as many; an identity that stayed silent longer starts again at 0, which repeats the fates of its first
 * sends and is harmless.
 */
export class Attempts {
  /** Entries of four words: tag, id0, id1, number of sends (0 marks a free slot). Open addressing, linear probing. */
  private current: Int32Array;
  private old: Int32Array | null;
  private mask: number;
  private used: number;

  constructor() {
    this.current = new Int32Array(SLOTS_MIN * STRIDE);
    this.old = null;
    this.mask = SLOTS_MIN - 1;
    this.used = 0;
  }

  /** The number of earlier sends of this identity; counts this one. */
  next(tag: number, id0: number, id1: number): number {
    tag |= 0;
    id0 |= 0;
    id1 |= 0;
    const home = slotOf(tag, id0, id1);
    const at = find(this.current, this.mask, home, tag, id0, id1);
    const known = this.current[at + 3] as number;
    if (known > 0) {
      this.current[at + 3] = known + 1;
      return known;
    }
    const old = this.old;
    const earlier = old === null ? 0 : (old[find(old, this.mask, home, tag, id0, id1) + 3] as number);
    put(this.current, at, tag, id0, id1, earlier + 1);
    if (++this.used > this.mask >> 1) this.makeRoom();
    return earlier;
  }

  private makeRoom(): void {
    const full = this.current;
    this.used = 0;
    if (this.mask + 1 === SLOTS_MAX) {
      this.current = this.old ?? new Int32Array(SLOTS_MAX * STRIDE);
      this.current.fill(0);
      this.old = full;
      return;
    }
    this.mask = this.mask * 2 + 1;
    this.current = new Int32Array((this.mask + 1) * STRIDE);
    for (let from = 0; from < full.length; from += STRIDE) {
      const count = full[from + 3] as number;
      if (count === 0) continue;
      const tag = full[from] as number;
      const id0 = full[from + 1] as number;
      const id1 = full[from + 2] as number;
      put(this.current, find(this.current, this.mask, slotOf(tag, id0, id1), tag, id0, id1), tag, id0, id1, count);
      this.used++;
    }
  }
}

function slotOf(tag: number, id0: number, id1: number): number {
  const h = Math.imul(Math.imul(id0, 0x9e3779b1) ^ Math.imul(id1, 0x85ebca6b) ^ tag, 0xc2b2ae35);
  return h ^ (h >>> 15);
}

/** Index of the identity's entry, or of the free one where it belongs. The table is never more than half full. */
function find(table: Int32Array, mask: number, home: number, tag: number, id0: number, id1: number): number {
  for (let slot = home & mask; ; slot = (slot + 1) & mask) {
    const at = slot * STRIDE;
    if (table[at + 3] === 0) return at;
    if (table[at + 1] === id0 && table[at + 2] === id1 && table[at] === tag) return at;
  }
}

function put(table: Int32Array, at: number, tag: number, id0: number, id1: number, count: number): void {
  table[at] = tag;
  table[at + 1] = id0;
  table[at + 2] = id1;
  table[at + 3] = count;
}
