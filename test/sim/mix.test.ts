import { describe, expect, test } from 'vitest';
import { chance, DOMAIN, hi32, mix1, mix2, mix3, mix4, mix5, mix6, mixString, scale } from '../../src/sim/mix.ts';

/** MurmurHash3 x86 32 as its author specifies it, over the words' little-endian bytes and in BigInt: a second opinion. */
function murmur3(words: readonly number[], seed: number): number {
  const M = 0xffffffffn;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & M;
  let h = BigInt(seed >>> 0);
  for (const word of words) {
    let k = (BigInt(word >>> 0) * 0xcc9e2d51n) & M;
    k = (rotate(k, 15n) * 0x1b873593n) & M;
    h = (rotate(h ^ k, 13n) * 5n + 0xe6546b64n) & M;
  }
  h ^= BigInt(words.length * 4);
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & M;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & M;
  return Number(h ^ (h >> 16n));
}

const mixOf = (seed: number, domain: number, keys: readonly number[]): number => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = keys;
  switch (keys.length) {
    case 1:
      return mix1(seed, domain, a);
    case 2:
      return mix2(seed, domain, a, b);
    case 3:
      return mix3(seed, domain, a, b, c);
    case 4:
      return mix4(seed, domain, a, b, c, d);
    case 5:
      return mix5(seed, domain, a, b, c, d, e);
    default:
      return mix6(seed, domain, a, b, c, d, e, f);
  }
};

const VECTORS = [2688304468, 3568513587, 1924023384, 320753649, 1430032166, 2099181462, 2028806445, 4099793140];

describe('test vectors', () => {
  test('the reference itself gives the published MurmurHash3 vectors', () => {
    // Known answers of MurmurHash3_x86_32: four bytes 21 43 65 87 and four zero bytes.
    expect(murmur3([0x87654321], 0)).toBe(0xf55b516b);
    expect(murmur3([0x87654321], 0x5082edee)).toBe(0x2362f9de);
    expect(murmur3([0], 0)).toBe(0x2362f9de);
    expect(murmur3([], 1)).toBe(0x514e28b7);
  });

  test('the family is MurmurHash3 over (domain, keys), for every length', () => {
    const seeds = [0, 1, 42, 0x7fffffff, 0x80000000, 0xffffffff];
    const keys = [7, -1, 0, 0x80000000, 123_456_789, 0xffffffff];
    for (const seed of seeds) {
      for (let length = 1; length <= 6; length++) {
        const tuple = keys.slice(0, length);
        expect(mixOf(seed, DOMAIN.packetLoss, tuple)).toBe(murmur3([DOMAIN.packetLoss, ...tuple], seed));
      }
    }
  });

  test('fixed answers: a change here changes every run of every seed', () => {
    expect([
      mix1(1, 1, 1),
      mix2(1, 2, 3, 4),
      mix3(1, 2, 3, 4, 5),
      mix4(1, 2, 3, 4, 5, 6),
      mix5(1, 2, 3, 4, 5, 6, 7),
      mix6(1, 2, 3, 4, 5, 6, 7, 8),
      mixString(1, ''),
      mixString(1, 'fault/1'),
    ]).toEqual(VECTORS);
  });

  test('the numbers of the domains are unique: they are part of every key', () => {
    const numbers = [...Object.values(DOMAIN)];
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

test('tuples of different lengths, and strings against their prefixes, do not collide by concatenation', () => {
  const seen = new Set<number>();
  for (let length = 1; length <= 6; length++) seen.add(mixOf(5, 0, new Array(length).fill(0)));
  expect(seen.size).toBe(6);
  const texts = ['', 'a', 'aa', 'a\0', '\0', '\0\0', 'b', 'ab', 'ba'];
  expect(new Set(texts.map((text) => mixString(5, text))).size).toBe(texts.length);
});

describe('independence (R20): top bits agree in 45-55 % of 2,000 seeds', () => {
  const SEEDS = 2_000;
  const agreement = (left: (seed: number) => number, right: (seed: number) => number): number => {
    let agreed = 0;
    for (let seed = 0; seed < SEEDS; seed++) if (left(seed) >>> 31 === right(seed) >>> 31) agreed++;
    return (agreed / SEEDS) * 100;
  };
  const expectIndependent = (left: (seed: number) => number, right: (seed: number) => number): void => {
    const percent = agreement(left, right);
    expect(percent).toBeGreaterThanOrEqual(45);
    expect(percent).toBeLessThanOrEqual(55);
  };

  test('the measure itself tells equal and complementary draws', () => {
    expect(
      agreement(
        (seed) => mix1(seed, 1, 1),
        (seed) => mix1(seed, 1, 1),
      ),
    ).toBe(100);
    expect(
      agreement(
        (seed) => mix1(seed, 1, 1),
        (seed) => ~mix1(seed, 1, 1),
      ),
    ).toBe(0);
  });

  describe.each([0, 1, 2, 3, 4, 5])('draw %i (the attempt of the key)', (attempt) => {
    const draw = (seed: number): number => mix6(seed, DOMAIN.packetLatency, 0, 1, 2, 100, 7, attempt);

    test('neighbouring seeds', () => expectIndependent(draw, (seed) => draw(seed + 1)));
    test('next draw', () => {
      expectIndependent(draw, (seed) => mix6(seed, DOMAIN.packetLatency, 0, 1, 2, 100, 7, attempt + 1));
    });
    test('neighbouring domains', () => {
      expectIndependent(draw, (seed) => mix6(seed, DOMAIN.packetLatency + 1, 0, 1, 2, 100, 7, attempt));
    });
    test.each([0, 1, 2, 3, 4])('neighbouring keys, word %i', (word) => {
      const keys = [0, 1, 2, 100, 7].map((key, index) => (index === word ? key + 1 : key));
      expectIndependent(draw, (seed) => mixOf(seed, DOMAIN.packetLatency, [...keys, attempt]));
    });
    test('swapped keys', () => {
      expectIndependent(draw, (seed) => mix6(seed, DOMAIN.packetLatency, 1, 0, 2, 100, 7, attempt));
    });
    test('neighbouring labels', () => {
      const labelled = (label: string) => (seed: number) => mix2(seed, DOMAIN.fault, mixString(0, label), attempt);
      expectIndependent(labelled('fault/1'), labelled('fault/2'));
      expectIndependent(labelled('fault/1'), labelled('fault/10'));
    });
  });
});

describe('helpers', () => {
  test('hi32 splits what does not fit 32 bits', () => {
    expect([hi32(0), hi32(4_294_967_295), hi32(4_294_967_296), hi32(2 ** 52)]).toEqual([0, 0, 1, 2 ** 20]);
  });

  test('chance is exact at its ends and right in between', () => {
    let hits = 0;
    for (let key = 0; key < 65_536; key++) {
      const draw = mix1(3, 1, key);
      expect(chance(draw, 0)).toBe(false);
      expect(chance(draw, 65_536)).toBe(true);
      if (chance(draw, 6_554)) hits++;
    }
    expect(hits).toBeGreaterThan(6_250);
    expect(hits).toBeLessThan(6_850);
    expect(chance(0xffffffff, 65_535)).toBe(false);
    expect(chance(0, 1)).toBe(true);
  });

  test('scale stays in its range, reaches both ends and spreads evenly', () => {
    expect([scale(0, 3, 9), scale(0xffffffff, 3, 9), scale(0xffffffff, 5, 5)]).toEqual([3, 9, 5]);
    const counts = new Array(7).fill(0);
    for (let key = 0; key < 70_000; key++) counts[scale(mix1(3, 1, key), 3, 9) - 3]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
