/**
 * The search over one partition of a history, resumable and without recursion.
 *
 * Completed operations stand in a doubly linked list of call and return entries in real-time order. A node of the search
 * may place next any completed operation whose call stands before the first return in the list, or any unknown
 * operation called before that return. Placing lifts both entries out; backtracking puts them back. Unknown operations
 * have no return entry: nothing ever forces one to be placed, and the search is done when no return is left.
 */
import { SearchMemo } from './search-memo.ts';
import { type ModelKey, NEVER_RETURNED, type Operation, type SequentialModel } from './sequential-model.ts';

/** How far the best branch of a fruitless search came. Indices point into the whole history. */
export interface StuckSearch<State> {
  readonly prefix: readonly number[];
  readonly state: State;
  readonly blocked: number;
}

const NONE = -1;
/** Modelled size of one remembered state, for the memory budget. */
const STATE_BYTES = 64;

/** Searches for a legal order of `indices`; call `advance` until it stops saying `running`. */
export class PartitionSearch<State, Input, Output> {
  stepsUsed = 0;

  private readonly model: SequentialModel<State, Input, Output>;
  private readonly operations: readonly Operation<Input, Output>[];
  /** History index of each local operation: completed ones first, then unknown ones, each in call order. */
  private readonly indexOf: Int32Array;
  private readonly completedCount: number;
  private readonly unknownCount: number;
  /** For an unknown operation: the nearest earlier one with the same effect (local number), or NONE. */
  private readonly twinOf: Int32Array;

  /** Linked list: entry c is the call and entry completedCount + c the return of completed operation c. */
  private readonly next: Int32Array;
  private readonly prev: Int32Array;
  private readonly head: number;

  private readonly completedBits: Int32Array;
  private readonly unknownBits: Int32Array;
  private readonly record: Int32Array;
  private memo = new SearchMemo();
  private placedCompleted = 0;
  /** Highest completed operation placed so far; bounds the part of the bit set that can differ. */
  private highestPlaced = NONE;

  private states: State[] = [];
  private stateIds = new Map<ModelKey, number>();
  private stateId: number;

  private readonly stackOp: Int32Array;
  private readonly stackStateId: Int32Array;
  private readonly stackHighest: Int32Array;
  private depth = 0;

  /** Where the scan of the current node stands: a list entry, or (once those failed) an unknown operation. */
  private cursor: number;
  private scanningUnknown = false;

  private readonly bestOp: Int32Array;
  private bestDepth = 0;
  private bestCompleted = NONE;
  /** Length of the common prefix of the stack and `bestOp`, so that remembering the best costs O(1) amortised. */
  private bestShared = 0;
  private bestStateId = 0;
  private bestBlocked = NONE;

  constructor(
    model: SequentialModel<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    indices: readonly number[],
  ) {
    this.model = model;
    this.operations = operations;
    const byCall = [...indices].sort((a, b) => operations[a]!.callSeq - operations[b]!.callSeq || a - b);
    const completed = byCall.filter((index) => isCompleted(operations[index]!));
    const unknown = byCall.filter((index) => !isCompleted(operations[index]!));
    const total = byCall.length;
    this.indexOf = Int32Array.from([...completed, ...unknown]);
    this.completedCount = completed.length;
    this.unknownCount = unknown.length;
    this.twinOf = this.findTwins();
    this.head = completed.length * 2;
    this.next = new Int32Array(this.head + 1);
    this.prev = new Int32Array(this.head + 1);
    this.linkEntries();
    this.completedBits = new Int32Array((completed.length + 31) >>> 5);
    this.unknownBits = new Int32Array((unknown.length + 31) >>> 5);
    this.record = new Int32Array(2 + this.completedBits.length + this.unknownBits.length);
    this.stackOp = new Int32Array(total);
    this.stackStateId = new Int32Array(total);
    this.stackHighest = new Int32Array(total);
    this.bestOp = new Int32Array(total);
    this.stateId = this.intern(model.init());
    this.cursor = this.next[this.head]!;
  }

