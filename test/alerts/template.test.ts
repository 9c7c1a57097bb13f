import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../src/alerts/labels.ts';
import { compileTemplate } from '../../src/alerts/template.ts';

const text = compileTemplate('{{ $labels.instance }}: {{ $value }}');

describe('the text of an annotation', () => {
  // Each pair was printed by promtool 2.42 for a rule with this annotation.
  it.each([
    [100_000, '100000'],
    [999_999.5, '999999.5'],
    [1_000_000, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [90_000_000.195, '9.0000000195e+07'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [0, '0'],
    [-2.5, '-2.5'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
  ])('%d is printed as Prometheus prints it', (value, printed) => {
    expect(text({ name: 'b', labels: labelsOf([['instance', 'a']]), value })).toBe(`a: ${printed}`);
  });

  // Both as promtool 2.42 prints them: `b > 0` keeps the name, `b + 1 > 0` does not.
  it.each([
    ['b', 'name=b k='],
    ['', 'name= k='],
  ])('the name of the metric is one of the labels while the result has one: "%s"', (name, printed) => {
    const named = compileTemplate('name={{ $labels.__name__ }} k={{ $labels.k }}');
    expect(named({ name, labels: labelsOf([['instance', 'x']]), value: 1 })).toBe(printed);
  });
});
