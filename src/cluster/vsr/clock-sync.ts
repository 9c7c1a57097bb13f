import type { Us } from '../../sim/time.ts';

/** A source's claim about the offset between true cluster time and the own wall clock: an interval, in µs. */
export interface OffsetInterval {
  readonly lowUs: number;
  readonly highUs: number;
}

/** The smallest interval that the largest number of sources agree on. */
export interface Agreement {
  readonly lowUs: number;
  readonly highUs: number;
  readonly sources: number;
}

/**
 * Marzullo's algorithm (K. Marzullo, thesis, Stanford 1984): the intersection that most intervals share; of equally
 * shared ones the smallest. Returns null for no intervals.
 */
export function marzullo(intervals: readonly OffsetInterval[]): Agreement | null {
  const edges: { at: number; open: number }[] = [];
  for (const interval of intervals) {
    edges.push({ at: interval.lowUs, open: 1 });
    edges.push({ at: interval.highUs, open: -1 });
  }
  // At the same place an interval opens before another closes: touching intervals agree.
  edges.sort((left, right) => left.at - right.at || right.open - left.open);
  let best: Agreement | null = null;
  let depth = 0;
  for (let index = 0; index < edges.length; index++) {
    const edge = edges[index] as { at: number; open: number };
    depth += edge.open;
    if (edge.open < 0) continue;
    const next = edges[index + 1];
    if (next === undefined || next.open > 0) continue;
    const smaller = best === null || next.at - edge.at < best.highUs - best.lowUs;
    if (best === null || depth > best.sources || (depth === best.sources && smaller)) {
      best = { lowUs: edge.at, highUs: next.at, sources: depth };
    }
  }
  return best;
}

interface Sample {
  readonly offsetUs: number;
  readonly errorUs: number;
  readonly takenUs: Us;
}

/**
 * A replica's view of cluster time. It keeps, per peer, the best sample (least round trip) of the current window; when
 * a quorum of sources, itself included, agrees on an interval no wider than the tolerance, that becomes an epoch: wall
 * time is then the own monotonic clock plus the agreed offset, clamped into the interval. An epoch expires when none
 * follows it (catalogue, model.clock_rule: tolerance 500 ms, expiry 30 s, window 3 to 10 s).
 */
export class ClockSync {
  /** Sources that must agree, the own clock included: a replication quorum of the present members. */
  quorum: number;
  readonly toleranceUs: number;
  readonly windowUs: Us;
  readonly epochUs: Us;
  /** Why the last window gave no epoch; empty when it did. */
  refusal: '' | 'no-quorum' | 'no-agreement' | 'tolerance-exceeded';
  /** Per peer that answered in the last closed window: its wall clock minus the own one, in µs. */
  readonly measured: Map<number, number>;
  private readonly samples: Map<number, Sample>;
  /** Own monotonic time at which the present window began. */
  windowStartUs: Us;
  /** Own wall clock minus the monotonic one as the window's first sample found it: a step within the window must not mix the two. */
  private baseUs: number | null;
  private epochAtUs: Us;
  private epochWallUs: number;
  private lowUs: number;
  private highUs: number;

  constructor(quorum: number, toleranceUs: number, windowUs: Us, epochUs: Us) {
    this.quorum = quorum;
    this.toleranceUs = toleranceUs;
    this.windowUs = windowUs;
    this.epochUs = epochUs;
    this.refusal = 'no-quorum';
    this.measured = new Map();
    this.samples = new Map();
    this.windowStartUs = 0;
    this.baseUs = null;
    this.epochAtUs = -1;
    this.epochWallUs = 0;
    this.lowUs = 0;
    this.highUs = 0;
  }

  start(monotonicUs: Us): void {
    this.windowStartUs = monotonicUs;
  }

