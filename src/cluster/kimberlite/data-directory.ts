import type { Disk } from '../../sim/disk.ts';
import { hash128 } from '../storage/checksum.ts';
import { type Header, type Prepare, sameSum, ZERO_SUM } from '../storage/prepare.ts';
import { FILE, HEADER_SECTOR_BYTES, type VsrConfig } from '../vsr/config.ts';
import { classifySlot } from '../vsr/journal-table.ts';
import {
  formatSuperblock,
  type OpenedSuperblock,
  openSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_COPY_BYTES,
  type SuperblockState,
} from '../vsr/superblock.ts';

/** The zones of a replica's data directory, by file name. */
export const ZONES: readonly string[] = [
  FILE.superblock,
  FILE.headers,
  FILE.prepares,
  FILE.checkpoint[0],
  FILE.checkpoint[1],
];

/** Where the bytes of a data directory come from: a disk (what a power loss would leave), or a snapshot. */
export interface DataSource {
  /** -1 when there is no such zone. */
  sizeBytes(zone: string): number;
  /** null where the bytes cannot be read. */
  read(zone: string, offsetBytes: number, lengthBytes: number): Uint8Array | null;
}

export function diskSource(disk: Disk): DataSource {
  return {
    sizeBytes: (zone) => disk.durableSizeBytes(zone),
    read: (zone, offsetBytes, lengthBytes) => disk.peekDurable(zone, offsetBytes, lengthBytes),
  };
}

/** One damaged place that a full scan found. */
export interface Damage {
  readonly zone: string;
  /** Copy of the superblock, or slot of the journal; 0 for a checkpoint. */
  readonly index: number;
  /** Op that it should hold, -1 when that is not known. */
  readonly op: number;
  readonly text: string;
}

/** What a data directory holds. */
export interface Scan {
  readonly superblock: SuperblockState | null;
  readonly sequence: number;
  readonly opened: OpenedSuperblock;
  readonly damage: readonly Damage[];
  /** Intact entries by op number, above the checkpoint. */
  readonly entries: ReadonlyMap<number, Prepare>;
  /** Last op of the chain that begins right above the checkpoint without a gap. */
  readonly chainHead: number;
  /** First op that is known to belong to the log and is missing or does not follow from its predecessor; -1: none. */
  readonly brokenOp: number;
  readonly bytesRead: number;
  readonly recordCount: number;
}

function superblockCopies(source: DataSource): (Uint8Array | null)[] {
  const copies: (Uint8Array | null)[] = [];
  for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
    copies.push(source.read(FILE.superblock, copy * SUPERBLOCK_COPY_BYTES, SUPERBLOCK_COPY_BYTES));
  }
  return copies;
}

export function readSuperblock(source: DataSource): OpenedSuperblock {
  return openSuperblock(superblockCopies(source));
}

/** Reads everything as the server would at start, and judges it without changing anything. */
export function scanDataDirectory(source: DataSource, config: VsrConfig): Scan {
  const copies = superblockCopies(source);
  const opened = openSuperblock(copies);
  const state = opened.kind === 'open' ? opened.state : null;
  const damage: Damage[] = [];
  if (opened.kind === 'lost') damage.push({ zone: FILE.superblock, index: 0, op: -1, text: opened.reason });
  for (const [index, copy] of copies.entries()) {
    // A copy that is intact but behind belongs to an update under way. Two of the same open if one of them can be read.
    const intact = openSuperblock([copy, copy]).kind === 'open';
    if (!intact) damage.push({ zone: FILE.superblock, index, op: -1, text: 'copy unreadable' });
  }
  const checkpointOp = state?.checkpointOp ?? 0;
  if (state !== null && checkpointOp > 0) scanCheckpoint(source, state, damage);
  const entries = scanJournal(source, config, checkpointOp, damage);
  const { chainHead, brokenOp } = walkChain(state, entries);
  let bytesRead = 0;
  for (const zone of ZONES) bytesRead += Math.max(0, source.sizeBytes(zone));
  return {
    superblock: state,
    sequence: opened.kind === 'open' ? opened.sequence : 0,
    opened,
    damage,
    entries,
    chainHead,
    brokenOp,
    bytesRead,
    recordCount: entries.size,
  };
}

