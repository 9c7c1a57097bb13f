import type { Us } from '../../sim/time.ts';
import { type Labels, labelValue, type Sample } from '../labels.ts';
import { LOOKBACK_US, type Series, type SeriesStore } from '../series.ts';
import { type LabelMatcher, type MatrixSelector, PromqlError, type VectorSelector } from './ast.ts';

/**
 * What an expression is evaluated against: a store, the instant of the evaluation, and the wall-clock instant (microseconds since 1970)
 * of virtual time 0, which only `time()` reads.
 */
export interface EvalContext {
  readonly store: SeriesStore;
  readonly epochUs: Us;
  readonly timeUs: Us;
  /** Whose rules count where they differ; 3 unless said otherwise. */
  readonly prometheus?: PrometheusMajor;
}

/**
 * Major version of Prometheus. Up to 2 a range and the look-back include their oldest instant, from 3 on they do not; and a
 * counter that was near zero is extrapolated otherwise. It matters where samples lie exactly on that instant.
 */
export type PrometheusMajor = 2 | 3;

/**
 * The samples of one series inside a range, oldest first; the arrays are reused from series to series. `endUs` is included,
 * `startUs` only by the rules of Prometheus 2.
 */
export interface Window {
  readonly timesUs: number[];
  readonly values: number[];
  count: number;
  startUs: Us;
  endUs: Us;
  /** The instant of the evaluation, without the selector's offset. */
  evalUs: Us;
  prometheus: PrometheusMajor;
}

type Predicate = (labels: Labels) => boolean;

/** Compiles an instant selector: per series the newest sample of the last five minutes, unless it is a stale marker. */
export function compileInstant(selector: VectorSelector): (context: EvalContext) => Sample[] {
  const find = compileFind(selector);
  const { offsetUs } = selector;
  return ({ store, timeUs, prometheus }) => {
    const endUs = timeUs - offsetUs;
    const goneUs = endUs - LOOKBACK_US - (prometheus === 2 ? 1 : 0);
    const out: Sample[] = [];
    for (const series of find(store)) {
      const index = series.lastIndexAtOrBefore(endUs);
      if (index < 0 || series.isStale(index) || series.timeUsAt(index) <= goneUs) continue;
      out.push({ name: series.name, labels: series.labels, value: series.valueAt(index) });
    }
    return out;
  };
}

/** Computes one value from a window, or undefined when the function has no answer for so few samples. */
export type WindowFn = (window: Window, context: EvalContext) => number | undefined;

/** Compiles a function over a range selector; the result carries no metric name. */
export function compileOverRange(matrix: MatrixSelector, fn: WindowFn): (context: EvalContext) => Sample[] {
  const find = compileFind(matrix.selector);
  const { rangeUs } = matrix;
  const { offsetUs } = matrix.selector;
  const window: Window = { timesUs: [], values: [], count: 0, startUs: 0, endUs: 0, evalUs: 0, prometheus: 3 };
  return (context) => {
    window.evalUs = context.timeUs;
    window.prometheus = context.prometheus ?? 3;
    window.endUs = context.timeUs - offsetUs;
    window.startUs = window.endUs - rangeUs;
    const out: Sample[] = [];
    for (const series of find(context.store)) {
      fillWindow(window, series);
      if (window.count === 0) continue;
      const value = fn(window, context);
      if (value !== undefined) out.push({ name: '', labels: series.labels, value });
    }
    return out;
  };
}

function fillWindow(window: Window, series: Series): void {
  const last = series.lastIndexAtOrBefore(window.endUs);
  const first = series.lastIndexAtOrBefore(window.startUs - (window.prometheus === 2 ? 1 : 0)) + 1;
  let count = 0;
  for (let i = first; i <= last; i++) {
    if (series.isStale(i)) continue;
    window.timesUs[count] = series.timeUsAt(i);
    window.values[count] = series.valueAt(i);
    count++;
  }
  window.count = count;
}

/** The series that a selector names, looked up again only when the store has gained or lost a series. */
function compileFind(selector: VectorSelector): (store: SeriesStore) => readonly Series[] {
  const predicates = selector.matchers.map((matcher) => compileMatcher(matcher, selector.at));
  let cachedStore: SeriesStore | undefined;
  let cachedGeneration = -1;
  let cached: readonly Series[] = [];
  return (store) => {
    if (cachedStore === store && cachedGeneration === store.generation) return cached;
    cachedStore = store;
    cachedGeneration = store.generation;
    cached = store.named(selector.metric).filter((series) => predicates.every((matches) => matches(series.labels)));
    return cached;
  };
}

function compileMatcher(matcher: LabelMatcher, at: number): Predicate {
  const { name, value } = matcher;
  switch (matcher.op) {
    case '=':
      return (labels) => labelValue(labels, name) === value;
    case '!=':
      return (labels) => labelValue(labels, name) !== value;
    case '=~': {
      const regex = compileRegex(value, at);
      return (labels) => regex.test(labelValue(labels, name));
    }
    case '!~': {
      const regex = compileRegex(value, at);
      return (labels) => !regex.test(labelValue(labels, name));
    }
  }
}

/** Anchored on both sides, as Prometheus does. What JavaScript knows and RE2 does not (or spells otherwise) is refused. */
function compileRegex(source: string, at: number): RegExp {
  if (/\(\?(?!:)|\\[1-9kpPQEAzZC]|\[\[:/.test(source)) {
    throw new PromqlError(`regular expression ${JSON.stringify(source)} uses syntax outside the supported subset`, at);
  }
  try {
    return new RegExp(`^(?:${source})$`, 'su');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new PromqlError(`regular expression ${JSON.stringify(source)} is not valid: ${error.message}`, at);
  }
}
