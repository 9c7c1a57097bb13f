import type { Us } from './time.ts';

/** Priorities of hosts that make a run unfair (PCT, Burckhardt et al., ASPLOS 2010, over hosts instead of threads). */
export interface SchedulingOptions {
  /** Per host a rank: 0 is served first. Hosts that are not listed have rank 0. */
  readonly ranks: readonly number[];
  /** Where a host falls behind all others: after so many events of its own. In the order of the plan. */
  readonly changes: readonly { readonly host: number; readonly afterEvents: number }[];
  /** Extra delay of a message from or to the last host; others in proportion to their rank. */
  readonly delayUsMax: Us;
}

/**
 * An unfair scheduler. Messages of a low-priority host, those that it sends and those that it gets, come later by a bounded
 * delay, and of events at one time its own come last. Which host falls behind when is counted in that host's events,
 * so nothing that happens elsewhere moves it (R20); nothing is drawn here. {@link clear} makes the run fair.
 */
export class Scheduling {
  private readonly ranks: Int32Array;
  /** Events of a host until its next change; 0: it has none. */
  private readonly left: Int32Array;
  private readonly waiting: { readonly host: number; readonly afterEvents: number }[];
  private readonly delayUsMax: Us;
  private lowest: number;
  private readonly lowestMax: number;

  constructor({ ranks, changes, delayUsMax }: SchedulingOptions, hostCount: number) {
    this.ranks = new Int32Array(hostCount);
    this.left = new Int32Array(hostCount);
    this.lowest = 0;
    for (let host = 0; host < hostCount; host++) {
      this.ranks[host] = ranks[host] ?? 0;
      this.lowest = Math.max(this.lowest, ranks[host] ?? 0);
    }
    this.lowestMax = this.lowest + changes.length;
    this.delayUsMax = delayUsMax;
    this.waiting = [...changes].sort((left, right) => left.afterEvents - right.afterEvents || left.host - right.host);
    for (let host = 0; host < hostCount; host++) this.arm(host, 0);
  }

  /** Extra delay of a message, at most `delayUsMax`. */
  delayUs(from: number, to: number): Us {
    const rank = Math.max(this.ranks[from] as number, this.ranks[to] as number);
    return rank === 0 ? 0 : Math.floor((this.delayUsMax * rank) / this.lowestMax);
  }

  /** A tie key that puts hosts of lower priority last; among equals the mixed `tie` decides. */
  tie(host: number, tie: number): number {
    const rank = host < 0 ? 0 : Math.min(63, this.ranks[host] as number);
    return ((rank << 26) | (tie >>> 6)) >>> 0;
  }

  /** A host has handled an event. */
  ran(host: number): void {
    const left = this.left[host] as number;
    if (left === 0) return;
    this.left[host] = left - 1;
    if (left > 1) return;
    const place = this.waiting.findIndex((change) => change.host === host);
    const [change] = this.waiting.splice(place, 1);
    this.lowest++;
    this.ranks[host] = this.lowest;
    this.arm(host, change?.afterEvents ?? 0);
  }

  /** All hosts are equal from now on. */
  clear(): void {
    this.ranks.fill(0);
    this.left.fill(0);
  }

  private arm(host: number, done: number): void {
    const next = this.waiting.find((change) => change.host === host);
    this.left[host] = next === undefined ? 0 : Math.max(1, next.afterEvents - done);
  }
}
