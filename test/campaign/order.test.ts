import { describe, expect, it } from 'vitest';
import { CampaignOrder, rangesOf } from '../../src/campaign/order.ts';

const SWARM = { scenario: 'swarm', variant: 'swarm' } as const;
const SAFE = { scenario: 'scn3-clock', variant: 'safe' } as const;
const LITERAL = { scenario: 'scn3-clock', variant: 'literal' } as const;

const slots = (order: CampaignOrder) => Array.from({ length: order.total }, (_, index) => order.slot(index));

describe('the order of a campaign', () => {
  it('is that of the seeds where there is one case', () => {
    const order = new CampaignOrder([SWARM], 100, 699);
    expect(order.total).toBe(600);
    expect(slots(order).map(({ seed }) => seed)).toEqual(Array.from({ length: 600 }, (_, i) => 100 + i));
    expect(order.generations).toBe(3);
    expect(order.generation(2)).toEqual({ from: 512, to: 600 });
  });

  it.each([1, 15, 16, 17, 50])('has each case with each of %i seeds exactly once, the cases taking turns', (count) => {
    const order = new CampaignOrder([SAFE, LITERAL], 7, 6 + count);
    const names = slots(order).map(({ variant, seed }) => `${variant} ${seed}`);
    expect(new Set(names).size).toBe(2 * count);
    for (const { index, seed } of slots(order)) {
      expect(seed).toBeGreaterThanOrEqual(7);
      expect(seed).toBeLessThanOrEqual(6 + count);
      // Neither variant is ever ahead by more than a round.
      const upTo = slots(order).slice(0, index + 1);
      const safe = upTo.filter(({ variant }) => variant === 'safe').length;
      expect(Math.abs(2 * safe - upTo.length)).toBeLessThanOrEqual(16);
    }
  });

  it('gives ranges that one job can express, whatever is missing', () => {
    const order = new CampaignOrder([SAFE, LITERAL], 0, 39);
    const missing = slots(order).filter(({ index }) => index % 7 !== 3);
    const ranges = rangesOf(missing, 5);
    expect(ranges.flat()).toEqual(missing);
    for (const range of ranges) {
      expect(range.length).toBeLessThanOrEqual(5);
      for (const [i, slot] of range.entries()) {
        expect(slot).toMatchObject({
          index: range[0]!.index + i,
          seed: range[0]!.seed + i,
          variant: range[0]!.variant,
        });
      }
    }
    expect(rangesOf([], 5)).toEqual([]);
  });
});
