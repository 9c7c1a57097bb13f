import { describe, expect, it } from 'vitest';
import { packAscending, packNumbers, unpackAscending, unpackNumbers } from '../../src/store/run-codec.ts';

describe('packed numbers', () => {
  it.each([
    [[], 0],
    [[0], 1],
    [[127, 128], 3],
    [[5, 0, 300, 0xffff_ffff, 1], 10],
    [[Number.MAX_SAFE_INTEGER], 8],
  ])('%j take %i bytes and come back', (numbers, size) => {
    const bytes = packNumbers(numbers);
    expect(bytes).toHaveLength(size);
    expect(unpackNumbers(bytes)).toEqual(numbers);
  });

  it('that ascend are packed as distances', () => {
    const features = [0, 1, 90, 90, 4_294_967_200, 4_294_967_295];
    const bytes = packAscending(features);
    expect(bytes).toHaveLength(10);
    expect(unpackAscending(bytes)).toEqual(features);
  });

  it('must be integers that are not negative, and ascend where they are said to', () => {
    for (const numbers of [[-1], [0.5], [Number.NaN], [2 ** 53]])
      expect(() => packNumbers(numbers)).toThrow(RangeError);
    expect(() => packAscending([2, 1])).toThrow(RangeError);
  });
});
