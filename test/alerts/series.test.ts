import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../src/alerts/labels.ts';
import { ScrapeTarget } from '../../src/alerts/scrape.ts';
import { LOOKBACK_US, SeriesStore } from '../../src/alerts/series.ts';
import { HOUR, MINUTE, SECOND } from '../../src/sim/time.ts';
import { query, storeOf } from './kit.ts';

const N1 = labelsOf([
  ['job', 'kimberlite'],
  ['instance', 'n1'],
]);

describe('sample store', () => {
  it('keeps no more than its retention over 24 hours of scrapes', () => {
    const store = new SeriesStore(15 * MINUTE);
    for (let at = 0; at <= 24 * HOUR; at += 15 * SECOND) store.append('a', N1, at, at);
    expect(store.sampleCount).toBe(60);
    expect(store.named('a')[0]!.timeUsAt(0)).toBe(24 * HOUR - 15 * MINUTE + 15 * SECOND);
    expect(store.named('a')[0]!.valueAt(59)).toBe(24 * HOUR);
  });

  it('forgets a series whose samples have all left the retention', () => {
    const store = storeOf({ a: [1], b: [1, 2, 3] });
    store.prune(2 * HOUR);
    expect([store.seriesCount, store.named('a').length, store.named('b').length]).toEqual([1, 0, 1]);
  });

  it('refuses a sample that is not newer, labels out of order, and a retention under the look-back', () => {
    const store = storeOf({ a: [1, 2] });
    expect(() => store.append('a', [], MINUTE, 3)).toThrow('sample of a{} at 60000000 us is not after its newest one');
    expect(() =>
      store.append(
        'a',
        [
          ['z', '1'],
          ['b', '2'],
        ],
        0,
        1,
      ),
    ).toThrow('ascending');
    expect(() => new SeriesStore(MINUTE)).toThrow('look-back');
  });

  it('finds the newest sample for five minutes, the fifth excluded', () => {
    const store = storeOf({ a: [7] });
    expect(query(store, 'a', 0)).toEqual({ a: 7 });
    expect(query(store, 'a', 299)).toEqual({ a: 7 });
    expect(query(store, 'a', 300)).toEqual({});
    expect(LOOKBACK_US).toBe(300 * SECOND);
  });

  it('ends a series at a stale marker and skips the marker in ranges', () => {
    const store = storeOf({ a: [1, 2, 'stale', 4] });
    expect(query(store, 'a', 119)).toEqual({ a: 2 });
    expect(query(store, 'a', 120)).toEqual({});
    expect(query(store, 'a', 180)).toEqual({ a: 4 });
    expect(query(store, 'count_over_time(a[4m])', 180)).toEqual({ '{}': 3 });
  });
});

describe('scrape target', () => {
  it('adds the target labels, sets up, and ends what an answer no longer holds', () => {
    const store = new SeriesStore();
    const target = new ScrapeTarget(store, N1);
    target.answered(0, [
      { name: 'a', labels: [['x', '1']], value: 1 },
      { name: 'b', labels: [], value: 2 },
    ]);
    expect(query(store, 'a', 0)).toEqual({ 'a{instance="n1", job="kimberlite", x="1"}': 1 });
    target.answered(15 * SECOND, [{ name: 'b', labels: [], value: 3 }]);
    expect(query(store, 'a', 15)).toEqual({});
    expect(query(store, 'b', 15)).toEqual({ 'b{instance="n1", job="kimberlite"}': 3 });
    expect(query(store, 'up', 15)).toEqual({ 'up{instance="n1", job="kimberlite"}': 1 });
  });

  it('ends all series of a target that does not answer, keeps up at 0, and takes them up again later', () => {
    const store = new SeriesStore();
    const target = new ScrapeTarget(store, N1);
    const samples = [{ name: 'a', labels: [], value: 1 }];
    target.answered(0, samples);
    target.failed(15 * SECOND);
    target.failed(30 * SECOND);
    expect(query(store, 'a', 15)).toEqual({});
    expect(query(store, 'up', 30)).toEqual({ 'up{instance="n1", job="kimberlite"}': 0 });
    expect(store.find('a', N1)!.length).toBe(2);
    target.answered(45 * SECOND, samples);
    expect(query(store, 'a + up', 45)).toEqual({ '{instance="n1", job="kimberlite"}': 2 });
    target.removed(60 * SECOND);
    expect(query(store, 'up or a', 60)).toEqual({});
  });

  it('refuses a metric that carries a label of the target', () => {
    const target = new ScrapeTarget(new SeriesStore(), N1);
    expect(() => target.answered(0, [{ name: 'a', labels: [['job', 'x']], value: 1 }])).toThrow('label job');
  });
});
