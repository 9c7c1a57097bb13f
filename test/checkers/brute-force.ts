import { NEVER_RETURNED, type Operation, type SequentialModel } from '../../src/checkers/sequential-model.ts';

/** The dumbest possible judge: every permutation of every subset that holds all completed operations. */
export function bruteForce<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): boolean {
  const isOrder = (order: readonly number[]): boolean => {
    for (let b = 0; b < order.length; b += 1) {
      for (let a = 0; a < b; a += 1) {
        if (operations[order[b]!]!.returnSeq < operations[order[a]!]!.callSeq) return false;
      }
    }
    let state = model.init();
    for (const index of order) {
      const step = model.step(state, operations[index]!.input, operations[index]!.output);
      if (!step.ok) return false;
      state = step.state;
    }
    return true;
  };
  const extend = (order: readonly number[]): boolean => {
    const missing = operations.some((each, index) => each.returnSeq !== NEVER_RETURNED && !order.includes(index));
    if (!missing && isOrder(order)) return true;
    return operations.some((_, index) => !order.includes(index) && extend([...order, index]));
  };
  return extend([]);
}
