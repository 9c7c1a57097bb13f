import { type Header, type Prepare, sameSum } from '../storage/prepare.ts';
import { decodeHeader, decodeRecord, isReserved, recordCluster } from '../storage/record.ts';

/**
 * What a slot of the journal tells after a restart, as a decision table in data.
 *
 * Two witnesses speak for a slot: its sector of the header ring, and the record in the prepare zone. An append (a)
 * writes the record and syncs it, (b) writes the header and syncs it, and only then (c) may a prepare_ok leave. A slot
 * is reused only once the own checkpoint covers its op. The reader has synced both files, or reads past the cache (R2).
 *
 * Each witness is in one of four conditions:
 * - *damaged*: checksum, cluster or slot wrong (a misdirected write brings another slot's bytes), or unreadable (EIO).
 *   Zeros are damage; a slot that was never used holds a reserved header.
 * - *past*: intact, and known not to belong to the present log: reserved, at or below the checkpoint, or superseded,
 *   which means that the superblock's log of the newest log view has another entry there, or ends below the op although
 *   the entry is of an earlier view.
 * - *beyond*: intact, but more than one ring above the checkpoint. Nothing writes there, so the superblock is an older
 *   one than the journal.
 * - *live*: intact and none of these.
 *
 * From (b) before (c) follows what the rows rest on: an acknowledged op has a live header for as long as its header
 * sector is undamaged, and damage of the record does not touch it. So a header that is past proves that the op was
 * never acknowledged here, and any other damage proves nothing.
 */

/** The inputs, in the order of the patterns below. */
export const JOURNAL_INPUTS = [
  'headerIntact',
  'headerPast',
  'headerBeyond',
  'prepareIntact',
  'preparePast',
  'prepareBeyond',
  /** The header's op is below the record's. */
  'headerOlder',
  /** The header's op is above the record's. */
  'headerNewer',
  'sameSum',
] as const;

/**
 * - `clean`: both witnesses agree on a live entry.
 * - `empty`: nothing of the present log; may be denied.
 * - `torn`: an append that was cut short before it was acknowledged; may be denied.
 * - `fix`: the record is intact and stays; its header must be written before it may be acknowledged.
 * - `faulty`: may have held an acknowledged op; must not be denied (R7).
 */
export type JournalDecision = 'clean' | 'empty' | 'torn' | 'fix' | 'faulty';

export interface JournalRow {
  readonly name: string;
  /** One character per input, in order: 1, 0, or - for either. Blanks separate header, record and relation. */
  readonly when: string;
  readonly decision: JournalDecision;
  /** Whose header is known afterwards. */
  readonly known: 'header' | 'prepare' | 'none';
  readonly why: string;
}

export const JOURNAL_TABLE: readonly JournalRow[] = [
  {
    name: 'both damaged',
    when: '0-- 0-- ---',
    decision: 'faulty',
    known: 'none',
    why: 'either may have held an acknowledged op',
  },
  {
    name: 'header damaged, record past',
    when: '0-- 11- ---',
    decision: 'faulty',
    known: 'none',
    why: 'the header may have named an op whose record was lost on its way to the disk (a lost or misdirected write)',
  },
  {
    name: 'header damaged, record beyond',
    when: '0-- 101 ---',
    decision: 'faulty',
    known: 'none',
    why: 'the slot held an op of this ring once, and nothing is left of it',
  },
  {
    name: 'header damaged, record live',
    when: '0-- 100 ---',
    decision: 'fix',
    known: 'prepare',
    why: 'a record is written before its header, so no newer header can have stood there; the record may have been acknowledged and is kept',
  },
  {
    name: 'header past, record damaged',
    when: '11- 0-- ---',
    decision: 'torn',
    known: 'none',
    why: 'step (a) of a new entry was cut short, or the record of the past entry rotted: in both cases step (b) of a present op never ended',
  },
  {
    name: 'both past',
    when: '11- 11- ---',
    decision: 'empty',
    known: 'none',
    why: 'no present op was ever appended here; a difference between the two concerns the past alone',
  },
  {
    name: 'header past, record beyond',
    when: '11- 101 ---',
    decision: 'faulty',
    known: 'none',
    why: 'the journal has gone on after this superblock: the slot was written after its op of this ring was covered',
  },
  {
    name: 'header past, record live',
    when: '11- 100 ---',
    decision: 'fix',
    known: 'prepare',
    why: 'the crash came between (a) and (b): never acknowledged, but intact; keeping it promises nothing and saves a repair',
  },
  {
    name: 'header beyond',
    when: '101 --- ---',
    decision: 'faulty',
    known: 'none',
    why: 'the op of this ring was acknowledged and overwritten after a checkpoint that this superblock does not know',
  },
  {
    name: 'header live, record damaged',
    when: '100 0-- ---',
    decision: 'faulty',
    known: 'header',
    why: 'step (b) ended, so the op may have been acknowledged; its header tells what to ask the peers for',
  },
  {
    name: 'header live, record past',
    when: '100 11- ---',
    decision: 'faulty',
    known: 'header',
    why: 'the record that the header names was lost on its way to the disk although the disk said otherwise',
  },
  {
    name: 'header live, record beyond',
    when: '100 101 ---',
    decision: 'faulty',
    known: 'header',
    why: 'the record of the live op was overwritten by one that this superblock does not know of',
  },
  {
    name: 'both live, header older',
    when: '100 100 1--',
    decision: 'fix',
    known: 'prepare',
    why: 'a newer entry took the slot and the crash came between (a) and (b)',
  },
  {
    name: 'both live, header newer',
    when: '100 100 01-',
    decision: 'faulty',
    known: 'header',
    why: 'the record that the header names was lost, the one before it shows; the newer op may have been acknowledged',
  },
  {
    name: 'same op, another sum',
    when: '100 100 000',
    decision: 'faulty',
    known: 'none',
    why: 'record ahead of header (a crash) and header ahead of record (a lost write) look alike, and an original view does not tell which came later',
  },
  {
    name: 'identical',
    when: '100 100 001',
    decision: 'clean',
    known: 'prepare',
    why: 'both steps ended',
  },
];

