import type { WorldCore } from './core.ts';
import { SECOND, type Us } from './time.ts';

/** Bound of the drift (R6): far beyond any crystal (10 to 200 ppm), so that broken ones are in. */
export const DRIFT_PPM_MAX = 100_000;
/** Bound of a slew: chronyd's default `maxslewrate` is 83,333 ppm. Below 10^6, so that a slewing wall never goes back. */
export const SLEW_PPM_MAX = 100_000;

/** The host's time daemon and the server that it believes. */
export interface NtpOptions {
  /** Whether the server answers. */
  readonly reachable: boolean;
  /** What the server's time is off true time by. */
  readonly serverErrorUs: Us;
  /** Time between two polls; whoever drives the clock calls {@link Clock.pollNtp} so often. */
  readonly pollUs: Us;
  /** How fast the daemon slews. */
  readonly slewPpm: number;
  /** A restarted daemon steps an error of at least this much and slews a smaller one. 0: it always steps. */
  readonly stepThresholdUs: Us;
}

export interface ClockOptions {
  /** Rate error of the oscillator, integer parts per million; both clocks run by it. */
  readonly driftPpm: number;
  /** Error of the wall clock at virtual time 0. */
  readonly wallOffsetUs: Us;
  readonly ntp: NtpOptions;
}

/** A host whose clock is right and whose time server is too: 64 s polls, and slews at the 500 ppm of adjtime(3). */
export const PERFECT_CLOCK: ClockOptions = {
  driftPpm: 0,
  wallOffsetUs: 0,
  ntp: { reachable: true, serverErrorUs: 0, pollUs: 64 * SECOND, slewPpm: 500, stepThresholdUs: 0 },
};

/**
 * The two clocks of a host (R6). The monotonic one only drifts, and stops while the host is paused. The wall clock is
 * the monotonic one plus an offset, which steps, slews, leap seconds and NTP change, unless it is frozen. All
 * arithmetic is exact in integers: products are split into seconds and rest, and a change of rate carries the fraction
 * of a microsecond over.
 */
export class Clock {
  readonly host: number;
  /** The daemon's view of its server; replaced by {@link setNtp}. */
  ntp: NtpOptions;
  /** True time of the last poll that reached the server, -1 before; and the error (server minus wall) it found. */
  ntpPolledUs: Us;
  ntpErrorUs: Us;
  /** Whether the time daemon runs; {@link restartNtp} starts it. */
  ntpRunning: boolean;
  private readonly core: WorldCore;
  private driftPpm: number;
  /** The running monotonic clock showed `anchorUs` plus `anchorFraction` / 10^6 µs at true time `anchorTrueUs`. */
  private anchorTrueUs: Us;
  private anchorUs: Us;
  private anchorFraction: number;
  private paused: boolean;
  private pausedUs: Us;
  private pausedFraction: number;
  /** Wall minus monotonic, without the slew in progress. */
  private offset: Us;
  private slewStartUs: Us;
  private slewTotalUs: Us;
  private slewPpm: number;
  private frozen: boolean;
  private frozenUs: Us;

  /** Throws when an option is out of range. */
  constructor(core: WorldCore, host: number, options: ClockOptions) {
    checkPpm(`clock of host ${host}: driftPpm`, options.driftPpm, -DRIFT_PPM_MAX, DRIFT_PPM_MAX);
    checkNtp(host, options.ntp);
    this.host = host;
    this.ntp = options.ntp;
    this.ntpPolledUs = -1;
    this.ntpErrorUs = 0;
    this.ntpRunning = true;
    this.core = core;
    this.driftPpm = options.driftPpm;
    this.anchorTrueUs = core.nowUs;
    this.anchorUs = core.nowUs;
    this.anchorFraction = 0;
    this.paused = false;
    this.pausedUs = 0;
    this.pausedFraction = 0;
    this.offset = options.wallOffsetUs;
    this.slewStartUs = 0;
    this.slewTotalUs = 0;
    this.slewPpm = 0;
    this.frozen = false;
    this.frozenUs = 0;
  }

  /** The monotonic clock now; stands still while the host is paused. */
  monotonicUs(): Us {
    return this.paused ? this.pausedUs : this.runningUs(this.core.nowUs);
  }

