/**
 * One append-only stream whose answers carry its length and chain hash (R14): the state is O(1), and yet a read that
 * missed, repeated or reordered one event shows another hash.
 */
import type { SequentialModel, Step } from '../sequential-model.ts';

/** Number of events and the two 32-bit words of the hash over all of them in order. */
export interface LogHead {
  readonly length: number;
  readonly chain0: number;
  readonly chain1: number;
}

export type AppendLogInput<EventId> =
  | { readonly kind: 'append'; readonly eventId: EventId }
  | { readonly kind: 'read' };

/** Both operations answer the head that they saw: `append` the one that its own event made. */
export type AppendLogOutput = LogHead;

/** The stream's hash: the words after `eventId` was chained to (chain0, chain1). Pure, 32-bit integers. */
export type ChainStep<EventId> = (chain0: number, chain1: number, eventId: EventId) => readonly [number, number];

/** The head of a stream without events, when the system's chain starts at zero. */
export const EMPTY_LOG_HEAD: LogHead = { length: 0, chain0: 0, chain1: 0 };

/** The stream's specification; `initial` is where the recorded history begins. */
export function appendLogModel<EventId>(
  chainStep: ChainStep<EventId>,
  initial: LogHead = EMPTY_LOG_HEAD,
): SequentialModel<LogHead, AppendLogInput<EventId>, AppendLogOutput> {
  return {
    init: () => initial,
    step: (state, input, output): Step<LogHead> => {
      switch (input.kind) {
        case 'append': {
          const [chain0, chain1] = chainStep(state.chain0, state.chain1, input.eventId);
          const after = { length: state.length + 1, chain0, chain1 };
          return { ok: output === undefined || equalHeads(after, output), state: after };
        }
        case 'read':
          return { ok: output === undefined || equalHeads(state, output), state };
      }
    },
    stateKey: (state) => `${state.length} ${state.chain0} ${state.chain1}`,
    // A stream never shrinks, and `state` itself does not fit: only an operation that saw it longer still can.
    hopeless: (state, input, output) =>
      input.kind === 'append' ? output.length <= state.length + 1 : output.length <= state.length,
  };
}

function equalHeads(a: LogHead, b: LogHead): boolean {
  return a.length === b.length && a.chain0 === b.chain0 && a.chain1 === b.chain1;
}
