import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from '../../src/checkers/linearizability.ts';
import { appendLogModel, type LogHead } from '../../src/checkers/models/append-log.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from '../../src/checkers/models/register.ts';
import { mix32, SearchMemo } from '../../src/checkers/search-memo.ts';
import { NEVER_RETURNED, type Operation, type SequentialModel } from '../../src/checkers/sequential-model.ts';
import { checkWitness } from '../../src/checkers/witness.ts';
import { bruteForce } from './brute-force.ts';
import { cas, type RegisterOperation, read, recordedRun, write } from './register-histories.ts';

type LogOperation = Operation<{ kind: 'append'; eventId: number } | { kind: 'read' }, LogHead>;

const PLENTY = { stepsMax: 10_000_000 };

const judgeRegister = (operations: readonly RegisterOperation[]) =>
  checkLinearizability(registerModel(), operations, PLENTY).verdict;

/** A toy chain for the stream model: order-sensitive in both words. */
const chainStep = (chain0: number, chain1: number, eventId: number): readonly [number, number] => [
  mix32(chain0 ^ eventId),
  mix32(Math.imul(chain1, 31) + eventId),
];
function headOf(eventIds: readonly number[]): LogHead {
  let head: LogHead = { length: 0, chain0: 0, chain1: 0 };
  for (const eventId of eventIds) {
    const [chain0, chain1] = chainStep(head.chain0, head.chain1, eventId);
    head = { length: head.length + 1, chain0, chain1 };
  }
  return head;
}
const append = (callSeq: number, returnSeq: number, eventId: number, seen?: readonly number[]): LogOperation => ({
  input: { kind: 'append', eventId },
  output: seen === undefined ? undefined : headOf(seen),
  callSeq,
  returnSeq,
});
const readLog = (callSeq: number, returnSeq: number, seen: readonly number[]): LogOperation => ({
  input: { kind: 'read' },
  output: headOf(seen),
  callSeq,
  returnSeq,
});

describe('hand-made register histories', () => {
  it('accepts what some order explains', () => {
    expect(judgeRegister([])).toBe('linearizable');
    expect(judgeRegister([read(1, 2, null)])).toBe('linearizable');
    expect(judgeRegister([write(1, 2, 7), read(3, 4, 7)])).toBe('linearizable');
    // Two reads overlap a write: one sees it, the other, concurrent to both, does not.
    expect(judgeRegister([write(1, 6, 7), read(2, 4, 7), read(3, 5, null)])).toBe('linearizable');
    expect(judgeRegister([write(1, 2, 1), cas(3, 4, 1, 2, true), cas(5, 6, 1, 3, false), read(7, 8, 2)])).toBe(
      'linearizable',
    );
  });

  it('refuses stale reads, lost writes and double swaps', () => {
    expect(judgeRegister([read(1, 2, 7)])).toBe('illegal');
    expect(judgeRegister([write(1, 2, 7), read(3, 4, null)])).toBe('illegal');
    // The new value was seen by a read that ended before the old value was read.
    expect(judgeRegister([write(1, 8, 7), read(2, 3, 7), read(4, 5, null)])).toBe('illegal');
    expect(judgeRegister([write(1, 2, 1), cas(3, 6, 1, 2, true), cas(4, 5, 1, 3, true)])).toBe('illegal');
    expect(judgeRegister([write(1, 2, 1), cas(3, 4, 1, 2, false)])).toBe('illegal');
  });

  it('lets an unknown operation take effect late, once, or never, but not before its call', () => {
    const lost = write(3, NEVER_RETURNED, 9);
    const first = write(1, 2, 1);
    expect(judgeRegister([first, lost, read(4, 5, 1)])).toBe('linearizable');
    expect(judgeRegister([first, lost, read(4, 5, 1), read(6, 7, 9)])).toBe('linearizable');
    expect(judgeRegister([first, lost, read(4, 5, 9), write(6, 7, 2), read(8, 9, 9)])).toBe('illegal');
    expect(judgeRegister([first, write(6, NEVER_RETURNED, 9), read(3, 5, 9)])).toBe('illegal');
    // Two equal ones may both be needed.
    const again = write(4, NEVER_RETURNED, 9);
    expect(judgeRegister([first, lost, again, read(5, 6, 9), write(7, 8, 2), read(9, 10, 9)])).toBe('linearizable');
  });

  it('remembers which unknown operation a visited node has spent', () => {
    // Either explains the first 2, but only the write can make the second one out of 3.
    const either = [write(1, NEVER_RETURNED, 2), cas(2, NEVER_RETURNED, 1, 2, true)];
    const known = [write(3, 4, 1), read(5, 6, 2), write(7, 8, 3), read(9, 10, 2)];
    expect(judgeRegister([...either, ...known])).toBe('linearizable');
    expect(judgeRegister([either[0]!, ...known])).toBe('illegal');
    expect(judgeRegister([either[1]!, ...known])).toBe('illegal');
  });

  it('treats operations that touch at one number as concurrent', () => {
    expect(judgeRegister([write(1, 3, 7), read(3, 4, null)])).toBe('linearizable');
  });

  it('says where the best order ends', () => {
    const history = [read(5, 6, 8), write(1, 2, 7), read(3, 4, 7)];
    expect(checkLinearizability(registerModel(), history, PLENTY)).toMatchObject({
      verdict: 'illegal',
      prefix: [1, 2],
      state: 7,
      blocked: 0,
    });
  });

  it('refuses operations that return before they are called', () => {
    expect(() => judgeRegister([read(4, 3, null)])).toThrow(/operation 0 .* finite callSeq/);
    expect(() => judgeRegister([read(Number.NaN, 3, null)])).toThrow(/operation 0/);
  });
});

