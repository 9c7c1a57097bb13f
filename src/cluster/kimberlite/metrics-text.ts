/** One sample of a scrape: labels as (name, value) pairs in ascending order of the name. */
export interface MetricSample {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

/** Samples in Prometheus's text exposition format, one line each. */
export function metricsText(samples: readonly MetricSample[]): string {
  return samples.map((sample) => `${sample.name}${labelsText(sample.labels)} ${valueText(sample.value)}\n`).join('');
}

function labelsText(labels: MetricSample['labels']): string {
  if (labels.length === 0) return '';
  const quoted = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `{${labels.map(([name, value]) => `${name}="${quoted(value)}"`).join(',')}}`;
}

function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
