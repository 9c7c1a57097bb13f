/** The vocabulary of histories: what an operation is, and what a sequential specification must answer about it. */

/** `returnSeq` of an operation whose outcome nobody knows: it may take effect at any later time, or never. */
export const NEVER_RETURNED = Number.POSITIVE_INFINITY;

/** What a step of the sequential specification says: whether the output is right, and the state that follows. */
export type Step<State> = { readonly ok: boolean; readonly state: State };

/** Identifies a state, an input or a partition; equal keys if and only if equal things. */
export type ModelKey = string | number;

/**
 * A sequential specification. It must be deterministic: state and input alone fix the next state, the output is only
 * judged. (The search leaves out unknown operations that change nothing, and treats equal ones as interchangeable.)
 */
export interface SequentialModel<State, Input, Output> {
  readonly init: () => State;
  /** `output` is undefined when nobody saw the result; then only the effect counts and `ok` should be true. */
  readonly step: (state: State, input: Input, output: Output | undefined) => Step<State>;
  readonly stateKey: (state: State) => ModelKey;
  /** Operations of different partitions never influence each other; each partition has its own state. */
  readonly partition?: (input: Input) => ModelKey;
  /** Equal for inputs with the same effect; unknown operations of one key are then tried in call order only. */
  readonly inputKey?: (input: Input) => ModelKey;
  /**
   * Asked when `state` refuses a completed operation: true if every state reachable from it does too. The branch is cut
   * there. In a model with `overwrites` it is asked of operations further on, whether or not `state` refuses them, and
   * `reachable` means: by operations that do not overwrite.
   */
  readonly hopeless?: (state: State, input: Input, output: Output) => boolean;
  /** Whether an operation may lead to any state whatever. */
  readonly overwrites?: (input: Input) => boolean;
  /** Modelled size of a remembered state, for the memory budget; 64 bytes where it is not given. */
  readonly stateBytes?: (state: State) => number;
  /**
   * A specification for one partition that knows all its operations, and may refuse a state earlier: one that no legal
   * order of exactly these operations passes through.
   */
  readonly narrow?: (operations: readonly Operation<Input, Output>[]) => SequentialModel<State, Input, Output>;
}

/**
 * One operation. A comes before B in real time when `A.returnSeq < B.callSeq`; anything else is concurrent. The numbers
 * are positions in the event sequence (or line numbers), `returnSeq` is `NEVER_RETURNED` for an unknown outcome.
 */
export interface Operation<Input, Output> {
  readonly input: Input;
  readonly output: Output | undefined;
  readonly callSeq: number;
  readonly returnSeq: number;
}
