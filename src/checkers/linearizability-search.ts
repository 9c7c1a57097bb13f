/**
 * The search over one partition of a history, resumable and without recursion.
 *
 * Completed operations stand in a doubly linked list of call and return entries in real-time order. A node of the search
 * may place next any completed operation whose call stands before the first return in the list, or any unknown
 * operation called before that return. Placing lifts both entries out; backtracking puts them back. Unknown operations
 * have no return entry: nothing ever forces one to be placed, and the search is done when no return is left.
 */
import { EntryList } from './linearizability-list.ts';
import { SearchMemo } from './search-memo.ts';
import { type ModelKey, NEVER_RETURNED, type Operation, type SequentialModel } from './sequential-model.ts';

/** How far the best branch of a fruitless search came. Indices point into the whole history. */
export interface StuckSearch<State> {
  readonly prefix: readonly number[];
  readonly state: State;
  readonly blocked: number;
  /**
   * The latest return that some branch came up to, having placed everything that returned before it. So the part of the
   * history before it is linearizable; whether the part up to and with it is, is not said: the search also knows what
   * operations answered that return later.
   */
  readonly furthestReturnSeq: number;
}

const NONE = -1;
/** List entries that are looked at beyond a node, for an operation that makes it hopeless. */
const LOOK_AHEAD_MAX = 64;
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

  private readonly list: EntryList;

  private readonly completedBits: Int32Array;
  private readonly unknownBits: Int32Array;
  private readonly record: Int32Array;
  private readonly memo = new SearchMemo();
  private placedCompleted = 0;
  /** Highest completed operation placed so far; bounds the part of the bit set that can differ. */
  private highestPlaced = NONE;

  private readonly states: State[] = [];
  private readonly stateIds = new Map<ModelKey, number>();
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
  private furthestReturnSeq = Number.NEGATIVE_INFINITY;
  private stateBytes = 0;
  /** By local operation: whether it overwrites. Null for a model without such operations. */
  private readonly overwriting: Uint8Array | null;

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
    const { overwrites } = model;
    this.overwriting =
      overwrites === undefined
        ? null
        : Uint8Array.from(this.indexOf, (at) => (overwrites(operations[at]!.input) ? 1 : 0));
    this.list = new EntryList(
      Float64Array.from(completed, (index) => operations[index]!.callSeq),
      Float64Array.from(completed, (index) => operations[index]!.returnSeq),
    );
    this.completedBits = new Int32Array((completed.length + 31) >>> 5);
    this.unknownBits = new Int32Array((unknown.length + 31) >>> 5);
    this.record = new Int32Array(2 + this.completedBits.length + this.unknownBits.length);
    this.stackOp = new Int32Array(total);
    this.stackStateId = new Int32Array(total);
    this.stackHighest = new Int32Array(total);
    this.bestOp = new Int32Array(total);
    this.stateId = this.intern(model.init());
    this.cursor = this.list.next[this.list.head]!;
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
        this.noteStuck(NONE);
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
      furthestReturnSeq: this.furthestReturnSeq,
    };
  }

  sizeBytes(): number {
    return this.memo.sizeBytes() + this.stateBytes;
  }

  /** The next completed operation that may stand here, or NONE at the first return. */
  private nextCompleted(): number {
    const entry = this.cursor;
    if (entry >= this.completedCount) return NONE;
    this.cursor = this.list.next[entry]!;
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
      if (!completed || this.model.hopeless === undefined || this.overwriting !== null) return true;
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
    if (!this.isNewNode()) this.backtrack();
    else if (this.isDoomed()) {
      this.noteStuck(NONE);
      this.backtrack();
    } else {
      this.scanningUnknown = false;
      this.cursor = this.list.next[this.list.head]!;
    }
    return true;
  }

  /**
   * Whether an operation further on makes this node hopeless: one that returns before any unplaced overwriting operation
   * is called sees a state that only other operations have led to.
   */
  private isDoomed(): boolean {
    const { hopeless } = this.model;
    if (this.overwriting === null || hopeless === undefined) return false;
    const state = this.states[this.stateId]!;
    const limitSeq = this.firstUnknownOverwrite();
    let entry = this.list.next[this.list.head]!;
    for (let looked = 0; looked < LOOK_AHEAD_MAX && entry !== this.list.head; looked += 1) {
      if (entry < this.completedCount) {
        if (this.overwriting[entry] === 1) return false;
      } else {
        const { input, output, returnSeq } = this.operation(entry - this.completedCount);
        if (returnSeq >= limitSeq) return false;
        if (hopeless(state, input, output as Output)) return true;
      }
      entry = this.list.next[entry]!;
    }
    return false;
  }

  /** When the first unplaced overwriting operation of unknown outcome was called. */
  private firstUnknownOverwrite(): number {
    for (let op = this.completedCount; op < this.indexOf.length; op += 1) {
      if (this.overwriting![op] === 1 && !this.isUnknownPlaced(op)) return this.operation(op).callSeq;
    }
    return NEVER_RETURNED;
  }

  private place(op: number): void {
    if (op >= this.completedCount) {
      const bit = op - this.completedCount;
      this.unknownBits[bit >>> 5]! |= 1 << (bit & 31);
      return;
    }
    this.list.lift(op);
    this.list.lift(op + this.completedCount);
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
    this.list.putBack(op + this.completedCount);
    this.list.putBack(op);
    this.completedBits[op >>> 5]! &= ~(1 << (op & 31));
    this.placedCompleted -= 1;
    this.scanningUnknown = false;
    this.cursor = this.list.next[op]!;
    return true;
  }

  /**
   * Adds (operations placed, state) to the visited set. All completed operations before the first one in the list are
   * placed and none above the highest is, so the words between the two tell the sets apart: records stay short in long
   * histories.
   */
  private isNewNode(): boolean {
    const record = this.record;
    const lowest = this.list.next[this.list.head]!;
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

  /** Remembers a dead end; `refused` is the completed operation that made it hopeless, if one did. */
  private noteStuck(refused: number): void {
    const first = this.firstReturn() - this.completedCount;
    const returnSeq = this.operation(first).returnSeq;
    if (returnSeq > this.furthestReturnSeq) this.furthestReturnSeq = returnSeq;
    if (this.placedCompleted <= this.bestCompleted) return;
    for (let i = this.bestShared; i < this.depth; i += 1) this.bestOp[i] = this.stackOp[i]!;
    this.bestShared = this.depth;
    this.bestDepth = this.depth;
    this.bestCompleted = this.placedCompleted;
    this.bestStateId = this.stateId;
    this.bestBlocked = refused === NONE ? first : refused;
  }

  /** The first return entry. It exists while a completed operation is unplaced. */
  private firstReturn(): number {
    let entry = this.list.next[this.list.head]!;
    while (entry < this.completedCount) entry = this.list.next[entry]!;
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
      this.stateBytes += this.model.stateBytes?.(state) ?? STATE_BYTES;
    }
    return id;
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
