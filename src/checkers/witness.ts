/**
 * The short way to a verdict (R14): a replicated log already has an order, its op numbers. If that order respects real
 * time and explains every result the history is linearizable, at one model step an operation. If it does not, nothing
 * is known: another order may still exist, so a witness accepts and never rejects.
 */
import { type ModelKey, NEVER_RETURNED, type Operation, type SequentialModel } from './sequential-model.ts';

export type WitnessVerdict =
  | { readonly verdict: 'linearizable' }
  | {
      readonly verdict: 'undecided';
      readonly why: 'not an operation' | 'placed twice' | 'real time' | 'result' | 'not placed';
      /** History index of the operation at which the proposed order broke down. */
      readonly operation: number;
    };

/**
 * Tries `order` (history indices, in commit order) as a linearization. Every completed operation must stand in it once;
 * unknown operations only if they took effect. O(n).
 */
export function checkWitness<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  order: readonly number[],
): WitnessVerdict {
  const placed = new Uint8Array(operations.length);
  const states = new Map<ModelKey | undefined, State>();
  let latestCallSeq = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const operation = operations[index];
    if (operation === undefined) return undecided('not an operation', index);
    if (placed[index] === 1) return undecided('placed twice', index);
    placed[index] = 1;
    // Somebody placed before this one was called only after this one had returned.
    if (operation.returnSeq < latestCallSeq) return undecided('real time', index);
    if (operation.callSeq > latestCallSeq) latestCallSeq = operation.callSeq;
    const key = model.partition?.(operation.input);
    const before = states.has(key) ? (states.get(key) as State) : model.init();
    const step = model.step(before, operation.input, operation.output);
    if (!step.ok) return undecided('result', index);
    states.set(key, step.state);
  }
  for (let index = 0; index < operations.length; index += 1) {
    const mustStand = operations[index]!.returnSeq !== NEVER_RETURNED;
    if (mustStand && placed[index] === 0) return undecided('not placed', index);
  }
  return { verdict: 'linearizable' };
}

function undecided(
  why: 'not an operation' | 'placed twice' | 'real time' | 'result' | 'not placed',
  operation: number,
): WitnessVerdict {
  return { verdict: 'undecided', why, operation };
}
