import { MINUTE, type Us } from '../sim/time.ts';
import { formatLabels, isCanonical, type Labels, labelKey } from './labels.ts';

/** How far back an instant selector looks for the newest sample: Prometheus's default `query.lookback-delta`, 5 minutes. */
export const LOOKBACK_US: Us = 5 * MINUTE;

const CAPACITY_MIN = 32;

/**
 * The samples of one series in a ring, oldest first, strictly ascending in time. A stale marker is a sample whose
 * `isStale` is true: from its time on an instant selector finds nothing, and range selectors skip it.
 */
export class Series {
  readonly name: string;
  readonly labels: Labels;
  private times = new Float64Array(CAPACITY_MIN);
  private values = new Float64Array(CAPACITY_MIN);
  private stale = new Uint8Array(CAPACITY_MIN);
  private head = 0;
  private size = 0;

  constructor(name: string, labels: Labels) {
    this.name = name;
    this.labels = labels;
  }

  get length(): number {
    return this.size;
  }

  timeUsAt(index: number): Us {
    return this.times[(this.head + index) & (this.times.length - 1)]!;
  }

  valueAt(index: number): number {
    return this.values[(this.head + index) & (this.times.length - 1)]!;
  }

  isStale(index: number): boolean {
    return this.stale[(this.head + index) & (this.times.length - 1)] === 1;
  }

  /** Index of the newest sample at or before `timeUs`, -1 if there is none. Searches from the newest: queries are about now. */
  lastIndexAtOrBefore(timeUs: Us): number {
    let index = this.size - 1;
    while (index >= 0 && this.timeUsAt(index) > timeUs) index--;
    return index;
  }

  /** Adds the newest sample. Throws if `timeUs` is not after the last one. */
  push(timeUs: Us, value: number, stale: boolean): void {
    if (this.size > 0 && timeUs <= this.timeUsAt(this.size - 1)) {
      const newestUs = this.timeUsAt(this.size - 1);
      throw new Error(
        `sample of ${this.name}${formatLabels(this.labels)} at ${timeUs} us is not after its newest one at ${newestUs} us: ` +
          'append in ascending time and once per scrape',
      );
    }
    if (this.size === this.times.length) this.grow();
    const slot = (this.head + this.size) & (this.times.length - 1);
    this.times[slot] = timeUs;
    this.values[slot] = value;
    this.stale[slot] = stale ? 1 : 0;
    this.size++;
  }

  /** Drops samples at or before `cutUs`. */
  trim(cutUs: Us): void {
    while (this.size > 0 && this.timeUsAt(0) <= cutUs) {
      this.head = (this.head + 1) & (this.times.length - 1);
      this.size--;
    }
  }

  private grow(): void {
    const length = this.times.length * 2;
    const times = new Float64Array(length);
    const values = new Float64Array(length);
    const stale = new Uint8Array(length);
    for (let i = 0; i < this.size; i++) {
      times[i] = this.timeUsAt(i);
      values[i] = this.valueAt(i);
      stale[i] = this.isStale(i) ? 1 : 0;
    }
    this.times = times;
    this.values = values;
    this.stale = stale;
    this.head = 0;
  }
}

/**
 * All series of one run, in memory, in virtual time. Samples older than `retentionUs` behind the newest of their series
 * are dropped, so that a day of scrapes costs no more than the longest range that a rule reads (`RuleSet.retentionUs`).
 */
export class SeriesStore {
  readonly retentionUs: Us;
  private readonly byKey = new Map<string, Series>();
  private readonly byName = new Map<string, Series[]>();
  private generationCount = 0;

  constructor(retentionUs: Us = LOOKBACK_US) {
    if (!(retentionUs >= LOOKBACK_US)) {
      throw new Error(`retention of ${retentionUs} us is shorter than the look-back of ${LOOKBACK_US} us`);
    }
    this.retentionUs = retentionUs;
  }

  /** Changes whenever a series appears or goes; what was selected before may then be out of date. */
  get generation(): number {
    return this.generationCount;
  }

  get seriesCount(): number {
    return this.byKey.size;
  }

  get sampleCount(): number {
    let count = 0;
    for (const series of this.byKey.values()) count += series.length;
    return count;
  }

  /**
   * Adds one sample. `labels` ascend by name and hold no empty value (see `labelsOf`). Throws on labels out of order and on a time
   * that is not after the series' newest sample.
   */
  append(name: string, labels: Labels, timeUs: Us, value: number): Series {
    const series = this.find(name, labels) ?? this.create(name, labels);
    this.write(series, timeUs, value, false);
    return series;
  }

  /** Marks a series as gone from `timeUs` on. */
  markStale(series: Series, timeUs: Us): void {
    this.write(series, timeUs, Number.NaN, true);
  }

  find(name: string, labels: Labels): Series | undefined {
    return this.byKey.get(seriesKey(name, labels));
  }

  /** All series of one metric name in the order of their first sample. */
  named(name: string): readonly Series[] {
    return this.byName.get(name) ?? NO_SERIES;
  }

  /** Forgets series whose newest sample has left the retention at `timeUs`. */
  prune(timeUs: Us): void {
    const cutUs = timeUs - this.retentionUs;
    for (const [key, series] of this.byKey) {
      series.trim(cutUs);
      if (series.length > 0) continue;
      this.byKey.delete(key);
      this.byName.set(
        series.name,
        this.named(series.name).filter((other) => other !== series),
      );
      this.generationCount++;
    }
  }

  private write(series: Series, timeUs: Us, value: number, stale: boolean): void {
    series.trim(timeUs - this.retentionUs);
    series.push(timeUs, value, stale);
  }

  private create(name: string, labels: Labels): Series {
    if (!isCanonical(labels)) {
      throw new Error(`labels ${formatLabels(labels)} of ${name} are not in ascending order: build them with labelsOf`);
    }
    const series = new Series(name, labels);
    this.byKey.set(seriesKey(name, labels), series);
    const list = this.byName.get(name);
    if (list === undefined) this.byName.set(name, [series]);
    else list.push(series);
    this.generationCount++;
    return series;
  }
}

const NO_SERIES: readonly Series[] = [];

function seriesKey(name: string, labels: Labels): string {
  return `${name}\u0000${labelKey(labels)}`;
}
