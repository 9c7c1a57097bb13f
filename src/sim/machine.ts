import {
  type DiskOp,
  type Host,
  type LogLevel,
  type Message,
  type Process,
  ProcessAssertion,
  ProcessExit,
  type ProcessFactory,
} from './api.ts';
import type { Clock } from './clock.ts';
import { EVENT } from './core.ts';
import type { Disk } from './disk.ts';
import { HostCpu } from './host-cpu.ts';
import { HostJobs } from './host-jobs.ts';
import { type Deferred, HostJournal, type JournalLine, type StopCause, type Supervisor } from './host-journal.ts';
import { HostTimers } from './host-timers.ts';
import { mixString } from './mix.ts';
import { rarityHappens } from './rarity.ts';
import type { Us } from './time.ts';
import { RECORD } from './trace.ts';
import type { World } from './world.ts';

/** Messages that a paused host's socket buffers hold; further ones are dropped. */
const INBOX_MAX = 256;

/**
 * A host: one process under a supervisor, a disk, clocks, a CPU. Protocol code sees it only as {@link Host}; the
 * other methods belong to faults, to the operator and to the world.
 */
export class Machine implements Host {
  readonly id: number;
  readonly name: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  private readonly lines: HostJournal;
  incarnation: number;
  process: Process | null;
  powered: boolean;
  paused: boolean;
  /** False after an operator stopped the service: the supervisor leaves it alone. */
  enabled: boolean;
  /** Stopped by an operator while the unit is enabled: the next boot starts it. */
  stoppedByHand = false;
  readonly cpu: HostCpu;
  readonly jobs: HostJobs = new HostJobs();
  assertionFailures: number;
  startedUs: Us = -1;
  /** The host's wall clock at that time. */
  startedWallUs: Us = -1;
  stopCause: StopCause | '' = '';
  /** The last boot: when it began, and from when on the host answers. */
  boot: { readonly atUs: Us; readonly answersUs: Us } = { atUs: 0, answersUs: 0 };
  private readonly world: World;
  private readonly factory: ProcessFactory | null;
  private readonly timers: HostTimers;
  private outTo: number[];
  private outMessages: Message[];
  private deferred: Deferred[];
  private inboxCount: number;
  private pausedAtUs: Us;

  constructor(world: World, id: number, name: string, disk: Disk, clock: Clock, factory: ProcessFactory | null) {
    this.world = world;
    this.id = id;
    this.name = name;
    this.disk = disk;
    this.clock = clock;
    this.factory = factory;
    this.supervisor = { policy: 'no', delayUs: 0 };
    this.lines = new HostJournal();
    this.incarnation = 0;
    this.process = null;
    this.powered = true;
    this.paused = false;
    this.enabled = true;
    this.cpu = new HostCpu(world, id);
    this.assertionFailures = 0;
    this.timers = new HostTimers(world, clock, id);
    this.outTo = [];
    this.outMessages = [];
    this.deferred = [];
    this.inboxCount = 0;
    this.pausedAtUs = 0;
  }

  send(to: number, message: Message): void {
    this.outTo.push(to);
    this.outMessages.push(message);
  }

  setTimer(timer: number, delayUsMin: Us, delayUsMax: Us, key: number): void {
    this.timers.arm(timer, delayUsMin, delayUsMax, key);
  }

  cancelTimer(timer: number): void {
    this.timers.cancel(timer);
  }

  isArmed(timer: number): boolean {
    return this.timers.isArmed(timer);
  }

  monotonicUs(): Us {
    return this.clock.monotonicUs();
  }

  wallUs(): Us {
    return this.clock.wallUs();
  }

  read(file: string, offsetBytes: number, lengthBytes: number, token: number, tag: number): void {
    this.disk.read(this.incarnation, file, offsetBytes, lengthBytes, token, tag);
  }

  write(file: string, offsetBytes: number, bytes: Uint8Array, token: number, tag: number): void {
    this.disk.write(this.incarnation, file, offsetBytes, bytes, token, tag);
  }

  fsync(file: string, token: number, tag: number): void {
    this.disk.fsync(this.incarnation, file, token, tag);
  }

  createFile(file: string, sizeBytes: number): '' | 'ENOSPC' {
    return this.disk.createFile(file, sizeBytes);
  }

  removeFile(file: string): void {
    this.disk.removeFile(file);
  }

  fileExists(file: string): boolean {
    return this.disk.fileExists(file);
  }

  fileSizeBytes(file: string): number {
    return this.disk.fileSizeBytes(file);
  }

  readDirect(file: string, offsetBytes: number, lengthBytes: number, token: number, tag: number): void {
    this.disk.readDirect(this.incarnation, file, offsetBytes, lengthBytes, token, tag);
  }

