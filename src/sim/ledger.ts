import type { Us } from './time.ts';

/** Classes of faults (R1): A delivery and time, B revealed damage, C older or other state that looks valid. */
export type FaultClass = 'A' | 'B' | 'C';

/** One injected damage to one sector, open until the sector is validly rewritten and synced (R11). */
export interface LedgerEntry {
  readonly index: number;
  /** Label of the fault in the plan. */
  readonly label: string;
  readonly faultClass: FaultClass;
  readonly host: number;
  readonly file: string;
  readonly sector: number;
  readonly sinceUs: Us;
  /** -1 while the damage is there. */
  clearedUs: Us;
}

/**
 * The damage ledger (R11): which injected fault damaged which sector. An excuse is a certificate made of its entries;
 * a copy that is missing without an entry is a durability failure. Operator commands never enter it.
 */
export class Ledger {
  readonly entries: LedgerEntry[];
  private readonly open: Map<string, LedgerEntry>;
  /** Reads that an injected fault ended with an error, by `host/file`. */
  private readonly refused: Map<string, number>;

  constructor() {
    this.entries = [];
    this.open = new Map();
    this.refused = new Map();
  }

  /**
   * An injected fault ended a read of this file with an error. The bytes themselves are not damaged: the entry names the
   * cause, in no sector (-1), and is closed at once.
   */
  refuse(label: string, host: number, file: string, atUs: Us): void {
    const key = `${host}/${file}`;
    this.refused.set(key, this.refusedReads(host, file) + 1);
    const index = this.entries.length;
    this.entries.push({ index, label, faultClass: 'B', host, file, sector: -1, sinceUs: atUs, clearedUs: atUs });
  }

  /** How many reads of this file injected faults have ended so far. */
  refusedReads(host: number, file: string): number {
    return this.refused.get(`${host}/${file}`) ?? 0;
  }

  damage(label: string, faultClass: FaultClass, host: number, file: string, sector: number, sinceUs: Us): LedgerEntry {
    const key = `${host}/${file}/${sector}`;
    const known = this.open.get(key);
    if (known !== undefined) return known;
    const entry: LedgerEntry = {
      index: this.entries.length,
      label,
      faultClass,
      host,
      file,
      sector,
      sinceUs,
      clearedUs: -1,
    };
    this.entries.push(entry);
    this.open.set(key, entry);
    return entry;
  }

  /** The sector holds valid, synced bytes again. */
  clear(host: number, file: string, sector: number, atUs: Us): void {
    if (this.open.size === 0) return;
    const key = `${host}/${file}/${sector}`;
    const entry = this.open.get(key);
    if (entry === undefined) return;
    entry.clearedUs = atUs;
    this.open.delete(key);
  }

  /** The open damage of a sector, if any. */
  find(host: number, file: string, sector: number): LedgerEntry | null {
    if (this.open.size === 0) return null;
    return this.open.get(`${host}/${file}/${sector}`) ?? null;
  }

  /** Whether one of these files of the host had damage at that time. */
  wasDamaged(host: number, files: readonly string[], atUs: Us): boolean {
    return this.entries.some(
      (entry) =>
        entry.host === host &&
        entry.sinceUs <= atUs &&
        (entry.clearedUs < 0 || entry.clearedUs >= atUs) &&
        files.includes(entry.file),
    );
  }

  /** All open damage of a host, in the order of injection. */
  openOf(host: number): LedgerEntry[] {
    return this.entries.filter((entry) => entry.clearedUs < 0 && entry.host === host);
  }
}
