import type { DiskContext } from './disk-context.ts';
import { commitBytes, widenPage, writeBackMarked } from './disk-device.ts';
import { copyRange, type DeviceMark, Sector, SyncSet } from './disk-sector.ts';
import { mixString } from './mix.ts';

/** A range of bytes within a sector that was damaged before the sector's record was built anew. */
export interface DamagedRange {
  readonly low: number;
  readonly high: number;
}

/**
 * One file: its sectors, the pages above them and the fsyncs in flight. A write goes into pages at issue and into the
 * open sync set; an fsync takes the open set with it, so that it covers exactly the writes issued before it.
 */
export class DiskFile {
  name: string;
  /** Key word of the name. */
  hash: number;
  /** Size as processes see it. */
  sizeBytes: number;
  /** Size that a power loss would leave. */
  durableSizeBytes: number;
  readonly sectors: (Sector | null)[];
  /** Sectors that were ever written: what a sparse file occupies. */
  sectorCount: number;
  /** Writes so far. */
  version: number;
  keepsHistory: boolean;
  /** Damage that outlived its sector's record (lost disk, truncation), by sector; null in health. */
  ghosts: Map<number, DamagedRange> | null;
  /** The disk under it is gone. */
  lost: boolean;
  open: SyncSet;
  /** In the order of issue. */
  readonly inFlight: SyncSet[];
  private readonly context: DiskContext;
  private readonly spare: SyncSet[];
  private sequence: number;
  /** First version of a new sector. */
  private versionBase: number;

  /** `generation` counts the files that had this name before: versions of different files never meet. */
  constructor(context: DiskContext, name: string, sizeBytes: number, generation: number) {
    this.name = name;
    this.hash = mixString(0, name);
    this.sizeBytes = sizeBytes;
    this.durableSizeBytes = 0;
    this.sectors = [];
    this.sectorCount = 0;
    this.version = 0;
    this.keepsHistory = false;
    this.ghosts = null;
    this.lost = false;
    this.open = new SyncSet();
    this.inFlight = [];
    this.context = context;
    this.spare = [];
    this.sequence = 0;
    this.versionBase = generation * 0x100_0000;
  }

  /** The sector at an index, created when it was never written. */
  sectorAt(index: number): Sector {
    const sectors = this.sectors;
    while (sectors.length <= index) sectors.push(null);
    let sector = sectors[index]!;
    if (sector === null) {
      sector = new Sector(index, this.versionBase);
      sectors[index] = sector;
      this.sectorCount++;
      const ghost = this.ghosts?.get(index);
      if (ghost !== undefined) {
        sector.damageLow = ghost.low;
        sector.damageHigh = ghost.high;
        this.ghosts!.delete(index);
      }
    }
    return sector;
  }

  /** Puts bytes into the cache; `EIO` when part of an unreadable sector would have to be read first. */
  write(offsetBytes: number, bytes: Uint8Array): '' | 'EIO' {
    const sectorBytes = this.context.sectorBytes;
    const first = Math.floor(offsetBytes / sectorBytes);
    const start = offsetBytes - first * sectorBytes;
    this.version++;
    if (start + bytes.length <= sectorBytes) {
      const sector = this.sectorAt(first);
      const whole = bytes.length === sectorBytes;
      if (sector.unreadable && sector.overlay === null && !whole) return 'EIO';
      this.writeSector(sector, start, start + bytes.length, bytes);
      return '';
    }
    const end = offsetBytes + bytes.length;
    const last = Math.floor((end - 1) / sectorBytes);
    if (start > 0 && this.needsRead(first)) return 'EIO';
    if (end < (last + 1) * sectorBytes && this.needsRead(last)) return 'EIO';
    for (let index = first; index <= last; index++) {
      const low = index === first ? start : 0;
      const high = index === last ? end - index * sectorBytes : sectorBytes;
      const from = index * sectorBytes + low - offsetBytes;
      this.writeSector(this.sectorAt(index), low, high, bytes.subarray(from, from + high - low));
    }
    return '';
  }