  /** The wall clock now, in µs since virtual time 0; negative when it was stepped back far enough. */
  wallUs(): Us {
    if (this.frozen) return this.frozenUs;
    const monotonicUs = this.monotonicUs();
    return this.slewTotalUs === 0 ? monotonicUs + this.offset : monotonicUs + this.offset + this.slewedUs(monotonicUs);
  }

  /** Error of the wall clock: wall minus true time, for metrics, tools and checkers. */
  offsetUs(): Us {
    return this.wallUs() - this.core.nowUs;
  }

  /**
   * The least true time after which the running monotonic clock will have advanced by `localDelayUs`, at its present
   * rate. A later change of drift does not reach back to it: the error is the change in ppm of what then remains.
   */
  trueDelayUs(localDelayUs: Us): Us {
    if (localDelayUs <= 0) return 0;
    if (this.driftPpm === 0) return localDelayUs;
    const rate = 1_000_000 + this.driftPpm;
    const whole = Math.floor(localDelayUs / rate);
    let delayUs = whole * 1_000_000 + Math.ceil(((localDelayUs - whole * rate) * 1_000_000) / rate);
    const now = this.core.nowUs;
    const targetUs = this.runningUs(now) + localDelayUs;
    // The clock shows whole microseconds, so the fraction of `now` moves the answer by one at most.
    while (delayUs > 0 && this.runningUs(now + delayUs - 1) >= targetUs) delayUs--;
    while (this.runningUs(now + delayUs) < targetUs) delayUs++;
    return delayUs;
  }

  /** Changes the rate from now on; neither clock jumps. Throws beyond {@link DRIFT_PPM_MAX}. */
  setDriftPpm(driftPpm: number): void {
    checkPpm(`clock of host ${this.host}: driftPpm`, driftPpm, -DRIFT_PPM_MAX, DRIFT_PPM_MAX);
    const now = this.core.nowUs;
    const fraction = this.fractionAt(now);
    this.anchorUs = this.runningUs(now);
    this.anchorTrueUs = now;
    this.anchorFraction = fraction;
    this.driftPpm = driftPpm;
  }

  /** The host stops, and its clocks with it. */
  pauseAt(): void {
    if (this.paused) return;
    this.pausedUs = this.runningUs(this.core.nowUs);
    this.pausedFraction = this.fractionAt(this.core.nowUs);
    this.paused = true;
  }

  /** The host goes on. With `jump` both clocks jump by the pause, otherwise they go on from where they stood. */
  resume(jump: boolean): void {
    if (!this.paused) return;
    this.paused = false;
    if (jump) return;
    this.anchorTrueUs = this.core.nowUs;
    this.anchorUs = this.pausedUs;
    this.anchorFraction = this.pausedFraction;
  }

  /** Steps the wall clock, forward or back; a frozen one stays frozen at the new value. */
  stepWall(deltaUs: Us): void {
    if (this.frozen) this.frozenUs += deltaUs;
    else this.offset += deltaUs;
  }

  /** An inserted leap second lets the wall clock repeat a second; a deleted one skips it. */
  leapSecond(kind: 'insert' | 'delete'): void {
    this.stepWall(kind === 'insert' ? -SECOND : SECOND);
  }

  /**
   * Moves the wall clock by `totalUs` little by little, `ppm` µs a second of the monotonic clock. Replaces a slew in
   * progress, of which what is done stays done. A frozen clock takes no slew. Throws when `ppm` is out of range.
   */
  slewWall(totalUs: Us, ppm: number): void {
    checkPpm(`clock of host ${this.host}: slew ppm`, ppm, 1, SLEW_PPM_MAX);
    if (this.frozen) return;
    this.settleSlew();
    this.slewStartUs = this.monotonicUs();
    this.slewTotalUs = totalUs;
    this.slewPpm = ppm;
  }

  /** The wall clock stands still until {@link unfreezeWall}, and drops a slew in progress. */
  freezeWall(): void {
    if (this.frozen) return;
    this.settleSlew();
    this.frozenUs = this.wallUs();
    this.frozen = true;
  }

  /** The wall clock goes on from where it stood: it is behind by what it missed. */
  unfreezeWall(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.offset = this.frozenUs - this.monotonicUs();
  }

