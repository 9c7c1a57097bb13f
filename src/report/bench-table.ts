import Table from 'cli-table3';

/** A table of whatever a benchmark measured: a row for each result, a column for each of its figures. */
export function benchTable(results: readonly object[]): string {
  const names = [...new Set(results.flatMap((result) => Object.keys(result)))];
  const table = new Table({ head: names, style: { head: [], border: [], compact: true } });
  for (const result of results) {
    const values = new Map(Object.entries(result));
    table.push(names.map((name) => figure(values.get(name))));
  }
  return table.toString();
}

function figure(value: unknown): string {
  if (typeof value !== 'number') return value === undefined ? '-' : String(value);
  const digits = Number.isInteger(value) || Math.abs(value) >= 1_000 ? 0 : 3;
  const [whole = '', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
