import type { Thread } from '../../../sim/host-threads.ts';
import type { Machine } from '../../../sim/machine.ts';
import type { Us } from '../../../sim/time.ts';
import type { HostFleet } from '../host-fleet.ts';

/** CPU time of a host so far, as /proc tells it. */
export interface CpuReading {
  readonly atUs: Us;
  /** µs of CPU time by process. */
  readonly byCommand: ReadonlyMap<string, number>;
  /** µs of CPU time by function of the server. */
  readonly bySymbol: ReadonlyMap<string, number>;
  /** µs that the server's event loop, a single thread, has had. */
  readonly loopUs: number;
  /** Of each thread that runs. */
  readonly threads: ReadonlyMap<Thread, number>;
}

/** Reads the CPU counters of a host; those of a host without modelled cores know the server alone. */
export function readCpu(fleet: HostFleet, machine: Machine): CpuReading {
  const { cpu } = machine;
  const { model } = cpu;
  model?.threads.settle();
  const byCommand = new Map(model?.threads.byCommand);
  byCommand.set(fleet.program, (byCommand.get(fleet.program) ?? 0) + cpu.busyUs);
  const bySymbol = new Map(model?.bySymbol);
  for (const [symbol, us] of model?.threads.bySymbol ?? []) {
    if (isOfServer(symbol)) bySymbol.set(symbol, (bySymbol.get(symbol) ?? 0) + us);
  }
  const threads = new Map((model?.threads.running ?? []).map((thread): [Thread, number] => [thread, thread.usedUs]));
  return { atUs: fleet.world.nowUs, byCommand, bySymbol, loopUs: cpu.busyUs, threads };
}

/** Functions of the server carry the name of its crates; other processes have symbols of their own. */
function isOfServer(symbol: string): boolean {
  return symbol.startsWith('kimberlite_');
}

/** Percent of one core that a process had between two readings; it may be above 100. */
export function percentOf(command: string, before: CpuReading | null, now: CpuReading, fromUs: Us): number {
  const us = (now.byCommand.get(command) ?? 0) - (before?.byCommand.get(command) ?? 0);
  return (us * 100) / Math.max(1, now.atUs - (before?.atUs ?? fromUs));
}

/**
 * Percent that each core was busy between two readings: the event loop and every thread stand on the core with the least
 * to do, as a scheduler that balances places them.
 */
export function coreLoads(machine: Machine, before: CpuReading, now: CpuReading): number[] {
  const cores = machine.cpu.model?.threads.cores ?? 1;
  const us = Math.max(1, now.atUs - before.atUs);
  const parts = [now.loopUs - before.loopUs];
  let known = 0;
  for (const [thread, used] of now.threads) {
    const part = used - (before.threads.get(thread) ?? 0);
    parts.push(part);
    known += part;
  }
  // What threads had that have ended since; it can be spread in any way.
  let rest = totalUs(now) - totalUs(before) - (now.loopUs - before.loopUs) - known;
  const loads: number[] = new Array(cores).fill(0);
  for (const part of parts.sort((left, right) => right - left)) {
    const least = leastOf(loads);
    loads[least] = (loads[least] as number) + part;
  }
  for (const [core, load] of loads.entries()) {
    const room = Math.max(0, Math.min(rest, us - load));
    loads[core] = load + room;
    rest -= room;
  }
  return loads.map((load) => Math.min(100, (load * 100) / us));
}

function totalUs(reading: CpuReading): number {
  let sum = 0;
  for (const us of reading.byCommand.values()) sum += us;
  return sum;
}

function leastOf(loads: readonly number[]): number {
  let least = 0;
  for (const [core, load] of loads.entries()) if (load < (loads[least] as number)) least = core;
  return least;
}
