import type { Machine } from '../sim/machine.ts';
import type { Simulation } from './simulation.ts';

/** Control number of a time daemon's poll; the second number is its host. */
export const CONTROL_NTP = 2;

/**
 * The time daemons of a rehearsal's hosts: each asks its server at its own interval and slews the wall clock, as long as
 * it runs and the server answers. Drawn plans go without: there clock faults last as long as the plan says.
 */
export class TimeDaemons {
  private readonly simulation: Simulation;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    const { machines } = simulation.cluster.world;
    for (const machine of machines)
      this.schedule(machine, (machine.clock.ntp.pollUs * (machine.id + 1)) / (machines.length + 1));
  }

  /** The poll of one host; asks for the next. */
  poll(host: number): void {
    const machine = this.simulation.cluster.world.machines[host] as Machine;
    if (machine.powered && !machine.paused) machine.clock.pollNtp();
    this.schedule(machine, machine.clock.ntp.pollUs);
  }

  private schedule(machine: Machine, delayUs: number): void {
    const { world } = this.simulation.cluster;
    world.scheduleControl(world.nowUs + Math.floor(delayUs), CONTROL_NTP, machine.id, null);
  }
}
