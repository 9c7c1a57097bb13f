import type { DiskOp, LogLevel, Message, ProcessAssertion, ProcessFactory } from './api.ts';
import type { ClockOptions } from './clock.ts';
import { EVENT, type WorldCore } from './core.ts';
import type { Decisions } from './decisions.ts';
import type { DiskOptions } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { JournalLine, StopCause } from './host-journal.ts';
import type { Ledger } from './ledger.ts';
import type { LinkOptions } from './link.ts';
import type { Machine } from './machine.ts';
import { DOMAIN, hi32, mix3 } from './mix.ts';
import type { Network } from './network.ts';
import { HONEST_PARTS, type WorldParts } from './parts.ts';
import { Scheduling, type SchedulingOptions } from './scheduling.ts';
import type { Us } from './time.ts';
import { Topology } from './topology.ts';
import { RECORD, Trace } from './trace.ts';

/** One host of a world to be built. */
export interface MachineSpec {
  readonly name: string;
  readonly disk: DiskOptions;
  readonly clock: ClockOptions;
  /** The program that the host runs; null for a host without one (an operator's laptop). */
  readonly factory: ProcessFactory | null;
}

export interface WorldOptions {
  readonly seed: number;
  readonly recording: boolean;
  /** Whether hosts keep journals (texts are computed only then). */
  readonly logging: boolean;
  readonly rarities: boolean;
  /** Records what chance decides, or decides by a list (R26). */
  readonly decisions?: Decisions | null;
  readonly link: LinkOptions;
  /** Priorities of hosts; null or absent: a fair world. */
  readonly scheduling?: SchedulingOptions | null;
  readonly machines: readonly MachineSpec[];
  /** What the world is built of; absent: the honest parts. */
  readonly parts?: WorldParts;
}

/** A control entry of the queue: the engine's own appointments (faults, operator, scrapes), by number. */
export type ControlHandler = (a: number, b: number, ref: unknown) => void;

/**
 * A world: hosts, a network and a queue, run in one thread. It knows no cluster. `step()` takes the earliest event,
 * gives it to its host and returns; all state of a run hangs from here (R24).
 */
export class World implements WorldCore {
  readonly seed: number;
  nowUs: Us;
  readonly trace: Trace;
  readonly ledger: Ledger;
  readonly decisions: Decisions | null;
  readonly queue: EventQueue;
  readonly machines: Machine[];
  readonly network: Network;
  readonly topology: Topology;
  readonly logging: boolean;
  readonly rarities: boolean;
  readonly scheduling: Scheduling | null;
  /** Deliveries, disk completions and timers that fired while armed (R29). */
  events: number;
  deliveries: number;
  diskCompletions: number;
  timersFired: number;
  readonly marks: Map<string, number>;
  onControl: ControlHandler | null;
  /** After each event that ran a handler: the host's number. */
  afterEvent: ((host: number) => void) | null;
  onMark: ((mark: string, host: number, count: number) => void) | null;
  onStart: ((machine: Machine) => void) | null;
  onStop: ((machine: Machine, cause: StopCause) => void) | null;
  onAssertion: ((machine: Machine, error: ProcessAssertion) => void) | null;
  onLog: ((machine: Machine, line: JournalLine) => void) | null;
  /** Called when an injected fault really took effect, with its label. */
  onFault: ((label: string) => void) | null;
  /** A readable text of a message, for recorded traces. */
  describe: (message: Message) => string;

  constructor(options: WorldOptions) {
    this.seed = options.seed | 0;
    this.nowUs = 0;
    this.trace = new Trace(options.recording);
    const parts = options.parts ?? HONEST_PARTS;
    this.ledger = parts.ledger();
    this.decisions = options.decisions ?? null;
    this.queue = parts.queue();
    this.logging = options.logging;
    this.rarities = options.rarities;
    const unfair = options.scheduling ?? null;
    this.scheduling = unfair === null ? null : new Scheduling(unfair, options.machines.length);
    this.events = 0;
    this.deliveries = 0;
    this.diskCompletions = 0;
    this.timersFired = 0;
    this.marks = new Map();
    this.onControl = null;
    this.afterEvent = null;
    this.onMark = null;
    this.onStart = null;
    this.onStop = null;
    this.onAssertion = null;
    this.onLog = null;
    this.onFault = null;
    this.describe = (message) => message.kind;
    this.machines = options.machines.map((spec, id) => {
      const disk = parts.disk(this, id, spec.disk);
      disk.onFault = (label) => this.onFault?.(label);
      return parts.machine(this, id, spec.name, disk, parts.clock(this, id, spec.clock), spec.factory);
    });
    this.network = parts.network(this, options.machines.length, options.link);
    this.topology = new Topology(this.network);
    this.network.describe = (message) => this.describe(message);
  }

  schedule(atUs: Us, kind: number, host: number, a: number, b: number, ref: unknown): void {
    let tie = mix3(this.seed, DOMAIN.tie, atUs, hi32(atUs), host);
    if (this.scheduling !== null) tie = this.scheduling.tie(host, tie);
    this.queue.push(atUs, tie, kind, host, a, b, ref);
  }