describe('the append-only stream', () => {
  const judge = (operations: readonly LogOperation[]) =>
    checkLinearizability(appendLogModel(chainStep), operations, PLENTY);

  it('accepts appends in the order that the answers show', () => {
    const history = [
      append(1, 5, 10, [20, 10]),
      append(2, 4, 20, [20]),
      readLog(3, 6, [20, 10]),
      readLog(7, 8, [20, 10]),
    ];
    expect(judge(history)).toMatchObject({ verdict: 'linearizable' });
  });

  it('refuses a lost, a repeated and a reordered event, and a stale read', () => {
    const base = [append(1, 2, 10, [10]), append(3, 4, 20, [10, 20])];
    for (const seen of [[10], [20], [20, 10], [10, 20, 20]]) {
      expect(judge([...base, readLog(5, 6, seen)])).toMatchObject({ verdict: 'illegal', blocked: 2, prefix: [0, 1] });
    }
  });

  it('places pending appends only where an answer needs them', () => {
    const pending = [30, 31, 32, 33, 34, 35, 36, 37, 38, 39].map((id, at) => append(at + 1, NEVER_RETURNED, id));
    const good = judge([...pending, append(20, 21, 10, [33, 30, 10]), readLog(22, 23, [33, 30, 10])]);
    expect(good).toMatchObject({ verdict: 'linearizable', orders: [{ order: [3, 0, 10, 11] }] });
    // Ten pending appends have millions of orders; an answer that shows a shorter stream must end the search at once.
    const bad = judge([...pending, append(20, 21, 10, [33, 10]), readLog(22, 23, [10])]);
    expect(bad.verdict).toBe('illegal');
    expect(bad.stepsUsed).toBeLessThan(10_000);
  });

  it('starts at the given head', () => {
    const model = appendLogModel(chainStep, headOf([1, 2]));
    expect(checkLinearizability(model, [append(1, 2, 3, [1, 2, 3])], PLENTY).verdict).toBe('linearizable');
    expect(checkLinearizability(model, [append(1, 2, 3, [3])], PLENTY).verdict).toBe('illegal');
  });
});

describe('agreement with all permutations', () => {
  const small = fc.integer({ min: 0, max: 2 });
  const interval = fc.tuple(fc.nat(11), fc.nat(11), fc.nat(4)).map(([a, b, lost]) => ({
    start: Math.min(a, b),
    end: lost === 0 ? NEVER_RETURNED : Math.max(a, b),
  }));
  const registerOperation = fc
    .tuple(interval, fc.nat(3), small, small, fc.boolean())
    .map(([{ start, end }, kind, a, b, flag]): RegisterOperation => {
      if (kind <= 1) return read(start, end === NEVER_RETURNED ? 12 : end, flag ? a : null);
      return kind === 2 ? write(start, end, a) : cas(start, end, a, b, flag);
    });

  function compare<Input, Output, State>(
    model: SequentialModel<State, Input, Output>,
    arbitrary: fc.Arbitrary<Operation<Input, Output>>,
    sizeMax: number,
    numRuns: number,
  ) {
    const seen = { legal: 0, illegal: 0 };
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: sizeMax }), (operations) => {
        const legal = bruteForce(model, operations);
        seen[legal ? 'legal' : 'illegal'] += 1;
        const result = checkLinearizability(model, operations, PLENTY);
        expect(result.verdict).toBe(legal ? 'linearizable' : 'illegal');
        // A claimed order must itself stand; so must the prefix of a failure, as far as it goes.
        if (result.verdict === 'linearizable') {
          expect(checkWitness(model, operations, result.orders[0]!.order)).toEqual({ verdict: 'linearizable' });
        } else if (result.verdict === 'illegal') {
          const part = result.prefix.map((index) => operations[index]!);
          expect(
            checkWitness(
              model,
              part,
              part.map((_, at) => at),
            ),
          ).toEqual({ verdict: 'linearizable' });
          expect(result.prefix).not.toContain(result.blocked);
        }
      }),
      { seed: 20260206, numRuns },
    );
    // A generator that makes only one kind of history would prove nothing.
    expect(Math.min(seen.legal, seen.illegal)).toBeGreaterThan(numRuns / 10);
  }

  it('for 4,000 register histories', () => compare(registerModel(), registerOperation, 5, 4_000));

  it('for 2,000 register histories without the optional hints of the model', () => {
    const { init, step, stateKey } = registerModel();
    compare({ init, step, stateKey }, registerOperation, 5, 2_000);
  });

  it('for 3,000 stream histories', () => {
    const seen = fc.constantFrom([1], [2], [1, 2], [2, 1], [1, 2, 3], [3, 1]);
    const logOperation = fc.tuple(interval, fc.nat(3), seen).map(([{ start, end }, kind, ids]): LogOperation => {
      if (kind === 0) return readLog(start, end === NEVER_RETURNED ? 12 : end, ids);
      if (kind === 1) return readLog(start, end === NEVER_RETURNED ? 12 : end, []);
      const eventId = ids[ids.length - 1]!;
      return end === NEVER_RETURNED ? append(start, end, eventId) : append(start, end, eventId, ids);
    });
    compare(appendLogModel(chainStep), logOperation, 5, 3_000);
  });
});

