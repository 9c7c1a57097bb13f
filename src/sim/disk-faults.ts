import type { DiskContext } from './disk-context.ts';
import { DiskDamage } from './disk-damage.ts';
import { damageSector } from './disk-device.ts';
import type { Directory } from './disk-directory.ts';
import type { DiskFile } from './disk-file.ts';
import type { DiskRequest } from './disk-request.ts';
import type { DeviceMark } from './disk-sector.ts';
import { type FsyncFailure, failSync, lieSync } from './disk-sync-faults.ts';

/** A fault that waits for a matching request. */
interface ArmedFault {
  readonly kind: 'read-error' | 'write-error' | 'sync-error' | 'sync-lie' | 'misdirect-read' | 'stale-read' | 'mark';
  readonly label: string;
  readonly prefix: string;
  count: number;
  readonly failure: FsyncFailure;
  readonly mark: DeviceMark | null;
  readonly offsetSectors: number;
  readonly sector: number;
}

/**
 * All faults of one disk: those of {@link DiskDamage}, and here those that wait for a request. An armed fault takes a
 * file prefix (empty: any file), strikes the first requests that match, enters its damage into the ledger and tells
 * `onFault` when it hits, and is struck off after `count` hits.
 */
export class DiskFaults extends DiskDamage {
  /** Faults that wait for a request: the disk looks here only while it is above 0. */
  armed: number;
  private list: ArmedFault[];

  constructor(context: DiskContext, directory: Directory) {
    super(context, directory);
    this.armed = 0;
    this.list = [];
  }

  private arm(
    kind: ArmedFault['kind'],
    label: string,
    prefix: string,
    count: number,
    rest: Partial<Pick<ArmedFault, 'failure' | 'mark' | 'offsetSectors' | 'sector'>> = {},
  ): void {
    const { failure = 'ext4', mark = null, offsetSectors = 0, sector = -1 } = rest;
    this.list.push({ kind, label, prefix, count, failure, mark, offsetSectors, sector });
    this.armed = this.list.length;
  }

  /** Forgets the armed faults of a label, or all of them. */
  disarm(label?: string): void {
    this.list = label === undefined ? [] : this.list.filter((fault) => fault.label !== label);
    this.armed = this.list.length;
  }

  private find(file: DiskFile, kinds: readonly ArmedFault['kind'][]): ArmedFault | null {
    for (const fault of this.list) {
      if (kinds.includes(fault.kind) && file.name.startsWith(fault.prefix)) return fault;
    }
    return null;
  }

  private strike(fault: ArmedFault): void {
    fault.count--;
    if (fault.count > 0) return;
    this.list = this.list.filter((other) => other !== fault);
    this.armed = this.list.length;
  }

  /** Class A: the next requests of that kind end in EIO; a write does not reach the cache. */
  failNext(kind: 'read' | 'write', label: string, prefix = '', count = 1): void {
    this.arm(kind === 'read' ? 'read-error' : 'write-error', label, prefix, count);
  }

  /** Class A (R4): the next fsync reports EIO once; see {@link failSync}. */
  failNextFsync(label: string, prefix: string, failure: FsyncFailure): void {
    this.arm('sync-error', label, prefix, 1, { failure });
  }

  /** Class C: the next `count` fsyncs with something to make durable report success and do nothing. */
  lieFsync(label: string, count: number, prefix = ''): void {
    this.arm('sync-lie', label, prefix, count);
  }

  /** Class C: the next write is acknowledged and synced but never reaches the device; reads after the sync see old bytes. */
  loseNextWrite(label: string, prefix = '', count = 1): void {
    this.arm('mark', label, prefix, count, { mark: { kind: 'lose', label, offsetSectors: 0 } });
  }

  /** Class C: the next write is acknowledged and synced but reaches the device torn in 512 B units. */
  tearNextWrite(label: string, prefix = '', count = 1): void {
    this.arm('mark', label, prefix, count, { mark: { kind: 'tear', label, offsetSectors: 0 } });
  }

  /** Class C at the intended place, B where it lands: `offsetSectors` away, wrapping at the end of the file. */
  misdirectNextWrite(label: string, offsetSectors: number, prefix = ''): void {
    this.arm('mark', label, prefix, 1, { mark: { kind: 'misdirect', label, offsetSectors } });
  }

  /** Class C: the next read from the device returns what stands `offsetSectors` away, wrapping at the end of the file. */
  misdirectNextRead(label: string, offsetSectors: number, prefix = ''): void {
    this.arm('misdirect-read', label, prefix, 1, { offsetSectors });
  }

  /** Class C: the next device read of that sector returns its previous bytes. False without such bytes. */
  staleRead(label: string, file: string, sector: number): boolean {
    const target = this.target(file);
    if (target?.sectors[sector]?.previous == null) return false;
    this.arm('stale-read', label, file, 1, { sector });
    return true;
  }