  /** Changes the time server or the daemon's settings, to take effect at the next poll. Throws when out of range. */
  setNtp(changes: Partial<NtpOptions>): void {
    const ntp = { ...this.ntp, ...changes };
    checkNtp(this.host, ntp);
    this.ntp = ntp;
  }

  /** The time daemon ends; a slew in progress goes on, because the kernel does it. */
  stopNtp(): void {
    this.ntpRunning = false;
  }

  /** A routine poll: the daemon slews towards the server's time. False when it is dead or the server does not answer. */
  pollNtp(): boolean {
    if (!this.ntpRunning || !this.askServer()) return false;
    this.slewWall(this.ntpErrorUs, this.ntp.slewPpm);
    return true;
  }

  /**
   * The daemon has been restarted: it steps the wall clock to the server's time, wrong as that may be, when the error
   * reaches the threshold, else slews. False when the server does not answer; then nothing changes.
   */
  restartNtp(): boolean {
    this.ntpRunning = true;
    if (!this.askServer()) return false;
    if (Math.abs(this.ntpErrorUs) < this.ntp.stepThresholdUs) {
      this.slewWall(this.ntpErrorUs, this.ntp.slewPpm);
      return true;
    }
    this.settleSlew();
    this.stepWall(this.ntpErrorUs);
    return true;
  }

  private askServer(): boolean {
    if (!this.ntp.reachable) return false;
    this.ntpPolledUs = this.core.nowUs;
    this.ntpErrorUs = this.core.nowUs + this.ntp.serverErrorUs - this.wallUs();
    return true;
  }

  /** The monotonic clock as if the host were not paused, at a true time from the anchor on. */
  private runningUs(trueUs: Us): Us {
    const elapsedUs = trueUs - this.anchorTrueUs;
    const ppm = this.driftPpm;
    if (ppm === 0) return this.anchorUs + elapsedUs;
    const seconds = Math.floor(elapsedUs / SECOND);
    const rest = (elapsedUs - seconds * SECOND) * ppm + this.anchorFraction;
    return this.anchorUs + elapsedUs + seconds * ppm + Math.floor(rest / 1_000_000);
  }

  /** What {@link runningUs} cuts off, in 10^-6 µs. */
  private fractionAt(trueUs: Us): number {
    const elapsedUs = trueUs - this.anchorTrueUs;
    const seconds = Math.floor(elapsedUs / SECOND);
    const rest = (elapsedUs - seconds * SECOND) * this.driftPpm + this.anchorFraction;
    return rest - Math.floor(rest / 1_000_000) * 1_000_000;
  }

  /** What the slew in progress has moved the wall clock by. */
  private slewedUs(monotonicUs: Us): Us {
    const elapsedUs = monotonicUs - this.slewStartUs;
    const seconds = Math.floor(elapsedUs / SECOND);
    const doneUs = seconds * this.slewPpm + Math.floor(((elapsedUs - seconds * SECOND) * this.slewPpm) / 1_000_000);
    return this.slewTotalUs < 0 ? Math.max(this.slewTotalUs, -doneUs) : Math.min(this.slewTotalUs, doneUs);
  }

  private settleSlew(): void {
    if (this.slewTotalUs === 0) return;
    this.offset += this.slewedUs(this.monotonicUs());
    this.slewTotalUs = 0;
  }
}

function checkPpm(place: string, ppm: number, min: number, max: number): void {
  if (!Number.isInteger(ppm) || ppm < min || ppm > max) {
    throw new Error(`${place} is ${ppm}; give an integer from ${min} to ${max}`);
  }
}

function checkNtp(host: number, ntp: NtpOptions): void {
  const place = `NTP of host ${host}`;
  checkPpm(`${place}: slewPpm`, ntp.slewPpm, 1, SLEW_PPM_MAX);
  if (!Number.isInteger(ntp.serverErrorUs)) throw new Error(`${place}: serverErrorUs is ${ntp.serverErrorUs}; give µs`);
  if (!Number.isInteger(ntp.pollUs) || ntp.pollUs < 1) {
    throw new Error(`${place}: pollUs is ${ntp.pollUs}; give an integer from 1`);
  }
  if (!Number.isInteger(ntp.stepThresholdUs) || ntp.stepThresholdUs < 0) {
    throw new Error(`${place}: stepThresholdUs is ${ntp.stepThresholdUs}; give an integer from 0 (always step)`);
  }
}