describe('larger histories', () => {
  it('accepts what a real register did, with and without lost answers', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const history = recordedRun(seed, 300, 6, seed % 2 === 0 ? 15 : 0);
      expect(judgeRegister(history), `seed ${seed}`).toBe('linearizable');
    }
  });

  it('finds one impossible read in each', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const history = recordedRun(seed, 300, 6, seed % 2 === 0 ? 40 : 0);
      const at = history.findIndex((each, index) => index > 150 && each.output?.kind === 'value');
      history[at] = { ...history[at]!, output: { kind: 'value', value: 99 } };
      expect(checkLinearizability(registerModel(), history, PLENTY), `seed ${seed}`).toMatchObject({
        verdict: 'illegal',
        blocked: at,
      });
    }
  });

  it('goes 60,000 operations deep without recursion and in little memory', () => {
    const history = recordedRun(7, 60_000, 8, 0);
    // Whole bit sets would need 7.5 kB a node, gigabytes in all.
    const result = checkLinearizability(registerModel(), history, { stepsMax: 5_000_000, memoBytesMax: 64 << 20 });
    expect(result).toMatchObject({ verdict: 'linearizable' });
  });
});

describe('partitions', () => {
  type KeyedInput = { readonly key: string; readonly operation: RegisterInput };
  const base = registerModel();
  const model: SequentialModel<number | null, KeyedInput, RegisterOutput> = {
    init: base.init,
    step: (state, input, output) => base.step(state, input.operation, output),
    stateKey: base.stateKey,
    partition: (input) => input.key,
  };
  const keyed = (key: string, operations: readonly RegisterOperation[]) =>
    operations.map((each) => ({ ...each, input: { key, operation: each.input } }));
  /** Concurrent writes of distinct values and a read of none of them: every order has to be tried. */
  const explosive = [...Array.from({ length: 24 }, (_, at) => write(1 + at, 100 + at, at + 1)), read(200, 201, 99)];

  it('gives each key its own state and order', () => {
    const history = [
      ...keyed('a', [write(1, 2, 7)]),
      ...keyed('b', [read(3, 4, null)]),
      ...keyed('a', [read(5, 6, 7)]),
    ];
    expect(checkLinearizability(model, history, PLENTY)).toMatchObject({
      verdict: 'linearizable',
      orders: [
        { partition: 'a', order: [0, 2] },
        { partition: 'b', order: [1] },
      ],
    });
    expect(checkWitness(model, history, [0, 1, 2])).toEqual({ verdict: 'linearizable' });
  });

  it('is not held up by a key that explodes before one that is plainly illegal', () => {
    const history = [...keyed('slow', explosive), ...keyed('bad', [read(1, 2, 5)])];
    const result = checkLinearizability(model, history, PLENTY);
    expect(result).toMatchObject({ verdict: 'illegal', partition: 'bad', blocked: explosive.length });
    expect(result.stepsUsed).toBeLessThan(100_000);
  });

  it('is unknown when a budget ends, and says which', () => {
    const history = [...keyed('good', [write(1, 2, 7)]), ...keyed('slow', explosive)];
    const check = (budget: Parameters<typeof checkLinearizability>[2]) => checkLinearizability(model, history, budget);
    const counts = { partitionsJudged: 1, partitionsTotal: 2 };
    const steps = check({ stepsMax: 50 });
    expect(steps).toEqual({ verdict: 'unknown', reason: 'steps', stepsUsed: 50, ...counts });
    expect(check({ stepsMax: 50 })).toEqual(steps);
    expect(check({ ...PLENTY, memoBytesMax: 1 << 20 })).toMatchObject({ verdict: 'unknown', reason: 'memory' });
    let asked = 0;
    const stopped = check({ ...PLENTY, shouldStop: () => (asked += 1) > 3 });
    expect(stopped).toMatchObject({ verdict: 'unknown', reason: 'stopped', ...counts });
  });
});

describe('the visited set', () => {
  it('tells records with equal hashes apart', () => {
    const memo = new SearchMemo(() => 1);
    for (let i = 0; i < 500; i += 1) expect(memo.add(Int32Array.of(i, 5), 2)).toBe(true);
    for (let i = 0; i < 500; i += 1) expect(memo.add(Int32Array.of(i, 5), 2)).toBe(false);
    expect(memo.add(Int32Array.of(3), 1)).toBe(true);
    expect(memo.sizeBytes()).toBeGreaterThan(500 * 4 * 4);
  });
});
