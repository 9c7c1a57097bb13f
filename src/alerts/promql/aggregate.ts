import { dropLabels, keepLabels, type Labels, labelKey, type Sample } from '../labels.ts';
import type { AggregateExpr, AggregateOp } from './ast.ts';
import { CompensatedSum } from './sums.ts';

interface Group {
  readonly labels: Labels;
  readonly sum: CompensatedSum;
  count: number;
  least: number;
  greatest: number;
}

/** Compiles `sum/avg/min/max/count` with `by` or `without`; no samples in, no samples out. Groups keep the order of their first sample. */
export function compileAggregate(expr: AggregateExpr): (samples: readonly Sample[]) => Sample[] {
  const { op, grouping } = expr;
  const names = expr.labels;
  const labelsOfGroup = (labels: Labels): Labels =>
    grouping === 'by' ? keepLabels(labels, names) : dropLabels(labels, names);
  return (samples) => {
    const groups = new Map<string, Group>();
    for (const sample of samples) {
      const labels = labelsOfGroup(sample.labels);
      const key = labelKey(labels);
      let group = groups.get(key);
      if (group === undefined) {
        group = { labels, sum: new CompensatedSum(), count: 0, least: Number.NaN, greatest: Number.NaN };
        groups.set(key, group);
      }
      addTo(group, sample.value);
    }
    const out: Sample[] = [];
    for (const group of groups.values()) out.push({ name: '', labels: group.labels, value: resultOf(group, op) });
    return out;
  };
}

function addTo(group: Group, value: number): void {
  group.sum.add(value);
  group.count++;
  // A NaN yields to any number, as in Prometheus: only a group of nothing but NaN has NaN for its extremes.
  if (value < group.least || Number.isNaN(group.least)) group.least = value;
  if (value > group.greatest || Number.isNaN(group.greatest)) group.greatest = value;
}

function resultOf(group: Group, op: AggregateOp): number {
  switch (op) {
    case 'sum':
      return group.sum.total();
    case 'avg':
      return group.sum.total() / group.count;
    case 'min':
      return group.least;
    case 'max':
      return group.greatest;
    case 'count':
      return group.count;
  }
}
