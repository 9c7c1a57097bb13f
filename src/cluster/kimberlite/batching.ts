import type { BatchingPlan, RunPlan } from '../../plan/plan.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { World } from '../../sim/world.ts';
import type { Prepare } from '../storage/prepare.ts';
import { BackgroundLoad } from './background-load.ts';
import type { BatchingEnvironment } from './batcher.ts';
import { bulkOf, type KimberliteMachine, SETTING } from './machine.ts';

/** Default of max-batch-size where it is taken for bytes (guard `batch-counts-entries` off): the 10 MB of the configuration page. */
export const BATCH_BYTES_DEFAULT = 10_485_760;

/** What the serialising thread of one replica's host has done, and what a fault or a profiler makes it cost. */
interface HostWork {
  serialisedUs: Us;
  /** CPU time per operation that a fault lays down, in ns; 0: the plan's. */
  hotNsPerOp: number;
  /** Profilers at work on this host. */
  profilers: number;
  /** Newest bulk entry that is accounted on this host's disk. */
  accountedOp: number;
}

/**
 * Batches of a cluster whose plan asks for them: the background load, the settings in force on each replica, the CPU
 * time that serialising takes, and the bytes that bulk entries add to each disk and its queue.
 */
export class Batching {
  readonly load: BackgroundLoad;
  readonly plan: BatchingPlan;
  /** Whether max-batch-size counts entries; otherwise bytes (AMB-BATCH-UNITS). */
  readonly countsEntries: boolean;
  private readonly world: () => World;
  private readonly work: HostWork[];

  constructor(plan: BatchingPlan, countsEntries: boolean, hosts: number, world: () => World) {
    this.plan = plan;
    this.countsEntries = countsEntries;
    this.load = new BackgroundLoad(plan);
    this.world = world;
    this.work = Array.from({ length: hosts }, () => ({ serialisedUs: 0, hotNsPerOp: 0, profilers: 0, accountedOp: 0 }));
  }

  /** max-batch-size before anybody sets it, in its unit. */
  get initialMax(): number {
    return this.countsEntries ? this.plan.opsMax : BATCH_BYTES_DEFAULT;
  }

  /** CPU time that a host's serialising thread has used so far. */
  serialisedUs(host: number): Us {
    return this.work[host]?.serialisedUs ?? 0;
  }

  /** CPU time of one operation on a host, in ns. */
  cpuNsPerOp(host: number): number {
    const { hotNsPerOp, profilers } = this.work[host] as HostWork;
    const ns = hotNsPerOp > 0 ? hotNsPerOp : this.plan.cpuNsPerOp;
    return profilers > 0 ? Math.floor((ns * 21) / 20) : ns;
  }

  /** Fault `process.slow-encoder`: an operation costs that much on a host; 0: as planned. */
  setHot(host: number, nsPerOp: number): void {
    (this.work[host] as HostWork).hotNsPerOp = nsPerOp;
  }

  /** A profiler begins or ends its work on a host. */
  profile(host: number, begins: boolean): void {
    (this.work[host] as HostWork).profilers += begins ? 1 : -1;
  }

  /** What the batcher of a node goes by. */
  environment(host: number, machine: KimberliteMachine): BatchingEnvironment {
    const work = this.work[host] as HostWork;
    const limit = (): number => machine.settings.get(SETTING['max-batch-size']) ?? this.initialMax;
    const enabled = (): boolean => (machine.settings.get(SETTING['batching-enabled']) ?? 1) !== 0;
    return {
      load: this.load,
      lingerUs: this.plan.lingerUs,
      opsMax: () => {
        const max = this.countsEntries ? limit() : Math.floor(limit() / this.plan.bodyBytes);
        return enabled() ? max : Math.min(1, max);
      },
      bodyBytesMax: () => (this.countsEntries ? Number.MAX_SAFE_INTEGER : limit()),
      cpuNsPerOp: () => this.cpuNsPerOp(host),
      freeBytes: () => this.machine(host).disk.freeBytes(),
      spent: (us) => {
        work.serialisedUs += us;
        this.machine(host).cpu.busyUs += us;
      },
    };
  }

  /**
   * A bulk entry was applied on a host: its events go through the disk's queue and stay as log segments, which the
   * simulation accounts and does not store. An entry that a restart applies again is there already.
   */
  applied(host: number, prepare: Prepare): number {
    const { count, bodyBytes } = bulkOf(prepare.body);
    const work = this.work[host] as HostWork;
    if (prepare.op > work.accountedOp) {
      work.accountedOp = prepare.op;
      const { disk } = this.machine(host);
      const bytes = Math.min(count * bodyBytes, disk.freeBytes());
      disk.queue.admit(this.world().nowUs, 0, bytes);
      disk.counters.writes++;
      disk.counters.bytesWritten += bytes;
      disk.setFill(disk.fillBytes + bytes);
    }
    return count;
  }

  private machine(host: number): Machine {
    return this.world().machines[host] as Machine;
  }
}

/** The batches that a plan asks for; null for a plan that asks for none. */
export function batchingOf(plan: RunPlan, hosts: number, world: () => World): Batching | null {
  if (plan.batching === undefined) return null;
  return new Batching(plan.batching, !plan.guardsOff.includes('batch-counts-entries'), hosts, world);
}
