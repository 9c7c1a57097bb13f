import type { CompactionPlan } from '../../plan/plan.ts';
import type { Machine } from '../../sim/machine.ts';
import { HOUR, type Us } from '../../sim/time.ts';
import { countRequest } from '../host/device-work.ts';
import type { KimberliteFleet } from './fleet.ts';
import { logBytes } from './metrics.ts';

/** A segment is this share of the disk: what a round of compaction rewrites and removes at a time. */
const SEGMENTS_PER_DISK = 64;
/** Of eight segments that are looked at, so many stay: the newest ones, which peers may ask for. */
const KEPT_EIGHTHS = { regular: 6, usage: 1 } as const;
/** Requests that a segment is moved in: large ones, and small ones with a rest behind each where it has to be gentle. */
const CHUNKS = { regular: 4, usage: 16 } as const;
/** No request of a regular round is larger, however large the segments are. */
const REGULAR_BYTES_MAX = 268_435_456;
/** A gentle round rests that many times as long as its last request took. */
const REST = 3;

/** A read of the upkeep, how far behind the disk may be before it is left alone, and how often an empty log is looked at. */
const UPKEEP_BYTES = 65_536;
const UPKEEP_BEHIND_US: Us = 3_000_000;
const UPKEEP_IDLE_US: Us = 1_000_000;

/** Why a round of compaction is under way. */
type Cause = 'regular' | 'usage';

interface Round {
  /** The server's life in which it began: a round does not outlive its process. */
  readonly incarnation: number;
  readonly cause: Cause;
  /** Bytes to remove in this round, and bytes that may be moved for it. */
  readonly removeBytes: number;
  readonly moveBytes: number;
  movedBytes: number;
  removedBytes: number;
}

interface HostState {
  round: Round | null;
  /** When this host's compaction looks again, or its last request ends. */
  dueUs: Us;
  /** Interval of regular rounds, 0: never. */
  everyUs: Us;
  lastUs: Us;
  /** When the last read of the upkeep ends. */
  upkeepEndUs: Us;
}

/**
 * The compaction of each server by itself, where a plan asks for it: regular rounds at an interval, and one at a share of
 * the disk or a size of the log, whichever comes first. It removes segments one at a time through the disk's own queue.
 * A schedule may keep regular rounds to the off-peak hours; whether the threshold overrides that is a guard (AMB-OFFPEAK).
 */
export class Compaction {
  /** Hosts with regular rounds only in off-peak hours (`storage compact-schedule --off-peak-only`). */
  readonly offPeakOnly: Set<number>;
  /** No rounds at all on these hosts: somebody has switched the scheduler off. */
  readonly disabled: Set<number>;
  readonly plan: CompactionPlan;
  private readonly fleet: KimberliteFleet;
  private readonly hosts: Map<number, HostState>;

  constructor(plan: CompactionPlan, fleet: KimberliteFleet) {
    this.plan = plan;
    this.fleet = fleet;
    this.offPeakOnly = new Set();
    this.disabled = new Set();
    this.hosts = new Map();
    for (const host of fleet.cluster.serverHosts) {
      this.hosts.set(host, { round: null, dueUs: plan.pollUs, everyUs: plan.everyUs, lastUs: 0, upkeepEndUs: 0 });
    }
  }

  /** Interval of regular rounds on a host; 0: none. */
  everyUs(host: number): Us {
    return this.hosts.get(host)?.everyUs ?? 0;
  }

  setEvery(host: number, everyUs: Us): void {
    const state = this.hosts.get(host);
    if (state !== undefined) state.everyUs = everyUs;
  }

  /** Somebody sets the interval of a host, which switches its scheduler on; one that was off is overdue. */
  switchOn(host: number, everyUs: Us): void {
    const state = this.hosts.get(host);
    if (state === undefined) return;
    state.everyUs = everyUs;
    if (this.disabled.delete(host)) state.lastUs = this.fleet.world.nowUs - everyUs;
  }

  isRunning(host: number): boolean {
    return (this.hosts.get(host)?.round ?? null) !== null;
  }

  /** The hosts' agents have their turn; returns when the next one is due. */
  tick(): Us {
    let nextUs = this.fleet.world.nowUs + this.plan.pollUs;
    for (const [host, state] of this.hosts) {
      if (state.dueUs <= this.fleet.world.nowUs) this.turn(host, state);
      nextUs = Math.min(nextUs, state.dueUs);
    }
    return Math.max(nextUs, this.fleet.world.nowUs + 1_000);
  }

