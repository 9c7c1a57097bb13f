import type { BudgetMode, FaultPlan } from '../plan/plan.ts';
import type { FaultClass } from '../sim/ledger.ts';
import type { Machine } from '../sim/machine.ts';
import type { Us } from '../sim/time.ts';
import { Atlas, isJournal, type OpenDamage } from './atlas.ts';
import { faultKind, numberParam } from './kinds.ts';
import type { FaultSurface, Zone } from './surface.ts';

/** What the budget says to a fault; `reason` names the assumption that it would break. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const OK: Verdict = { ok: true };

/** A class B or C hit on a sector (or, with -1, on a whole file or request) of one replica. */
export interface Hit {
  readonly label: string;
  readonly faultClass: FaultClass;
  readonly host: number;
  readonly file: string;
  readonly sector: number;
}

/** Kinds that take a whole file or disk and are judged once, by {@link Budget.admits}. */
const LOSSES: readonly string[] = ['disk.lost', 'disk.file-lost'];

/**
 * The fault budget (R1, R12), asked when a fault is about to hit, on ground truth. Class A always passes. Class B passes
 * while an intact copy of every slot remains on some replica: damage to a slot on fewer than n - Qr other replicas, at
 * most f lost disks or files, at most one superblock copy of a replica. Class C passes while at most n - Qr replicas
 * hold class C damage that is not repaired and no other witness of the same fact is damaged on that replica, so that a
 * damaged slot shows as faulty and never denies. In `unrestricted` mode everything passes and what would have been
 * refused is kept in {@link outOfModel}; in `declared-loss` mode every disk may be lost.
 */
export class Budget {
  readonly mode: BudgetMode;
  /** Assumptions that an unrestricted run has broken, in order. */
  readonly outOfModel: { readonly label: string; readonly reason: string }[];
  readonly atlas: Atlas;
  private readonly surface: FaultSurface;
  /** n - Qr: replicas whose copy may be missing. */
  private readonly spare: number;
  private readonly faults: Map<string, FaultPlan>;
  /** Hosts whose memory a fault corrupted, with the incarnation that it hit. */
  private readonly corrupted: Map<number, number>;

  constructor(mode: BudgetMode, surface: FaultSurface) {
    this.mode = mode;
    this.outOfModel = [];
    this.atlas = new Atlas(surface);
    this.surface = surface;
    this.spare = surface.replicaHosts.length - surface.quorum;
    this.faults = new Map();
    this.corrupted = new Map();
  }

  /** Tells the budget the faults of the plan: hits name them by label only. */
  enlist(faults: readonly FaultPlan[]): void {
    for (const fault of faults) this.faults.set(fault.label, fault);
  }

  /** Whether a fault may strike these hosts now, as far as the fault as a whole decides that. */
  admits(fault: FaultPlan, targets: readonly number[], _nowUs: Us): Verdict {
    if (faultKind(fault.kind)?.faultClass === 'A') return OK;
    if (LOSSES.includes(fault.kind)) return this.judged(fault.label, this.loss(targets));
    if (fault.kind === 'memory.corrupt') return this.judged(fault.label, this.memory(targets));
    return OK;
  }

  /** Notes that an admitted loss or corruption has happened. */
  happened(fault: FaultPlan, host: number): void {
    if (LOSSES.includes(fault.kind)) this.atlas.lose(host, fault.label);
    if (fault.kind === 'memory.corrupt') this.corrupted.set(host, this.machine(host).incarnation);
  }

  /** Whether a class B or C hit is in budget now. */
  admitsHit(hit: Hit): Verdict {
    if (hit.faultClass === 'A') return OK;
    return this.judged(hit.label, this.judge(hit));
  }

  private judged(label: string, verdict: Verdict): Verdict {
    if (verdict.ok || this.mode !== 'unrestricted') return verdict;
    this.outOfModel.push({ label, reason: verdict.reason });
    return OK;
  }

  private judge(hit: Hit): Verdict {
    const fault = this.faults.get(hit.label) ?? null;
    // Admitted as a whole before the disk was told.
    if (fault !== null && LOSSES.includes(fault.kind)) return OK;
    const zone = this.atlas.zoneOf(hit.file);
    if (zone === null) return OK;
    if (hit.faultClass === 'C') return this.hitC(hit, zone, fault);
    // A sector torn by power loss held an un-synced write: no acknowledged copy is lost, but a witness may be.
    const tear = fault === null || fault.kind === 'host.power-loss' || fault.kind === 'host.down';
    return this.hitB(hit, zone, tear);
  }

  private loss(targets: readonly number[]): Verdict {
    if (this.mode === 'declared-loss') return OK;
    let damaged = 0;
    for (const host of this.surface.replicaHosts) {
      if (targets.includes(host)) continue;
      const journal = (damage: OpenDamage): boolean => damage.zone !== 'superblock';
      if (this.atlas.isLost(host) || this.atlas.damageOf(host).some(journal)) damaged++;
    }
    if (damaged + targets.length <= this.spare) return OK;
    return refuse(`${targets.length} lost on top of ${damaged} damaged replicas exceeds f = ${this.spare} (R1 B)`);
  }

