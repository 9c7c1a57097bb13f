import type { DiskContext } from './disk-context.ts';
import { clearDamage } from './disk-device.ts';
import { DiskFile } from './disk-file.ts';
import type { Sector } from './disk-sector.ts';

/** A directory operation that no fsync has made durable yet. */
interface PendingOperation {
  readonly kind: 'create' | 'remove' | 'rename' | 'resize';
  readonly sequence: number;
  readonly file: DiskFile;
  readonly name: string;
  /** New name of a rename, else empty. */
  readonly to: string;
  sizeBytes: number;
  /** Sectors that a truncation cut off, from `cutFrom` on; they come back when it does not survive. */
  readonly cut: (Sector | null)[] | null;
  readonly cutFrom: number;
}

/**
 * The names of one disk: as processes see them, as a power loss would leave them, and the operations between the two in
 * order (R2). An fsync of a name makes durable the pending operations on that name and those that they build on; of
 * the rest a power loss keeps a prefix.
 */
export class Directory {
  readonly cached: Map<string, DiskFile>;
  readonly durable: Map<string, DiskFile>;
  /** Sequence of the next operation: an fsync covers those below the value at its issue. */
  nextSequence: number;
  private readonly context: DiskContext;
  /** How many files had a name so far. */
  private readonly generations: Map<string, number>;
  private pending: PendingOperation[];
  private coveredBelow: number;

  constructor(context: DiskContext) {
    this.cached = new Map();
    this.durable = new Map();
    this.nextSequence = 1;
    this.context = context;
    this.generations = new Map();
    this.pending = [];
    this.coveredBelow = 0;
  }

  get pendingCount(): number {
    return this.pending.length;
  }

  /** Whether a directory operation on that name waits for an fsync. */
  concerns(name: string): boolean {
    return this.pending.some((operation) => touches(operation, name));
  }

  create(name: string, sizeBytes: number): DiskFile {
    const generation = this.generations.get(name) ?? 0;
    this.generations.set(name, generation + 1);
    const file = new DiskFile(this.context, name, sizeBytes, generation);
    this.cached.set(name, file);
    this.push('create', file, name, '', sizeBytes, null, 0);
    return file;
  }

  remove(name: string): boolean {
    const file = this.cached.get(name);
    if (file === undefined) return false;
    this.cached.delete(name);
    this.push('remove', file, name, '', 0, null, 0);
    return true;
  }

  rename(name: string, to: string): boolean {
    const file = this.cached.get(name);
    if (file === undefined || name === to) return false;
    this.cached.delete(name);
    this.cached.set(to, file);
    this.push('rename', file, name, to, 0, null, 0);
    file.rename(to);
    return true;
  }

  /** Grows or cuts a file. Bytes between the new end and the end of its sector are written as zeroes when cutting. */
  resize(file: DiskFile, sizeBytes: number): void {
    const sectorBytes = this.context.sectorBytes;
    if (sizeBytes < file.sizeBytes) {
      const cutFrom = Math.ceil(sizeBytes / sectorBytes);
      const cut = file.cutSectors(cutFrom);
      const restBytes = cutFrom * sectorBytes - sizeBytes;
      if (restBytes > 0) file.write(sizeBytes, new Uint8Array(restBytes));
      file.sizeBytes = sizeBytes;
      this.push('resize', file, file.name, '', sizeBytes, cut, cutFrom);
      return;
    }
    file.sizeBytes = sizeBytes;
    const last = this.pending[this.pending.length - 1];
    const joins = last !== undefined && last.file === file && last.cut === null && last.sequence >= this.coveredBelow;
    if (joins && (last.kind === 'resize' || last.kind === 'create')) last.sizeBytes = sizeBytes;
    else this.push('resize', file, file.name, '', sizeBytes, null, 0);
  }

