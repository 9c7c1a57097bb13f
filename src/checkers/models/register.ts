/** A single register with read, write and compare-and-set, as in the Jepsen test of etcd. */
import type { SequentialModel, Step } from '../sequential-model.ts';

/** A register's content; null before the first write. */
export type RegisterValue = number | null;

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'cas'; readonly from: number; readonly to: number };

export type RegisterOutput =
  | { readonly kind: 'value'; readonly value: RegisterValue }
  | { readonly kind: 'written' }
  | { readonly kind: 'compared'; readonly swapped: boolean };

/** A register that holds `initial` at first. A compare-and-set that fails has seen another value than `from`. */
export function registerModel(
  initial: RegisterValue = null,
): SequentialModel<RegisterValue, RegisterInput, RegisterOutput> {
  return {
    init: () => initial,
    step: stepRegister,
    stateKey: (state) => (state === null ? 'nil' : state),
    inputKey: registerInputKey,
  };
}

function stepRegister(
  state: RegisterValue,
  input: RegisterInput,
  output: RegisterOutput | undefined,
): Step<RegisterValue> {
  switch (input.kind) {
    case 'read':
      return { ok: output === undefined || (output.kind === 'value' && output.value === state), state };
    case 'write':
      return { ok: output === undefined || output.kind === 'written', state: input.value };
    case 'cas': {
      const swapped = state === input.from;
      const ok = output === undefined || (output.kind === 'compared' && output.swapped === swapped);
      return { ok, state: swapped ? input.to : state };
    }
  }
}

function registerInputKey(input: RegisterInput): string {
  switch (input.kind) {
    case 'read':
      return 'read';
    case 'write':
      return `write ${input.value}`;
    case 'cas':
      return `cas ${input.from} ${input.to}`;
  }
}