function scanCheckpoint(source: DataSource, state: SuperblockState, damage: Damage[]): void {
  const zone = FILE.checkpoint[state.checkpointFile] as string;
  const bytes = source.read(zone, 0, state.checkpointBytes);
  if (bytes !== null && sameSum(hash128(bytes, 0, bytes.length, ZERO_SUM), state.checkpointSum)) return;
  const text = bytes === null ? 'unreadable' : 'Checksum mismatch';
  damage.push({ zone, index: 0, op: state.checkpointOp, text });
}

function scanJournal(
  source: DataSource,
  config: VsrConfig,
  checkpointOp: number,
  damage: Damage[],
): Map<number, Prepare> {
  const entries = new Map<number, Prepare>();
  if (source.sizeBytes(FILE.headers) < 0 || source.sizeBytes(FILE.prepares) < 0) {
    damage.push({ zone: 'log', index: 0, op: -1, text: 'journal missing' });
    return entries;
  }
  for (let slot = 0; slot < config.journalSlots; slot++) {
    const header = source.read(FILE.headers, slot * HEADER_SECTOR_BYTES, HEADER_SECTOR_BYTES);
    const prepare = source.read(FILE.prepares, slot * config.slotBytes, config.slotBytes);
    const found = classifySlot(header, prepare, slot, config.journalSlots, config.cluster);
    if (found.decision === 'faulty') {
      const op = found.header?.op ?? -1;
      // A slot whose header names an op under the checkpoint holds nothing that is needed any more.
      if (op >= 0 && op <= checkpointOp) continue;
      const text = prepare === null || header === null ? 'unreadable sector' : 'Checksum mismatch';
      damage.push({ zone: 'log', index: slot, op, text });
    } else if (found.prepare !== null && found.prepare.op > checkpointOp) {
      entries.set(found.prepare.op, found.prepare);
    }
  }
  return entries;
}

/** Follows the hash chain up from the checkpoint. What lies above all known ops may be left over from a former view. */
function walkChain(
  state: SuperblockState | null,
  entries: ReadonlyMap<number, Prepare>,
): { chainHead: number; brokenOp: number } {
  if (state === null) return { chainHead: 0, brokenOp: -1 };
  let known = Math.max(state.commit, state.checkpointOp);
  const named = new Map<number, Header>();
  for (const header of state.viewHeaders) {
    named.set(header.op, header);
    if (header.op > known) known = header.op;
  }
  let parent = state.checkpointOpSum;
  let op = state.checkpointOp;
  for (;;) {
    const next = entries.get(op + 1);
    const wanted = named.get(op + 1);
    const follows =
      next !== undefined && sameSum(next.parent, parent) && (wanted === undefined || sameSum(wanted.sum, next.sum));
    if (!follows) break;
    op++;
    parent = next.sum;
  }
  return { chainHead: op, brokenOp: op < known ? op + 1 : -1 };
}

/** Writes a superblock over all copies at once and syncs it, as an offline tool does; sequence one above `former`. */
export function writeSuperblock(disk: Disk, state: SuperblockState, former: OpenedSuperblock, least: number): string {
  const sequence = Math.max(former.kind === 'open' ? former.sequence : 0, least) + 1;
  const bytes = formatSuperblock(state, sequence, former.kind === 'open' ? former.sum : ZERO_SUM);
  if (disk.createFile(FILE.superblock, bytes.length) !== '') return 'no space left on device';
  const error = disk.poke(FILE.superblock, 0, bytes, true);
  return error === '' ? '' : `superblock: ${error}`;
}
