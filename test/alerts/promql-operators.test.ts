import { describe, expect, it } from 'vitest';
import { query, single, storeOf } from './kit.ts';

const store = storeOf({
  'a{i="1",j="x"}': [10],
  'a{i="2",j="x"}': [20],
  'b{i="1",j="x"}': [5],
  'b{i="3",j="x"}': [7],
  'size{j="x",zone="z"}': [100],
  'hole{i="1"}': [Number.NaN],
});

describe('selectors', () => {
  it.each([
    ['a{i="1"}', ['a{i="1", j="x"}']],
    ['a{i!="1"}', ['a{i="2", j="x"}']],
    ['a{i=~"1|2",j=~"x"}', ['a{i="1", j="x"}', 'a{i="2", j="x"}']],
    ['a{i=~"[12"}', 'not valid'],
    ['a{j=~"x.+"}', []],
    ['a{i!~"1"}', ['a{i="2", j="x"}']],
    ['a{zone=""}', ['a{i="1", j="x"}', 'a{i="2", j="x"}']],
    ["{__name__='b', i='3'}", ['b{i="3", j="x"}']],
  ])('%s', (expr, expected) => {
    if (typeof expected === 'string') expect(() => query(store, expr, 0)).toThrow(expected);
    else expect(Object.keys(query(store, expr, 0))).toEqual(expected);
  });
});

describe('scalars', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['7 % 4', 3],
    ['-7 % 4', -3],
    ['1 / 0', Number.POSITIVE_INFINITY],
    ['2 > bool 1', 1],
    ['2 <= bool 1', 0],
    ['0x10 + 1e2 + 1_000', 1116],
    ['1h30m', 5400],
    ['-(3 - 5)', 2],
    ['Inf', Number.POSITIVE_INFINITY],
  ])('%s = %d', (expr, expected) => {
    expect(single(store, expr, 0)).toBe(expected);
  });
});

describe('vector and scalar', () => {
  it('keeps name and value in a filter, drops the name in arithmetic and with bool', () => {
    expect(query(store, 'a > 10', 0)).toEqual({ 'a{i="2", j="x"}': 20 });
    expect(query(store, '10 < a', 0)).toEqual({ 'a{i="2", j="x"}': 20 });
    expect(query(store, 'a > bool 10', 0)).toEqual({ '{i="1", j="x"}': 0, '{i="2", j="x"}': 1 });
    expect(query(store, '100 / a', 0)).toEqual({ '{i="1", j="x"}': 10, '{i="2", j="x"}': 5 });
    expect(query(store, 'a % 15 == 5', 0)).toEqual({ '{i="2", j="x"}': 5 });
    expect(query(store, 'hole > 0 or hole <= 0 or hole == hole', 0)).toEqual({});
  });
});

describe('two vectors', () => {
  it('matches on all labels and leaves out what has no partner', () => {
    expect(query(store, 'a - b', 0)).toEqual({ '{i="1", j="x"}': 5 });
    expect(query(store, 'a > b', 0)).toEqual({ 'a{i="1", j="x"}': 10 });
    expect(query(store, 'a < b', 0)).toEqual({});
    expect(query(store, 'a < bool b', 0)).toEqual({ '{i="1", j="x"}': 0 });
  });

  it('matches on(...) and ignoring(...)', () => {
    expect(query(store, 'a{i="1"} + on(j) size', 0)).toEqual({ '{j="x"}': 110 });
    expect(query(store, 'a{i="1"} < on(j) size', 0)).toEqual({ '{j="x"}': 10 });
    expect(query(store, 'a{i="1"} < ignoring(i, zone) size', 0)).toEqual({ 'a{j="x"}': 10 });
  });

  it('takes many to one with group_left and group_right', () => {
    const expected = { '{i="1", j="x", zone="z"}': 0.1, '{i="2", j="x", zone="z"}': 0.2 };
    expect(query(store, 'a / on(j) group_left(zone) size', 0)).toEqual(expected);
    expect(query(store, 'size / on(j) group_right(zone) a', 0)).toEqual({
      '{i="1", j="x", zone="z"}': 10,
      '{i="2", j="x", zone="z"}': 5,
    });
    expect(query(store, 'size > on(j) group_right a', 0)).toEqual({ 'a{i="1", j="x"}': 100, 'a{i="2", j="x"}': 100 });
  });

  // Checked with promtool 2.42: it looks for matches only where both sides have elements.
  it('finds nothing where a side is empty, whatever stands on the other', () => {
    expect(query(store, 'nothing / on(j) a', 0)).toEqual({});
    expect(query(store, 'a / on(j) nothing', 0)).toEqual({});
    expect(query(store, 'nothing / on(j) group_left a', 0)).toEqual({});
    expect(query(store, 'a > on(j) group_right nothing', 0)).toEqual({});
  });

  it('refuses ambiguous matches while evaluating', () => {
    expect(() => query(store, 'size + on(j) a', 0)).toThrow('many-to-many matching');
    expect(() => query(store, 'a + on(j) size', 0)).toThrow('say group_left or group_right');
    expect(() => query(store, 'a / on(j) group_left(i) size', 0)).toThrow('let the grouping labels tell');
  });

  it('and, or, unless', () => {
    expect(query(store, 'a and b', 0)).toEqual({ 'a{i="1", j="x"}': 10 });
    expect(query(store, 'a unless b', 0)).toEqual({ 'a{i="2", j="x"}': 20 });
    expect(query(store, 'a or b', 0)).toEqual({ 'a{i="1", j="x"}': 10, 'a{i="2", j="x"}': 20, 'b{i="3", j="x"}': 7 });
    expect(query(store, 'a and on(j) size', 0)).toEqual({ 'a{i="1", j="x"}': 10, 'a{i="2", j="x"}': 20 });
    expect(query(store, 'b unless ignoring(i) a', 0)).toEqual({});
    expect(query(store, 'a > 15 or b and a', 0)).toEqual({ 'a{i="2", j="x"}': 20, 'b{i="1", j="x"}': 5 });
  });
});

describe('aggregations', () => {
  const shops = storeOf({
    's{k="1",z="n"}': [1],
    's{k="2",z="n"}': [4],
    's{k="3",z="s"}': [10],
    'n{k="1"}': [Number.NaN],
    'n{k="2"}': [3],
    'big{k="1"}': [1e100],
    'big{k="2"}': [1],
    'big{k="3"}': [-1e100],
  });
  it.each([
    ['sum(s)', { '{}': 15 }],
    ['avg(s)', { '{}': 5 }],
    ['min(s)', { '{}': 1 }],
    ['max(s)', { '{}': 10 }],
    ['count(s)', { '{}': 3 }],
    ['sum by (z) (s)', { '{z="n"}': 5, '{z="s"}': 10 }],
    ['avg(s) without (k)', { '{z="n"}': 2.5, '{z="s"}': 10 }],
    ['count by (missing) (s)', { '{}': 3 }],
    ['sum(nothing)', {}],
    ['max(n)', { '{}': 3 }],
    ['sum(n)', { '{}': Number.NaN }],
    ['sum(big)', { '{}': 1 }],
    ['max(s) - min(s)', { '{}': 9 }],
    ['sum(s) without (k) > on() group_left vector(6)', { '{z="s"}': 10 }],
  ])('%s', (expr, expected) => {
    expect(query(shops, expr, 0)).toEqual(expected);
  });
});
