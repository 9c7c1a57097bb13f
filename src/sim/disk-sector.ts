/** What the device will do to the next write-back of a sector (armed by a fault; see `disk-faults.ts`). */
export interface DeviceMark {
  readonly kind: 'lose' | 'tear' | 'misdirect';
  readonly label: string;
  /** Distance in sectors for `misdirect`. */
  readonly offsetSectors: number;
}

/**
 * One sector of a file: what the device holds and the page that the kernel keeps above it. A page is kept only while it
 * differs from the device, and only its range [low, high) is stored; clean pages equal the device and need no copy.
 */
export class Sector {
  readonly index: number;
  /** Bytes on the device; null reads as zeroes. */
  durable: Uint8Array | null;
  /** The page, valid in [low, high). */
  overlay: Uint8Array | null;
  low: number;
  high: number;
  /** The sync set that will write the page back; null with a page present means a page wrongly taken for clean. */
  set: SyncSet | null;
  /** False when bytes of the page were read from a damaged sector, so that writing it back proves nothing. */
  exact: boolean;
  /** Writes so far. */
  version: number;
  /** Changes of the device's bytes so far, damage included. */
  durableVersion: number;
  /** Reads fail with EIO until the whole sector is rewritten. */
  unreadable: boolean;
  /** Damaged bytes [damageLow, damageHigh) that the ledger knows; empty when equal. */
  damageLow: number;
  damageHigh: number;
  /** Label of the fsync that claimed these bytes were durable; empty otherwise. */
  lie: string;
  /** The bytes that it claimed, [lieLow, lieHigh). */
  lieLow: number;
  lieHigh: number;
  mark: DeviceMark | null;
  /** Device bytes before the last change, where history is kept. */
  previous: Uint8Array | null;

  constructor(index: number, version: number) {
    this.index = index;
    this.durable = null;
    this.overlay = null;
    this.low = 0;
    this.high = 0;
    this.set = null;
    this.exact = true;
    this.version = version;
    this.durableVersion = 0;
    this.unreadable = false;
    this.damageLow = 0;
    this.damageHigh = 0;
    this.lie = '';
    this.lieLow = 0;
    this.lieHigh = 0;
    this.mark = null;
    this.previous = null;
  }
}

/** A page as an fsync in flight covers it, put aside because the sector was written again meanwhile. */
export interface Frozen {
  readonly sector: Sector;
  readonly buffer: Uint8Array;
  readonly low: number;
  readonly high: number;
  readonly version: number;
  readonly exact: boolean;
  readonly mark: DeviceMark | null;
}

/** The un-synced pages of one file that one fsync covers; the open set of a file waits for the next fsync. */
export class SyncSet {
  /** Order of the fsync among those of the file; 0 while open. */
  sequence: number;
  readonly sectors: Sector[];
  readonly frozen: Frozen[];

  constructor() {
    this.sequence = 0;
    this.sectors = [];
    this.frozen = [];
  }
}

const SLAB_SECTORS = 16;

/** Sector buffers of one disk, carved from slabs and reused. */
export class SectorPool {
  readonly sectorBytes: number;
  /** Bytes handed out so far, reused ones counted once: what the memory budget (R28) is charged. */
  allocatedBytes: number;
  private readonly free: Uint8Array[];
  private slab: ArrayBuffer;
  private slabUsedBytes: number;

  constructor(sectorBytes: number) {
    this.sectorBytes = sectorBytes;
    this.allocatedBytes = 0;
    this.free = [];
    this.slab = new ArrayBuffer(0);
    this.slabUsedBytes = 0;
  }

  /** A buffer with arbitrary content. */
  take(): Uint8Array {
    return this.free.pop() ?? this.carve();
  }

  takeZeroed(): Uint8Array {
    const buffer = this.free.pop();
    return buffer === undefined ? this.carve() : buffer.fill(0);
  }

  release(buffer: Uint8Array): void {
    this.free.push(buffer);
  }

  private carve(): Uint8Array {
    if (this.slabUsedBytes >= this.slab.byteLength) {
      this.slab = new ArrayBuffer(SLAB_SECTORS * this.sectorBytes);
      this.slabUsedBytes = 0;
    }
    const buffer = new Uint8Array(this.slab, this.slabUsedBytes, this.sectorBytes);
    this.slabUsedBytes += this.sectorBytes;
    this.allocatedBytes += this.sectorBytes;
    return buffer;
  }
}

/** Copies [low, high) between two sector buffers at equal places. */
export function copyRange(to: Uint8Array, from: Uint8Array, low: number, high: number): void {
  if (high - low === from.length && low === 0) to.set(from);
  else to.set(from.subarray(low, high), low);
}
