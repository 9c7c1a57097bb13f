import type { Message } from './api.ts';
import { EVENT, type WorldCore } from './core.ts';
import { HostMemory } from './host-memory.ts';
import { HostThreads } from './host-threads.ts';
import { DOMAIN, hi32, mix4, scale } from './mix.ts';
import type { Us } from './time.ts';

/** What a host has, for plans in which load is the subject. */
export interface HostOptions {
  readonly cores: number;
  readonly memoryBytes: number;
  /** CPU time of one event of the server (message, timer, disk completion). */
  readonly eventUs: Us;
  /** CPU time of applying one op to the projections. */
  readonly applyUs: Us;
  /** A thread that has had a core for this long gives way to others. */
  readonly quantumUs: Us;
  /**
   * CPU time that the event loop may save up at its fair share of the cores; while it has some it goes first, as a fair
   * scheduler lets a thread that slept. Without it every wake-up waits for a round.
   */
  readonly creditUs?: Us;
}

/**
 * The cores and the memory of a host. The server's event loop is one thread: it waits for a core when it wakes up and
 * whenever its quantum is used up, the longer the more threads want one; while it has one it runs at full speed.
 */
export class CpuModel {
  readonly options: HostOptions;
  readonly threads: HostThreads;
  readonly memory: HostMemory;
  /** CPU time of the event loop by what it did. */
  readonly bySymbol: Map<string, number>;
  /** Extra CPU time of each event in a hot function; 0 without one. */
  hotUs: Us;
  /** What sampling adds to each event's CPU time, in permille; 0 while nobody profiles the server. */
  samplingPermille: number;
  /** CPU time of the event loop since it last woke up or gave way. */
  private stintUs: Us;
  /** What is left of the event loop's fair share, never above {@link HostOptions.creditUs}, and when it was booked. */
  private shareUs: Us;
  private sharedUs: Us;
  private readonly world: WorldCore;
  private readonly host: number;

  constructor(world: WorldCore, host: number, options: HostOptions) {
    this.world = world;
    this.host = host;
    this.options = options;
    this.threads = new HostThreads(world, host, options.cores);
    this.memory = new HostMemory(world, host, options.memoryBytes);
    this.bySymbol = new Map();
    this.hotUs = 0;
    this.samplingPermille = 0;
    this.stintUs = 0;
    this.shareUs = options.creditUs ?? 0;
    this.sharedUs = 0;
  }

  /** How long the event loop waits for a core when it wakes up now: 0 while one is idle. */
  wakeUs(): Us {
    this.stintUs = 0;
    return this.turnUs(2);
  }

  /** Wall time and CPU time of an event that begins now. */
  cost(kind: number, ref: unknown): { readonly wallUs: Us; readonly busyUs: Us } {
    const { eventUs, quantumUs } = this.options;
    const stallUs = this.memory.stallUs();
    const sampled = 1_000 + this.samplingPermille;
    const ownUs = Math.floor((eventUs * sampled) / 1_000);
    const hotUs = Math.floor((this.hotUs * sampled) / 1_000);
    this.book(symbolOf(kind, ref), ownUs);
    if (hotUs > 0) this.book(HOT_SYMBOL, hotUs);
    if (stallUs > 0) this.book(RECLAIM_SYMBOL, stallUs);
    const workUs = ownUs + hotUs;
    let wallUs = workUs + stallUs;
    this.stintUs += workUs;
    this.shareUs -= workUs;
    if (this.stintUs >= quantumUs) {
      this.stintUs = 0;
      wallUs += this.turnUs(3);
    }
    return { wallUs, busyUs: workUs + stallUs };
  }

  /** Others go first: a round of the run queue, drawn by (host, time) between nothing and twice its mean. */
  private turnUs(purpose: number): Us {
    const { threads, options } = this;
    const waiting = threads.running.length + 1 - threads.cores;
    if (this.hasShare() || waiting <= 0) return 0;
    const meanUs = Math.floor((waiting * options.quantumUs) / threads.cores);
    const { nowUs, seed } = this.world;
    return scale(mix4(seed, DOMAIN.hostLoad, this.host, nowUs, hi32(nowUs), purpose), 0, 2 * meanUs);
  }

  /** Whether the event loop has had less than its fair share; never without {@link HostOptions.creditUs}. */
  private hasShare(): boolean {
    const { options, threads, world } = this;
    if (options.creditUs === undefined) return false;
    const gainedUs = Math.floor(((world.nowUs - this.sharedUs) * threads.cores) / (threads.running.length + 1));
    this.shareUs = Math.min(options.creditUs, this.shareUs + gainedUs);
    this.sharedUs = world.nowUs;
    return this.shareUs > 0;
  }

  private book(symbol: string, us: Us): void {
    this.bySymbol.set(symbol, (this.bySymbol.get(symbol) ?? 0) + us);
  }
}

/** Where a hot function and the reclaiming of memory show in a profile. */
export const HOT_SYMBOL = 'kimberlite_storage::checksum_bytewise';
export const RECLAIM_SYMBOL = 'alloc_pages_direct_reclaim';

function symbolOf(kind: number, ref: unknown): string {
  if (kind === EVENT.message) return `kimberlite_vsr::on_message::${(ref as Message).kind}`;
  return kind === EVENT.disk ? 'kimberlite_vsr::on_disk' : 'kimberlite_vsr::on_timer';
}
