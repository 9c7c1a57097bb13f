import type { BatchingPlan } from '../../plan/plan.ts';
import type { Us } from '../../sim/time.ts';

/** Operations that arrived in one stretch of time. */
export interface Parcel {
  readonly count: number;
  readonly fromUs: Us;
  readonly toUs: Us;
}

/**
 * Clients that are not simulated one by one (design, section 4): so many operations a second are offered to whoever
 * leads, by a population of clients that wait for their answers, so that never more than `outstandingMax` are without
 * one. What becomes of an operation (taken in, batched, replicated, committed) goes through the primary's real queue.
 */
export class BackgroundLoad {
  readonly bodyBytes: number;
  readonly outstandingMax: number;
  /** Operations offered per second; a fault may change it, 0 ends it. */
  offeredPerS: number;

  constructor(plan: BatchingPlan) {
    this.bodyBytes = plan.bodyBytes;
    this.outstandingMax = plan.outstandingMax;
    this.offeredPerS = plan.offeredPerS;
  }
}

/** Background operations that wait at one primary, oldest first. */
export class Backlog {
  count: number;
  private readonly load: BackgroundLoad;
  private parcels: Parcel[];
  private lastUs: Us;
  /** Part of an operation, in millionths, that the next arrival begins with. */
  private rest: number;

  constructor(load: BackgroundLoad, nowUs: Us) {
    this.load = load;
    this.count = 0;
    this.parcels = [];
    this.lastUs = nowUs;
    this.rest = 0;
  }

  /** Takes in what was offered since the last call; `unanswered` operations are under way beyond those that wait. */
  arrive(nowUs: Us, unanswered: number): void {
    const { offeredPerS, outstandingMax } = this.load;
    const millionths = this.rest + offeredPerS * (nowUs - this.lastUs);
    const arrived = Math.floor(millionths / 1_000_000);
    this.rest = millionths - arrived * 1_000_000;
    const count = Math.max(0, Math.min(arrived, outstandingMax - unanswered - this.count));
    if (count > 0) this.parcels.push({ count, fromUs: this.lastUs, toUs: nowUs });
    this.count += count;
    this.lastUs = nowUs;
  }

  /** Since when the oldest one waits; -1 when none does. */
  get oldestUs(): Us {
    return this.parcels[0]?.fromUs ?? -1;
  }

  /** End of the oldest stretch, for the order among others that wait; -1 when none does. */
  get headUs(): Us {
    return this.parcels[0]?.toUs ?? -1;
  }

  /** Takes up to `max` of the oldest stretch out, splitting it where it is longer. */
  take(max: number): Parcel {
    const parcel = this.parcels[0] as Parcel;
    const count = Math.min(max, parcel.count);
    const midUs = parcel.fromUs + Math.floor(((parcel.toUs - parcel.fromUs) * count) / parcel.count);
    if (count === parcel.count) this.parcels.shift();
    else this.parcels[0] = { count: parcel.count - count, fromUs: midUs, toUs: parcel.toUs };
    this.count -= count;
    return { count, fromUs: parcel.fromUs, toUs: midUs };
  }
}
