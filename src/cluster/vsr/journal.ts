import type { DiskOp, Host } from '../../sim/api.ts';
import type { Header, Prepare, Sum } from '../storage/prepare.ts';
import { sameSum } from '../storage/prepare.ts';
import { decodeRecord } from '../storage/record.ts';
import { FILE, HEADER_BYTES, HEADER_SECTOR_BYTES, TOKEN } from './config.ts';

/** Life of a slot's write: nothing, prepare under way, prepare synced and header under way, both synced. */
export const SLOT = { none: 0, writing: 1, synced: 2, durable: 3 } as const;

const WRITES_MASK = 8191;

/**
 * The write-ahead log of a replica: what it knows of each op in memory, and the two-step write of each entry.
 *
 * Step one writes the record and syncs it; only then step two writes its header into the header ring and syncs that;
 * only then may the op be acknowledged. So after a power loss an old header beside a broken record proves a torn append
 * that nobody was ever told of, while a new header beside a broken record may have been acknowledged: the slot is
 * faulty and must not deny (R7). One fsync of each file is under way at a time and covers all writes before it.
 */
export class Journal {
  readonly slotCount: number;
  /** Per slot: the entry, null while only its header is known or nothing is. */
  readonly entries: (Prepare | null)[];
  /** Per slot: the header that the op there must have, as far as it is known. */
  readonly headers: (Header | null)[];
  readonly states: Uint8Array;
  /** 1: the slot's bytes are damaged, and what it held may have been acknowledged. */
  readonly faulty: Uint8Array;
  /** 1: a sector of the slot cannot be read, so it must be written as a whole (a partial write would have to read it). */
  readonly rough: Uint8Array;
  /** The op that a faulty slot without a known header stands for, by slot. */
  readonly faultyOps: Float64Array;
  /** By op: intact entries that the own checkpoint covers, kept while its bytes are damaged. */
  readonly covered: Map<number, Prepare>;
  /** Told when an entry is durable. */
  onDurable: (op: number) => void;
  /** Told when the disk refused: the replica stops (R4). */
  onFailure: (error: string) => void;
  private readonly host: Host;
  private readonly slotBytes: number;
  private readonly generations: Int32Array;
  private readonly generationSlots: Int32Array;
  private namedHead: number;
  private namedHeadSum: Sum | null;
  private generation: number;
  private written: number[];
  private syncing: number[];
  private headersWritten: number[];
  private headersSyncing: number[];

  constructor(host: Host, slotCount: number, slotBytes: number) {
    this.host = host;
    this.slotCount = slotCount;
    this.slotBytes = slotBytes;
    this.entries = new Array(slotCount).fill(null);
    this.headers = new Array(slotCount).fill(null);
    this.states = new Uint8Array(slotCount);
    this.faulty = new Uint8Array(slotCount);
    this.rough = new Uint8Array(slotCount);
    this.faultyOps = new Float64Array(slotCount).fill(-1);
    this.covered = new Map();
    this.generations = new Int32Array(slotCount);
    this.generationSlots = new Int32Array(WRITES_MASK + 1);
    this.namedHead = 0;
    this.namedHeadSum = null;
    this.generation = 0;
    this.written = [];
    this.syncing = [];
    this.headersWritten = [];
    this.headersSyncing = [];
    this.onDurable = () => {};
    this.onFailure = () => {};
  }

  slotOf(op: number): number {
    return op % this.slotCount;
  }

  /** The entry of `op` with its body, or null. */
  entry(op: number): Prepare | null {
    const entry = this.entries[op % this.slotCount] as Prepare | null;
    return entry !== null && entry.op === op ? entry : null;
  }

  /** The header that `op` must have, or null when it is not known. */
  header(op: number): Header | null {
    const header = this.headers[op % this.slotCount] as Header | null;
    return header !== null && header.op === op ? header : null;
  }

  /** The bytes of a slot whose op a checkpoint covers that cannot be read: the entry is kept for peers, if intact. */
  keepCovered(bytes: Uint8Array): void {
    const entry = decodeRecord(bytes, 0);
    if (entry !== null) this.covered.set(entry.op, entry);
  }

  /**
   * Sum of the entry at `op` as the entry after it names its parent, or as a vote told it; null where that is not known,
   * or where the slot belongs to a later op of a log that reaches to `head`.
   */
  sumNamedAfter(op: number, head: number): Sum | null {
    if (op <= head - this.slotCount) return null;
    if (op === head && op === this.namedHead) return this.namedHeadSum;
    return this.header(op + 1)?.parent ?? null;
  }

  /** The sum of a log's last entry, which no entry names as its parent; null: not known. */
  nameHead(op: number, sum: Sum | null): void {
    this.namedHead = op;
    this.namedHeadSum = sum;
  }

  isDurable(op: number): boolean {
    const slot = op % this.slotCount;
    return this.states[slot] === SLOT.durable && this.entry(op) !== null;
  }

