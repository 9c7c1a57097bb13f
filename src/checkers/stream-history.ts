import { checkLinearizability, type LinearizabilityResult } from './linearizability.ts';
import { type AppendLogInput, appendLogModel, type ChainStep, type LogHead } from './models/append-log.ts';
import { NEVER_RETURNED, type Operation } from './sequential-model.ts';

/** One operation of the history of a stream. */
export interface StreamOperation {
  client: number;
  request: number;
  readonly stream: StreamHistory;
  append: boolean;
  value: number;
  callSeq: number;
  returnSeq: number;
  /** What the client was answered, once `returnSeq` is finite. */
  length: number;
  chain0: number;
  chain1: number;
  /** Nobody waits for an answer any more: the outcome stays unknown. */
  givenUp: boolean;
  /** Op number at which the log has it, 0 while it has not. */
  op: number;
  /** What the log's order makes the answer. */
  expectedLength: number;
  expected0: number;
  expected1: number;
}

/** Operations of a stream from which on its history is cut where it can be. */
const CUT_FROM = 4096;
/** Operations of a stream above which the older half is dropped, although then no search is possible. */
const OPERATIONS_MAX = 16_384;

/**
 * The recorded history of one stream, and the state that the log's order gives it (the witness). Bounded: where nothing
 * is in flight, the witness is sound and the last effect was seen by its client, everything before is settled and is
 * replaced by the state; operations with an unknown outcome that have not taken effect are carried over.
 */
export class StreamHistory {
  readonly key: number;
  /** Whether the log's order has explained every answer so far. */
  sound: boolean;
  /** Why not: a code, empty while sound. */
  unsoundWhy: string;
  /** Whether older operations had to be dropped, so that a search would say nothing. */
  truncated: boolean;
  /** Operations that were called, not answered and not given up. */
  open: number;
  head: LogHead;
  private initial: LogHead;
  private operations: StreamOperation[];
  /** Answered operations that a cut has dropped, to be used again: nobody else refers to them. */
  private readonly spare: StreamOperation[];
  private lastPlaced: StreamOperation | null;
  /** Op of the last effect in `initial`. */
  private cutOp: number;
  private readonly chainStep: ChainStep<number>;

  constructor(key: number, chainStep: ChainStep<number>) {
    this.key = key;
    this.sound = true;
    this.unsoundWhy = '';
    this.truncated = false;
    this.open = 0;
    this.head = { length: 0, chain0: 0, chain1: 0 };
    this.initial = this.head;
    this.operations = [];
    this.spare = [];
    this.lastPlaced = null;
    this.cutOp = 0;
    this.chainStep = chainStep;
  }

  get size(): number {
    return this.operations.length;
  }

  call(client: number, request: number, append: boolean, value: number, callSeq: number): StreamOperation {
    const operation = this.spare.pop() ?? this.blank();
    operation.client = client;
    operation.request = request;
    operation.append = append;
    operation.value = value;
    operation.callSeq = callSeq;
    operation.returnSeq = NEVER_RETURNED;
    operation.givenUp = false;
    operation.op = 0;
    this.operations.push(operation);
    this.open++;
    if (this.operations.length > OPERATIONS_MAX) this.dropHalf();
    return operation;
  }

  /** The log has the operation at `op`: the next state, and what the answer must be. */
  place(operation: StreamOperation, op: number): void {
    operation.op = op;
    this.lastPlaced = operation;
    if (operation.append) {
      const { head } = this;
      const [chain0, chain1] = this.chainStep(head.chain0, head.chain1, operation.value);
      this.head = { length: head.length + 1, chain0, chain1 };
    }
    operation.expectedLength = this.head.length;
    operation.expected0 = this.head.chain0;
    operation.expected1 = this.head.chain1;
  }