  /** An appointment of the engine's: `onControl(a, b, ref)` at `atUs`. */
  scheduleControl(atUs: Us, a: number, b: number, ref: unknown): void {
    this.schedule(atUs, EVENT.control, -1, a, b, ref);
  }

  /** Takes the next event; false when the queue is empty. */
  step(): boolean {
    const queue = this.queue;
    if (!queue.pop()) return false;
    this.nowUs = queue.timeUs;
    const host = queue.host;
    let ran = false;
    switch (queue.kind) {
      case EVENT.message:
        ran = this.deliver(queue.a, host, queue.b, queue.ref as Message);
        break;
      case EVENT.timer:
        ran = (this.machines[host] as Machine).fireTimer(queue.a, queue.b);
        if (ran) this.timersFired++;
        break;
      case EVENT.disk:
        ran = this.diskDone(host, queue.a, queue.b, queue.ref as DiskOp);
        break;
      case EVENT.start: {
        const machine = this.machines[host] as Machine;
        // A start that was due when an operator stopped the service does not happen.
        if (queue.a === machine.incarnation && machine.enabled) machine.start();
        this.afterEvent?.(host);
        break;
      }
      case EVENT.resume: {
        const machine = this.machines[host] as Machine;
        if (queue.a === 0) ran = this.cpuTurn(machine);
        else machine.cpu.model?.threads.wake(queue.a, queue.b, queue.ref);
        break;
      }
      case EVENT.control:
        this.onControl?.(queue.a, queue.b, queue.ref);
        break;
      default:
        break;
    }
    if (ran) {
      this.events++;
      if (this.scheduling !== null) this.scheduling.ran(host);
      if (this.afterEvent !== null) this.afterEvent(host);
    }
    return true;
  }

  /** Steps until virtual time would pass `untilUs`; the time then is `untilUs`. */
  runUntil(untilUs: Us): void {
    for (;;) {
      const nextUs = this.queue.peekUs();
      if (nextUs < 0 || nextUs > untilUs) break;
      this.step();
    }
    if (this.nowUs < untilUs) this.nowUs = untilUs;
  }

  /** Counts a mark (R17). Only `Host.reached` and the engine's fault and operator records call this. */
  mark(name: string, host: number): void {
    const count = (this.marks.get(name) ?? 0) + 1;
    this.marks.set(name, count);
    if (this.trace.recording) this.trace.record(this.nowUs, RECORD.mark, host, count, 0, 0, name);
    if (this.onMark !== null) this.onMark(name, host, count);
  }

  machine(name: string): Machine | null {
    return this.machines.find((machine) => machine.name === name) ?? null;
  }

  /** A line in the kernel log of a host (`dmesg`). */
  kernelLog(host: number, level: LogLevel, text: string): void {
    if (this.logging) this.machines[host]?.logLine('kernel', level, text);
  }

  /** A CPU became free: the event that waited longest runs. */
  private cpuTurn(machine: Machine): boolean {
    const event = machine.cpuTurn();
    if (event === null) return false;
    let ran = false;
    if (event.kind === EVENT.message) ran = this.deliver(event.a, machine.id, 1, event.ref as Message);
    else if (event.kind === EVENT.disk) ran = this.diskDone(machine.id, event.a, 1, event.ref as DiskOp);
    else {
      ran = machine.fireWaiting(event.a);
      if (ran) this.timersFired++;
    }
    machine.cpu.passed();
    return ran;
  }

  private deliver(from: number, to: number, redelivered: number, message: Message): boolean {
    if (redelivered === 0 && !this.network.arrive(from, to, message)) return false;
    const machine = this.machines[to] as Machine;
    const ran = machine.deliver(from, message);
    if (!ran) return false;
    this.deliveries++;
    this.trace.fold(this.nowUs, RECORD.deliver, to, (from << 8) | message.tag, message.id0, message.digest);
    if (this.trace.recording) {
      this.trace.record(this.nowUs, RECORD.deliver, to, from, message.tag, message.digest, this.describe(message));
    }
    return true;
  }

  private diskDone(host: number, incarnation: number, redelivered: number, op: DiskOp): boolean {
    const machine = this.machines[host] as Machine;
    if (redelivered === 0 && !machine.disk.complete(op)) return false;
    const ran = machine.diskDone(op, incarnation);
    if (!ran) return false;
    this.diskCompletions++;
    this.trace.fold(this.nowUs, RECORD.disk, host, op.token, op.tag, op.error.length);
    if (this.trace.recording) {
      this.trace.record(
        this.nowUs,
        RECORD.disk,
        host,
        op.token,
        op.tag,
        0,
        `${op.kind} ${op.file}${op.kind === 'fsync' ? '' : ` +${op.offsetBytes} ${op.lengthBytes} B`}${op.error === '' ? '' : ` ${op.error}`}`,
      );
    }
    return true;
  }
}
