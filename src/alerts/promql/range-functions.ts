import { SECOND } from '../../sim/time.ts';
import type { Window, WindowFn } from './selectors.ts';
import { CompensatedSum } from './sums.ts';

/**
 * The increase over the window, extrapolated to its borders: up to a border that lies less than 1.1 average sample distances
 * away, else half a distance; a counter never below zero (which Prometheus 2 asks before the distance, 3 after it). With
 * `isCounter` a fall is a reset to 0. Undefined under two samples.
 */
function extrapolated(window: Window, isCounter: boolean, isRate: boolean): number | undefined {
  const { timesUs, values, count } = window;
  if (count < 2) return undefined;
  const firstUs = timesUs[0]!;
  const lastUs = timesUs[count - 1]!;
  let change = values[count - 1]! - values[0]!;
  if (isCounter) {
    for (let i = 1; i < count; i++) if (values[i]! < values[i - 1]!) change += values[i - 1]!;
  }
  const sampledSeconds = (lastUs - firstUs) / SECOND;
  const spacing = sampledSeconds / (count - 1);
  let toStart = (firstUs - window.startUs) / SECOND;
  let toEnd = (window.endUs - lastUs) / SECOND;
  const toZero = isCounter && change > 0 && values[0]! >= 0 ? sampledSeconds * (values[0]! / change) : toStart;
  if (window.prometheus === 2) toStart = Math.min(toStart, toZero);
  if (toStart >= spacing * 1.1) toStart = spacing / 2;
  toStart = Math.min(toStart, toZero);
  if (toEnd >= spacing * 1.1) toEnd = spacing / 2;
  let factor = (sampledSeconds + toStart + toEnd) / sampledSeconds;
  if (isRate) factor /= (window.endUs - window.startUs) / SECOND;
  return change * factor;
}

/** Least squares over the window; x in seconds from `originUs`. A constant window has slope exactly 0, so `> 0` stays silent. */
function regression(window: Window, originUs: number): { slope: number; intercept: number } {
  const { timesUs, values, count } = window;
  const first = values[0]!;
  const sumX = new CompensatedSum();
  const sumY = new CompensatedSum();
  const sumXY = new CompensatedSum();
  const sumXX = new CompensatedSum();
  let constant = true;
  for (let i = 0; i < count; i++) {
    const x = (timesUs[i]! - originUs) / SECOND;
    const y = values[i]!;
    if (y !== first) constant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (constant) {
    if (first === Number.POSITIVE_INFINITY || first === Number.NEGATIVE_INFINITY) {
      return { slope: Number.NaN, intercept: Number.NaN };
    }
    return { slope: 0, intercept: first };
  }
  const covariance = sumXY.total() - (sumX.total() * sumY.total()) / count;
  const variance = sumXX.total() - (sumX.total() * sumX.total()) / count;
  const slope = covariance / variance;
  return { slope, intercept: sumY.total() / count - (slope * sumX.total()) / count };
}

function deriv(window: Window): number | undefined {
  // The origin is the first sample, so that a large clock value costs no precision.
  return window.count < 2 ? undefined : regression(window, window.timesUs[0]!).slope;
}

/** `predict_linear`: the regression's value `seconds` after the evaluation. Undefined under two samples. */
export function predictLinear(window: Window, seconds: number): number | undefined {
  if (window.count < 2) return undefined;
  const { slope, intercept } = regression(window, window.evalUs);
  return slope * seconds + intercept;
}

function changes({ values, count }: Window): number {
  let found = 0;
  for (let i = 1; i < count; i++) {
    const now = values[i]!;
    const before = values[i - 1]!;
    if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) found++;
  }
  return found;
}

function resets({ values, count }: Window): number {
  let found = 0;
  for (let i = 1; i < count; i++) if (values[i]! < values[i - 1]!) found++;
  return found;
}

function sum({ values, count }: Window): number {
  const total = new CompensatedSum();
  for (let i = 0; i < count; i++) total.add(values[i]!);
  return total.total();
}

/** The smallest or largest value; NaN only if all are NaN. */
function extreme({ values, count }: Window, sign: 1 | -1): number {
  let best = values[0]!;
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    if (sign * value > sign * best || Number.isNaN(best)) best = value;
  }
  return best;
}

/** The functions of one range vector, by their PromQL names. */
export const RANGE_FUNCTIONS: ReadonlyMap<string, WindowFn> = new Map<string, WindowFn>([
  ['rate', (window) => extrapolated(window, true, true)],
  ['increase', (window) => extrapolated(window, true, false)],
  ['delta', (window) => extrapolated(window, false, false)],
  ['deriv', deriv],
  ['changes', changes],
  ['resets', resets],
  ['sum_over_time', sum],
  ['count_over_time', (window) => window.count],
  ['avg_over_time', (window) => sum(window) / window.count],
  ['min_over_time', (window) => extreme(window, -1)],
  ['max_over_time', (window) => extreme(window, 1)],
]);