  /** Takes up to `stepsMax` calls of the model. */
  advance(stepsMax: number): 'running' | 'linearizable' | 'illegal' {
    const stepsEnd = this.stepsUsed + stepsMax;
    while (this.placedCompleted < this.completedCount) {
      if (this.stepsUsed >= stepsEnd) return 'running';
      const op = this.scanningUnknown ? this.nextUnknown() : this.nextCompleted();
      if (op !== NONE) {
        if (this.tryPlace(op)) continue;
      } else if (!this.scanningUnknown) {
        this.scanningUnknown = true;
        this.cursor = this.completedCount;
        continue;
      } else {
        this.noteStuck(this.firstReturn() - this.completedCount);
      }
      if (!this.backtrack()) return 'illegal';
    }
    return 'linearizable';
  }

  /** The order found, as indices into the history; meaningful after `advance` said `linearizable`. */
  order(): number[] {
    return Array.from(this.stackOp.subarray(0, this.depth), (op) => this.indexOf[op]!);
  }

  /** The furthest branch; meaningful after `advance` said `illegal`. */
  stuck(): StuckSearch<State> {
    return {
      prefix: Array.from(this.bestOp.subarray(0, this.bestDepth), (op) => this.indexOf[op]!),
      state: this.states[this.bestStateId]!,
      blocked: this.indexOf[this.bestBlocked]!,
    };
  }

  sizeBytes(): number {
    return this.memo.sizeBytes() + this.states.length * STATE_BYTES;
  }

  /** Gives the memory of a finished search back. */
  release(): void {
    this.memo = new SearchMemo();
    this.states = [];
    this.stateIds = new Map();
  }

  /** The next completed operation that may stand here, or NONE at the first return. */
  private nextCompleted(): number {
    const entry = this.cursor;
    if (entry >= this.completedCount) return NONE;
    this.cursor = this.next[entry]!;
    return entry;
  }

  /** The next unknown operation that may stand here and is not the later twin of an unplaced one. */
  private nextUnknown(): number {
    const first = this.completedCount;
    const limitSeq = this.operation(this.firstReturn() - first).returnSeq;
    for (; this.cursor < first + this.unknownCount; this.cursor += 1) {
      const op = this.cursor;
      if (this.operation(op).callSeq > limitSeq) return NONE;
      const twin = this.twinOf[op - first]!;
      if (this.isUnknownPlaced(op) || (twin !== NONE && !this.isUnknownPlaced(twin))) continue;
      this.cursor += 1;
      return op;
    }
    return NONE;
  }

  /** False if the node is beyond hope and must be left; a refused operation alone is no reason to leave. */
  private tryPlace(op: number): boolean {
    const { input, output } = this.operation(op);
    const completed = op < this.completedCount;
    const state = this.states[this.stateId]!;
    this.stepsUsed += 1;
    const step = this.model.step(state, input, output);
    if (!step.ok) {
      if (!completed || this.model.hopeless === undefined) return true;
      if (!this.model.hopeless(state, input, output as Output)) return true;
      this.noteStuck(op);
      return false;
    }
    const stateId = this.intern(step.state);
    // An unknown operation without effect can be left out of any order, so trying it would only widen the search.
    if (!completed && stateId === this.stateId) return true;
    const depth = this.depth;
    this.stackOp[depth] = op;
    this.stackStateId[depth] = this.stateId;
    this.stackHighest[depth] = this.highestPlaced;
    this.depth = depth + 1;
    this.place(op);
    this.stateId = stateId;
    if (this.isNewNode()) {
      this.scanningUnknown = false;
      this.cursor = this.next[this.head]!;
    } else {
      this.backtrack();
    }
    return true;
  }

  private place(op: number): void {
    if (op >= this.completedCount) {
      const bit = op - this.completedCount;
      this.unknownBits[bit >>> 5]! |= 1 << (bit & 31);
      return;
    }
    this.unlink(op);
    this.unlink(op + this.completedCount);
    this.completedBits[op >>> 5]! |= 1 << (op & 31);
    this.placedCompleted += 1;
    if (op > this.highestPlaced) this.highestPlaced = op;
  }

