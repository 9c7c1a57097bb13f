import { describe, expect, it } from 'vitest';
import { ClockSync, marzullo } from '../../../src/cluster/vsr/clock-sync.ts';
import { mix3, scale } from '../../../src/sim/mix.ts';
import { MS, SECOND } from '../../../src/sim/time.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';

const TOLERANCE_US = 500_000;
const WINDOW_US = 1_500_000;
const EPOCH_US = 30 * SECOND;

const interval = (lowUs: number, highUs: number): { lowUs: number; highUs: number } => ({ lowUs, highUs });

describe("Marzullo's algorithm", () => {
  it.each([
    ['no source', [], null],
    ['one source', [interval(3, 7)], { lowUs: 3, highUs: 7, sources: 1 }],
    ['nested intervals', [interval(0, 10), interval(2, 8), interval(4, 6)], { lowUs: 4, highUs: 6, sources: 3 }],
    ['overlapping ones', [interval(8, 12), interval(11, 13), interval(10, 12)], { lowUs: 11, highUs: 12, sources: 3 }],
    ['one outlier', [interval(8, 12), interval(11, 13), interval(14, 15)], { lowUs: 11, highUs: 12, sources: 2 }],
    ['touching ones', [interval(0, 5), interval(5, 9)], { lowUs: 5, highUs: 5, sources: 2 }],
    ['a point inside', [interval(0, 9), interval(4, 4)], { lowUs: 4, highUs: 4, sources: 2 }],
    ['equal ones', [interval(-3, 3), interval(-3, 3)], { lowUs: -3, highUs: 3, sources: 2 }],
    [
      'disjoint ones: the smallest',
      [interval(0, 10), interval(20, 22), interval(30, 35)],
      { lowUs: 20, highUs: 22, sources: 1 },
    ],
    [
      'two pairs: the smaller overlap',
      [interval(0, 9), interval(1, 8), interval(20, 25), interval(22, 30)],
      { lowUs: 22, highUs: 25, sources: 2 },
    ],
  ])('%s', (_name, intervals, expected) => {
    expect(marzullo(intervals)).toEqual(expected);
  });

  it('agrees with a search over all end points', () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const draw = (which: number, at: number, max: number): number => scale(mix3(seed, 5, which, at, 0), 0, max);
      const intervals = Array.from({ length: 1 + draw(0, 0, 5) }, (_, at) => {
        const lowUs = draw(1, at, 20);
        return interval(lowUs, lowUs + draw(2, at, 8));
      });
      const depthAt = (place: number): number =>
        intervals.filter(({ lowUs, highUs }) => lowUs <= place && place <= highUs).length;
      const ends = intervals.flatMap(({ lowUs, highUs }) => [lowUs, highUs]);
      const best = marzullo(intervals);
      expect(best?.sources).toBe(Math.max(...ends.map(depthAt)));
      expect(depthAt(best?.lowUs as number)).toBe(best?.sources);
      expect(depthAt(best?.highUs as number)).toBe(best?.sources);
    }
  });

  it('does not depend on the order of the sources', () => {
    const sources = [interval(8, 12), interval(11, 13), interval(10, 12), interval(40, 50)];
    expect(marzullo([...sources].reverse())).toEqual(marzullo(sources));
  });
});

/** A clock that has heard each peer once: peers' errors and round trips as given, the own error is `own`. */
function heard(errorsUs: readonly number[], roundTripsUs: readonly number[], own: number): ClockSync {
  const clock = new ClockSync(Math.floor((errorsUs.length + 1) / 2) + 1, TOLERANCE_US, WINDOW_US, EPOCH_US);
  clock.start(0);
  for (const [at, errorUs] of errorsUs.entries()) {
    const roundTripUs = roundTripsUs[at] as number;
    const sentUs = 100_000 + at * 1_000;
    // The peer reads its clock somewhere within the round trip; here at three quarters of it.
    const readUs = sentUs + Math.floor((roundTripUs * 3) / 4);
    clock.learn(at + 1, sentUs, sentUs + roundTripUs, readUs + errorUs, sentUs + roundTripUs + own);
  }
  return clock;
}

