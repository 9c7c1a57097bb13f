import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from '../../src/checkers/linearizability.ts';
import { shortestIllegalPrefix } from '../../src/checkers/linearizability-prefix.ts';
import { type KvInput, type KvOutput, type KvValue, kvModel } from '../../src/checkers/models/kv.ts';
import { NEVER_RETURNED, type Operation } from '../../src/checkers/sequential-model.ts';
import { checkWitness } from '../../src/checkers/witness.ts';
import { bruteForce } from './brute-force.ts';
import { numbers } from './register-histories.ts';

type KvOperation = Operation<KvInput, KvOutput>;

const PLENTY = { stepsMax: 10_000_000 };
const DONE: KvOutput = { kind: 'done' };

const get = (callSeq: number, returnSeq: number, value: KvValue, key = 'k'): KvOperation => ({
  input: { kind: 'get', key },
  output: { kind: 'value', value },
  callSeq,
  returnSeq,
});
const change = (callSeq: number, returnSeq: number, input: KvInput, swapped?: boolean): KvOperation => ({
  input,
  output: returnSeq === NEVER_RETURNED ? undefined : swapped === undefined ? DONE : { kind: 'compared', swapped },
  callSeq,
  returnSeq,
});
const put = (callSeq: number, returnSeq: number, value: string, key = 'k') =>
  change(callSeq, returnSeq, { kind: 'put', key, value });
const append = (callSeq: number, returnSeq: number, value: string, key = 'k') =>
  change(callSeq, returnSeq, { kind: 'append', key, value });
const remove = (callSeq: number, returnSeq: number, key = 'k') => change(callSeq, returnSeq, { kind: 'delete', key });
const cas = (callSeq: number, returnSeq: number, from: KvValue, to: string, swapped: boolean) =>
  change(callSeq, returnSeq, { kind: 'cas', key: 'k', from, to }, swapped);

const judge = (operations: readonly KvOperation[], absent: KvValue = null) =>
  checkLinearizability(kvModel(absent), operations, PLENTY).verdict;

describe('hand-made histories of a store', () => {
  it('knows what each operation does', () => {
    const history = [
      get(1, 2, null),
      append(3, 4, 'a'),
      append(5, 6, 'b'),
      get(7, 8, 'ab'),
      cas(9, 10, 'ab', 'c', true),
      cas(11, 12, 'ab', 'd', false),
      get(13, 14, 'c'),
      remove(15, 16),
      cas(17, 18, null, 'e', true),
      get(19, 20, 'e'),
      put(21, 22, ''),
      get(23, 24, ''),
    ];
    expect(judge(history)).toBe('linearizable');
    for (let at = 0; at < history.length; at += 1) {
      const { output } = history[at]!;
      if (output === undefined || output.kind === 'done') continue;
      const wrong: KvOutput =
        output.kind === 'value' ? { kind: 'value', value: 'x' } : { kind: 'compared', swapped: !output.swapped };
      expect(judge(history.with(at, { ...history[at]!, output: wrong })), `operation ${at}`).toBe('illegal');
    }
  });

  it('tells an absent key from an empty one, unless the store does not', () => {
    expect(judge([get(1, 2, '')])).toBe('illegal');
    expect(judge([get(1, 2, '')], '')).toBe('linearizable');
    expect(judge([put(1, 2, 'a'), remove(3, 4), get(5, 6, '')], '')).toBe('linearizable');
    expect(judge([put(1, 2, 'a'), remove(3, 4), get(5, 6, '')])).toBe('illegal');
  });

  it('judges each key on its own, and names the one that fails', () => {
    const history = [put(1, 2, 'a'), put(3, 4, 'b', 'other'), get(5, 6, 'a'), get(7, 8, 'a', 'other')];
    expect(judge(history.slice(0, 3))).toBe('linearizable');
    expect(checkLinearizability(kvModel(), history, PLENTY)).toMatchObject({ verdict: 'illegal', partition: 'other' });
  });

  it('settles many concurrent appends by a get that comes much later', () => {
    const parts = Array.from({ length: 24 }, (_, at) => `${at}.`);
    const appends = parts.map((part, at) => append(1 + at, 100 + at, part));
    const mixed = [...parts.slice(12).reverse(), ...parts.slice(0, 12)].join('');
    const good = checkLinearizability(kvModel(), [...appends, get(200, 201, mixed)], PLENTY);
    expect(good).toMatchObject({ verdict: 'linearizable' });
    expect(good.stepsUsed).toBeLessThan(1_000);
    const twice = checkLinearizability(kvModel(), [...appends, get(200, 201, `${mixed}0.`)], PLENTY);
    expect(twice).toMatchObject({ verdict: 'illegal' });
    expect(twice.stepsUsed).toBeLessThan(1_000);
    // With a put among them the order before it is open, but not the one after it.
    const late = [put(150, 151, 'p'), ...parts.map((part, at) => append(160 + at, 200 + at, part)), get(300, 301, 'p')];
    const lost = checkLinearizability(kvModel(), [...appends.slice(0, 3), ...late], PLENTY);
    expect(lost).toMatchObject({ verdict: 'illegal' });
    expect(lost.stepsUsed).toBeLessThan(1_000);
  });

  it('counts the characters of values it remembers', () => {
    const long = 'x'.repeat(100_000);
    const writes = Array.from({ length: 30 }, (_, at) => put(1 + at, 100 + at, `${long}${at}`));
    const check = checkLinearizability(kvModel(), [...writes, get(200, 201, 'never')], {
      ...PLENTY,
      memoBytesMax: 2e6,
    });
    expect(check).toMatchObject({ verdict: 'unknown', reason: 'memory' });
  });
});

