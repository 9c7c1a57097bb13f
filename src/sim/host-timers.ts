import type { Clock } from './clock.ts';
import { EVENT, type WorldCore } from './core.ts';
import { DOMAIN, mix5, scale } from './mix.ts';
import type { Us } from './time.ts';

/** Timers that a process has. */
const TIMERS = 64;

/**
 * The timers of a host's process. A timer that is armed again and again (an election timer, at every heartbeat) leaves
 * one entry in the queue, not one each time: the entry that comes up too early puts itself back at the deadline.
 */
export class HostTimers {
  private readonly world: WorldCore;
  private readonly clock: Clock;
  private readonly host: number;
  /** True time at which each timer is due; -1 while it is not armed. */
  private readonly deadlines: Float64Array;
  /** Time of the queue entry that counts; -1 without one. */
  private readonly queued: Float64Array;
  private readonly keys: Int32Array;
  private readonly attempts: Int32Array;
  private incarnation: number;

  constructor(world: WorldCore, clock: Clock, host: number) {
    this.world = world;
    this.clock = clock;
    this.host = host;
    this.deadlines = new Float64Array(TIMERS).fill(-1);
    this.queued = new Float64Array(TIMERS).fill(-1);
    this.keys = new Int32Array(TIMERS);
    this.attempts = new Int32Array(TIMERS).fill(-1);
    this.incarnation = 0;
  }

  /** A new process begins: nothing is armed, and entries of the one before no longer count. */
  reset(incarnation: number): void {
    this.incarnation = incarnation;
    this.deadlines.fill(-1);
    this.queued.fill(-1);
    this.keys.fill(0);
    this.attempts.fill(-1);
  }

  disarmAll(): void {
    this.deadlines.fill(-1);
  }

  /** As `Host.setTimer`: the delay is drawn by (host, incarnation, timer, key, attempt) where it is a range (R20). */
  arm(timer: number, delayUsMin: Us, delayUsMax: Us, key: number): void {
    let delayUs = delayUsMin;
    if (delayUsMax > delayUsMin) {
      const attempt = this.keys[timer] === key ? (this.attempts[timer] as number) + 1 : 0;
      this.keys[timer] = key;
      this.attempts[timer] = attempt;
      const draw = mix5(this.world.seed, DOMAIN.timerJitter, this.host, this.incarnation, timer, key, attempt);
      this.world.trace.foldDraw(draw);
      delayUs = scale(draw, delayUsMin, delayUsMax);
    }
    const deadlineUs = this.world.nowUs + this.clock.trueDelayUs(delayUs);
    this.deadlines[timer] = deadlineUs;
    const queuedUs = this.queued[timer] as number;
    if (queuedUs < 0 || queuedUs > deadlineUs) this.enqueue(timer, deadlineUs);
  }

  cancel(timer: number): void {
    this.deadlines[timer] = -1;
  }

  isArmed(timer: number): boolean {
    return (this.deadlines[timer] as number) >= 0;
  }

  /** A queue entry came up: whether `timer` is due now. One that comes too early is put back. */
  isDue(timer: number, incarnation: number): boolean {
    const now = this.world.nowUs;
    if (incarnation !== this.incarnation || this.queued[timer] !== now) return false;
    this.queued[timer] = -1;
    const deadlineUs = this.deadlines[timer] as number;
    if (deadlineUs < 0) return false;
    if (deadlineUs > now) {
      this.enqueue(timer, deadlineUs);
      return false;
    }
    return true;
  }

  /** Whether `timer` is armed and its time has come; for a timer that had to wait for the CPU. */
  isPast(timer: number): boolean {
    const deadlineUs = this.deadlines[timer] as number;
    return deadlineUs >= 0 && deadlineUs <= this.world.nowUs;
  }

  private defer(timer: number, atUs: Us): void {
    this.deadlines[timer] = atUs;
    this.enqueue(timer, atUs);
  }

  /** After a pause: each armed timer is due `shiftUs` later than it was, and not before now. */
  shift(shiftUs: Us): void {
    const now = this.world.nowUs;
    for (let timer = 0; timer < TIMERS; timer++) {
      const deadlineUs = this.deadlines[timer] as number;
      if (deadlineUs >= 0) this.defer(timer, Math.max(deadlineUs + shiftUs, now));
    }
  }

  private enqueue(timer: number, atUs: Us): void {
    this.queued[timer] = atUs;
    this.world.schedule(atUs, EVENT.timer, this.host, timer, this.incarnation, null);
  }
}