describe('the synchronised clock', () => {
  // R6, with f bad clocks among n = 2f + 1: whatever the bad ones say.
  it.each([3, 5])('lies within the range of the good clocks plus half the largest round trip, %i replicas', (count) => {
    const bad = Math.floor((count - 1) / 2);
    let installed = 0;
    for (let seed = 1; seed <= 3_000; seed++) {
      const draw = (which: number, at: number, min: number, max: number): number =>
        scale(mix3(seed, 9, which, at, count), min, max);
      // Good clocks differ by up to 200 ms, bad ones by anything up to an hour; who is bad is drawn, the own clock included.
      const errors = Array.from({ length: count }, (_, at) => draw(1, at, -100_000, 100_000));
      const first = draw(2, 0, 0, count - 1);
      const badOnes = new Set(Array.from({ length: bad }, (_, at) => (first + at) % count));
      for (const at of badOnes) errors[at] = draw(3, at, -3_600_000_000, 3_600_000_000);
      const trips = Array.from({ length: count - 1 }, (_, at) => draw(4, at, 200, 60_000));
      const clock = heard(errors.slice(1), trips, errors[0] as number);
      const nowUs = WINDOW_US + 1;
      if (!clock.tick(nowUs, nowUs + (errors[0] as number))) continue;
      installed++;
      const good = errors.filter((_, at) => !badOnes.has(at));
      const errorUs = clock.nowUs(nowUs) - nowUs;
      const slackUs = Math.ceil(Math.max(...trips) / 2) + 1;
      expect(errorUs, `seed ${seed}`).toBeGreaterThanOrEqual(Math.min(...good) - slackUs);
      expect(errorUs, `seed ${seed}`).toBeLessThanOrEqual(Math.max(...good) + slackUs);
    }
    expect(installed).toBeGreaterThan(2_900);
  });

  it('gives no epoch before its window has closed', () => {
    const clock = heard([0, 0], [1_000, 1_000], 0);
    expect(clock.tick(WINDOW_US - 1, WINDOW_US - 1)).toBe(false);
    expect(clock.nowUs(WINDOW_US - 1)).toBe(-1);
  });

  it('refuses with fewer sources than a quorum', () => {
    const clock = new ClockSync(2, TOLERANCE_US, WINDOW_US, EPOCH_US);
    clock.start(0);
    expect(clock.tick(WINDOW_US, WINDOW_US)).toBe(false);
    expect(clock.refusal).toBe('no-quorum');
    expect(clock.nowUs(WINDOW_US)).toBe(-1);
  });

  it('refuses when fewer than a quorum agree within the tolerance', () => {
    const clock = heard([5_000_000, -7_000_000], [1_000, 1_000], 0);
    expect(clock.tick(WINDOW_US, WINDOW_US)).toBe(false);
    expect(clock.refusal).toBe('no-agreement');
    expect(clock.nowUs(WINDOW_US)).toBe(-1);
  });

  it('keeps the sample of the shortest round trip', () => {
    const clock = new ClockSync(2, TOLERANCE_US, WINDOW_US, EPOCH_US);
    clock.start(0);
    clock.learn(1, 1_000, 3_000, 42_000, 3_000);
    clock.learn(1, 5_000, 405_000, 900_000, 405_000);
    clock.tick(WINDOW_US, WINDOW_US);
    // 40,000 ahead, known to 1,000 on either side; the own clock says 0: the margin that both are granted meets between.
    expect(clock.offsetUs()).toBeGreaterThan(0);
    expect(clock.offsetUs()).toBeLessThanOrEqual(41_000);
  });

  // One bad clock of three (R6): what it does within a window must not enter the time that the others agree on.
  it.each([3_600_000_000, -20_000_000, 250_000])(
    'a step of the own clock by %i µs within a window changes nothing',
    (stepUs) => {
      for (const stepAtUs of [0, 110_000, WINDOW_US - 2]) {
        const clock = new ClockSync(2, TOLERANCE_US, WINDOW_US, EPOCH_US);
        clock.start(0);
        const own = (nowUs: number): number => nowUs + (nowUs > stepAtUs ? stepUs : 0);
        for (const peer of [1, 2]) {
          const nowUs = peer * 100_000;
          clock.learn(peer, nowUs - 2_000, nowUs, nowUs - 1_000, own(nowUs));
        }
        expect(clock.tick(WINDOW_US, own(WINDOW_US))).toBe(true);
        // The own clock is the only one that may be wrong; before its step it was right.
        expect(Math.abs(clock.nowUs(WINDOW_US) - WINDOW_US)).toBeLessThanOrEqual(2_000);
      }
    },
  );

  it('drops answers to pings of an earlier window', () => {
    const clock = new ClockSync(2, TOLERANCE_US, WINDOW_US, EPOCH_US);
    clock.start(1_000_000);
    clock.learn(1, 900_000, 1_100_000, 1_000_000, 1_100_000);
    expect(clock.tick(1_000_000 + WINDOW_US, 0)).toBe(false);
    expect(clock.refusal).toBe('no-quorum');
  });

  it('expires when no window follows, and runs on the monotonic clock until then', () => {
    const clock = heard([0, 0], [1_000, 1_000], 0);
    expect(clock.tick(WINDOW_US, WINDOW_US)).toBe(true);
    const startUs = clock.nowUs(WINDOW_US);
    expect(clock.nowUs(WINDOW_US + 10 * SECOND)).toBe(startUs + 10 * SECOND);
    expect(clock.isSynchronised(WINDOW_US + EPOCH_US - 1)).toBe(true);
    expect(clock.isSynchronised(WINDOW_US + EPOCH_US)).toBe(false);
    expect(clock.nowUs(WINDOW_US + EPOCH_US)).toBe(-1);
  });
});