const value = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'aa');
const operation = fc
  .tuple(fc.nat(11), fc.nat(11), fc.nat(5), fc.nat(6), value, value, fc.boolean())
  .map(([a, b, lost, kind, first, second, flag]): KvOperation => {
    const start = Math.min(a, b);
    const end = lost === 0 ? NEVER_RETURNED : Math.max(a, b);
    if (kind <= 2) return get(start, Math.max(a, b), flag || first === '' ? first : null);
    if (kind === 3) return put(start, end, first);
    if (kind <= 5) return append(start, end, first === '' ? 'a' : first.slice(0, 1));
    return flag ? cas(start, end, first === '' ? null : first, second, second.length > 1) : remove(start, end);
  });

describe('agreement with all permutations', () => {
  it.each<[string, KvValue]>([
    ['a store that knows absence', null],
    ['a store that does not', ''],
  ])('for 3,000 histories of %s', (_, absent) => {
    const model = kvModel(absent);
    const seen = { legal: 0, illegal: 0 };
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 5 }), (operations) => {
        const legal = bruteForce(model, operations);
        seen[legal ? 'legal' : 'illegal'] += 1;
        const result = checkLinearizability(model, operations, PLENTY);
        expect(result.verdict).toBe(legal ? 'linearizable' : 'illegal');
        if (result.verdict !== 'linearizable') return;
        expect(checkWitness(model, operations, result.orders[0]!.order)).toEqual({ verdict: 'linearizable' });
      }),
      { seed: 20260207, numRuns: 3_000 },
    );
    expect(Math.min(seen.legal, seen.illegal)).toBeGreaterThan(300);
  });

  it('on the shortest beginning that no order explains', () => {
    const model = kvModel('');
    let illegal = 0;
    fc.assert(
      fc.property(fc.array(operation, { minLength: 2, maxLength: 5 }), (operations) => {
        const found = checkLinearizability(model, operations, PLENTY);
        if (found.verdict !== 'illegal') return;
        illegal += 1;
        const asOf = (endSeq: number) =>
          operations
            .filter((each) => each.callSeq <= endSeq)
            .map((each) =>
              each.returnSeq <= endSeq ? each : { ...each, output: undefined, returnSeq: NEVER_RETURNED },
            );
        const returns = operations.map((each) => each.returnSeq).sort((a, b) => a - b);
        const endSeq = returns.find((seq) => !bruteForce(model, asOf(seq)))!;
        const prefix = shortestIllegalPrefix(model, operations, found, PLENTY);
        expect(prefix).toMatchObject({ endSeq, shortest: true });
        expect(operations[prefix.blocked]!.returnSeq).toBe(endSeq);
        // Everything that returned before stands in the order, and the blocked operation does not fit behind it.
        const before = prefix.order.map((index) => operations[index]!);
        for (const each of operations) if (each.returnSeq < endSeq) expect(before).toContain(each);
        const last = operations[prefix.blocked]!;
        expect(model.step(prefix.state, last.input, last.output).ok).toBe(false);
      }),
      { seed: 20260208, numRuns: 1_500 },
    );
    expect(illegal).toBeGreaterThan(300);
  });
});

