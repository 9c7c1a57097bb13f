import { EVENT, type WorldCore } from './core.ts';
import type { CpuModel } from './cpu-model.ts';
import type { Deferred } from './host-journal.ts';
import type { Us } from './time.ts';

/**
 * The CPU of a host. It is without limit until a fault makes each event cost time; then events that come while it is
 * busy wait in line, first come first served, and a wake-up entry of the queue takes the next one.
 */
export class HostCpu {
  /** What one event costs; 0: no limit. */
  usPerEvent: Us = 0;
  /** CPU time used so far, for `top`. */
  busyUs: Us = 0;
  /** Cores, threads and memory, where the plan gives the host some; null: no limit but {@link usPerEvent}. */
  model: CpuModel | null = null;
  private readonly world: WorldCore;
  private readonly host: number;
  private line: Deferred[] = [];
  private busyUntilUs: Us = 0;
  private woken = false;
  /** True while the event at the head of the line has its turn. */
  private turn = false;

  constructor(world: WorldCore, host: number) {
    this.world = world;
    this.host = host;
  }

  /** Whether the event may run now; one that may not has been put in line. */
  admits(kind: number, a: number, b: number, ref: unknown): boolean {
    if (this.turn) {
      this.turn = false;
      return true;
    }
    if (this.usPerEvent === 0 && this.line.length === 0 && this.model === null) return true;
    if (this.line.length === 0 && this.busyUntilUs <= this.world.nowUs) {
      const waitUs = this.model === null ? 0 : this.model.wakeUs();
      if (waitUs === 0) {
        this.use(kind, ref);
        return true;
      }
      this.busyUntilUs = this.world.nowUs + waitUs;
    }
    this.line.push({ kind, a, b, ref });
    this.wake();
    return false;
  }

  /** The wake-up came: the event whose turn it is; null when nobody waits, the CPU is busy still or the host is `idle`. */
  next(idle: boolean): Deferred | null {
    this.woken = false;
    if (idle || this.line.length === 0) return null;
    if (this.busyUntilUs > this.world.nowUs) {
      this.wake();
      return null;
    }
    const event = this.line.shift() as Deferred;
    this.use(event.kind, event.ref);
    if (this.line.length > 0) this.wake();
    this.turn = true;
    return event;
  }

  /** Shows every event that waits in line. */
  eachWaiting(show: (event: Deferred) => void): void {
    for (const event of this.line) show(event);
  }

  /** The event whose turn it was did not come to run after all. */
  passed(): void {
    this.turn = false;
  }

  /** The process ended: nobody waits any more. */
  clear(): void {
    this.line = [];
    this.turn = false;
    this.busyUntilUs = this.world.nowUs;
    this.model?.threads.thaw();
    this.model?.threads.endOwner('server');
    this.model?.memory.serverEnded();
  }

  /** The host is frozen: its threads stand still. */
  pause(): void {
    this.model?.threads.freeze();
  }

  /** The host is off; other processes are services that start again with it. */
  powerLoss(): void {
    this.model?.threads.freeze();
  }

  /** Goes on after a pause, if somebody waits. */
  resume(): void {
    this.model?.threads.thaw();
    if (this.line.length > 0) this.wake();
  }

  private use(kind: number, ref: unknown): void {
    if (this.model !== null) {
      const { wallUs, busyUs } = this.model.cost(kind, ref);
      this.busyUntilUs = this.world.nowUs + wallUs + this.usPerEvent;
      this.busyUs += busyUs + this.usPerEvent;
      return;
    }
    this.busyUntilUs = this.world.nowUs + this.usPerEvent;
    this.busyUs += this.usPerEvent;
  }

  private wake(): void {
    if (this.woken) return;
    this.woken = true;
    this.world.schedule(Math.max(this.busyUntilUs, this.world.nowUs), EVENT.resume, this.host, 0, 0, null);
  }
}
