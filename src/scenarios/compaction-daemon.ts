import type { Compaction } from '../cluster/kimberlite/compaction.ts';
import type { Simulation } from './simulation.ts';

/** Control numbers of the servers' own compaction, and of the reads that old segments cost; the latter with the host. */
export const CONTROL_COMPACTION = 20;
export const CONTROL_UPKEEP = 21;

/** Gives the servers' compaction its turns, where a plan has it. */
export class CompactionDaemon {
  private readonly simulation: Simulation;
  private readonly compaction: Compaction;

  constructor(simulation: Simulation, compaction: Compaction) {
    this.simulation = simulation;
    this.compaction = compaction;
    this.schedule(compaction.plan.pollUs, CONTROL_COMPACTION, 0);
    if (compaction.plan.upkeepPerMille === 0) return;
    for (const host of simulation.cluster.serverHosts) this.schedule(1_000_000 + host, CONTROL_UPKEEP, host);
  }

  /** The turn that a control event stands for; asks for the next. */
  turn(control: number, host: number): void {
    const { nowUs } = this.simulation.cluster.world;
    if (control === CONTROL_COMPACTION) this.schedule(this.compaction.tick(), control, 0);
    else this.schedule(nowUs + this.compaction.upkeep(host), control, host);
  }

  private schedule(atUs: number, control: number, host: number): void {
    this.simulation.cluster.world.scheduleControl(atUs, control, host, null);
  }
}
