import type { Message, ProcessFactory } from '../../sim/api.ts';
import { Clock } from '../../sim/clock.ts';
import type { Disk } from '../../sim/disk.ts';
import { EventQueue } from '../../sim/event-queue.ts';
import { Machine } from '../../sim/machine.ts';
import { mix1 } from '../../sim/mix.ts';
import { HONEST_PARTS, type WorldParts } from '../../sim/parts.ts';
import type { Us } from '../../sim/time.ts';
import type { World } from '../../sim/world.ts';
import { ASSERTION, type ClockMaker, FIFO, IN_FLIGHT, MONOTONIC, PAUSE, STALE_TIMER, TIES } from './host-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

class PausedHandlesMessages extends Machine {
  override deliver(from: number, message: Message): boolean {
    const { paused } = this;
    this.paused = false;
    const ran = super.deliver(from, message);
    this.paused = paused && this.process !== null;
    return ran;
  }
}

class PausedFiresTimers extends Machine {
  override fireTimer(timer: number, incarnation: number): boolean {
    const { paused } = this;
    this.paused = false;
    const ran = super.fireTimer(timer, incarnation);
    this.paused = paused && this.process !== null;
    return ran;
  }
}

class PauseDropsMessages extends Machine {
  override deliver(from: number, message: Message): boolean {
    return !this.paused && super.deliver(from, message);
  }
}

/** A machine that looks at the world behind the back of its base class. */
class KnowingMachine extends Machine {
  protected readonly around: World;

  constructor(world: World, id: number, name: string, disk: Disk, clock: Clock, factory: ProcessFactory | null) {
    super(world, id, name, disk, clock, factory);
    this.around = world;
  }
}

class SendsAtOnce extends KnowingMachine {
  override send(to: number, message: Message): void {
    this.around.network.send(this.id, to, message);
  }
}

class DeadSendersAreUnheard extends KnowingMachine {
  override deliver(from: number, message: Message): boolean {
    return this.around.machines[from]?.isUp === true && super.deliver(from, message);
  }
}

class StaleTimersFire extends Machine {
  override fireTimer(timer: number): boolean {
    return this.fireWaiting(timer);
  }
}

class StepMovesMonotonic extends Clock {
  private steppedUs: Us = 0;

  override stepWall(deltaUs: Us): void {
    this.steppedUs += deltaUs;
    super.stepWall(deltaUs);
  }

  override monotonicUs(): Us {
    return super.monotonicUs() + this.steppedUs;
  }
}

class FreezeStopsMonotonic extends Clock {
  private stoppedUs: Us = -1;

  override freezeWall(): void {
    super.freezeWall();
    this.stoppedUs = this.monotonicUs();
  }

  override unfreezeWall(): void {
    this.stoppedUs = -1;
    super.unfreezeWall();
  }

  override monotonicUs(): Us {
    return this.stoppedUs >= 0 ? this.stoppedUs : super.monotonicUs();
  }
}

class TiesByHost extends EventQueue {
  override push(timeUs: Us, _tie: number, kind: number, host: number, a: number, b: number, ref: unknown): void {
    super.push(timeUs, host + 1, kind, host, a, b, ref);
  }
}

class TiesByOrder extends EventQueue {
  override push(timeUs: Us, _tie: number, kind: number, host: number, a: number, b: number, ref: unknown): void {
    super.push(timeUs, 0, kind, host, a, b, ref);
  }
}

class TiesByEvent extends EventQueue {
  private count = 0;

  override push(timeUs: Us, tie: number, kind: number, host: number, a: number, b: number, ref: unknown): void {
    super.push(timeUs, mix1(tie, 1, this.count++), kind, host, a, b, ref);
  }
}

type MachineClass = new (...args: Parameters<WorldParts['machine']>) => Machine;

function simulatorRow<Part>(facts: readonly [string, string, string], check: Check<Part>, honest: Part, planted: Part) {
  const [id, what, source] = facts;
  return plant({ id, what, source, part: 'simulator' }, check, honest, planted);
}

function machineRow(id: string, what: string, source: string, check: Check<WorldParts>, Planted: MachineClass) {
  const parts: WorldParts = { ...HONEST_PARTS, machine: (...args) => new Planted(...args) };
  return simulatorRow([id, what, source], check, HONEST_PARTS, parts);
}

function queueRow(id: string, what: string, check: Check<WorldParts>, queue: () => EventQueue) {
  return simulatorRow([id, what, 'R20'], check, HONEST_PARTS, { ...HONEST_PARTS, queue });
}

function clockRow(id: string, what: string, source: string, planted: ClockMaker) {
  return simulatorRow([id, what, source], MONOTONIC, HONEST_PARTS.clock, planted);
}

/** Bugs planted in hosts, clocks and the order of events. */
export const HOST_MUTANTS: readonly HarnessMutant[] = [
  machineRow(
    'paused-handles-messages',
    'a paused host still handles messages',
    'R27; R6',
    PAUSE,
    PausedHandlesMessages,
  ),
  machineRow('paused-fires-timers', 'timers of a paused host fire', 'R6', PAUSE, PausedFiresTimers),
  machineRow(
    'pause-drops-messages',
    'what comes to a paused host is lost',
    'fault model, pause',
    PAUSE,
    PauseDropsMessages,
  ),
  machineRow('assertion-lets-out', 'messages leave before the handler has ended', 'R15', ASSERTION, SendsAtOnce),
  machineRow(
    'dead-sender-unheard',
    'a message dies with its sender',
    'fault model, partitions',
    IN_FLIGHT,
    DeadSendersAreUnheard,
  ),
  machineRow(
    'stale-timer-fires',
    'a timer outlives its process',
    'design: memory does not survive',
    STALE_TIMER,
    StaleTimersFire,
  ),
  clockRow(
    'step-moves-monotonic',
    'a step of the wall clock moves the monotonic one',
    'R27; R6',
    (core, host, options) => {
      return new StepMovesMonotonic(core, host, options);
    },
  ),
  clockRow('freeze-stops-monotonic', 'a frozen wall clock stops the monotonic one', 'R6', (core, host, options) => {
    return new FreezeStopsMonotonic(core, host, options);
  }),
  queueRow('ties-by-host', 'events of one instant come in the order of hosts', TIES, () => new TiesByHost()),
  queueRow('ties-by-order', 'events of one instant come in the order of scheduling', TIES, () => new TiesByOrder()),
  queueRow('ties-by-event', 'events of one host at one instant are shuffled', FIFO, () => new TiesByEvent()),
];
