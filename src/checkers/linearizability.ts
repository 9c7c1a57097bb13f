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
      /** The history before this return is linearizable in this partition (see `StuckSearch`). */
      readonly furthestReturnSeq: number;
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
 * that is easily shown to be illegal. Turns grow from round to round, so that the easiest such partition is found first.
 */
const TURN_STEPS_FIRST = 1_024;
const TURN_STEPS_MAX = 65_536;

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
  const tally: Tally = { stepsUsed: 0, bytes: 0, judged: 0 };
  const turn = new Turn(model, operations, budget, tally);
  const unknown = (reason: 'steps' | 'memory' | 'stopped'): LinearizabilityResult<State> => ({
    verdict: 'unknown',
    stepsUsed: tally.stepsUsed,
    reason,
    partitionsJudged: tally.judged,
    partitionsTotal: parts.length,
  });
  for (
    let turnSteps = TURN_STEPS_FIRST;
    tally.judged < parts.length;
    turnSteps = Math.min(turnSteps * 2, TURN_STEPS_MAX)
  ) {
    for (const part of parts) {
      if (part.order !== undefined) continue;
      const status = turn.take(part, turnSteps);
      switch (status) {
        case 'illegal':
          return illegal(tally.stepsUsed, part.key, part.search!.stuck());
        case 'steps':
        case 'memory':
        case 'stopped':
          return unknown(status);
        case 'linearizable':
          if (tally.judged < parts.length && turn.isOver()) return unknown('stopped');
          break;
        case 'running':
      }
    }
  }
  const orders = parts.map(({ key, order }): PartitionOrder => ({ partition: key, order: order! }));
  return { verdict: 'linearizable', stepsUsed: tally.stepsUsed, orders };
}

/** What has been spent on all partitions together; `bytes` counts the searches that are not finished. */
interface Tally {
  stepsUsed: number;
  bytes: number;
  judged: number;
}

/**
 * Gives partitions their turns. A search is built when its partition first has one and is dropped when it is judged, so
 * that the memory of a history with many keys is that of its hard ones.
 */
class Turn<State, Input, Output> {
  private readonly model: SequentialModel<State, Input, Output>;
  private readonly operations: readonly Operation<Input, Output>[];
  private readonly budget: SearchBudget;
  private readonly tally: Tally;
  private askedAtSteps = 0;

  constructor(
    model: SequentialModel<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    budget: SearchBudget,
    tally: Tally,
  ) {
    this.model = model;
    this.operations = operations;
    this.budget = budget;
    this.tally = tally;
  }

  /** One turn of `part`: ends with its verdict, with the limit that was reached, or with `running`. */
  take(
    part: Part<State, Input, Output>,
    turnStepsMax: number,
  ): 'running' | 'linearizable' | 'illegal' | 'steps' | 'memory' | 'stopped' {
    const { tally, budget } = this;
    part.search ??= this.open(part);
    const { search } = part;
    for (let turnSteps = 0; turnSteps < turnStepsMax; ) {
      const steps = search.stepsUsed;
      const bytes = search.sizeBytes();
      const status = search.advance(Math.min(STOP_CHECK_STEPS, budget.stepsMax - tally.stepsUsed));
      turnSteps += search.stepsUsed - steps;
      tally.stepsUsed += search.stepsUsed - steps;
      tally.bytes += search.sizeBytes() - bytes;
      if (status === 'illegal') return status;
      if (status === 'linearizable') {
        part.order = search.order();
        part.search = undefined;
        tally.bytes -= search.sizeBytes();
        tally.judged += 1;
        return status;
      }
      if (tally.stepsUsed >= budget.stepsMax) return 'steps';
      if (tally.bytes > (budget.memoBytesMax ?? MEMO_BYTES_MAX_DEFAULT)) return 'memory';
      if (this.isOver()) return 'stopped';
    }
    return 'running';
  }

  private open(part: Part<State, Input, Output>): PartitionSearch<State, Input, Output> {
    const { model, operations } = this;
    const narrowed = model.narrow?.(part.indices.map((index) => operations[index]!)) ?? model;
    const search = new PartitionSearch(narrowed, operations, part.indices);
    this.tally.bytes += search.sizeBytes();
    return search;
  }

  /** Asks the caller, now and then, whether to stop. */
  isOver(): boolean {
    const { tally, budget } = this;
    if (budget.shouldStop === undefined || tally.stepsUsed - this.askedAtSteps < STOP_CHECK_STEPS) return false;
    this.askedAtSteps = tally.stepsUsed;
    return budget.shouldStop();
  }
}

function illegal<State>(
  stepsUsed: number,
  partition: ModelKey | undefined,
  stuck: StuckSearch<State>,
): LinearizabilityResult<State> {
  return { verdict: 'illegal', stepsUsed, partition, ...stuck };
}

interface Part<State, Input, Output> {
  readonly key: ModelKey | undefined;
  readonly indices: number[];
  search: PartitionSearch<State, Input, Output> | undefined;
  order: readonly number[] | undefined;
}

function partitionHistory<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Part<State, Input, Output>[] {
  const byKey = new Map<ModelKey | undefined, Part<State, Input, Output>>();
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
      part = { key, indices: [], search: undefined, order: undefined };
      byKey.set(key, part);
    }
    part.indices.push(index);
  }
  return [...byKey.values()];
}
