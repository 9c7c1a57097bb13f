/** Register histories for the tests of the linearizability search and of the witness. */
import { type RegisterInput, type RegisterOutput, registerModel } from '../../src/checkers/models/register.ts';
import { mix32 } from '../../src/checkers/search-memo.ts';
import { NEVER_RETURNED, type Operation } from '../../src/checkers/sequential-model.ts';

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

export const read = (callSeq: number, returnSeq: number, value: number | null): RegisterOperation => ({
  input: { kind: 'read' },
  output: { kind: 'value', value },
  callSeq,
  returnSeq,
});
export const write = (callSeq: number, returnSeq: number, value: number): RegisterOperation => ({
  input: { kind: 'write', value },
  output: returnSeq === NEVER_RETURNED ? undefined : { kind: 'written' },
  callSeq,
  returnSeq,
});
export const cas = (
  callSeq: number,
  returnSeq: number,
  from: number,
  to: number,
  swapped: boolean,
): RegisterOperation => ({
  input: { kind: 'cas', from, to },
  output: returnSeq === NEVER_RETURNED ? undefined : { kind: 'compared', swapped },
  callSeq,
  returnSeq,
});

/** A small deterministic stream of numbers below `bound`, for histories too large for fast-check. */
export function numbers(seed: number): (bound: number) => number {
  let count = 0;
  return (bound) => (mix32(mix32(seed) + (count += 1)) >>> 0) % bound;
}

/** A history made by really running the register: `clients` in parallel, effects at a point within each operation. */
export function recordedRun(seed: number, count: number, clients: number, unknownOneIn: number): RegisterOperation[] {
  const draw = numbers(seed);
  const model = registerModel();
  const operations: RegisterOperation[] = [];
  const running: { input: RegisterInput; callSeq: number; output: RegisterOutput | undefined }[] = [];
  let state = model.init();
  let started = 0;
  for (let seq = 1; started < count || running.length > 0; seq += 1) {
    if (started < count && running.length < clients && draw(2) === 0) {
      const kind = draw(3);
      const input: RegisterInput =
        kind === 0
          ? { kind: 'read' }
          : kind === 1
            ? { kind: 'write', value: draw(5) }
            : { kind: 'cas', from: draw(5), to: draw(5) };
      running.push({ input, callSeq: seq, output: undefined });
      started += 1;
    } else if (running.length > 0) {
      const at = draw(running.length);
      const each = running[at]!;
      if (each.output === undefined) {
        const { input } = each;
        each.output =
          input.kind === 'read'
            ? { kind: 'value', value: state }
            : input.kind === 'write'
              ? { kind: 'written' }
              : { kind: 'compared', swapped: state === input.from };
        state = model.step(state, input, each.output).state;
      } else {
        running.splice(at, 1);
        const lost = each.input.kind !== 'read' && unknownOneIn > 0 && draw(unknownOneIn) === 0;
        operations.push(lost ? { ...each, output: undefined, returnSeq: NEVER_RETURNED } : { ...each, returnSeq: seq });
      }
    }
  }
  return operations;
}
