/**
 * The counterexample of a history that is not linearizable: its shortest beginning, in real time, that no order
 * explains, and an order of everything before its last return. In such a beginning an operation that had not returned yet is one of unknown outcome.
 *
 * Beginnings are legal up to some return and illegal from it on. The search over the whole history already knows a return before which all is
 * legal, and mostly that is the one; from there on the distance is doubled until a beginning is illegal, and then halved.
 */
import { checkLinearizability, type LinearizabilityResult, type SearchBudget } from './linearizability.ts';
import { NEVER_RETURNED, type Operation, type SequentialModel } from './sequential-model.ts';

export interface IllegalPrefix<State> {
  /** The beginning ends with the return at this position. */
  readonly endSeq: number;
  /** False when the budget ended before it was clear that no shorter beginning is illegal. */
  readonly shortest: boolean;
  /** The operations of the partition that were called by then, as indices into the history, in call order. */
  readonly indices: readonly number[];
  /**
   * A legal order of all that returned before `endSeq` (and of what it needs besides), the state after it, and the
   * operation that returns at `endSeq` and does not fit. Where the budget did not suffice for one: the best order, and
   * the operation that did not fit, of the search over the whole history.
   */
  readonly order: readonly number[];
  readonly state: State;
  readonly blocked: number;
  readonly stepsUsed: number;
}

type Illegal<State> = Extract<LinearizabilityResult<State>, { verdict: 'illegal' }>;

/**
 * Finds the shortest illegal beginning of the partition that `found` says is illegal. Every attempt may spend `budget`;
 * where one ends without an answer the shortest beginning known to be illegal is given.
 */
export function shortestIllegalPrefix<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  found: Illegal<State>,
  budget: SearchBudget,
): IllegalPrefix<State> {
  const indices: number[] = [];
  for (let index = 0; index < operations.length; index += 1) {
    if (model.partition === undefined || model.partition(operations[index]!.input) === found.partition) {
      indices.push(index);
    }
  }
  indices.sort((a, b) => operations[a]!.callSeq - operations[b]!.callSeq || a - b);
  const returns = returnsFrom(operations, indices, found.furthestReturnSeq);
  let stepsUsed = 0;
  const judge = (endSeq: number, knownSeq: number) => {
    const called = indices.filter((index) => operations[index]!.callSeq <= endSeq);
    const part = called.map((index) => asOf(operations[index]!, knownSeq));
    const result = checkLinearizability(model, part, budget);
    stepsUsed += result.stepsUsed;
    return { called, part, result };
  };
  const { at, proven } = firstIllegal(returns.length, (candidate) => {
    const { verdict } = judge(returns[candidate]!, returns[candidate]!).result;
    return verdict === 'unknown' ? undefined : verdict === 'illegal';
  });
  const endSeq = returns[at]!;
  const { called, part, result } = judge(endSeq, before(operations, indices, endSeq));
  if (result.verdict !== 'linearizable') {
    const { prefix, state, blocked } = found;
    return { endSeq, shortest: proven, indices: called, order: prefix, state, blocked, stepsUsed };
  }
  const { order, state } = withoutIdleEnd(model, part, result.orders[0]?.order ?? []);
  const returning = called.filter((index) => operations[index]!.returnSeq === endSeq);
  const refused = returning.find((index) => !model.step(state, operations[index]!.input, operations[index]!.output).ok);
  const placed = order.map((local) => called[local]!);
  return {
    endSeq,
    shortest: proven,
    indices: called,
    order: placed,
    state,
    blocked: refused ?? returning[0]!,
    stepsUsed,
  };
}

/** The last return before `endSeq`. */
function before(
  operations: readonly Operation<unknown, unknown>[],
  indices: readonly number[],
  endSeq: number,
): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const index of indices) {
    const { returnSeq } = operations[index]!;
    if (returnSeq < endSeq && returnSeq > latest) latest = returnSeq;
  }
  return latest;
}

/** Positions at which operations return, from `fromSeq` on, each once, in order. */
function returnsFrom(
  operations: readonly Operation<unknown, unknown>[],
  indices: readonly number[],
  fromSeq: number,
): number[] {
  const returns = indices
    .map((index) => operations[index]!.returnSeq)
    .filter((returnSeq) => returnSeq >= fromSeq && returnSeq !== NEVER_RETURNED)
    .sort((a, b) => a - b);
  return returns.filter((returnSeq, at) => at === 0 || returns[at - 1] !== returnSeq);
}

/** What was known of an operation when the event at `endSeq` had happened. */
function asOf<Input, Output>(operation: Operation<Input, Output>, endSeq: number): Operation<Input, Output> {
  if (operation.returnSeq <= endSeq) return operation;
  return { input: operation.input, output: undefined, callSeq: operation.callSeq, returnSeq: NEVER_RETURNED };
}

/**
 * Leaves out the operations of unknown outcome at the end of an order: that they may have happened explains nothing.
 * Returns the rest and the state after it.
 */
function withoutIdleEnd<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  order: readonly number[],
): { readonly order: readonly number[]; readonly state: State } {
  let end = order.length;
  while (end > 0 && operations[order[end - 1]!]!.returnSeq === NEVER_RETURNED) end -= 1;
  const rest = order.slice(0, end);
  let state = model.init();
  for (const index of rest) state = model.step(state, operations[index]!.input, operations[index]!.output).state;
  return { order: rest, state };
}

/**
 * The first of `count` candidates that is illegal, as far as it can be told (`proven`). The last one is illegal, and so
 * is every one after an illegal one; a candidate without an answer is taken for legal.
 */
function firstIllegal(
  count: number,
  isIllegal: (at: number) => boolean | undefined,
): { readonly at: number; readonly proven: boolean } {
  let legal = -1;
  let illegal = count - 1;
  let proven = true;
  const ask = (at: number): boolean => {
    const answer = isIllegal(at);
    if (answer === true) illegal = at;
    else legal = at;
    if (answer === undefined) proven = false;
    return answer === true;
  };
  for (let stride = 1; legal + stride < illegal && !ask(legal + stride); stride *= 2);
  while (illegal - legal > 1) ask((legal + illegal) >>> 1);
  return { at: illegal, proven };
}
