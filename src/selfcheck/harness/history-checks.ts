import type { RegisterInput, RegisterOutput } from '../../checkers/models/register.ts';
import { NEVER_RETURNED, type Operation } from '../../checkers/sequential-model.ts';
import type { Stream } from '../../sim/random.ts';
import type { Check } from './row.ts';

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** The verdict on a history of one register within so many steps of the search. */
export type Judge = (
  operations: readonly RegisterOperation[],
  stepsMax: number,
) => 'linearizable' | 'illegal' | 'unknown';

/** Whether an order of operations (their indices) is accepted as a linearization. */
export type Witness = (operations: readonly RegisterOperation[], order: readonly number[]) => boolean;

const STEPS = 100_000;
/** Stale reads tried in one history, one at a time. */
const PLACES = 6;

function read(callSeq: number, returnSeq: number, value: number | null): RegisterOperation {
  return { input: { kind: 'read' }, output: { kind: 'value', value }, callSeq, returnSeq };
}

function write(callSeq: number, returnSeq: number, value: number): RegisterOperation {
  const output = returnSeq === NEVER_RETURNED ? undefined : ({ kind: 'written' } as const);
  return { input: { kind: 'write', value }, output, callSeq, returnSeq };
}

/** Writes of 1, 2, 3, ... one after the other, each followed by one to three reads that see it. */
function oneAfterTheOther(draw: Stream, writes: number): RegisterOperation[] {
  const found: RegisterOperation[] = [];
  let seq = 1;
  for (let value = 1; value <= writes; value++) {
    found.push(write(seq++, seq++, value));
    for (let count = draw.int(1, 3); count > 0; count--) found.push(read(seq++, seq++, value));
  }
  return found;
}

/** Replaces one read, wherever it stands, by one that saw the value before. */
function withStaleRead(draw: Stream, history: readonly RegisterOperation[]): RegisterOperation[] {
  const reads = [...history.keys()].filter((index) => history[index]?.input.kind === 'read');
  const stale = draw.pick(reads.slice(1));
  return history.map((each, index) => {
    if (index !== stale || each.output?.kind !== 'value') return each;
    return { ...each, output: { kind: 'value', value: (each.output.value ?? 1) - 1 } };
  });
}

/** One stale read among many makes a history illegal; without it the history is legal (R14). */
export const STALE_READ: Check<Judge> = {
  name: 'stale-read-anywhere',
  judge(verdictOn, draw) {
    const fresh = oneAfterTheOther(draw, 60);
    const legal = verdictOn(fresh, STEPS);
    if (legal !== 'linearizable') return `a register whose reads are all fresh is judged ${legal}`;
    for (let place = 0; place < PLACES; place++) {
      const verdict = verdictOn(withStaleRead(draw, fresh), STEPS);
      if (verdict !== 'illegal') return `a history with one stale read among ${fresh.length} is judged ${verdict}`;
    }
    return null;
  },
};

/** An operation of unknown outcome may have happened at any later time, or not at all, but only once (R13). */
export const UNKNOWN_OUTCOME: Check<Judge> = {
  name: 'unknown-outcome',
  judge(verdictOn, draw) {
    const before = oneAfterTheOther(draw, draw.int(1, 5));
    const seq = before.length * 2 + 1;
    const old = draw.int(1, 3);
    const known = before.filter(({ input }) => input.kind === 'write').length;
    const lost = write(seq, NEVER_RETURNED, 99);
    const reads = (from: number, count: number, value: number): RegisterOperation[] =>
      Array.from({ length: count }, (_, index) => read(from + 2 * index, from + 2 * index + 1, value));
    const unseen = [...before, lost, ...reads(seq + 1, old + 2, known)];
    if (verdictOn(unseen, STEPS) !== 'linearizable')
      return 'a write of unknown outcome that nobody saw is held against it';
    const seen = [...before, lost, ...reads(seq + 1, old, known), ...reads(seq + 21, 2, 99)];
    if (verdictOn(seen, STEPS) !== 'linearizable') return 'a write of unknown outcome that was seen late is illegal';
    const undone = [...seen, ...reads(seq + 41, 1, known)];
    return verdictOn(undone, STEPS) === 'illegal' ? null : 'a write of unknown outcome was seen and then undone';
  },
};

/** A search that ran out of steps says so: nothing has been proved (R14). */
export const SEARCH_BUDGET: Check<Judge> = {
  name: 'search-budget',
  judge(verdictOn, draw) {
    const width = draw.int(6, 9);
    const writes = Array.from({ length: width }, (_, index) => write(1 + index, 100 + index, index + 1));
    const operations = [...writes, read(300, 301, 77)];
    const hurried = verdictOn(operations, 4);
    if (hurried !== 'unknown') return `a search of 4 steps among ${width} concurrent writes says ${hurried}`;
    const patient = verdictOn(operations, STEPS);
    return patient === 'illegal' ? null : `a read of a value that nobody wrote is judged ${patient}`;
  },
};

/** The order in which things happened is accepted (R14). */
export const WITNESS_ACCEPTS: Check<Witness> = {
  name: 'witness-accepts',
  judge(accepts, draw) {
    const operations = oneAfterTheOther(draw, draw.int(2, 12));
    return accepts(operations, [...operations.keys()]) ? null : 'the order in which things happened is not accepted';
  },
};

/** An order that breaks real time, leaves something out or does not explain an answer is not accepted (R14). */
export const WITNESS_SOUND: Check<Witness> = {
  name: 'witness-sound',
  judge(accepts, draw) {
    const operations = oneAfterTheOther(draw, draw.int(2, 12));
    const order = [...operations.keys()];
    if (accepts(operations, order.slice(0, -1))) return 'an order without the last completed operation is accepted';
    if (accepts(withStaleRead(draw, operations), order)) return 'an order that does not explain a read is accepted';
    const apart = [write(1, 2, 1), write(3, 4, 1), ...oneAfterTheOther(draw, 1).map(later(10))];
    const turned = [1, 0, ...[...apart.keys()].slice(2)];
    return accepts(apart, turned) ? 'an order against real time is accepted' : null;
  },
};

function later(by: number): (operation: RegisterOperation) => RegisterOperation {
  return (operation) => ({
    ...operation,
    callSeq: operation.callSeq + by,
    returnSeq: operation.returnSeq + by,
  });
}
