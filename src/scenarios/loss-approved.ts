import type { ForcedLeader, KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import { commonPosition } from './lineage.ts';
import { heldSomewhere } from './recoverable.ts';
import type { Simulation } from './simulation.ts';

/** How many ops of a loss are looked for beyond the first; more is not needed to tell that it is one. */
const COUNTED_MAX = 10_000;

/**
 * INV-LOSS-APPROVED: no command that loses acknowledged operations takes effect without a recorded approval, and none,
 * approved or not, while a disk that its operator can reach still holds them (R16, avoidable loss). Judged by ground truth
 * when the command has taken effect: by what lies on the disks, not by what anybody believes. For the scenarios that name it.
 */
export class LossApproved {
  private readonly simulation: Simulation;
  private readonly fleet: KimberliteFleet;

  constructor(simulation: Simulation, fleet: KimberliteFleet) {
    this.simulation = simulation;
    this.fleet = fleet;
    if (simulation.plan.properties.includes('INV-LOSS-APPROVED')) {
      fleet.onChanged = (host, command) => this.changed(host, command);
      fleet.onBackupsRemoved = (host) => this.backupsRemoved(host);
    }
  }

  /** Files of a data directory were replaced: is there still a copy of everything that is committed? */
  private changed(host: number, command: string): void {
    if (this.fleet.people.approved('data-loss')) return;
    const { head } = this.simulation.checks.committed;
    const everybody = this.simulation.cluster.serverHosts;
    let lost = 0;
    let first = -1;
    for (let op = head; op > 0 && lost < COUNTED_MAX; op--) {
      if (heldSomewhere(this.simulation, everybody, op)) break;
      lost++;
      first = op;
    }
    if (lost === 0) return;
    this.simulation.report('INV-LOSS-APPROVED', 'no-copy-left', { host, command, firstOp: first, lostOps: lost });
  }

  /** Snapshots were deleted: is there still an intact recovery point of this replica anywhere? */
  private backupsRemoved(host: number): void {
    const { fleet } = this;
    if (fleet.people.approved('data-loss')) return;
    const { config } = fleet.cluster;
    const local = fleet.localBackups.of(host).map((file) => file.snapshot);
    const intact = [...local, ...fleet.backups.ofReplica(host)].some(
      (each) => fleet.backups.check(each, config) === '',
    );
    if (intact) return;
    this.simulation.report('INV-LOSS-APPROVED', 'last-recovery-point', { host, command: 'find -delete' });
  }

  /** A node was made the only member. */
  forced(forced: ForcedLeader): void {
    if (!this.simulation.plan.properties.includes('INV-LOSS-APPROVED')) return;
    const { committed } = this.simulation.checks;
    const position = commonPosition(committed, forced);
    const lostOps = committed.head - position;
    if (lostOps === 0) return;
    const host = forced.host;
    if (!forced.approved) {
      this.simulation.report('INV-LOSS-APPROVED', 'forced-unapproved', { host, firstOp: position + 1, lostOps });
      return;
    }
    const { machines } = this.simulation.cluster.world;
    const others = this.simulation.cluster.serverHosts.filter((id) => id !== host && machines[id]?.powered === true);
    if (!heldSomewhere(this.simulation, others, position + 1)) return;
    this.simulation.report('INV-LOSS-APPROVED', 'avoidable-loss', { host, firstOp: position + 1, lostOps });
  }
}
