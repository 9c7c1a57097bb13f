import { SECOND, type Us } from '../sim/time.ts';
import { type Labels, labelsOf, labelValue, type Sample } from './labels.ts';
import type { Series, SeriesStore } from './series.ts';

/** Scrape and rule evaluation interval (catalogue `alerts.monitoring_intervals`, basis anchor): 15 s. */
export const SCRAPE_INTERVAL_US: Us = 15 * SECOND;

/**
 * One scraped endpoint. It follows Prometheus's scrape loop: every answer's samples get the target's labels, `up` becomes 1 or 0,
 * and a series that the last answer had and this one lacks (all of them, if there is no answer) gets a stale marker at the
 * scrape's time, so it is gone at once and not five minutes later.
 */
export class ScrapeTarget {
  private readonly store: SeriesStore;
  private readonly targetLabels: Labels;
  private readonly seenAtScrape = new Map<Series, number>();
  private scrapeCount = 0;

  /** `labels` are the target's own, usually `instance` and `job`. */
  constructor(store: SeriesStore, labels: Labels) {
    this.store = store;
    this.targetLabels = labelsOf(labels);
  }

  /**
   * Records an answer. Throws if a sample carries one of the target's labels (Prometheus would rename it to `exported_*`, which
   * hides an exporter's mistake) or stands twice in the answer.
   */
  answered(timeUs: Us, samples: readonly Sample[]): void {
    this.scrapeCount++;
    for (const sample of samples) {
      const series = this.store.append(sample.name, this.withTarget(sample), timeUs, sample.value);
      this.seenAtScrape.set(series, this.scrapeCount);
    }
    this.markMissing(timeUs);
    this.store.append('up', this.targetLabels, timeUs, 1);
  }

  /** Records that the target did not answer: connection refused, timed out, or cut off from the scraper. */
  failed(timeUs: Us): void {
    this.scrapeCount++;
    this.markMissing(timeUs);
    this.store.append('up', this.targetLabels, timeUs, 0);
  }

  /** Takes the target out of the scrape configuration: all its series end, `up` included. */
  removed(timeUs: Us): void {
    this.scrapeCount++;
    this.markMissing(timeUs);
    const up = this.store.find('up', this.targetLabels);
    if (up !== undefined) this.store.markStale(up, timeUs);
  }

  private withTarget(sample: Sample): Labels {
    for (const [name] of this.targetLabels) {
      if (labelValue(sample.labels, name) !== '') {
        throw new Error(`metric ${sample.name} carries the target's label ${name}: take it out of the exporter`);
      }
    }
    return labelsOf([...sample.labels, ...this.targetLabels]);
  }

  private markMissing(timeUs: Us): void {
    for (const [series, scrape] of this.seenAtScrape) {
      if (scrape === this.scrapeCount) continue;
      this.seenAtScrape.delete(series);
      this.store.markStale(series, timeUs);
    }
  }
}
