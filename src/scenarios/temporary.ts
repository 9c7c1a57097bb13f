import { settingsOn } from '../cluster/kimberlite/commands/cluster-config.ts';
import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import type { SettingName } from '../cluster/kimberlite/machine.ts';
import { viewOf } from '../cluster/kimberlite/replica-view.ts';
import type { Simulation } from './simulation.ts';

/**
 * Judges what an emergency leaves behind: at the end of a rehearsal each replica goes by the settings that were in force
 * before the incident (INV-TEMPORARY-REVERTED), and they suit the healed network (INV-CONFIG-SANE).
 */
export class TemporarySettings {
  private readonly simulation: Simulation;
  private readonly fleet: KimberliteFleet;
  private before: ReadonlyMap<SettingName, number>;

  constructor(simulation: Simulation, fleet: KimberliteFleet) {
    this.simulation = simulation;
    this.fleet = fleet;
    this.before = new Map();
  }

  /** The scene is set: takes the settings of the replica that has applied most as those to come back to. */
  note(): void {
    const { cluster } = this.simulation;
    let commit = -1;
    for (const host of cluster.replicaHosts) {
      const view = viewOf(cluster, host, true);
      if (view.node === null || view.commit <= commit) continue;
      commit = view.commit;
      this.before = settingsOn(this.fleet, view).values;
    }
  }

  /** To be called once the faults have ended and the replicas have converged. */
  judge(): void {
    const { cluster, members } = this.simulation;
    for (const host of cluster.serverHosts) {
      const limit = viewOf(cluster, host, true).node?.reads.maxPerSecond ?? -1;
      if (limit >= 0) this.simulation.report('INV-TEMPORARY-REVERTED', 'throttle-left', { replica: host, limit });
    }
    for (const host of members) {
      const view = viewOf(cluster, host, true);
      if (view.node === null) continue;
      const { values, problem } = settingsOn(this.fleet, view);
      for (const [setting, before] of this.before) {
        const now = values.get(setting) ?? before;
        if (now === before) continue;
        this.simulation.report('INV-TEMPORARY-REVERTED', 'setting-left', { replica: host, setting, before, now });
      }
      if (problem !== '') this.simulation.report('INV-CONFIG-SANE', 'at-the-end', { replica: host, problem });
    }
  }
}
