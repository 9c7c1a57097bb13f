import type { DiskContext } from './disk-context.ts';
import { damageSector, detachPage, differs, evictPage, openDurable } from './disk-device.ts';
import type { Directory } from './disk-directory.ts';
import type { DamagedRange, DiskFile } from './disk-file.ts';
import { copyRange, type Sector } from './disk-sector.ts';
import type { FaultClass } from './ledger.ts';

/** A sector whose last fsync lied: it will be lost with the power unless it is written back before. */
export interface AtRiskSector {
  readonly file: string;
  readonly sector: number;
  readonly label: string;
}

/** Device bytes of a file at one time, for {@link DiskFaults.rollBackFile}. */
export interface FileImage {
  readonly file: string;
  readonly sectors: readonly (Uint8Array | null)[];
}

/**
 * Damage to what a disk holds, done at once. Each method takes the fault's label, enters the damaged sectors into the
 * ledger with their class (R1, R11), touches only what it says, tells `onFault`, and returns whether it took effect.
 */
export class DiskDamage {
  protected readonly context: DiskContext;
  protected readonly directory: Directory;
  private readonly historyPrefixes: string[];
  private readonly ghosts: Map<string, Map<number, DamagedRange>>;

  constructor(context: DiskContext, directory: Directory) {
    this.context = context;
    this.directory = directory;
    this.historyPrefixes = [];
    this.ghosts = new Map();
  }

  /** Keeps the previous device bytes of each sector of matching files, so that a stale read has something to return. */
  keepHistory(prefix: string): void {
    this.historyPrefixes.push(prefix);
    for (const file of this.directory.all()) if (file.name.startsWith(prefix)) file.keepsHistory = true;
  }

  /** Class B: flips one bit of the device's bytes. False where the sector was never written or is unreadable. */
  rot(label: string, file: string, sector: number, bit: number): boolean {
    const low = Math.floor(bit / 8) % this.context.sectorBytes;
    return this.damage(label, 'B', file, sector, low, low + 1, (bytes) => {
      bytes[low] = bytes[low]! ^ (1 << (bit & 7));
    });
  }

  /** Class B: the sector reads as zeroes. False where it does already. */
  zeroSector(label: string, file: string, sector: number): boolean {
    const target = this.target(file)?.sectors[sector] ?? null;
    const range = target === null ? null : contentRange(target);
    if (range === null) return false;
    return this.damage(label, 'B', file, sector, range.low, range.high, (bytes) => bytes.fill(0));
  }

  /** Class B: reads of the sector fail with EIO until the whole of it is rewritten and synced. */
  latentError(label: string, file: string, sector: number): boolean {
    return this.damage(label, 'B', file, sector, 0, this.context.sectorBytes, (_bytes, target) => {
      target.unreadable = true;
    });
  }

  protected damage(
    label: string,
    faultClass: FaultClass,
    file: string,
    index: number,
    low: number,
    high: number,
    change: (bytes: Uint8Array, sector: Sector) => void,
  ): boolean {
    const target = this.target(file);
    const sector = target?.sectors[index] ?? null;
    if (target === null || sector === null || sector.durable === null || sector.unreadable) return false;
    if (!this.context.admits(label, faultClass, file, index)) return false;
    detachPage(this.context, target, sector);
    change(openDurable(this.context, target, sector), sector);
    damageSector(this.context, target, sector, label, faultClass, low, high);
    this.context.fired(label);
    return true;
  }

  /** Class B: all files are gone, requests in flight fail, and each sector that held something is in the ledger. */
  loseDisk(label: string): boolean {
    if (!this.context.admits(label, 'B', '', -1)) return false;
    for (const file of this.directory.all()) {
      this.bury(label, file, 0);
      file.lost = true;
    }
    this.directory.clear();
    this.context.fired(label);
    return true;
  }

