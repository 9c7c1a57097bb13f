import type { WorldCore } from './core.ts';
import { DiskContext } from './disk-context.ts';
import { digestBytes } from './disk-digest.ts';
import { Directory } from './disk-directory.ts';
import { DiskFaults } from './disk-faults.ts';
import type { DiskFile } from './disk-file.ts';
import type { DiskOptions } from './disk-options.ts';
import { readDurableInto } from './disk-peek.ts';
import type { FaultClass } from './ledger.ts';
import { RECORD } from './trace.ts';

/**
 * What a disk holds, apart from the time that it takes: files under a page cache, room, faults, and the accesses that
 * take no time (directory operations, operators' tools, checkers).
 */
export class DiskVolume {
  readonly options: DiskOptions;
  readonly faults: DiskFaults;
  /** Accounted but unstored extent: bytes that something outside the simulation occupies. */
  fillBytes: number;
  /** Bytes by which the file system has been grown since the start. */
  private grownBytes: number;
  /** Files occupy only the sectors that were written, so that a write inside a file may fail for want of room. */
  sparse: boolean;
  protected readonly core: WorldCore;
  protected readonly host: number;
  protected readonly context: DiskContext;
  protected readonly directory: Directory;

  constructor(core: WorldCore, host: number, options: DiskOptions) {
    if (options.sectorBytes <= 0 || options.sectorBytes % 512 !== 0) {
      throw new Error(`disk of host ${host}: sectorBytes is ${options.sectorBytes}; use a multiple of 512`);
    }
    this.options = options;
    this.core = core;
    this.host = host;
    this.context = new DiskContext(core, host, options);
    this.directory = new Directory(this.context);
    this.faults = new DiskFaults(this.context, this.directory);
    this.fillBytes = 0;
    this.grownBytes = 0;
    this.sparse = false;
  }

  get onFault(): ((label: string) => void) | null {
    return this.context.onFault;
  }

  /** Who hears that an injected fault really hit something; called perhaps several times for one label. */
  set onFault(listener: ((label: string) => void) | null) {
    this.context.onFault = listener;
  }

  /**
   * Who is asked before a fault of class B or C hits (the atlas of R1); false keeps the disk healthy. Class A needs no
   * leave. The last argument is a sector, or -1 where the whole file or request is meant.
   */
  set admit(judge: ((label: string, faultClass: FaultClass, file: string, sector: number) => boolean) | null) {
    this.context.admit = judge;
  }

  protected store(target: DiskFile, offsetBytes: number, bytes: Uint8Array): '' | 'EIO' | 'ENOSPC' {
    const endBytes = offsetBytes + bytes.length;
    if (bytes.length === 0) return '';
    if (this.sparse) {
      if (this.newSectorBytes(target, offsetBytes, endBytes) > this.freeBytes()) return 'ENOSPC';
    } else if (endBytes > target.sizeBytes && endBytes - target.sizeBytes > this.freeBytes()) return 'ENOSPC';
    const fault = this.faults.armed > 0 ? this.faults.takeWrite(target) : null;
    if (fault !== null && fault.mark === null) return 'EIO';
    if (endBytes > target.sizeBytes) this.directory.resize(target, endBytes);
    const error = target.write(offsetBytes, bytes);
    if (fault !== null && fault.mark !== null && error === '') {
      this.faults.markWrite(target, offsetBytes, bytes.length, fault.mark);
    }
    return error;
  }

  private newSectorBytes(target: DiskFile, offsetBytes: number, endBytes: number): number {
    const { sectorBytes } = this.options;
    let count = 0;
    for (let index = Math.floor(offsetBytes / sectorBytes); index * sectorBytes < endBytes; index++) {
      if ((target.sectors[index] ?? null) === null) count++;
    }
    return count * sectorBytes;
  }

  /** Allocates the whole extent; an existing file keeps its bytes and grows when it is shorter. */
  createFile(file: string, sizeBytes: number): '' | 'ENOSPC' {
    const known = this.directory.cached.get(file);
    const moreBytes = sizeBytes - (known?.sizeBytes ?? 0);
    if (!this.sparse && moreBytes > this.freeBytes()) return 'ENOSPC';
    if (known === undefined) this.faults.adopt(this.directory.create(file, sizeBytes));
    else if (moreBytes > 0) this.directory.resize(known, sizeBytes);
    return '';
  }

  removeFile(file: string): boolean {
    return this.directory.remove(file);
  }

  /** False when there is no such file; a file that has the new name is replaced. */
  renameFile(file: string, to: string): boolean {
    return this.directory.rename(file, to);
  }

  truncateFile(file: string, sizeBytes: number): '' | 'ENOENT' | 'ENOSPC' {
    const known = this.directory.cached.get(file);
    if (known === undefined) return 'ENOENT';
    if (!this.sparse && sizeBytes - known.sizeBytes > this.freeBytes()) return 'ENOSPC';
    this.directory.resize(known, sizeBytes);
    return '';
  }

