/**
 * Is a recorded history linearizable? A depth-first search for a legal order of its operations, after Wing and Gong
 * (1993) with Lowe's memoisation of (operations placed, state) (2017).
 *
 * This file cuts a history into partitions and shares the budget among them; one partition's search is
 * `linearizability-search.ts`. The search counts its own steps and bytes, never time, so the same history and budget give the same answer everywhere (R21).
 */
import { PartitionSearch, type StuckSearch } from './linearizability-search.ts';
import { type ModelKey, NEVER_RETURNED, type Operation, type SequentialModel } from './sequential-model.ts';

/** Counts that bound a search; `shouldStop` is for callers outside a run only (`check-history --seconds`). */
export interface SearchBudget {
  /** Calls of `model.step`, over all partitions. */
  readonly stepsMax: number;
  /** Modelled bytes of the visited sets, over all partitions. */
  readonly memoBytesMax?: number;
  readonly shouldStop?: () => boolean;
}

/** 256 MiB: about ten million visited nodes of an ordinary history. */
export const MEMO_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;

/** A legal order of one partition: indices into the history; unknown operations that were not needed are absent. */
export interface PartitionOrder {
  readonly partition: ModelKey | undefined;
  readonly order: readonly number[];
}

export type LinearizabilityResult<State> =
  | { readonly verdict: 'linearizable'; readonly stepsUsed: number; readonly orders: readonly PartitionOrder[] }
  | {
      readonly verdict: 'illegal';
      readonly stepsUsed: number;
      readonly partition: ModelKey | undefined;
      /** The order that placed the most completed operations, as indices into the history. */
      readonly prefix: readonly number[];
      /** The state after `prefix`. */
      readonly state: State;
      /** Index of the operation that had to be placed next (it was the first to return) and could not be. */
      readonly blocked: number;
    }
  | {
      readonly verdict: 'unknown';
      readonly stepsUsed: number;
      readonly reason: 'steps' | 'memory' | 'stopped';
      readonly partitionsJudged: number;
      readonly partitionsTotal: number;
    };

/**
 * Steps that one partition may take before the next has its turn: a partition that explodes must not hide another one
 * that is easily shown to be illegal.
 */
const TURN_STEPS = 16_384;

/** Steps between two questions to `shouldStop`; also the longest stretch between two looks at the memory. */
const STOP_CHECK_STEPS = 1_024;

/**
 * Judges a history. The order of `operations` does not matter. Stops at the first partition found illegal; `unknown`
 * means that the budget ended first and says nothing about the history.
 *
 * @throws Error if an operation returns before its call or a sequence number is not a number.
 */
export function checkLinearizability<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  budget: SearchBudget,
): LinearizabilityResult<State> {
  const parts = partitionHistory(model, operations);
  const searches = parts.map((part) => new PartitionSearch(model, operations, part.indices));
  const orders: (PartitionOrder | undefined)[] = parts.map(() => undefined);
  const memoBytesMax = budget.memoBytesMax ?? MEMO_BYTES_MAX_DEFAULT;
  let stepsUsed = 0;
  let judged = 0;
  const unknown = (reason: 'steps' | 'memory' | 'stopped'): LinearizabilityResult<State> => ({
    verdict: 'unknown',
    stepsUsed,
    reason,
    partitionsJudged: judged,
    partitionsTotal: parts.length,
  });
  while (judged < parts.length) {
    for (let at = 0; at < parts.length; at += 1) {
      const search = searches[at]!;
      const partition = parts[at]!.key;
      for (let turnSteps = 0; orders[at] === undefined && turnSteps < TURN_STEPS; ) {
        const before = search.stepsUsed;
        const status = search.advance(Math.min(STOP_CHECK_STEPS, budget.stepsMax - stepsUsed));
        turnSteps += search.stepsUsed - before;
        stepsUsed += search.stepsUsed - before;
        if (status === 'illegal') return illegal(stepsUsed, partition, search.stuck());
        if (status === 'linearizable') {
          orders[at] = { partition, order: search.order() };
          search.release();
          judged += 1;
        } else if (stepsUsed >= budget.stepsMax) return unknown('steps');
        else if (searches.reduce((sum, each) => sum + each.sizeBytes(), 0) > memoBytesMax) return unknown('memory');
        else if (budget.shouldStop?.()) return unknown('stopped');
      }
    }
  }
  return { verdict: 'linearizable', stepsUsed, orders: orders.filter((order) => order !== undefined) };
}

function illegal<State>(
  stepsUsed: number,
  partition: ModelKey | undefined,
  stuck: StuckSearch<State>,
): LinearizabilityResult<State> {
  return { verdict: 'illegal', stepsUsed, partition, ...stuck };
}

type Part = { readonly key: ModelKey | undefined; readonly indices: number[] };

function partitionHistory<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Part[] {
  const byKey = new Map<ModelKey | undefined, Part>();
  for (let index = 0; index < operations.length; index += 1) {
    const operation = operations[index]!;
    // Written so that NaN is refused too.
    if (!(operation.callSeq <= operation.returnSeq) || operation.callSeq === NEVER_RETURNED) {
      throw new Error(
        `operation ${index} is called at ${operation.callSeq} and returns at ${operation.returnSeq}: ` +
          'give a finite callSeq that is not above returnSeq',
      );
    }
    const key = model.partition?.(operation.input);
    let part = byKey.get(key);
    if (part === undefined) {
      part = { key, indices: [] };
      byKey.set(key, part);
    }
    part.indices.push(index);
  }
  return [...byKey.values()];
}
