import { describe, expect, it } from 'vitest';
import { compilePromql } from '../../src/alerts/promql/compile.ts';
import { SECOND } from '../../src/sim/time.ts';
import { query, single, storeOf } from './kit.ts';

describe('rate, increase, delta', () => {
  // Samples at 0, 60, ..., 300 s; the range (0 s, 300 s] holds those from 60 s on, as ranges exclude their left border.
  const store = storeOf({
    counter: [0, 10, 20, 30, 40, 50],
    reset: [10, 20, 30, 5, 15, 25],
    gauge: [50, 40, 40, 30, 20, 10],
  });

  it('extrapolates to both borders when they are within 1.1 sample distances', () => {
    // 40 over 240 s; 60 s to the start (below the zero point, which lies 60 s before), 0 s to the end: 40 * 300 / 240.
    expect(single(store, 'increase(counter[5m])', 300)).toBeCloseTo(50, 10);
    expect(single(store, 'rate(counter[5m])', 300)).toBeCloseTo(50 / 300, 10);
  });

  it('stops at half a sample distance when the border is farther', () => {
    // At 370 s the range (70 s, 370 s] holds 120..300 s: 30 over 180 s, 50 s to the start, 70 s to the end, over 66, so 30.
    expect(single(store, 'increase(counter[5m])', 370)).toBeCloseTo((30 * (180 + 50 + 30)) / 180, 10);
  });

  it('does not extrapolate a counter below zero, but a gauge', () => {
    // (0 s, 120 s] holds 4 and 34 at 60 and 120 s: zero lies 60 * 4 / 30 = 8 s before 60 s, nearer than the start.
    const young = storeOf({ a: [null, 4, 34] });
    expect(single(young, 'increase(a[2m])', 120)).toBeCloseTo((30 * (60 + 8)) / 60, 10);
    expect(single(young, 'delta(a[2m])', 120)).toBeCloseTo((30 * (60 + 60)) / 60, 10);
  });

  it('includes the oldest instant of a range and of the look-back by the rules of Prometheus 2 only', () => {
    const two = storeOf({ a: [4, 34, 34, 34, 34, 34, 34], b: [7] });
    const at = (expr: string, atS: number, prometheus: 2 | 3): readonly number[] =>
      compilePromql(expr)
        .evaluate({ store: two, epochUs: 0, timeUs: atS * SECOND, prometheus })
        .map(({ value }) => value);
    expect(at('increase(a[5m])', 300, 3)).toEqual([0]);
    expect(at('increase(a[5m])', 300, 2)).toEqual([30]);
    expect(at('b', 300, 3)).toEqual([]);
    expect(at('b', 300, 2)).toEqual([7]);
    expect(at('b', 301, 2)).toEqual([]);
  });

  it('adds what a counter held before a reset, unlike delta', () => {
    // 20, 30, 5, 15, 25 over 240 s: 25 - 20 + 30 = 35; 60 s to the start (zero point 240 * 20 / 35 s away is farther).
    expect(single(store, 'increase(reset[5m])', 300)).toBeCloseTo((35 * 300) / 240, 10);
    expect(single(store, 'delta(reset[5m])', 300)).toBeCloseTo((5 * 300) / 240, 10);
    expect(single(store, 'delta(gauge[5m])', 300)).toBeCloseTo((-30 * 300) / 240, 10);
    expect(single(store, 'resets(reset[5m])', 300)).toBe(1);
  });

  it('gives nothing for fewer than two samples, so a counter born at 1 has no increase', () => {
    expect(query(storeOf({ a: [1] }), 'increase(a[5m])', 0)).toEqual({});
    expect(single(storeOf({ a: [1, 1] }), 'increase(a[5m])', 60)).toBe(0);
  });

  it('applies an offset to the range', () => {
    expect(single(store, 'increase(counter[2m] offset 3m)', 300)).toBeCloseTo(20, 10);
    expect(single(store, 'counter offset 1m', 300)).toBe(40);
  });
});

describe('deriv and predict_linear', () => {
  it('fits a line by least squares', () => {
    // x = 0, 60, 120, 180 s, y = 1, 3, 2, 6: slope = (4 * 1500 - 360 * 12) / (4 * 50400 - 360^2) = 1680 / 72000.
    const store = storeOf({ a: [1, 3, 2, 6] });
    expect(single(store, 'deriv(a[4m])', 180)).toBeCloseTo(1680 / 72000, 12);
    // Mean (90, 3): at 180 + 60 s the line is at 3 + 150 * 1680 / 72000.
    expect(single(store, 'predict_linear(a[4m], 60)', 180)).toBeCloseTo(6.5, 12);
  });

  it('has slope exactly 0 on a constant and no value on one sample', () => {
    const store = storeOf({ a: [0.1, 0.1, 0.1], b: [3] });
    expect(single(store, 'deriv(a[5m])', 120)).toBe(0);
    expect(query(store, 'deriv(b[5m])', 0)).toEqual({});
    expect(query(store, 'predict_linear(b[5m], 60)', 0)).toEqual({});
  });
});

