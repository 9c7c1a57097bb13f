import { describe, expect, test } from 'vitest';
import { type Stream, stream } from '../../src/sim/random.ts';

const DRAWS = 6;
const VECTOR = [3580011721, 855707044, 1949803923, 2575028064];
const topBits = (source: Stream): number[] => Array.from({ length: DRAWS }, () => source.int(0, 4_294_967_295) >>> 31);

describe('streams are independent (R20): top bits agree in 45-55 % of 2,000 seeds, on each of the first six draws', () => {
  const SEEDS = 2_000;
  const expectIndependent = (left: (seed: number) => Stream, right: (seed: number) => Stream): void => {
    const agreed = new Array<number>(DRAWS).fill(0);
    for (let seed = 1; seed <= SEEDS; seed++) {
      const others = topBits(right(seed));
      for (const [draw, bit] of topBits(left(seed)).entries()) {
        if (bit === others[draw]) agreed[draw] = (agreed[draw] as number) + 1;
      }
    }
    for (const [draw, count] of agreed.entries()) {
      const percent = (count / SEEDS) * 100;
      expect(percent, `draw ${draw}`).toBeGreaterThanOrEqual(45);
      expect(percent, `draw ${draw}`).toBeLessThanOrEqual(55);
    }
  };

  test.each([
    ['fault/1', 'fault/2'],
    ['fault/1', 'fault/10'],
    ['fault', 'faulu'],
    ['a', 'b'],
    ['client/0', 'client/1'],
    ['network', 'disk'],
  ])('labels %s and %s', (left, right) => {
    expectIndependent(
      (seed) => stream(seed, left),
      (seed) => stream(seed, right),
    );
  });

  test.each([1, 2, 16, 1_000])('seeds %i apart', (gap) => {
    expectIndependent(
      (seed) => stream(seed, 'fault/1'),
      (seed) => stream(seed + gap, 'fault/1'),
    );
  });

  test('neighbouring draws of one stream', () => {
    expectIndependent(
      (seed) => stream(seed, 'fault/1'),
      (seed) => {
        const source = stream(seed, 'fault/1');
        source.int(0, 1);
        return source;
      },
    );
  });
});

describe('a stream', () => {
  test('depends on seed and label alone', () => {
    const first = topBits(stream(7, 'a'));
    const other = stream(7, 'b');
    other.int(0, 9);
    expect(topBits(stream(7, 'a'))).toEqual(first);
    const numbers = (source: Stream): number[] => Array.from({ length: 5 }, () => source.int(0, 999_999));
    expect(numbers(stream(7, 'a'))).toEqual(numbers(stream(7, 'a')));
    expect(numbers(stream(7, 'a'))).not.toEqual(numbers(stream(8, 'a')));
  });

  test('int stays in its range, reaches both ends and spreads evenly', () => {
    const source = stream(7, 'int');
    const counts = new Array<number>(7).fill(0);
    for (let draw = 0; draw < 70_000; draw++) {
      const value = source.int(-3, 3);
      expect(Number.isInteger(value)).toBe(true);
      counts[value + 3] = (counts[value + 3] as number) + 1;
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(70_000);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(source.int(4, 4)).toBe(4);
  });

  test('chance has its rate', () => {
    const source = stream(7, 'chance');
    let hits = 0;
    for (let draw = 0; draw < 30_000; draw++) if (source.chance(1, 3)) hits++;
    expect(Math.abs(hits - 10_000)).toBeLessThan(400);
    expect(source.chance(0, 5)).toBe(false);
    expect(source.chance(5, 5)).toBe(true);
  });

  test('shuffle gives every order of three about equally often and leaves its argument alone', () => {
    const source = stream(7, 'shuffle');
    const items = ['a', 'b', 'c'];
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 6_000; draw++) {
      const order = source.shuffle(items).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(items).toEqual(['a', 'b', 'c']);
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  test('pick takes each element, and refuses an empty array', () => {
    const source = stream(7, 'pick');
    expect(new Set(Array.from({ length: 100 }, () => source.pick([1, 2, 3])))).toEqual(new Set([1, 2, 3]));
    expect(() => source.pick([])).toThrow('non-empty array');
  });

  test('fixed answers: a change here changes every plan', () => {
    const source = stream(1, 'vector');
    expect(Array.from({ length: 4 }, () => source.int(0, 4_294_967_295))).toEqual(VECTOR);
  });
});