  answer(operation: StreamOperation, returnSeq: number, length: number, chain0: number, chain1: number): void {
    operation.returnSeq = returnSeq;
    operation.length = length;
    operation.chain0 = chain0;
    operation.chain1 = chain1;
    if (!operation.givenUp) this.open--;
    if (operation.op === 0) this.doubt('answered-before-committed');
    else if (
      length !== operation.expectedLength ||
      (chain0 | 0) !== (operation.expected0 | 0) ||
      (chain1 | 0) !== (operation.expected1 | 0)
    ) {
      this.doubt('another-answer');
    }
    if (this.open === 0 && this.operations.length >= CUT_FROM) this.cut();
  }

  /**
   * Ops above `op` were lost with an approval (R16): what became of them is unknown again, also where it was answered,
   * for the log that goes on may hold the same request. The state is what the remaining order gives. Enters those that
   * had been answered into `lost`.
   */
  lose(op: number, lost: StreamOperation[]): void {
    if (this.cutOp > op) {
      // The state at the cut holds lost effects: nothing can be said of this stream any more.
      this.truncated = true;
      this.doubt('lost-below-cut');
      return;
    }
    for (const each of this.operations) {
      if (each.op <= op) continue;
      each.op = 0;
      if (each.returnSeq === NEVER_RETURNED) continue;
      each.returnSeq = NEVER_RETURNED;
      each.givenUp = true;
      lost.push(each);
    }
    const kept = this.operations.filter((each) => each.op > 0).sort((left, right) => left.op - right.op);
    this.head = this.initial;
    this.lastPlaced = null;
    for (const each of kept) this.place(each, each.op);
  }

  /** The witness cannot explain this stream: only the search can judge it from here on. */
  doubt(why: string): void {
    if (!this.sound) return;
    this.sound = false;
    this.unsoundWhy = why;
  }

  /** Searches for any order that explains the recorded history (R14). Meaningless when `truncated`. */
  search(stepsMax: number): LinearizabilityResult<LogHead> {
    const operations = this.operations.map(
      (each): Operation<AppendLogInput<number>, LogHead> => ({
        input: each.append ? { kind: 'append', eventId: each.value } : { kind: 'read' },
        output:
          each.returnSeq === NEVER_RETURNED
            ? undefined
            : { length: each.length, chain0: each.chain0 | 0, chain1: each.chain1 | 0 },
        callSeq: each.callSeq,
        returnSeq: each.returnSeq,
      }),
    );
    const model = appendLogModel<number>(
      (chain0, chain1, value) => {
        const next = this.chainStep(chain0, chain1, value);
        return [next[0] | 0, next[1] | 0];
      },
      { length: this.initial.length, chain0: this.initial.chain0 | 0, chain1: this.initial.chain1 | 0 },
    );
    return checkLinearizability(model, operations, { stepsMax });
  }

  private cut(): void {
    // An effect that nobody saw leaves open whether it happened yet: then the state at this point is not settled.
    if (!this.sound || (this.lastPlaced !== null && this.lastPlaced.returnSeq === NEVER_RETURNED)) return;
    const { operations, spare } = this;
    let kept = 0;
    for (const each of operations) {
      if (each.op === 0 && each.append) operations[kept++] = each;
      else if (each.returnSeq !== NEVER_RETURNED) spare.push(each);
    }
    operations.length = kept;
    this.initial = this.head;
    this.cutOp = this.lastPlaced?.op ?? this.cutOp;
    this.lastPlaced = null;
    this.truncated = false;
  }

  private blank(): StreamOperation {
    return {
      client: 0,
      request: 0,
      stream: this,
      append: false,
      value: 0,
      callSeq: 0,
      returnSeq: NEVER_RETURNED,
      length: 0,
      chain0: 0,
      chain1: 0,
      givenUp: false,
      op: 0,
      expectedLength: 0,
      expected0: 0,
      expected1: 0,
    };
  }

  private dropHalf(): void {
    this.truncated = true;
    this.operations.splice(0, OPERATIONS_MAX / 2);
  }
}