  /** Whether the slot may have held an acknowledged `op` that it cannot show any more. */
  isFaulty(op: number): boolean {
    const slot = op % this.slotCount;
    if (this.faulty[slot] === 0) return false;
    const stands = this.faultyOps[slot] as number;
    return stands < 0 || stands === op;
  }

  /** Takes `prepare` into its slot and begins to write it. The slot's former content must not be needed any more. */
  append(prepare: Prepare): void {
    const slot = prepare.op % this.slotCount;
    this.entries[slot] = prepare;
    this.headers[slot] = prepare;
    const generation = ++this.generation;
    this.generations[slot] = generation;
    this.generationSlots[generation & WRITES_MASK] = slot;
    this.states[slot] = SLOT.writing;
    const bytes = this.rough[slot] === 1 ? padded(prepare.record, this.slotBytes) : prepare.record;
    this.host.write(FILE.prepares, slot * this.slotBytes, bytes, TOKEN.prepareWrite, generation);
  }

  /** Notes the header that `op` must have; an entry with another sum is forgotten. */
  expect(header: Header): void {
    const slot = header.op % this.slotCount;
    const entry = this.entries[slot] as Prepare | null;
    if (entry !== null && entry.op === header.op && sameSum(entry.sum, header.sum)) {
      this.headers[slot] = entry;
      return;
    }
    this.headers[slot] = header;
    this.entries[slot] = null;
    this.states[slot] = SLOT.none;
    this.generations[slot] = -1;
  }

  /** Forgets what a slot holds; a write of it that is under way no longer counts. */
  forget(slot: number): void {
    this.headers[slot] = null;
    this.entries[slot] = null;
    this.states[slot] = SLOT.none;
    this.generations[slot] = -1;
  }

  /** Forgets everything above `op`: those entries are not part of the log (a truncation decided by a view change). */
  truncate(op: number): void {
    for (let slot = 0; slot < this.slotCount; slot++) {
      const header = this.headers[slot] as Header | null;
      const beyond = header !== null && header.op > op;
      if (beyond) this.forget(slot);
      if (this.faulty[slot] === 1 && (this.faultyOps[slot] as number) > op) {
        this.faulty[slot] = 0;
        this.faultyOps[slot] = -1;
      }
    }
  }

  /** A completion; false when it was not one of the journal's. */
  onDisk(op: DiskOp): boolean {
    switch (op.token) {
      case TOKEN.prepareWrite:
        if (this.refused(op) || !this.current(op.tag)) return true;
        this.written.push(op.tag);
        this.syncPrepares();
        return true;
      case TOKEN.prepareSync:
        if (!this.refused(op)) this.preparesSynced();
        return true;
      case TOKEN.headerWrite:
        if (this.refused(op) || !this.current(op.tag)) return true;
        this.headersWritten.push(op.tag);
        this.syncHeaders();
        return true;
      case TOKEN.headerSync:
        if (!this.refused(op)) this.headersSynced();
        return true;
      default:
        return false;
    }
  }

  private current(generation: number): boolean {
    return this.generations[this.generationSlots[generation & WRITES_MASK] as number] === generation;
  }

  private refused(op: DiskOp): boolean {
    if (op.error === '') return false;
    this.onFailure(`${op.kind} of ${op.file}: ${op.error}`);
    // Reached only where a rule goes on after an error: then the request counts as done.
    return false;
  }

  private syncPrepares(): void {
    if (this.syncing.length > 0 || this.written.length === 0) return;
    const batch = this.written;
    this.written = this.syncing;
    this.syncing = batch;
    this.host.fsync(FILE.prepares, TOKEN.prepareSync, 0);
  }

  private preparesSynced(): void {
    for (const generation of this.syncing) {
      if (!this.current(generation)) continue;
      const slot = this.generationSlots[generation & WRITES_MASK] as number;
      this.states[slot] = SLOT.synced;
      const header = (this.entries[slot] as Prepare).record.subarray(0, HEADER_BYTES);
      const bytes = this.rough[slot] === 1 ? padded(header, HEADER_SECTOR_BYTES) : header;
      this.host.write(FILE.headers, slot * HEADER_SECTOR_BYTES, bytes, TOKEN.headerWrite, generation);
    }
    this.syncing.length = 0;
    this.syncPrepares();
  }

  private syncHeaders(): void {
    if (this.headersSyncing.length > 0 || this.headersWritten.length === 0) return;
    const batch = this.headersWritten;
    this.headersWritten = this.headersSyncing;
    this.headersSyncing = batch;
    this.host.fsync(FILE.headers, TOKEN.headerSync, 0);
  }

  private headersSynced(): void {
    const batch = this.headersSyncing;
    this.headersSyncing = [];
    for (const generation of batch) {
      if (!this.current(generation)) continue;
      const slot = this.generationSlots[generation & WRITES_MASK] as number;
      this.states[slot] = SLOT.durable;
      this.faulty[slot] = 0;
      this.rough[slot] = 0;
      this.faultyOps[slot] = -1;
      this.onDurable((this.entries[slot] as Prepare).op);
    }
    this.syncHeaders();
  }
}

function padded(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  whole.set(bytes, 0);
  return whole;
}
