import type { Us } from './time.ts';

/** Credits are counted in millionths of a request: so many come in each µs as the volume has requests a second. */
const UNITS_PER_REQUEST = 1_000_000;

/**
 * The rate limit of a cloud volume: so many requests a second for good, more while its credits last. A request above the
 * lasting rate costs one credit; credits come back at the lasting rate while it is not used up.
 */
export class DiskBurst {
  baselineIops: number;
  readonly burstIops: number;
  readonly creditsMax: number;
  private units: number;
  private countedUs: Us;
  private nextStartUs: Us;
  private raise: { readonly atUs: Us; readonly iops: number } | null;

  constructor(baselineIops: number, burstIops: number, creditsMax: number, credits: number, nowUs: Us) {
    this.baselineIops = baselineIops;
    this.burstIops = Math.max(baselineIops, burstIops);
    this.creditsMax = creditsMax;
    this.units = Math.min(credits, creditsMax) * UNITS_PER_REQUEST;
    this.countedUs = nowUs;
    this.nextStartUs = nowUs;
    this.raise = null;
  }

  /** The provider changes the lasting rate once it has moved the volume, at `atUs`. */
  raiseAt(atUs: Us, iops: number): void {
    this.raise = { atUs, iops };
  }

  /** Lasting rate at a time, in requests a second. */
  iopsAt(nowUs: Us): number {
    return this.raise !== null && this.raise.atUs <= nowUs ? this.raise.iops : this.baselineIops;
  }

  /** Share of the credits that is left, in percent. */
  balancePercent(nowUs: Us): number {
    this.count(nowUs);
    return this.creditsMax === 0 ? 0 : Math.floor((this.units * 100) / (this.creditsMax * UNITS_PER_REQUEST));
  }

  /** When a request may start that is ready at `readyUs`. */
  startUs(readyUs: Us): Us {
    const startUs = Math.max(readyUs, this.nextStartUs);
    this.count(startUs);
    const paid = this.units >= UNITS_PER_REQUEST;
    if (paid) this.units -= UNITS_PER_REQUEST;
    const iops = paid ? Math.max(this.burstIops, this.baselineIops) : this.baselineIops;
    this.nextStartUs = startUs + Math.floor(1_000_000 / iops);
    return startUs;
  }

  private count(nowUs: Us): void {
    if (this.raise !== null && this.raise.atUs <= nowUs) {
      this.baselineIops = this.raise.iops;
      this.raise = null;
    }
    if (nowUs <= this.countedUs) return;
    const idleUs = Math.max(0, nowUs - Math.max(this.countedUs, this.nextStartUs));
    this.units = Math.min(this.creditsMax * UNITS_PER_REQUEST, this.units + idleUs * this.baselineIops);
    this.countedUs = nowUs;
  }
}