  /** Class B: the file ends at `sizeBytes`, in the cache and on the device. */
  truncateDamage(label: string, file: string, sizeBytes: number): boolean {
    const target = this.target(file);
    if (target === null || sizeBytes >= target.sizeBytes) return false;
    if (!this.context.admits(label, 'B', file, -1)) return false;
    const sectorBytes = this.context.sectorBytes;
    const from = Math.ceil(sizeBytes / sectorBytes);
    this.bury(label, target, from);
    target.cutSectors(from);
    target.ghosts = this.ghosts.get(file) ?? null;
    target.sizeBytes = sizeBytes;
    target.durableSizeBytes = Math.min(target.durableSizeBytes, sizeBytes);
    const low = sizeBytes % sectorBytes;
    if (low > 0) {
      this.damage(label, 'B', file, from - 1, low, sectorBytes, (bytes) => bytes.fill(0, low));
    }
    this.context.fired(label);
    return true;
  }

  /** Enters all content from a sector on into the ledger, to be closed when the place is written again. */
  private bury(label: string, file: DiskFile, from: number): void {
    const { core, host } = this.context;
    const ghosts = this.ghosts.get(file.name) ?? new Map<number, DamagedRange>();
    for (let index = from; index < file.sectors.length; index++) {
      const sector = file.sectors[index] ?? null;
      const range = sector === null ? null : contentRange(sector);
      if (range === null) continue;
      ghosts.set(index, range);
      core.ledger.damage(label, 'B', host, file.name, index, core.nowUs);
    }
    this.ghosts.set(file.name, ghosts);
  }

  /** A copy of the file's device bytes; null when there is no such file. */
  snapshotFile(file: string): FileImage | null {
    const target = this.target(file);
    if (target === null) return null;
    return { file, sectors: target.sectors.map((sector) => sector?.durable?.slice() ?? null) };
  }

  /** Class C: the device's bytes of the file are again those of the image. False when nothing differs. */
  rollBackFile(label: string, image: FileImage): boolean {
    let changed = false;
    const zeroes = new Uint8Array(this.context.sectorBytes);
    const count = this.target(image.file)?.sectors.length ?? 0;
    for (let index = 0; index < count; index++) {
      const former = image.sectors[index] ?? zeroes;
      const sector = this.target(image.file)!.sectors[index] ?? null;
      if (sector === null || !differs(sector, former, 0, former.length)) continue;
      const set = (bytes: Uint8Array): void => copyRange(bytes, former, 0, former.length);
      if (this.damage(label, 'C', image.file, index, 0, former.length, set)) changed = true;
    }
    return changed;
  }

  /** Sectors whose bytes an fsync claimed to be durable and that are not. */
  atRiskSectors(): AtRiskSector[] {
    const found: AtRiskSector[] = [];
    for (const file of this.directory.cached.values()) {
      for (const sector of file.sectors) {
        if (sector !== null && sector.lie !== '') {
          found.push({ file: file.name, sector: sector.index, label: sector.lie });
        }
      }
    }
    return found;
  }

  /** The device writes its cache back after all: clean pages that an fsync lied about become durable. */
  writeBackLied(): void {
    for (const file of this.directory.cached.values()) {
      for (const sector of file.sectors) {
        if (sector !== null && sector.lie !== '' && sector.set === null && sector.overlay !== null) {
          file.writeBackPage(sector);
        }
      }
    }
  }

  /** Drops the file's pages that are clean or taken for clean. */
  evictFile(file: DiskFile): void {
    for (const sector of file.sectors) if (sector !== null) evictPage(this.context, file, sector);
  }

  /** A file was created: what was damaged under that name before, and whether history is kept. */
  adopt(file: DiskFile): void {
    file.ghosts = this.ghosts.get(file.name) ?? null;
    for (const prefix of this.historyPrefixes) if (file.name.startsWith(prefix)) file.keepsHistory = true;
  }

  protected target(file: string): DiskFile | null {
    return this.directory.cached.get(file) ?? this.directory.durable.get(file) ?? null;
  }
}

/** The hull of the bytes other than zero on the device; null when there are none. */
function contentRange(sector: Sector): DamagedRange | null {
  const bytes = sector.durable;
  if (bytes === null) return null;
  let low = 0;
  while (low < bytes.length && bytes[low] === 0) low++;
  if (low === bytes.length) return null;
  let high = bytes.length;
  while (bytes[high - 1] === 0) high--;
  return { low, high };
}
