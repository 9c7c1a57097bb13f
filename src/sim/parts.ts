import type { ProcessFactory } from './api.ts';
import { Clock, type ClockOptions } from './clock.ts';
import type { WorldCore } from './core.ts';
import { Disk, type DiskOptions } from './disk.ts';
import { EventQueue } from './event-queue.ts';
import { Ledger } from './ledger.ts';
import type { LinkOptions } from './link.ts';
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import type { World } from './world.ts';

/**
 * What a world is built of. Only the self-check hands in other parts: a bug of the simulator is planted as a subclass
 * that is built here (R27), so that the event path knows nothing of it.
 */
export interface WorldParts {
  ledger(): Ledger;
  queue(): EventQueue;
  disk(core: WorldCore, host: number, options: DiskOptions): Disk;
  clock(core: WorldCore, host: number, options: ClockOptions): Clock;
  machine(world: World, id: number, name: string, disk: Disk, clock: Clock, factory: ProcessFactory | null): Machine;
  network(core: WorldCore, hostCount: number, defaults: LinkOptions): Network;
}

export const HONEST_PARTS: WorldParts = {
  ledger: () => new Ledger(),
  queue: () => new EventQueue(),
  disk: (core, host, options) => new Disk(core, host, options),
  clock: (core, host, options) => new Clock(core, host, options),
  machine: (world, id, name, disk, clock, factory) => new Machine(world, id, name, disk, clock, factory),
  network: (core, hostCount, defaults) => new Network(core, hostCount, defaults),
};