  fileExists(file: string): boolean {
    return this.directory.cached.has(file);
  }

  /** 0 for a file that does not exist. */
  fileSizeBytes(file: string): number {
    return this.directory.cached.get(file)?.sizeBytes ?? 0;
  }

  /** Names that processes see, in code unit order. */
  files(): string[] {
    return [...this.directory.cached.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Makes everything durable at once and without faults of the armed kind (`sync`, a clean shutdown). */
  syncAll(): void {
    for (const file of this.directory.cached.values()) file.finishSync(file.beginSync());
    this.directory.finishAll();
  }

  /** Makes a file and its name durable at once and without faults of the armed kind. */
  syncFile(file: string): void {
    const known = this.directory.cached.get(file);
    if (known === undefined) return;
    known.finishSync(known.beginSync());
    this.directory.finishSync(file, this.directory.beginSync());
  }

  /** Drops every page that is clean or taken for clean (`echo 3 > /proc/sys/vm/drop_caches`). */
  dropCaches(): void {
    for (const file of this.directory.cached.values()) this.faults.evictFile(file);
  }

  /**
   * Fills `into` with the bytes that a power loss right now would leave; false where the file would not exist, would
   * be shorter, or has an unreadable sector there.
   */
  peekDurableInto(file: string, offsetBytes: number, into: Uint8Array): boolean {
    return readDurableInto(this.directory, this.options.sectorBytes, file, offsetBytes, into);
  }

  /** {@link peekDurableInto} with a fresh array, unless one is given; null instead of false. */
  peekDurable(
    file: string,
    offsetBytes: number,
    lengthBytes: number,
    into: Uint8Array = new Uint8Array(lengthBytes),
  ): Uint8Array | null {
    return this.peekDurableInto(file, offsetBytes, into) ? into : null;
  }

  /** Size that the file would have after a power loss right now; -1 when it would not exist. */
  durableSizeBytes(file: string): number {
    return this.directory.durable.get(file)?.durableSizeBytes ?? -1;
  }

  /** What a process would read, short at the end of the file; null without a file or where a sector is unreadable. */
  peekCached(file: string, offsetBytes: number, lengthBytes: number): Uint8Array | null {
    return this.directory.cached.get(file)?.read(offsetBytes, lengthBytes, false) ?? null;
  }

  /** Writes at once for an operator's tool; `synced` also syncs the file, as `rsync --fsync` does. */
  poke(file: string, offsetBytes: number, bytes: Uint8Array, synced: boolean): '' | 'EIO' | 'ENOSPC' | 'ENOENT' {
    const { core } = this;
    const target = this.directory.cached.get(file);
    if (target === undefined) return 'ENOENT';
    const error = this.store(target, offsetBytes, bytes);
    core.trace.fold(core.nowUs, RECORD.write, this.host, target.hash, offsetBytes, digestBytes(bytes));
    if (synced) this.syncFile(file);
    return error;
  }

  /**
   * Identity of what a process reads from that sector: any change of its bytes, in the cache or below it, gives a
   * higher number, so that results may be memoised by (host, file, sector, version) as R29 says.
   */
  sectorVersion(file: string, sector: number): number {
    const known = this.directory.cached.get(file)?.sectors[sector] ?? null;
    return known === null ? 0 : known.version + known.durableVersion;
  }

  /** Changes of that sector's device bytes so far, damage included. */
  durableVersion(file: string, sector: number): number {
    return this.directory.durable.get(file)?.sectors[sector]?.durableVersion ?? 0;
  }

  /** Un-synced sectors of all files. */
  dirtySectors(): number {
    let count = 0;
    for (const file of this.directory.cached.values()) count += file.dirtySectors();
    return count;
  }

  /** Bytes of sector buffers: what R28 charges to the run. */
  get allocatedBytes(): number {
    return this.context.pool.allocatedBytes;
  }

  get capacityBytes(): number {
    return this.options.capacityBytes + this.grownBytes;
  }

  /** Grows the file system to `capacityBytes`; a smaller size changes nothing. */
  grow(capacityBytes: number): void {
    this.grownBytes = Math.max(this.grownBytes, capacityBytes - this.options.capacityBytes);
  }

  usedBytes(): number {
    let used = this.fillBytes;
    for (const file of this.directory.cached.values()) {
      used += this.sparse ? file.sectorCount * this.options.sectorBytes : file.sizeBytes;
    }
    return used;
  }

  freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes());
  }

  setFill(bytes: number): void {
    this.fillBytes = Math.max(0, bytes);
  }

  /** Class A: something outside the simulation fills the disk up to `percent`; what is used already stays. */
  setFull(label: string, percent: number): void {
    const wantedBytes = Math.floor((this.capacityBytes * percent) / 100);
    this.setFill(wantedBytes - (this.usedBytes() - this.fillBytes));
    this.context.fired(label);
  }
}