  /** Called for each write while faults are armed: the fault that strikes it, if any. */
  takeWrite(file: DiskFile): ArmedWriteFault | null {
    const fault = this.find(file, ['write-error', 'mark']);
    if (fault === null) return null;
    this.strike(fault);
    if (fault.kind === 'write-error') this.context.fired(fault.label);
    return { mark: fault.mark };
  }

  /** Marks the sectors of a write for the device's next write-back. */
  markWrite(file: DiskFile, offsetBytes: number, lengthBytes: number, mark: DeviceMark): void {
    const sectorBytes = this.context.sectorBytes;
    for (let index = Math.floor(offsetBytes / sectorBytes); index * sectorBytes < offsetBytes + lengthBytes; index++) {
      const sector = file.sectorAt(index);
      if (sector.mark === null) sector.mark = mark;
    }
  }

  /** Called for each read while faults are armed; true when it ended the read. */
  beforeRead(file: DiskFile, request: DiskRequest): boolean {
    const fault = this.find(file, ['read-error', 'misdirect-read', 'stale-read']);
    if (fault === null) return false;
    if (fault.kind === 'read-error') {
      request.error = 'EIO';
      this.strike(fault);
      const { core, host } = this.context;
      core.ledger.refuse(fault.label, host, file.name, core.nowUs);
      this.context.fired(fault.label);
      return true;
    }
    const healthy = file.read(request.offsetBytes, request.lengthBytes, request.direct);
    if (healthy === null || healthy.length === 0) return false;
    const wrong =
      fault.kind === 'stale-read'
        ? this.stale(file, request, fault, healthy)
        : this.misread(file, request, fault, healthy);
    if (wrong === null || !this.context.admits(fault.label, 'C', file.name, fault.sector)) return false;
    request.bytes = wrong;
    this.strike(fault);
    this.context.fired(fault.label);
    return true;
  }

  private stale(file: DiskFile, request: DiskRequest, fault: ArmedFault, healthy: Uint8Array): Uint8Array | null {
    const sector = file.sectors[fault.sector] ?? null;
    if (file.name !== fault.prefix || sector === null || sector.previous === null) return null;
    const startBytes = fault.sector * this.context.sectorBytes;
    const from = Math.max(request.offsetBytes, startBytes);
    const to = Math.min(request.offsetBytes + healthy.length, startBytes + this.context.sectorBytes);
    if (from >= to || (sector.overlay !== null && !request.direct)) return null;
    const wrong = healthy.slice();
    wrong.set(sector.previous.subarray(from - startBytes, to - startBytes), from - request.offsetBytes);
    if (equal(wrong, healthy)) return null;
    damageSector(this.context, file, sector, fault.label, 'C', from - startBytes, to - startBytes);
    return wrong;
  }

  private misread(file: DiskFile, request: DiskRequest, fault: ArmedFault, healthy: Uint8Array): Uint8Array | null {
    const sectorBytes = this.context.sectorBytes;
    const first = Math.floor(request.offsetBytes / sectorBytes);
    const last = Math.floor((request.offsetBytes + healthy.length - 1) / sectorBytes);
    for (let index = first; index <= last; index++) {
      if (!request.direct && (file.sectors[index]?.overlay ?? null) !== null) return null;
    }
    const extentBytes = Math.ceil(file.sizeBytes / sectorBytes) * sectorBytes;
    const shifted = request.offsetBytes + fault.offsetSectors * sectorBytes;
    const offsetBytes = ((shifted % extentBytes) + extentBytes) % extentBytes;
    const wrong = new Uint8Array(healthy.length);
    if (!file.copyOut(offsetBytes, wrong, true) || equal(wrong, healthy)) return null;
    for (let index = first; index <= last; index++) {
      const low = Math.max(request.offsetBytes - index * sectorBytes, 0);
      const high = Math.min(request.offsetBytes + healthy.length - index * sectorBytes, sectorBytes);
      damageSector(this.context, file, file.sectorAt(index), fault.label, 'C', low, high);
    }
    return wrong;
  }

  /** Called for each fsync while faults are armed; true when it ended the fsync. */
  beforeSync(file: DiskFile, request: DiskRequest): boolean {
    const fault = this.find(file, ['sync-error', 'sync-lie']);
    if (fault === null) return false;
    if (fault.kind === 'sync-error') {
      failSync(this.context, file, request.syncSequence, fault.label, fault.failure);
      request.error = 'EIO';
    } else {
      const names = this.directory.concerns(request.file);
      if (!names && !file.covers(request.syncSequence)) return false;
      if (!this.context.admits(fault.label, 'C', file.name, -1)) return false;
      lieSync(this.context, file, request.syncSequence, fault.label);
    }
    this.strike(fault);
    this.context.fired(fault.label);
    return true;
  }
}

/** What {@link DiskFaults.takeWrite} decided: an error (no mark) or a mark for the write-back. */
export interface ArmedWriteFault {
  readonly mark: DeviceMark | null;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