  /**
   * A pong came: ping sent at `sentUs`, answered with the peer's wall clock `peerWallUs`, received at `nowUs` (own
   * monotonic) when the own wall clock showed `ownWallUs`. The peer read its clock somewhere within the round trip.
   */
  learn(peer: number, sentUs: Us, nowUs: Us, peerWallUs: number, ownWallUs: number): void {
    const roundTripUs = nowUs - sentUs;
    if (roundTripUs < 0 || sentUs < this.windowStartUs) return;
    const errorUs = Math.ceil(roundTripUs / 2);
    this.baseUs ??= ownWallUs - nowUs;
    const known = this.samples.get(peer);
    if (known !== undefined && known.errorUs <= errorUs && nowUs - known.takenUs < this.windowUs) return;
    this.samples.set(peer, { offsetUs: peerWallUs + errorUs - (this.baseUs + nowUs), errorUs, takenUs: nowUs });
  }

  /** Closes the window when it is old enough and tries to install an epoch. Returns whether it did. */
  tick(nowUs: Us, ownWallUs: number): boolean {
    if (nowUs - this.windowStartUs < this.windowUs) return false;
    const intervals: OffsetInterval[] = [{ lowUs: 0, highUs: 0 }];
    for (const sample of this.samples.values()) {
      intervals.push({ lowUs: sample.offsetUs - sample.errorUs, highUs: sample.offsetUs + sample.errorUs });
    }
    if (intervals.length < this.quorum) {
      this.refusal = 'no-quorum';
      // The window goes on for up to three times its length, then begins anew with fresh samples.
      if (nowUs - this.windowStartUs >= this.windowUs * 3) this.restart(nowUs);
      return false;
    }
    const ownUs = this.baseUs === null ? ownWallUs : this.baseUs + nowUs;
    this.restart(nowUs);
    const agreement = this.agree(intervals);
    if (agreement === null) return false;
    this.refusal = '';
    this.epochAtUs = nowUs;
    this.epochWallUs = ownUs;
    this.lowUs = agreement.lowUs;
    this.highUs = agreement.highUs;
    return true;
  }

  /** Whether an epoch is in force at `nowUs` (own monotonic clock). */
  isSynchronised(nowUs: Us): boolean {
    return this.epochAtUs >= 0 && nowUs - this.epochAtUs < this.epochUs;
  }

  /** Synchronised wall time in µs, or -1 without an epoch. Runs on the monotonic clock since the epoch began. */
  nowUs(monotonicUs: Us): number {
    if (!this.isSynchronised(monotonicUs)) return -1;
    const middle = Math.floor((this.lowUs + this.highUs) / 2);
    return this.epochWallUs + middle + (monotonicUs - this.epochAtUs);
  }

  /** Centre of the last agreed interval: how far cluster time is ahead of the own wall clock, in µs. */
  offsetUs(): number {
    return Math.floor((this.lowUs + this.highUs) / 2);
  }

  hasEpoch(): boolean {
    return this.epochAtUs >= 0;
  }

  /**
   * The interval that a quorum shares when every source is granted a margin, for the smallest margin (by halving) at
   * which one does; null, with the reason, when half the tolerance is not enough.
   */
  private agree(intervals: readonly OffsetInterval[]): Agreement | null {
    let marginUs = Math.floor(this.toleranceUs / 2);
    let best: Agreement | null = null;
    for (let round = 0; round < 24; round++) {
      const found = marzullo(
        intervals.map((interval) => ({ lowUs: interval.lowUs - marginUs, highUs: interval.highUs + marginUs })),
      );
      if (found === null || found.sources < this.quorum) break;
      best = found;
      if (marginUs === 0) break;
      marginUs = Math.floor(marginUs / 2);
    }
    if (best === null) {
      this.refusal = 'no-agreement';
      return null;
    }
    if (best.highUs - best.lowUs > this.toleranceUs) {
      this.refusal = 'tolerance-exceeded';
      return null;
    }
    return best;
  }

  private restart(nowUs: Us): void {
    this.windowStartUs = nowUs;
    this.baseUs = null;
    this.measured.clear();
    for (const [peer, sample] of this.samples) this.measured.set(peer, sample.offsetUs);
    this.samples.clear();
  }
}
