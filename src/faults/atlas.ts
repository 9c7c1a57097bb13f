import type { FaultClass, LedgerEntry } from '../sim/ledger.ts';
import type { Machine } from '../sim/machine.ts';
import type { FaultSurface, Zone, ZoneName } from './surface.ts';

/** One unit of a zone that is damaged, or that an fsync lied about and a power loss would damage. */
export interface OpenDamage {
  readonly host: number;
  readonly zone: ZoneName;
  readonly unit: number;
  readonly faultClass: FaultClass;
  readonly label: string;
}

/** A whole file or disk that a replica lost and has not yet recovered. */
interface Loss {
  readonly host: number;
  readonly label: string;
  /** Process start before the loss: recovered means healthy in a later one. */
  readonly incarnation: number;
  recovered: boolean;
}

/**
 * Ground truth about damage (R1, R11): which units of which replica are damaged now. It reads the ledger and the
 * disks' lies, maps sectors to units, and forgets what a replica has recovered from as a whole.
 */
export class Atlas {
  private readonly surface: FaultSurface;
  private readonly losses: Loss[];
  private openLosses: number;

  constructor(surface: FaultSurface) {
    this.surface = surface;
    this.losses = [];
    this.openLosses = 0;
  }

  /** The zone that a file belongs to: the one named after it, or the one whose folder it stands in. */
  zoneOf(file: string): Zone | null {
    const zones = this.surface.zones;
    const exact = zones.find((zone) => zone.file === file);
    if (exact !== undefined) return exact;
    return zones.find((zone) => zone.name === 'checkpoint' && file.startsWith(folder(zone.file))) ?? null;
  }

  /** The unit of a zone in which a sector lies; a checkpoint is one unit. */
  unitOf(zone: Zone, host: number, sector: number): number {
    if (zone.name === 'checkpoint') return 0;
    const { sectorBytes } = this.machine(host).disk.options;
    return Math.floor((sector * sectorBytes) / zone.unitBytes);
  }

  /** Enters a loss of a whole file or disk: it is open until the replica is healthy after a restart. */
  lose(host: number, label: string): void {
    this.losses.push({ host, label, incarnation: this.machine(host).incarnation, recovered: false });
    this.openLosses++;
  }

  /**
   * Looks whether lost replicas are healthy by now. Called often, since a healthy replica with a write under way does
   * not look settled at every moment.
   */
  review(): void {
    if (this.openLosses === 0) return;
    for (const loss of this.losses) {
      if (loss.recovered || this.machine(loss.host).incarnation === loss.incarnation) continue;
      if (!this.surface.isHealthy(loss.host)) continue;
      loss.recovered = true;
      this.openLosses--;
    }
  }

  /** Whether a replica has lost a file or its disk and is not yet healthy again. */
  isLost(host: number): boolean {
    this.review();
    return this.losses.some((loss) => loss.host === host && !loss.recovered);
  }

  /** Open damage of class B and C of a replica, and what its disk has lied about (as class C). */
  damageOf(host: number): OpenDamage[] {
    const found: OpenDamage[] = [];
    for (const entry of this.surface.world.ledger.openOf(host)) {
      if (entry.faultClass !== 'A' && !this.settled(entry)) {
        this.add(found, host, entry.file, entry.sector, entry.faultClass, entry.label);
      }
    }
    for (const risk of this.machine(host).disk.faults.atRiskSectors()) {
      this.add(found, host, risk.file, risk.sector, 'C', risk.label);
    }
    return found;
  }

  /** Damage that a recovered loss has left in the ledger counts no more: nobody needs those bytes. */
  private settled(entry: LedgerEntry): boolean {
    return this.losses.some((loss) => loss.host === entry.host && loss.label === entry.label && loss.recovered);
  }

  private add(
    found: OpenDamage[],
    host: number,
    file: string,
    sector: number,
    faultClass: FaultClass,
    label: string,
  ): void {
    const zone = this.zoneOf(file);
    if (zone === null) return;
    found.push({ host, zone: zone.name, unit: this.unitOf(zone, host, sector), faultClass, label });
  }

  /** Replicas other than `host` for which some open damage satisfies `matches`, or which lost a file or disk. */
  othersDamaged(host: number, matches: (damage: OpenDamage) => boolean): number {
    let count = 0;
    for (const other of this.surface.replicaHosts) {
      if (other === host) continue;
      if (this.isLost(other) || this.damageOf(other).some(matches)) count++;
    }
    return count;
  }

  private machine(host: number): Machine {
    return this.surface.world.machines[host] as Machine;
  }
}

/** The folder of a file with its slash; the empty string for a file without one. */
export function folder(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}

/** Whether a zone is one of the two witnesses of a journal slot. */
export function isJournal(zone: ZoneName): boolean {
  return zone === 'journal-headers' || zone === 'journal-prepares';
}