describe('functions over time', () => {
  const store = storeOf({ a: [9, 4, 1, 1, 7], n: [Number.NaN, Number.NaN, 2] });
  it.each([
    ['sum_over_time(a[4m])', 13],
    ['avg_over_time(a[4m])', 3.25],
    ['min_over_time(a[4m])', 1],
    ['max_over_time(a[4m])', 7],
    ['count_over_time(a[4m])', 4],
    ['changes(a[4m])', 2],
    ['resets(a[4m])', 1],
    ['min_over_time(n[5m])', 2],
    ['changes(n[5m])', 1],
  ])('%s is %d', (expr, expected) => {
    expect(single(store, expr, 240)).toBe(expected);
  });
});

describe('functions of a vector', () => {
  const store = storeOf({ 'a{x="1"}': [-2.5], 'a{x="2"}': [1.2], lone: [3] });
  it('drops the metric name and works per element', () => {
    expect(query(store, 'abs(a)', 0)).toEqual({ '{x="1"}': 2.5, '{x="2"}': 1.2 });
    expect(query(store, 'ceil(a)', 0)).toEqual({ '{x="1"}': -2, '{x="2"}': 2 });
    expect(query(store, 'floor(a)', 0)).toEqual({ '{x="1"}': -3, '{x="2"}': 1 });
    expect(query(store, 'clamp_min(a, 0)', 0)).toEqual({ '{x="1"}': 0, '{x="2"}': 1.2 });
    expect(query(store, 'clamp_max(a, scalar(lone) - 3)', 0)).toEqual({ '{x="1"}': -2.5, '{x="2"}': 0 });
    expect(query(store, '-a', 0)).toEqual({ '{x="1"}': 2.5, '{x="2"}': -1.2 });
  });

  it('scalar() is NaN unless there is one element; vector() has no labels; time() reads the epoch', () => {
    expect(query(store, 'vector(scalar(lone))', 0)).toEqual({ '{}': 3 });
    expect(query(store, 'scalar(a)', 0)).toEqual({ '{}': Number.NaN });
    expect(query(store, 'scalar(missing)', 0)).toEqual({ '{}': Number.NaN });
    expect(query(store, 'time()', 90, 1_000 * SECOND)).toEqual({ '{}': 1_090 });
  });
});

describe('absent', () => {
  const store = storeOf({ 'up{job="k"}': [0] });
  it('is empty for what exists and 1 with the equality labels for what does not', () => {
    expect(query(store, 'absent(up{job="k"})', 0)).toEqual({});
    expect(query(store, 'absent(up{job="other", zone!="a", rack=~"r.*"})', 0)).toEqual({ '{job="other"}': 1 });
    expect(query(store, 'absent(up{job="a", job="b"})', 0)).toEqual({ '{}': 1 });
    expect(query(store, 'absent(up{job="k"} == 1)', 0)).toEqual({ '{}': 1 });
    expect(query(store, 'absent(up{job="k"})', 300)).toEqual({ '{job="k"}': 1 });
  });
});

describe('histogram_quantile', () => {
  const buckets = (counts: Record<string, number>) =>
    storeOf(Object.fromEntries(Object.entries(counts).map(([le, count]) => [`b{i="1",le="${le}"}`, [count]])));
  const store = buckets({ '0.1': 10, '0.2': 30, '0.5': 30, '+Inf': 40 });

  it('interpolates inside the bucket of the rank', () => {
    // Rank 20 of 40 lies in (0.1, 0.2], which holds the 11th to 30th: halfway.
    expect(query(store, 'histogram_quantile(0.5, b)', 0)).toEqual({ '{i="1"}': expect.closeTo(0.15, 12) });
    expect(single(store, 'histogram_quantile(0.125, b)', 0)).toBeCloseTo(0.05, 12);
  });

  it('gives the last finite bound for a rank above it, and infinities outside 0..1', () => {
    expect(single(store, 'histogram_quantile(0.99, b)', 0)).toBe(0.5);
    expect(single(store, 'histogram_quantile(1.1, b)', 0)).toBe(Number.POSITIVE_INFINITY);
    expect(single(store, 'histogram_quantile(-1, b)', 0)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is NaN without +Inf bucket, without observations or with one bucket', () => {
    expect(single(buckets({ '0.1': 1, '0.2': 2 }), 'histogram_quantile(0.5, b)', 0)).toBeNaN();
    expect(single(buckets({ '0.1': 0, '+Inf': 0 }), 'histogram_quantile(0.5, b)', 0)).toBeNaN();
    expect(single(buckets({ '+Inf': 5 }), 'histogram_quantile(0.5, b)', 0)).toBeNaN();
  });

  it('raises counts that fall and adds up equal bounds', () => {
    const odd = buckets({ '1': 4, '1.0': 6, '2': 8, '+Inf': 20 });
    // Bound 1 holds 10, bound 2 is raised to 10: rank 5 lies halfway to 1.
    expect(single(odd, 'histogram_quantile(0.25, b)', 0)).toBeCloseTo(0.5, 12);
  });
});
