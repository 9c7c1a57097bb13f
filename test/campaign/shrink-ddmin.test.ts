import { describe, expect, it } from 'vitest';
import { ddmin } from '../../src/campaign/shrink/ddmin.ts';

const never = (): boolean => false;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Fails when all of `needed` are there; counts the questions. */
function oracle(needed: readonly number[]): {
  asked: number;
  test: (part: readonly number[]) => Promise<readonly number[] | null>;
} {
  const state = {
    asked: 0,
    test: async (part: readonly number[]) => {
      state.asked++;
      return needed.every((each) => part.includes(each)) ? part : null;
    },
  };
  return state;
}

describe('ddmin', () => {
  it.each([[[]], [[0]], [[99]], [[3, 4]], [[0, 50, 99]], [[7, 13, 21, 34, 55, 89]]])(
    'finds exactly %j among a hundred',
    async (needed) => {
      const { test } = oracle(needed);
      expect(await ddmin(numbers(100), test, never)).toEqual(needed);
    },
  );

  it('asks little when one of a thousand matters', async () => {
    const asked = oracle([617]);
    expect(await ddmin(numbers(1_000), asked.test, never)).toEqual([617]);
    expect(asked.asked).toBeLessThan(40);
  });

  it('is 1-minimal where the oracle is not monotonic', async () => {
    const fails = (part: readonly number[]): boolean => part.length % 3 === 1 && part.length >= 4;
    const rest = await ddmin(numbers(40), async (part) => (fails(part) ? part : null), never);
    expect(fails(rest)).toBe(true);
    for (const each of rest) expect(fails(rest.filter((other) => other !== each))).toBe(false);
  });

  it('goes on with what the test itself has left', async () => {
    const rest = await ddmin(
      numbers(64),
      async (part) => (part.includes(5) ? part.filter((each) => each % 5 === 0) : null),
      never,
    );
    expect(rest).toEqual([5]);
  });

  it('keeps what still fails when it is stopped, and is coarse with few parts', async () => {
    const stopped = oracle([1, 60]);
    const rest = await ddmin(numbers(64), stopped.test, () => stopped.asked >= 6);
    expect(rest).toEqual(expect.arrayContaining([1, 60]));
    const quarters = oracle([1, 20, 40, 60]);
    expect(await ddmin(numbers(64), quarters.test, never, 4)).toHaveLength(64);
    expect(quarters.asked).toBeLessThan(12);
  });
});