/** A history made by really running a store: `clients` in parallel on a few keys, values written once. */
function recordedStore(seed: number, count: number, clients: number): KvOperation[] {
  const draw = numbers(seed);
  const model = kvModel();
  const states = new Map<string, KvValue>();
  const operations: KvOperation[] = [];
  const running: { input: KvInput; callSeq: number; output: KvOutput | undefined }[] = [];
  let started = 0;
  for (let seq = 1; started < count || running.length > 0; seq += 1) {
    if (started < count && running.length < clients && draw(2) === 0) {
      const key = `k${draw(3)}`;
      const kind = (['get', 'get', 'put', 'append', 'append', 'delete', 'cas'] as const)[draw(7)]!;
      const written = `${started}.`;
      const input: KvInput =
        kind === 'get' || kind === 'delete'
          ? { kind, key }
          : kind === 'cas'
            ? { kind, key, from: states.get(key) ?? null, to: written }
            : { kind, key, value: written };
      running.push({ input, callSeq: seq, output: undefined });
      started += 1;
    } else if (running.length > 0) {
      const at = draw(running.length);
      const each = running[at]!;
      if (each.output === undefined) {
        const { key, kind } = each.input;
        const state = states.get(key) ?? null;
        each.output =
          kind === 'get'
            ? { kind: 'value', value: state }
            : kind === 'cas'
              ? { kind: 'compared', swapped: state === each.input.from }
              : DONE;
        states.set(key, model.step(state, each.input, each.output).state);
      } else {
        running.splice(at, 1);
        operations.push({ ...each, returnSeq: seq });
      }
    }
  }
  return operations.sort((a, b) => a.callSeq - b.callSeq);
}

describe('histories of a real store', () => {
  it('are linearizable, and are not when two answers that were not concurrent are swapped', () => {
    const verdicts = { linearizable: 0, illegal: 0, unknown: 0 };
    for (let seed = 1; seed <= 40; seed += 1) {
      const history = recordedStore(seed, 240, 5);
      expect(judge(history), `seed ${seed}`).toBe('linearizable');
      const gets = history.filter(({ input }) => input.kind === 'get' && input.key === 'k0');
      const first = gets[Math.floor(gets.length / 3)]!;
      const answerOf = ({ output }: KvOperation) => (output?.kind === 'value' ? output.value : '?');
      const second = gets.find((each) => each.callSeq > first.returnSeq && answerOf(each) !== answerOf(first));
      if (second === undefined) continue;
      const swapped = history.map((each) =>
        each === first
          ? { ...each, output: second.output }
          : each === second
            ? { ...each, output: first.output }
            : each,
      );
      verdicts[judge(swapped)] += 1;
    }
    // A swap may leave a legal history behind only where absent values return, which deletes make possible.
    expect(verdicts.unknown).toBe(0);
    expect(verdicts.illegal).toBeGreaterThan(30);
  });
});