  exit(reason: string): never {
    throw new ProcessExit(reason);
  }

  log(level: LogLevel, text: () => string): void {
    if (this.world.logging) this.logLine('kimberlite', level, text());
  }

  reached(mark: string): void {
    this.world.mark(mark, this.id);
  }

  may(name: string, key: number): boolean {
    return rarityHappens(this.world, name, this.id, key);
  }

  // ---- The machine: what the world, faults and the operator do with it ----

  /** Lines of the host's journal, oldest first. */
  get journal(): readonly JournalLine[] {
    return this.lines.lines;
  }

  get isUp(): boolean {
    return this.process !== null;
  }

  /** Adds a line to the host's journal under a unit's name (`kernel` for what dmesg shows). */
  logLine(unit: string, level: LogLevel, text: string): void {
    const line = { atUs: this.world.nowUs, atWallUs: this.clock.wallUs(), unit, level, text };
    this.lines.add(line);
    this.world.onLog?.(this, line);
    if (this.world.trace.recording)
      this.world.trace.record(line.atUs, RECORD.log, this.id, 0, 0, 0, `${unit}: ${text}`);
  }

  /** Starts the process; a no-op when it runs, is without power or has no program. */
  start(): void {
    if (this.factory === null || this.process !== null || !this.powered) return;
    this.incarnation++;
    this.stopCause = '';
    this.startedUs = this.world.nowUs;
    this.startedWallUs = this.clock.wallUs();
    this.timers.reset(this.incarnation);
    this.world.trace.fold(this.world.nowUs, RECORD.start, this.id, this.incarnation, 0, 0);
    if (this.world.trace.recording) this.note(RECORD.start, `process starts, incarnation ${this.incarnation}`);
    this.process = this.factory(this);
    this.world.onStart?.(this);
    try {
      this.process.onStart();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.flush();
  }

  /**
   * Ends the process. Its memory is gone; the page cache stays (R2). The supervisor restarts it after its delay when
   * its policy covers the cause.
   */
  stop(cause: StopCause): void {
    this.world.trace.fold(this.world.nowUs, RECORD.crash, this.id, this.incarnation, mixString(0, cause), 0);
    if (this.world.trace.recording) this.note(RECORD.crash, `process ends: ${cause}`);
    if (this.process === null) return;
    this.process = null;
    this.stopCause = cause;
    if (this.paused) this.clock.resume(true);
    this.paused = false;
    this.timers.disarmAll();
    this.cpu.clear();
    this.outTo.length = 0;
    this.outMessages.length = 0;
    this.deferred.length = 0;
    this.inboxCount = 0;
    if (cause !== 'power-loss') this.disk.processCrash();
    this.world.onStop?.(this, cause);
    const restarts =
      this.supervisor.policy === 'always' || (this.supervisor.policy === 'on-failure' && cause !== 'exit');
    if (this.enabled && restarts && cause !== 'stop' && cause !== 'power-loss')
      this.scheduleStart(this.supervisor.delayUs);
  }

  /** Puts a start of the process into the queue, `delayUs` from now. */
  scheduleStart(delayUs: Us): void {
    this.world.schedule(this.world.nowUs + delayUs, EVENT.start, this.id, this.incarnation, 0, null);
  }

  /** Power fails: the process ends and every un-synced sector meets its fate (R2, R3). */
  powerLoss(label: string, mode: 'mix' | 'unreadable'): void {
    if (this.process !== null) this.stop('power-loss');
    this.powered = false;
    this.jobs.powerLoss();
    this.cpu.powerLoss();
    this.disk.powerLoss(label, mode);
    if (this.world.trace.recording) this.note(RECORD.crash, 'power lost');
  }

  /** Power returns; the service starts after `bootUs` when it is enabled. */
  powerOn(bootUs: Us): void {
    if (this.powered) return;
    this.powered = true;
    this.boot = { atUs: this.world.nowUs, answersUs: this.world.nowUs + bootUs };
    this.enabled ||= this.stoppedByHand;
    this.cpu.resume();
    if (this.enabled) this.scheduleStart(bootUs);
  }

  /** Nothing at all runs until {@link resume}; messages wait in a bounded inbox. */
  pause(): void {
    if (this.process === null || this.paused) return;
    this.paused = true;
    this.pausedAtUs = this.world.nowUs;
    this.clock.pauseAt();
    this.cpu.pause();
  }

  /** Goes on; the monotonic clock has jumped by the pause, or (VM snapshot) has not moved at all. */
  resume(jump: boolean): void {
    if (!this.paused) return;
    this.paused = false;
    this.clock.resume(jump);
    const now = this.world.nowUs;
    const shiftUs = jump ? 0 : now - this.pausedAtUs;
    this.timers.shift(shiftUs);
    this.cpu.resume();
    const deferred = this.deferred;
    this.deferred = [];
    this.inboxCount = 0;
    for (const event of deferred) this.world.schedule(now, event.kind, this.id, event.a, event.b, event.ref);
  }

  /** Lets something outside of the world's events act on the process (an operator's command), as one handler. */
  act(action: () => void): void {
    if (this.process === null) return;
    try {
      action();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.flush();
  }

  /** A message arrives. Returns whether a handler ran. */
  deliver(from: number, message: Message): boolean {
    if (this.process === null) return false;
    if (this.paused) {
      if (this.inboxCount < INBOX_MAX) {
        this.inboxCount++;
        this.deferred.push({ kind: EVENT.message, a: from, b: 1, ref: message });
      }
      return false;
    }
    if (!this.cpu.admits(EVENT.message, from, 1, message)) return false;
    try {
      this.process.onMessage(from, message);
    } catch (error) {
      this.failed(error);
      return true;
    }
    if (this.outTo.length > 0) this.flush();
    return true;
  }

  /** A queue entry of timer `timer` came up. Returns whether the timer fired. */
  fireTimer(timer: number, incarnation: number): boolean {
    if (this.process === null || incarnation !== this.incarnation) return false;
    // While the host is paused the entry is used up; the timer comes back when it resumes.
    if (!this.timers.isDue(timer, incarnation) || this.paused) return false;
    if (!this.cpu.admits(EVENT.timer, timer, incarnation, null)) return false;
    return this.fireWaiting(timer);
  }

  /** Runs a timer that is due and has its turn on the CPU. */
  fireWaiting(timer: number): boolean {
    if (this.process === null) return false;
    const { incarnation } = this;
    const now = this.world.nowUs;
    this.timers.cancel(timer);
    this.world.trace.fold(now, RECORD.timer, this.id, timer, incarnation, 0);
    if (this.world.trace.recording) this.world.trace.record(now, RECORD.timer, this.id, timer, incarnation, 0, '');
    try {
      this.process.onTimer(timer);
    } catch (error) {
      this.failed(error);
      return true;
    }
    if (this.outTo.length > 0) this.flush();
    return true;
  }

  /** A disk request completed (its effect on the disk is already there). Returns whether a handler ran. */
  diskDone(op: DiskOp, incarnation: number): boolean {
    if (this.process === null || incarnation !== this.incarnation) return false;
    if (this.paused) {
      this.deferred.push({ kind: EVENT.disk, a: incarnation, b: 1, ref: op });
      return false;
    }
    if (!this.cpu.admits(EVENT.disk, incarnation, 1, op)) return false;
    try {
      this.process.onDisk(op);
    } catch (error) {
      this.failed(error);
      return true;
    }
    if (this.outTo.length > 0) this.flush();
    return true;
  }

  /** Shows every event that waits: on a paused host, or for the CPU. */
  eachWaiting(show: (event: Deferred) => void): void {
    for (const event of this.deferred) show(event);
    this.cpu.eachWaiting(show);
  }

  private note(kind: number, text: string): void {
    this.world.trace.record(this.world.nowUs, kind, this.id, this.incarnation, 0, 0, text);
  }

  /** The CPU is free for the event whose turn it is. Gives it back for the world to run, or null. */
  cpuTurn(): Deferred | null {
    const event = this.cpu.next(this.paused || this.process === null);
    if (event === null || event.kind !== EVENT.timer) return event;
    this.cpu.passed();
    // A timer that was cancelled or armed anew while it waited does not fire.
    if (event.b !== this.incarnation || !this.timers.isPast(event.a)) return null;
    return event;
  }

  /** Sends what a handler left in the outbox: nothing leaves before the handler has ended without an assertion. */
  private flush(): void {
    const network = this.world.network;
    for (let index = 0; index < this.outTo.length; index++) {
      network.send(this.id, this.outTo[index] as number, this.outMessages[index] as Message);
    }
    this.outTo.length = 0;
    this.outMessages.length = 0;
  }

  private failed(error: unknown): void {
    if (error instanceof ProcessExit) {
      if (this.world.logging) this.logLine('kimberlite', 'error', error.message);
      this.stop('crash');
      return;
    }
    if (!(error instanceof ProcessAssertion)) throw error;
    this.assertionFailures++;
    this.reached('assertion-failed');
    this.outTo.length = 0;
    this.outMessages.length = 0;
    this.world.onAssertion?.(this, error);
    if (this.world.logging) this.logLine('kimberlite', 'error', `assertion failed: ${error.message}`);
    this.stop('assertion');
  }
}
