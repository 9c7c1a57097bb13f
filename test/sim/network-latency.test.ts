import { expect, test } from 'vitest';
import { latencyUs, TAIL_1024 } from '../../src/sim/latency.ts';
import { LINK_OPTION_MAX } from '../../src/sim/link.ts';
import { DOMAIN, mix1 } from '../../src/sim/mix.ts';

test('the quantiles are those of the exponential distribution', () => {
  for (let index = 0; index < 256; index++) {
    const quantile = latencyUs(index * 2 ** 24, 0, 1_024);
    expect(quantile).toBe(Math.round(Math.abs(Math.log(1 - index / 256)) * 1_024));
  }
});

test('the mean is the one asked for, and the minimum is kept', () => {
  let sum = 0;
  for (let key = 0; key < 200_000; key++) sum += latencyUs(mix1(1, DOMAIN.packetLatency, key), 2_000, 12_000);
  expect(Math.abs(sum / 200_000 - 12_000)).toBeLessThan(60);
  expect(latencyUs(0, 2_000, 12_000)).toBe(2_000);
  expect(latencyUs(0xffffffff, 2_000, 2_000)).toBe(2_000);
  expect(latencyUs(0xffffffff, 2_000, 1_000)).toBe(2_000);
});

test('grows with the draw and stays exact up to the largest latency', () => {
  let lastUs = -1;
  for (let draw = 0; draw <= 0xffffffff; draw += 65_521) {
    const us = latencyUs(draw, 0, LINK_OPTION_MAX);
    expect(us).toBeGreaterThanOrEqual(lastUs);
    lastUs = us;
  }
  const product = LINK_OPTION_MAX * TAIL_1024 * 4_096;
  expect(product).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});
