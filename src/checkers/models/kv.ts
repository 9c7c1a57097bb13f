/** A key-value store of strings with get, put, append, compare-and-set and delete; each key is on its own. */
import { NEVER_RETURNED, type Operation, type SequentialModel, type Step } from '../sequential-model.ts';

/** What a key holds; null while it is absent. */
export type KvValue = string | null;

export type KvInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
  | { readonly kind: 'cas'; readonly key: string; readonly from: KvValue; readonly to: string }
  | { readonly kind: 'delete'; readonly key: string };

/** `done` answers put, append and delete: it says nothing of the value. */
export type KvOutput =
  | { readonly kind: 'value'; readonly value: KvValue }
  | { readonly kind: 'done' }
  | { readonly kind: 'compared'; readonly swapped: boolean };

/** Modelled bytes of a remembered value besides its characters. */
const VALUE_BYTES = 64;
const ABSENT_KEY = -1;

/**
 * The store's specification. `absent` is what a key that was never written, or was deleted, reads as: null, or the empty
 * string in stores that do not tell the two apart. Appending to an absent key writes it.
 */
export function kvModel(absent: KvValue = null): SequentialModel<KvValue, KvInput, KvOutput> {
  return storeModel(absent, null);
}

/**
 * `longest`: the longest value that a completed get saw of a key that is only appended to, or null. Such a value only
 * grows, so before that get it is a beginning of what the get saw, and afterwards it begins with it.
 */
function storeModel(absent: KvValue, longest: string | null): SequentialModel<KvValue, KvInput, KvOutput> {
  const model: SequentialModel<KvValue, KvInput, KvOutput> = {
    init: () => absent,
    step: (state, input, output) => {
      const after = stepStore(state, input, output, absent);
      if (longest === null || !after.ok || input.kind !== 'append') return after;
      const value = after.state as string;
      return value.length <= longest.length
        ? { ok: longest.startsWith(value), state: value }
        : { ok: value.startsWith(longest), state: value };
    },
    // A value may be any string, so the absent one has a key that is none.
    stateKey: (state) => (state === null ? ABSENT_KEY : state),
    stateBytes: (state) => VALUE_BYTES + (state === null ? 0 : state.length),
    partition: (input) => input.key,
    inputKey: kvInputKey,
    hopeless: missed,
    overwrites: (input) => input.kind !== 'get' && input.kind !== 'append',
  };
  if (longest !== null) return model;
  return { ...model, narrow: (operations) => storeModel(absent, longestSeen(operations)) };
}

function stepStore(state: KvValue, input: KvInput, output: KvOutput | undefined, absent: KvValue): Step<KvValue> {
  switch (input.kind) {
    case 'get':
      return { ok: output === undefined || (output.kind === 'value' && output.value === state), state };
    case 'put':
      return { ok: output === undefined || output.kind === 'done', state: input.value };
    case 'append':
      return { ok: output === undefined || output.kind === 'done', state: (state ?? '') + input.value };
    case 'delete':
      return { ok: output === undefined || output.kind === 'done', state: absent };
    case 'cas': {
      const swapped = state === input.from;
      const ok = output === undefined || (output.kind === 'compared' && output.swapped === swapped);
      return { ok, state: swapped ? input.to : state };
    }
  }
}

/** A value that is only appended to becomes what a get saw only if it is a beginning of it. */
function missed(state: KvValue, input: KvInput, output: KvOutput): boolean {
  if (input.kind !== 'get' || output.kind !== 'value') return false;
  return state !== null && !(output.value ?? '').startsWith(state);
}

function longestSeen(operations: readonly Operation<KvInput, KvOutput>[]): string | null {
  let longest: string | null = null;
  for (const { input, output, returnSeq } of operations) {
    if (input.kind !== 'get' && input.kind !== 'append') return null;
    if (input.kind !== 'get' || returnSeq === NEVER_RETURNED || output?.kind !== 'value') continue;
    if (output.value !== null && output.value.length > (longest ?? '').length) longest = output.value;
  }
  return longest;
}

/** Lengths keep inputs apart whose texts run together. */
function kvInputKey(input: KvInput): string {
  switch (input.kind) {
    case 'get':
      return 'get';
    case 'put':
      return `put ${input.value}`;
    case 'append':
      return `append ${input.value}`;
    case 'delete':
      return 'delete';
    case 'cas':
      return input.from === null ? `cas - ${input.to}` : `cas ${input.from.length} ${input.from}${input.to}`;
  }
}
