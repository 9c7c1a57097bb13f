import type { WorldCore } from './core.ts';
import { DOMAIN, mix3, scale } from './mix.ts';
import type { Us } from './time.ts';

/** Memory that a process beside the server's ordinary needs holds, or a leak within the server. */
export interface MemoryUse {
  readonly owner: 'server' | 'other';
  readonly command: string;
  readonly baseBytes: number;
  /** Growth, in bytes per second, up to `limitBytes`. */
  readonly bytesPerS: number;
  readonly limitBytes: number;
  sinceUs: Us;
}

/** Stalls of whoever allocates while memory is short: the kernel reclaims pages in the allocating thread. */
export interface ReclaimStall {
  readonly stallUs: Us;
  /** After one stall the free pages last this long. */
  readonly everyUs: Us;
}

/** Below this share of the memory the kernel reclaims in whoever allocates (its low watermark, widened by churn). */
const PRESSURE_PERMILLE = 60;

/** The memory of a host: who holds what, whether it is short, and what an allocation then costs. */
export class HostMemory {
  totalBytes: number;
  /** Ordinary resident bytes of the server while it runs: set by the system. */
  serverBytes: () => number;
  stall: ReclaimStall | null;
  /** Stalls of the server's event loop so far. */
  stalls: number;
  private readonly world: WorldCore;
  private readonly host: number;
  private readonly uses: Map<string, MemoryUse>;
  private nextStallUs: Us;

  constructor(world: WorldCore, host: number, totalBytes: number) {
    this.world = world;
    this.host = host;
    this.totalBytes = totalBytes;
    this.serverBytes = () => 0;
    this.stall = null;
    this.stalls = 0;
    this.uses = new Map();
    this.nextStallUs = 0;
  }

  hold(name: string, use: Omit<MemoryUse, 'sinceUs'>): void {
    this.uses.set(name, { ...use, sinceUs: this.world.nowUs });
  }

  release(name: string): void {
    this.uses.delete(name);
  }

  /** The server's process ended: what it had leaked is free, and a leak begins anew with the next process. */
  serverEnded(): void {
    for (const use of this.uses.values()) if (use.owner === 'server') use.sinceUs = this.world.nowUs;
  }

  /** Resident bytes per process, the server's own first. */
  resident(serverCommand: string): { readonly command: string; readonly bytes: number }[] {
    const byCommand = new Map<string, number>([[serverCommand, this.serverBytes()]]);
    for (const use of this.uses.values()) {
      const command = use.owner === 'server' ? serverCommand : use.command;
      byCommand.set(command, (byCommand.get(command) ?? 0) + this.bytesOf(use));
    }
    return [...byCommand].map(([command, bytes]) => ({ command, bytes }));
  }

  usedBytes(): number {
    let bytes = this.serverBytes();
    for (const use of this.uses.values()) bytes += this.bytesOf(use);
    return Math.min(bytes, this.totalBytes);
  }

  availableBytes(): number {
    return this.totalBytes - this.usedBytes();
  }

  get isShort(): boolean {
    return this.availableBytes() * 1_000 < this.totalBytes * PRESSURE_PERMILLE;
  }

  /**
   * What an allocation of the server costs now: 0, or a stall drawn by (host, time) within a quarter of its length. The
   * next comes after a half to one and a half `everyUs`.
   */
  stallUs(): Us {
    const { stall } = this;
    const { nowUs, seed } = this.world;
    if (stall === null || nowUs < this.nextStallUs || !this.isShort) return 0;
    const draw = mix3(seed, DOMAIN.hostLoad, this.host, nowUs, 1);
    const stallUs = scale(draw, Math.floor((stall.stallUs * 7) / 8), Math.floor((stall.stallUs * 9) / 8));
    // Drawn as well: hosts with the same fault would otherwise stall in step, or never two at a time, for a whole run.
    const rest = mix3(seed, DOMAIN.hostLoad, this.host, nowUs, 2);
    this.nextStallUs = nowUs + stallUs + scale(rest, stall.everyUs >> 1, stall.everyUs + (stall.everyUs >> 1));
    this.stalls++;
    return stallUs;
  }

  private bytesOf(use: MemoryUse): number {
    const grown = Math.floor((use.bytesPerS * (this.world.nowUs - use.sinceUs)) / 1_000_000);
    return Math.min(use.baseBytes + grown, use.limitBytes);
  }
}