  /**
   * One of the reads that looking after old segments costs: the more of them there are, the more often. Returns when the
   * next one is due. A disk that is seconds behind is left alone.
   */
  upkeep(host: number): Us {
    const { world } = this.fleet;
    const machine = this.fleet.machineOfReplica(host);
    const { disk } = machine;
    const segments = Math.ceil(this.oldBytes(machine) / (disk.capacityBytes / SEGMENTS_PER_DISK));
    const state = this.hosts.get(host);
    if (segments === 0 || state === undefined || !machine.isUp || machine.paused) return UPKEEP_IDLE_US;
    if (state.upkeepEndUs <= world.nowUs + UPKEEP_BEHIND_US) {
      state.upkeepEndUs = disk.queue.admit(world.nowUs, disk.options.readLatencyUsMean, UPKEEP_BYTES);
      disk.counters.reads++;
      disk.counters.bytesRead += UPKEEP_BYTES;
      disk.counters.awaitUs += state.upkeepEndUs - world.nowUs;
    }
    return Math.max(1_000, Math.floor(1_000_000_000 / (segments * this.plan.upkeepPerMille)));
  }

  private turn(host: number, state: HostState): void {
    const { world } = this.fleet;
    const machine = this.fleet.machineOfReplica(host);
    state.dueUs = world.nowUs + this.plan.pollUs;
    if (!machine.isUp || machine.paused) {
      state.round = null;
      return;
    }
    if (state.round?.incarnation !== machine.incarnation) state.round = null;
    if (state.round === null) this.begin(host, state, machine);
    if (state.round !== null) this.step(host, state, state.round, machine);
  }

  private begin(host: number, state: HostState, machine: Machine): void {
    const cause = this.cause(host, state, machine);
    if (cause === null) return;
    const oldBytes = this.oldBytes(machine);
    const kept = Math.floor((oldBytes * KEPT_EIGHTHS[cause]) / 8);
    if (oldBytes === 0) return;
    machine.logLine(this.fleet.unit, 'info', `compaction started (${cause})`);
    state.lastUs = this.fleet.world.nowUs;
    state.round = {
      incarnation: machine.incarnation,
      cause,
      removeBytes: oldBytes - kept,
      moveBytes: kept * 2,
      movedBytes: 0,
      removedBytes: 0,
    };
  }

  /** What asks for a round now, if anything does. */
  private cause(host: number, state: HostState, machine: Machine): Cause | null {
    if (this.disabled.has(host)) return null;
    const { disk } = machine;
    const { atPercent, atLogBytes } = this.plan;
    const offPeak = this.isOffPeak(host);
    const offPeakOnly = this.offPeakOnly.has(host);
    const mayOverride = !offPeakOnly || offPeak || this.fleet.guard('usage-overrides-schedule');
    const full = atPercent > 0 && disk.usedBytes() * 100 >= atPercent * disk.capacityBytes;
    const bySize = atLogBytes > 0 && this.fleet.guard('compact-by-log-size');
    const long = bySize && logBytes(this.fleet, machine) >= atLogBytes;
    if ((full || long) && mayOverride) {
      if (full) this.fleet.world.mark('compaction-by-usage', host);
      else this.fleet.world.mark('compaction-by-log-size', host);
      return 'usage';
    }
    const due = state.everyUs > 0 && this.fleet.world.nowUs - state.lastUs >= state.everyUs;
    return due && (!offPeakOnly || offPeak) ? 'regular' : null;
  }

  private isOffPeak(host: number): boolean {
    const wallMs = this.fleet.wallMs(this.fleet.machineOfReplica(host));
    const hour = Math.floor((wallMs * 1_000) / HOUR) % 24;
    const { fromHour, toHour } = this.plan.offPeak;
    return fromHour <= toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
  }

  private oldBytes(machine: Machine): number {
    return this.fleet.fillName(machine) === 'log/segments' ? machine.disk.fillBytes : 0;
  }

  /** Moves the next piece through the disk's queue, and removes the segments for which enough has been moved. */
  private step(host: number, state: HostState, round: Round, machine: Machine): void {
    const { world } = this.fleet;
    const { disk } = machine;
    const removedShare = round.moveBytes === 0 ? 1 : round.movedBytes / round.moveBytes;
    const wanted = Math.floor(round.removeBytes * removedShare);
    disk.setFill(Math.max(0, disk.fillBytes - (wanted - round.removedBytes)));
    round.removedBytes = wanted;
    if (round.movedBytes >= round.moveBytes) {
      state.round = null;
      this.fleet.compactedUs.set(host, world.nowUs);
      machine.logLine(this.fleet.unit, 'info', `compaction removed ${round.removedBytes} bytes of old log segments`);
      world.mark('compaction-done', host);
      state.dueUs = world.nowUs + 1_000;
      return;
    }
    const chunk = Math.ceil(disk.capacityBytes / SEGMENTS_PER_DISK / CHUNKS[round.cause]);
    const most = round.cause === 'regular' ? Math.min(chunk, REGULAR_BYTES_MAX) : chunk;
    const size = Math.min(most, round.moveBytes - round.movedBytes);
    const endUs = disk.queue.admit(world.nowUs, disk.options.readLatencyUsMean, size);
    countRequest(disk, Math.floor(round.movedBytes / most) % 2 === 0 ? 'read' : 'write', size, endUs - world.nowUs);
    round.movedBytes += size;
    state.dueUs = round.cause === 'usage' ? endUs + REST * (endUs - world.nowUs) : endUs;
  }
}
