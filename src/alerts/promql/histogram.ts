import { dropLabels, type Labels, labelKey, labelValue, type Sample } from '../labels.ts';

interface Bucket {
  readonly upperBound: number;
  count: number;
}

/** Prometheus's tolerance for bucket counts that differ only by rounding: 1e-12 relative. */
const SMALL_DELTA = 1e-12;

/**
 * `histogram_quantile` over classic cumulative buckets (`le`): linear inside a bucket, NaN without observations or without a
 * `+Inf` bucket. Elements without a readable `le` are skipped.
 */
export function histogramQuantile(quantile: number, samples: readonly Sample[]): Sample[] {
  const groups = new Map<string, { labels: Labels; buckets: Bucket[] }>();
  for (const sample of samples) {
    const upperBound = parseBound(labelValue(sample.labels, 'le'));
    if (upperBound === undefined) continue;
    const labels = dropLabels(sample.labels, ['le']);
    const key = labelKey(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, buckets: [] };
      groups.set(key, group);
    }
    group.buckets.push({ upperBound, count: sample.value });
  }
  const out: Sample[] = [];
  for (const { labels, buckets } of groups.values()) {
    out.push({ name: '', labels, value: bucketQuantile(quantile, buckets) });
  }
  return out;
}

function parseBound(text: string): number | undefined {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function bucketQuantile(quantile: number, unsorted: Bucket[]): number {
  if (Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return Number.NEGATIVE_INFINITY;
  if (quantile > 1) return Number.POSITIVE_INFINITY;
  const buckets = normalise(unsorted);
  const top = buckets.length - 1;
  if (buckets[top]!.upperBound !== Number.POSITIVE_INFINITY || buckets.length < 2) return Number.NaN;
  const observations = buckets[top]!.count;
  if (observations === 0 || Number.isNaN(observations)) return Number.NaN;
  const rank = quantile * observations;
  let at = 0;
  while (at < top && buckets[at]!.count < rank) at++;
  if (at === top) return buckets[top - 1]!.upperBound;
  const end = buckets[at]!.upperBound;
  if (at === 0 && end <= 0) return end;
  const start = at === 0 ? 0 : buckets[at - 1]!.upperBound;
  const below = at === 0 ? 0 : buckets[at - 1]!.count;
  return start + (end - start) * ((rank - below) / (buckets[at]!.count - below));
}

/** Sorts by bound, adds up equal bounds, and makes the counts monotonic, as scrapes of moving counters need. */
function normalise(unsorted: Bucket[]): Bucket[] {
  const sorted = [...unsorted].sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  const buckets: Bucket[] = [];
  for (const bucket of sorted) {
    const last = buckets.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count;
    else buckets.push({ ...bucket });
  }
  for (let i = 1; i < buckets.length; i++) {
    const before = buckets[i - 1]!.count;
    const bucket = buckets[i]!;
    if (bucket.count < before || almostEqual(bucket.count, before)) bucket.count = before;
  }
  return buckets;
}

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true;
  if (a === 0 || b === 0) return false;
  return Math.abs(a - b) / (Math.abs(a) + Math.abs(b)) < SMALL_DELTA;
}