  private needsRead(index: number): boolean {
    const sector = this.sectors[index] ?? null;
    return sector?.unreadable === true && sector.overlay === null;
  }

  private writeSector(sector: Sector, low: number, high: number, bytes: Uint8Array): void {
    if (sector.set !== this.open) this.enlist(sector);
    const page = sector.overlay;
    if (page === null) {
      const fresh = this.context.pool.take();
      sector.overlay = fresh;
      sector.low = low;
      sector.high = high;
      sector.exact = true;
      fresh.set(bytes, low);
    } else {
      // Only a gap between page and write is read from the device.
      if (low > sector.high) widenPage(this.context, sector, sector.low, low);
      else if (high < sector.low) widenPage(this.context, sector, high, sector.high);
      page.set(bytes, low);
      if (low < sector.low) sector.low = low;
      if (high > sector.high) sector.high = high;
    }
    sector.version++;
  }

  /** Moves a sector into the open sync set; what an fsync in flight covers is put aside for it unchanged. */
  private enlist(sector: Sector): void {
    const covering = sector.set;
    if (covering !== null) {
      const { low, high, version, exact, mark } = sector;
      const buffer = sector.overlay!;
      covering.frozen.push({ sector, buffer, low, high, version, exact, mark });
      const copy = this.context.pool.take();
      copyRange(copy, buffer, low, high);
      sector.overlay = copy;
      sector.mark = null;
    }
    sector.set = this.open;
    this.open.sectors.push(sector);
  }

  /**
   * What a process reads: pages above device bytes, zeroes where nothing was written, short at the end of the file;
   * null (EIO) when a sector is unreadable. `direct` goes past the cache to the device's bytes.
   */
  read(offsetBytes: number, lengthBytes: number, direct: boolean): Uint8Array | null {
    const sizeBytes = Math.max(0, Math.min(lengthBytes, this.sizeBytes - offsetBytes));
    const out = new Uint8Array(sizeBytes);
    return this.copyOut(offsetBytes, out, direct) ? out : null;
  }

  /** Fills `out` from `offsetBytes` on; false when a sector is unreadable. */
  copyOut(offsetBytes: number, out: Uint8Array, direct: boolean): boolean {
    const sectorBytes = this.context.sectorBytes;
    let at = 0;
    while (at < out.length) {
      const index = Math.floor((offsetBytes + at) / sectorBytes);
      const low = offsetBytes + at - index * sectorBytes;
      const high = Math.min(sectorBytes, low + out.length - at);
      const sector = this.sectors[index] ?? null;
      if (sector !== null) {
        if (sector.unreadable && (direct || sector.overlay === null)) return false;
        if (sector.durable !== null) out.set(sector.durable.subarray(low, high), at);
        if (!direct && sector.overlay !== null) overlayOut(sector, low, high, out, at);
      }
      at += high - low;
    }
    return true;
  }

  /** Issues an fsync: closes the open set and returns its sequence. */
  beginSync(): number {
    const set = this.open;
    set.sequence = ++this.sequence;
    this.inFlight.push(set);
    this.open = this.spare.pop() ?? new SyncSet();
    return set.sequence;
  }

  /** Completes the fsync of that sequence honestly, and whatever earlier ones have not completed. */
  finishSync(sequence: number): void {
    for (let set = this.takeSet(sequence); set !== null; set = this.takeSet(sequence)) {
      for (const page of set.frozen) {
        this.writeBack(page.sector, page.buffer, page.low, page.high, page.version, page.exact, page.mark);
        this.context.pool.release(page.buffer);
      }
      for (const sector of set.sectors) {
        if (sector.set !== set) continue;
        this.writeBackPage(sector);
      }
      this.recycle(set);
    }
  }

  /** Writes the current page of a sector back and drops it. */
  writeBackPage(sector: Sector): void {
    const buffer = sector.overlay!;
    const mark = sector.mark;
    sector.overlay = null;
    sector.set = null;
    sector.mark = null;
    this.writeBack(sector, buffer, sector.low, sector.high, sector.version, sector.exact, mark);
    this.context.pool.release(buffer);
  }