/** The table with its patterns as two words of bits: a row matches when `inputs & mask` equals `value`. */
interface CompiledRow {
  readonly row: JournalRow;
  readonly mask: number;
  readonly value: number;
}

const COMPILED: readonly CompiledRow[] = JOURNAL_TABLE.map(compile);

function compile(row: JournalRow): CompiledRow {
  let mask = 0;
  let value = 0;
  let input = 0;
  for (const letter of row.when) {
    if (letter === ' ') continue;
    if (letter !== '-') mask |= 1 << input;
    if (letter === '1') value |= 1 << input;
    input++;
  }
  return { row, mask, value };
}

/** All rows that match `inputs` (bit n is input n of {@link JOURNAL_INPUTS}): always exactly one, as the test proves. */
export function matchingRows(inputs: number): readonly JournalRow[] {
  return COMPILED.filter((each) => (inputs & each.mask) === each.value).map((each) => each.row);
}

function decide(inputs: number): JournalRow {
  for (const each of COMPILED) if ((inputs & each.mask) === each.value) return each.row;
  return JOURNAL_TABLE[0]!;
}

/** What the superblock says of the present log: enough to tell which entries of the journal are past. */
export interface PresentLog {
  readonly checkpointOp: number;
  readonly logView: number;
  /** Canonical headers of the log with which `logView` began, from the checkpoint on; ops may be missing. */
  readonly viewHeaders: readonly Header[];
}

export interface SlotFound {
  readonly decision: JournalDecision;
  /** The row that decided, for texts and marks. */
  readonly row: string;
  /** The header that the slot's op must have, null where unknown. */
  readonly header: Header | null;
  /** The intact entry (`clean` and `fix`), else null. */
  readonly prepare: Prepare | null;
}

/**
 * Reads one slot. `headerBytes` is its sector of the header ring and `prepareBytes` its part of the prepare zone, null
 * where the device refused to read. Without `present`, only reserved slots count as past and nothing as beyond: then
 * the caller has to sort out old entries by itself, and a torn append over an old entry shows as faulty.
 */
export function classifySlot(
  headerBytes: Uint8Array | null,
  prepareBytes: Uint8Array | null,
  slot: number,
  slotCount: number,
  cluster: number,
  present: PresentLog | null = null,
): SlotFound {
  let header = headerBytes === null ? null : decodeHeader(headerBytes, 0);
  if (header !== null && (header.cluster !== cluster || header.op % slotCount !== slot)) header = null;
  let prepare = prepareBytes === null ? null : decodeRecord(prepareBytes, 0);
  if (prepare !== null && (recordCluster(prepare) !== cluster || prepare.op % slotCount !== slot)) prepare = null;

  let inputs = 0;
  if (header !== null) inputs |= 1 | place(header, slotCount, present);
  else if (headerBytes !== null && isReserved(headerBytes, 0, slot, cluster)) inputs |= 3;
  if (prepare !== null) inputs |= (1 | place(prepare, slotCount, present)) << 3;
  else if (prepareBytes !== null && isReserved(prepareBytes, 0, slot, cluster)) inputs |= 3 << 3;
  if (header !== null && prepare !== null) {
    if (header.op < prepare.op) inputs |= 64;
    if (header.op > prepare.op) inputs |= 128;
    if (sameSum(header.sum, prepare.sum)) inputs |= 256;
  }
  const row = decide(inputs);
  const keeps = row.decision === 'clean' || row.decision === 'fix';
  return {
    decision: row.decision,
    row: row.name,
    header: row.known === 'header' ? header : row.known === 'prepare' ? prepare : null,
    prepare: keeps ? prepare : null,
  };
}

/** The inputs past (2) and beyond (4) of an intact witness. */
function place(header: Header, slotCount: number, present: PresentLog | null): number {
  if (present === null) return 0;
  if (header.op <= present.checkpointOp) return 2;
  if (header.op > present.checkpointOp + slotCount) return 4;
  return isSuperseded(header, present) ? 2 : 0;
}

/**
 * True when the log of the newest log view is known not to hold this entry. Above the head with which that view began,
 * every entry was first prepared in the view itself. A superblock with the view is durable before the view's first
 * entry is written, so an entry is never superseded by its own successor's view.
 */
export function isSuperseded(header: Header, present: PresentLog): boolean {
  let viewHead = present.checkpointOp;
  for (const canonical of present.viewHeaders) {
    if (canonical.op === header.op) return !sameSum(canonical.sum, header.sum);
    if (canonical.op > viewHead) viewHead = canonical.op;
  }
  return header.op > viewHead && header.view < present.logView;
}
