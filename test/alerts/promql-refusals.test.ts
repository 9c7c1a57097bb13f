import { describe, expect, it } from 'vitest';
import { PromqlError } from '../../src/alerts/promql/ast.ts';
import { compilePromql } from '../../src/alerts/promql/compile.ts';
import { MINUTE } from '../../src/sim/time.ts';

/** Expression, what the message names, and the offset it points at. */
const REFUSED: readonly (readonly [string, string, number])[] = [
  ['irate(a[5m])', 'function irate() is outside', 0],
  ['a and label_replace(b, "x", "y", "z", "w")', 'function label_replace() is outside', 6],
  ['1 + round(a)', 'function round() is outside', 4],
  ['foo(a) > 1', 'unknown function foo()', 0],
  ['sum(rate(a[5m])) + foo(b)', 'unknown function foo()', 19],
  ['topk(2, a)', 'aggregation topk() is outside', 0],
  ['a ^ 2', 'operator ^ is outside', 2],
  ['a atan2 b', 'operator atan2 is outside', 2],
  ['a[5m:1m]', 'a subquery [range:step] is outside', 0],
  ['a @ 3', 'the @ modifier is outside', 0],
  ['{job="x"}', 'without a metric name is outside', 0],
  ['{__name__=~"a.*"}', 'matcher on __name__', 0],
  ['{"a b"}', 'quoted label or metric name', 1],
  ['a{x=~"(?=b)"}', 'regular expression', 0],
  ['rate(a[5m] offset -1m)', 'negative offset', 18],
  ['a + b offset 1m', 'put the selector and its offset in parentheses', 0],
  ['rate(a[5m + 1m])', 'duration 5m + 1m is outside', 7],
  ['rate(a)', 'rate() needs a range selector', 5],
  ['rate(a[5m], 2)', 'rate() takes 1 argument(s), not 2', 0],
  ['a[5m] > 1', 'a range selector stands outside', 0],
  ['sum(1)', 'needs an instant vector', 4],
  ['clamp_min(a, b)', 'needs a scalar', 13],
  ['"text"', 'a string stands where', 0],
  ['1 > 2', 'needs bool', 2],
  ['a + bool 1', 'bool stands only with a comparison', 2],
  ['a and 1', 'and stands only between two vectors', 2],
  ['a + on(x) 1', 'on() and ignoring() stand only between two vectors', 2],
  ['a and on(x) group_left b', 'group_left does not go with and', 2],
  ['a + on(x) group_left(x) b', 'label x stands both', 4],
  ['sum by (__name__) (a)', 'grouping by __name__', 8],
  ['a{x="1"', 'ends too early', 7],
  ['a >', 'ends too early', 3],
  ['', 'ends too early', 0],
  ['a b', 'unexpected "b"', 2],
  ['010 + a', 'number 010 cannot be read', 0],
];

describe('what is outside the subset', () => {
  it.each(REFUSED)('%s', (expr, message, offset) => {
    let caught: unknown;
    try {
      compilePromql(expr);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(PromqlError);
    expect((caught as PromqlError).offset).toBe(offset);
    expect((caught as PromqlError).message).toContain(message);
  });
});

describe('what an expression needs', () => {
  it('names the metrics and how far back it looks', () => {
    const { metrics, reachUs } = compilePromql('rate(a[15m] offset 2m) > on() b and absent(a)');
    expect(metrics).toEqual(['a', 'b']);
    expect(reachUs).toBe(22 * MINUTE);
  });
});