  /** Takes the last operation back and sets the scan behind it. False if there is none. */
  private backtrack(): boolean {
    if (this.depth === 0) return false;
    const depth = this.depth - 1;
    const op = this.stackOp[depth]!;
    this.depth = depth;
    this.stateId = this.stackStateId[depth]!;
    this.highestPlaced = this.stackHighest[depth]!;
    if (depth < this.bestShared) this.bestShared = depth;
    if (op >= this.completedCount) {
      const bit = op - this.completedCount;
      this.unknownBits[bit >>> 5]! &= ~(1 << (bit & 31));
      this.scanningUnknown = true;
      this.cursor = op + 1;
      return true;
    }
    this.relink(op + this.completedCount);
    this.relink(op);
    this.completedBits[op >>> 5]! &= ~(1 << (op & 31));
    this.placedCompleted -= 1;
    this.scanningUnknown = false;
    this.cursor = this.next[op]!;
    return true;
  }

  /**
   * Adds (operations placed, state) to the visited set. All completed operations before the first one in the list are
   * placed and none above the highest is, so the words between the two tell the sets apart: records stay short in long
   * histories.
   */
  private isNewNode(): boolean {
    const record = this.record;
    const lowest = this.next[this.head]!;
    record[0] = this.stateId;
    record[1] = lowest;
    let length = 2;
    if (this.placedCompleted < this.completedCount) {
      for (let word = lowest >>> 5; word <= this.highestPlaced >> 5; word += 1) {
        record[length] = this.completedBits[word]!;
        length += 1;
      }
    }
    for (let word = 0; word < this.unknownBits.length; word += 1) {
      record[length] = this.unknownBits[word]!;
      length += 1;
    }
    return this.memo.add(record, length);
  }

  private noteStuck(blocked: number): void {
    if (this.placedCompleted <= this.bestCompleted) return;
    for (let i = this.bestShared; i < this.depth; i += 1) this.bestOp[i] = this.stackOp[i]!;
    this.bestShared = this.depth;
    this.bestDepth = this.depth;
    this.bestCompleted = this.placedCompleted;
    this.bestStateId = this.stateId;
    this.bestBlocked = blocked;
  }

  /** The first return entry. It exists while a completed operation is unplaced. */
  private firstReturn(): number {
    let entry = this.next[this.head]!;
    while (entry < this.completedCount) entry = this.next[entry]!;
    return entry;
  }

  private isUnknownPlaced(op: number): boolean {
    const bit = op - this.completedCount;
    return ((this.unknownBits[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }

  private operation(op: number): Operation<Input, Output> {
    return this.operations[this.indexOf[op]!]!;
  }

  private intern(state: State): number {
    const key = this.model.stateKey(state);
    let id = this.stateIds.get(key);
    if (id === undefined) {
      id = this.states.length;
      this.stateIds.set(key, id);
      this.states.push(state);
    }
    return id;
  }

  private unlink(entry: number): void {
    const before = this.prev[entry]!;
    const after = this.next[entry]!;
    this.next[before] = after;
    this.prev[after] = before;
  }

  private relink(entry: number): void {
    this.next[this.prev[entry]!] = entry;
    this.prev[this.next[entry]!] = entry;
  }

  /** Links all entries in real-time order; at equal numbers calls stand first, so that a tie is concurrent. */
  private linkEntries(): void {
    const count = this.completedCount;
    const seqOf = (entry: number): number =>
      entry < count ? this.operation(entry).callSeq : this.operation(entry - count).returnSeq;
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

  private findTwins(): Int32Array {
    const twins = new Int32Array(this.unknownCount).fill(NONE);
    if (this.model.inputKey === undefined) return twins;
    const latest = new Map<ModelKey, number>();
    for (let i = 0; i < this.unknownCount; i += 1) {
      const op = this.completedCount + i;
      const key = this.model.inputKey(this.operation(op).input);
      twins[i] = latest.get(key) ?? NONE;
      latest.set(key, op);
    }
    return twins;
  }
}

function isCompleted<Input, Output>(operation: Operation<Input, Output>): boolean {
  return operation.returnSeq !== NEVER_RETURNED;
}