describe('a cluster with bad clocks', () => {
  // The primary's own clock is the bad one: its entries carry the time that the others agree on.
  it('a primary whose wall clock is ten seconds ahead gives timestamps of the good clocks', () => {
    const t = new TestCluster({ wallOffsetUs: [10 * SECOND, 40_000, -40_000] }).boot();
    t.write(3);
    const entry = t.replica(0).journal.entry(4);
    const errorUs = (entry?.timestampUs ?? 0) - t.world.nowUs;
    expect(t.primary).toBe(0);
    expect(Math.abs(errorUs)).toBeLessThan(100_000);
    t.finish();
  });

  it.each([3_600, -20])(
    'a primary whose clock steps by %i s at the end of a window stamps as the others do',
    (stepS) => {
      const t = new TestCluster().boot();
      const host = t.primary;
      const { clock } = t.replica(host);
      const begun = clock.windowStartUs;
      t.runUntil(
        'the window is nearly over',
        () => clock.windowStartUs === begun && t.machine(host).monotonicUs() - begun > clock.windowUs - 2 * MS,
      );
      t.machine(host).clock.stepWall(stepS * SECOND);
      t.runUntil('the next window begins', () => clock.windowStartUs !== begun);
      t.write(1);
      expect(Math.abs(t.replica(host).lastTimestampUs - t.world.nowUs)).toBeLessThan(200 * MS);
      t.finish();
    },
  );

  // Fewer than a quorum agree: no time, no writes. Elections and heartbeats need no wall clock.
  it('writes are refused while no quorum of clocks agrees, and served when one does again', () => {
    const t = new TestCluster({ wallOffsetUs: [0, 20 * SECOND, -20 * SECOND] });
    t.cluster.start();
    t.client().active = false;
    t.runFor(5 * SECOND);
    t.submit(1);
    expect(t.answersWithin(5 * SECOND)).toBe(0);
    expect(t.marks('request-refused-no-clock')).toBeGreaterThan(0);
    expect(t.marks('clock-epoch-installed')).toBe(0);
    t.expect(t.all, { op: 0, status: 'normal' });
    t.machine(1).clock.stepWall(-20 * SECOND);
    t.runUntil('served', () => t.client().idle);
    t.write(8);
    t.finish();
  });

  // Pings that no longer come back: the epoch runs out, and the primary says no instead of guessing.
  it('an epoch that is not renewed runs out', () => {
    const t = new TestCluster().boot();
    t.write(9);
    t.drop(['ping']);
    const expired = (host: number): boolean => !t.replica(host).clock.isSynchronised(t.machine(host).monotonicUs());
    t.runUntil('expired', () => t.all.every(expired), 60 * SECOND);
    t.submit(1);
    expect(t.answersWithin(3 * SECOND)).toBe(0);
    expect(t.marks('request-refused-no-clock')).toBeGreaterThan(0);
    t.expect(t.all, { view: 0, status: 'normal' });
    t.finish();
  });

  // An operator must be able to see it: the mark and the journal line (catalogue, scn3) come with the expiry.
  it('an epoch that runs out is announced', () => {
    const t = new TestCluster().boot();
    t.drop(['ping']);
    t.runFor(60 * SECOND);
    expect(t.replica(0).clock.isSynchronised(t.machine(0).monotonicUs())).toBe(false);
    expect(t.marks('clock-epoch-expired')).toBe(3);
  });

  // Timers run on the monotonic clock (R6).
  it('frozen wall clocks do not stop elections', () => {
    const t = new TestCluster().boot();
    t.write(3);
    for (const host of t.all) t.machine(host).clock.freezeWall();
    const former = t.primary;
    t.crash(former);
    t.runUntil('a new primary', () => t.cluster.primaryHost() >= 0, 10 * ELECTION_US);
    expect(t.primary).not.toBe(former);
    t.write(2);
    for (const host of t.all) t.machine(host).clock.unfreezeWall();
    t.finish();
  });

  // Steps back must not let the log's time go back.
  it('a wall clock that steps back leaves the timestamps monotonic', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const before = t.replica(0).journal.entry(4)?.timestampUs as number;
    for (const host of t.all) t.machine(host).clock.stepWall(-3 * SECOND);
    t.runFor(4 * SECOND);
    t.write(1);
    expect(t.replica(0).journal.entry(5)?.timestampUs).toBeGreaterThanOrEqual(before);
    t.finish();
  });
});