  private push(
    kind: PendingOperation['kind'],
    file: DiskFile,
    name: string,
    to: string,
    sizeBytes: number,
    cut: (Sector | null)[] | null,
    cutFrom: number,
  ): void {
    this.pending.push({ kind, sequence: this.nextSequence++, file, name, to, sizeBytes, cut, cutFrom });
  }

  /** Issues an fsync: later operations are not covered by it. */
  beginSync(): number {
    this.coveredBelow = this.nextSequence;
    return this.nextSequence;
  }

  /** Completes an fsync of `name` that was issued at `below`. */
  finishSync(name: string, below: number): void {
    if (this.pending.length === 0) return;
    const names = new Set([name]);
    const chosen: PendingOperation[] = [];
    const rest: PendingOperation[] = [];
    for (let index = this.pending.length - 1; index >= 0; index--) {
      const operation = this.pending[index]!;
      const covered = names.has(operation.name) || (operation.to !== '' && names.has(operation.to));
      if (operation.sequence < below && covered) {
        names.add(operation.name);
        if (operation.to !== '') names.add(operation.to);
        chosen.push(operation);
      } else rest.push(operation);
    }
    this.pending = rest.reverse();
    for (const operation of chosen.reverse()) this.commit(operation);
  }

  /** Makes every pending operation durable (`sync`). */
  finishAll(): void {
    const operations = this.pending;
    this.pending = [];
    for (const operation of operations) this.commit(operation);
  }

  private commit(operation: PendingOperation): void {
    const { kind, file, name, to } = operation;
    if (kind === 'create') {
      this.replaceDurable(name, file);
      file.durableSizeBytes = operation.sizeBytes;
    } else if (kind === 'remove') this.replaceDurable(name, null);
    else if (kind === 'rename') {
      this.durable.delete(name);
      this.replaceDurable(to, file);
    } else file.durableSizeBytes = operation.sizeBytes;
  }

  private replaceDurable(name: string, file: DiskFile | null): void {
    const former = this.durable.get(name);
    // Whoever removed the file took the damage with it: what is missing from now on is not the fault's doing (R11).
    if (former !== undefined && former !== file) {
      for (const sector of former.sectors) {
        if (sector !== null && sector.damageHigh > sector.damageLow) clearDamage(this.context, former, sector);
      }
    }
    if (file === null) this.durable.delete(name);
    else this.durable.set(name, file);
  }

  /** Power loss: the first `survivors` pending operations have reached the disk, the others never happened. */
  lose(survivors: number): void {
    const operations = this.pending;
    this.pending = [];
    for (let index = 0; index < survivors; index++) this.commit(operations[index]!);
    for (let index = operations.length - 1; index >= survivors; index--) {
      const operation = operations[index]!;
      if (operation.cut !== null) operation.file.restoreSectors(operation.cutFrom, operation.cut);
    }
    this.cached.clear();
    for (const [name, file] of this.durable) {
      if (file.name !== name) file.rename(name);
      file.sizeBytes = file.durableSizeBytes;
      file.cutSectors(Math.ceil(file.sizeBytes / this.context.sectorBytes));
      this.cached.set(name, file);
    }
  }

  /** The sector that a power loss would leave at an index: an un-synced truncation has not cut it yet. */
  durableSector(file: DiskFile, index: number): Sector | null {
    for (const operation of this.pending) {
      if (operation.file === file && operation.cut !== null && operation.cutFrom <= index) {
        return operation.cut[index - operation.cutFrom] ?? null;
      }
    }
    return file.sectors[index] ?? null;
  }

  /** All files that processes see or that a power loss would bring back, each once. */
  all(): DiskFile[] {
    const files = new Set<DiskFile>(this.durable.values());
    for (const file of this.cached.values()) files.add(file);
    return [...files];
  }

  /** Everything is gone at once (lost disk). */
  clear(): void {
    this.cached.clear();
    this.durable.clear();
    this.pending = [];
  }
}

function touches(operation: PendingOperation, name: string): boolean {
  return operation.name === name || operation.to === name;
}