  /** Writes all un-synced states of the sectors in a range back, oldest first (`O_DIRECT` does so before it reads). */
  flushRange(offsetBytes: number, lengthBytes: number): void {
    const sectorBytes = this.context.sectorBytes;
    for (let index = Math.floor(offsetBytes / sectorBytes); index * sectorBytes < offsetBytes + lengthBytes; index++) {
      const sector = this.sectors[index] ?? null;
      if (sector === null || sector.set === null) continue;
      for (const set of this.inFlight) this.flushFrozen(set, sector);
      this.writeBackPage(sector);
    }
  }

  private flushFrozen(set: SyncSet, sector: Sector): void {
    const at = set.frozen.findIndex((page) => page.sector === sector);
    if (at < 0) return;
    const page = set.frozen[at]!;
    set.frozen.splice(at, 1);
    this.writeBack(sector, page.buffer, page.low, page.high, page.version, page.exact, page.mark);
    this.context.pool.release(page.buffer);
  }

  private writeBack(
    sector: Sector,
    buffer: Uint8Array,
    low: number,
    high: number,
    version: number,
    exact: boolean,
    mark: DeviceMark | null,
  ): void {
    if (mark === null) commitBytes(this.context, this, sector, buffer, low, high, exact);
    else writeBackMarked(this.context, this, sector, buffer, low, high, version, exact, mark);
  }

  /** The oldest set in flight up to that sequence, removed from the queue; null when there is none. */
  takeSet(sequence: number): SyncSet | null {
    const set = this.inFlight[0];
    if (set === undefined || set.sequence > sequence) return null;
    this.inFlight.shift();
    return set;
  }

  /** Whether any set in flight up to that sequence holds pages. */
  covers(sequence: number): boolean {
    return this.inFlight.some((set) => set.sequence <= sequence && set.sectors.length > 0);
  }

  recycle(set: SyncSet): void {
    set.sectors.length = 0;
    set.frozen.length = 0;
    this.spare.push(set);
  }

  /** Gives the file another name; open damage follows it in the ledger. */
  rename(name: string): void {
    const { core, host } = this.context;
    const former = this.name;
    this.name = name;
    this.hash = mixString(0, name);
    for (const sector of this.sectors) {
      if (sector === null || sector.damageHigh <= sector.damageLow) continue;
      const entry = core.ledger.find(host, former, sector.index);
      if (entry === null) continue;
      core.ledger.clear(host, former, sector.index, core.nowUs);
      core.ledger.damage(entry.label, entry.faultClass, host, name, sector.index, core.nowUs);
    }
  }

  /** Takes the sectors from an index on out of the file and returns them. */
  cutSectors(from: number): (Sector | null)[] {
    if (this.sectors.length <= from) return [];
    const cut = this.sectors.splice(from);
    this.versionBase += 0x1_0000;
    for (const sector of cut) if (sector !== null) this.sectorCount--;
    return cut;
  }

  /** Undoes {@link cutSectors}; what was written there since then is gone. */
  restoreSectors(from: number, cut: readonly (Sector | null)[]): void {
    this.cutSectors(from);
    if (cut.length === 0) return;
    while (this.sectors.length < from) this.sectors.push(null);
    for (const sector of cut) {
      this.sectors.push(sector);
      if (sector !== null) this.sectorCount++;
    }
  }

  /** Un-synced pages, in flight ones included: how many sectors a power loss may decide about. */
  dirtySectors(): number {
    let count = 0;
    for (const sector of this.sectors) if (sector !== null && sector.set !== null) count++;
    return count;
  }
}

function overlayOut(sector: Sector, low: number, high: number, out: Uint8Array, at: number): void {
  const from = Math.max(low, sector.low);
  const to = Math.min(high, sector.high);
  if (from < to) out.set(sector.overlay!.subarray(from, to), at + from - low);
}
