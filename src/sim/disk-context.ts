import type { WorldCore } from './core.ts';
import type { DiskOptions } from './disk-options.ts';
import { SectorPool } from './disk-sector.ts';
import type { FaultClass } from './ledger.ts';

/** Unit in which a sector tears (R3): what old drives wrote atomically. */
export const TEAR_UNIT_BYTES = 512;

/** What the files of one disk share: the world, the geometry, the buffers, and who hears of faults. */
export class DiskContext {
  readonly core: WorldCore;
  readonly host: number;
  readonly options: DiskOptions;
  readonly sectorBytes: number;
  readonly pool: SectorPool;
  /** Called when an injected fault really hit something; may be called several times for one label. */
  onFault: ((label: string) => void) | null;
  /**
   * The atlas (R1) is asked before a fault of class B or C hits; false keeps the disk healthy. `sector` is -1 where the
   * whole file or request is meant.
   */
  admit: ((label: string, faultClass: FaultClass, file: string, sector: number) => boolean) | null;
  /**
   * Whether a unit of a torn sector is new, by its keyed draw and its number (R3). Any pattern is possible; the
   * self-check plants a rule that knows prefixes only.
   */
  unitIsNew: (draw: number, unit: number) => boolean;

  constructor(core: WorldCore, host: number, options: DiskOptions) {
    this.core = core;
    this.host = host;
    this.options = options;
    this.sectorBytes = options.sectorBytes;
    this.pool = new SectorPool(options.sectorBytes);
    this.onFault = null;
    this.admit = null;
    this.unitIsNew = (draw) => draw >>> 31 === 0;
  }

  /** A fault really hit. */
  fired(label: string): void {
    this.onFault?.(label);
  }

  /** Whether the atlas allows the fault to hit here; class A needs no leave (R1). */
  admits(label: string, faultClass: FaultClass, file: string, sector: number): boolean {
    if (faultClass === 'A' || this.admit === null) return true;
    return this.admit(label, faultClass, file, sector);
  }

  /** Folds a keyed draw into the trace and hands it back. */
  drawn(draw: number): number {
    this.core.trace.foldDraw(draw);
    return draw;
  }
}
