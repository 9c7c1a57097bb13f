/**
 * Calls and returns of completed operations in real-time order, as a doubly linked list from which entries are lifted
 * and into which they are put back in the opposite order. Entry c is the call and entry count + c the return of
 * operation c; the head stands for both ends.
 */
export class EntryList {
  readonly head: number;
  readonly next: Int32Array;
  private readonly prev: Int32Array;

  /** `callSeqs` and `returnSeqs` by operation. At equal numbers calls stand first, so that a tie is concurrent. */
  constructor(callSeqs: Float64Array, returnSeqs: Float64Array) {
    const count = callSeqs.length;
    this.head = count * 2;
    this.next = new Int32Array(this.head + 1);
    this.prev = new Int32Array(this.head + 1);
    const seqOf = (entry: number): number => (entry < count ? callSeqs[entry]! : returnSeqs[entry - count]!);
    const entries = Array.from({ length: this.head }, (_, entry) => entry);
    entries.sort((a, b) => seqOf(a) - seqOf(b) || a - b);
    let last = this.head;
    for (const entry of entries) {
      this.next[last] = entry;
      this.prev[entry] = last;
      last = entry;
    }
    this.next[last] = this.head;
    this.prev[this.head] = last;
  }

  lift(entry: number): void {
    const before = this.prev[entry]!;
    const after = this.next[entry]!;
    this.next[before] = after;
    this.prev[after] = before;
  }

  putBack(entry: number): void {
    this.next[this.prev[entry]!] = entry;
    this.prev[this.next[entry]!] = entry;
  }
}
