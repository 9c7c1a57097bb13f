import { formatLabels, type Labels, labelsOf } from '../../src/alerts/labels.ts';
import { compilePromql } from '../../src/alerts/promql/compile.ts';
import { SeriesStore } from '../../src/alerts/series.ts';
import { HOUR, SECOND } from '../../src/sim/time.ts';

/** Reads `name{a="b",c="d"}`; values hold no comma, brace or quote here. */
export function readSeries(text: string): { name: string; labels: Labels } {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?$/.exec(text)!;
  const pairs = (match[2] ?? '').split(',').filter((pair) => pair !== '');
  const labels = labelsOf(pairs.map((pair) => /^(\w+)="(.*)"$/.exec(pair)!.slice(1) as [string, string]));
  return { name: match[1]!, labels };
}

/** A store with one sample per `stepS` seconds from second 0 on, for each series; null leaves a gap, 'stale' sets a stale marker. */
export function storeOf(data: Record<string, (number | null | 'stale')[]>, stepS = 60): SeriesStore {
  const store = new SeriesStore(2 * HOUR);
  for (const [text, values] of Object.entries(data)) {
    const { name, labels } = readSeries(text);
    values.forEach((value, index) => {
      const timeUs = index * stepS * SECOND;
      if (value === 'stale') store.markStale(store.find(name, labels)!, timeUs);
      else if (value !== null) store.append(name, labels, timeUs, value);
    });
  }
  return store;
}

/** Evaluates `expr` at second `atS` and gives `{series: value}`, sorted by series. */
export function query(store: SeriesStore, expr: string, atS: number, epochUs = 0): Record<string, number> {
  const samples = compilePromql(expr).evaluate({ store, epochUs, timeUs: atS * SECOND });
  const rows = samples.map(({ name, labels, value }): [string, number] => [
    name + (labels.length > 0 ? formatLabels(labels) : name === '' ? '{}' : ''),
    value,
  ]);
  return Object.fromEntries(rows.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

/** The single value of `expr`; throws if there is not exactly one. */
export function single(store: SeriesStore, expr: string, atS: number): number {
  const values = Object.values(query(store, expr, atS));
  if (values.length !== 1) throw new Error(`${expr} has ${values.length} elements`);
  return values[0]!;
}