  private memory(targets: readonly number[]): Verdict {
    let open = targets.length;
    for (const [host, incarnation] of this.corrupted) {
      if (targets.includes(host)) continue;
      if (this.machine(host).incarnation === incarnation || !this.surface.isHealthy(host)) open++;
    }
    return open <= this.spare ? OK : refuse(`corrupt memory on ${open} replicas exceeds n - Qr = ${this.spare} (R1 C)`);
  }

  private hitB(hit: Hit, zone: Zone, tear: boolean): Verdict {
    const { host } = hit;
    const own = this.atlas.damageOf(host);
    const unit = hit.sector < 0 ? -1 : this.atlas.unitOf(zone, host, hit.sector);
    if (zone.name === 'superblock') return this.superblock(own, unit, tear ? 1 : 0);
    if (zone.name === 'checkpoint') {
      if (tear) return OK;
      return this.copies(host, (damage) => damage.zone === 'checkpoint', 'a checkpoint');
    }
    if (own.some((damage) => damage.faultClass === 'C' && sameSlot(damage, unit))) {
      return refuse(`slot ${unit} of replica ${host} holds class C damage in a witness (R1 iii)`);
    }
    if (tear) return OK;
    return this.copies(host, (damage) => sameSlot(damage, unit), `slot ${unit}`);
  }

  private hitC(hit: Hit, zone: Zone, fault: FaultPlan | null): Verdict {
    const { host } = hit;
    const isC = (damage: OpenDamage): boolean => damage.faultClass === 'C';
    const others = this.atlas.othersDamaged(host, isC);
    if (others >= this.spare) return refuse(`class C damage on ${others + 1} replicas exceeds n - Qr (R1 i)`);
    // What a lie about a file that is being created would lose has no sector, hence no entry in the ledger.
    if (fault?.kind === 'disk.lying-fsync' && this.atlas.isLost(host)) {
      return refuse(`replica ${host} creates its files anew: what a lying fsync would lose cannot be named (R11)`);
    }
    const own = this.atlas.damageOf(host);
    const unit = hit.sector < 0 ? -1 : this.atlas.unitOf(zone, host, hit.sector);
    if (zone.name === 'superblock') return this.superblock(own, unit, 0);
    if (zone.name === 'checkpoint') return refuse('class C damage to a checkpoint would roll a replica back (R1 ii)');
    const witness = this.witness(own, hit, zone, unit);
    if (!witness.ok) return witness;
    if (fault?.kind === 'disk.misdirected-write') {
      const landed = this.landing(hit, zone, fault);
      const lands = this.hitB({ ...hit, sector: landed }, zone, false);
      if (!lands.ok) return lands;
    }
    return this.copies(host, (damage) => sameSlot(damage, unit), unit < 0 ? 'the journal' : `slot ${unit}`);
  }

  /** Of header and record of one slot at most one may be damaged (R1 iii); the same write may damage several sectors. */
  private witness(own: readonly OpenDamage[], hit: Hit, zone: Zone, unit: number): Verdict {
    const other = own.find(
      (damage) => sameSlot(damage, unit) && (damage.zone !== zone.name || (unit >= 0 && damage.label !== hit.label)),
    );
    return other === undefined
      ? OK
      : refuse(`slot ${other.unit} of replica ${hit.host} is damaged already by ${other.label} (R1 iii)`);
  }

  /** At most `others` other copies of the superblock may be damaged (R5). */
  private superblock(own: readonly OpenDamage[], unit: number, others: number): Verdict {
    const copies = new Set<number>();
    for (const damage of own) if (damage.zone === 'superblock' && damage.unit !== unit) copies.add(damage.unit);
    return copies.size <= others ? OK : refuse(`${copies.size} other superblock copies are damaged already (R5)`);
  }

  private copies(host: number, matches: (damage: OpenDamage) => boolean, what: string): Verdict {
    const others = this.atlas.othersDamaged(host, matches);
    return others < this.spare
      ? OK
      : refuse(`${what} is damaged on ${others} other replicas: no intact copy might remain (R12)`);
  }

  private landing(hit: Hit, zone: Zone, fault: FaultPlan): number {
    const { disk } = this.machine(hit.host);
    const sectors = Math.ceil(disk.fileSizeBytes(zone.file) / disk.options.sectorBytes);
    return sectors === 0 ? 0 : (hit.sector + numberParam(fault, 'offsetSectors')) % sectors;
  }

  private machine(host: number): Machine {
    return this.surface.world.machines[host] as Machine;
  }
}

function sameSlot(damage: OpenDamage, unit: number): boolean {
  return isJournal(damage.zone) && (unit < 0 || damage.unit === unit);
}

function refuse(reason: string): Verdict {
  return { ok: false, reason };
}
