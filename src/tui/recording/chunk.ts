import { FLAG } from './words.ts';

/** One thing that happened, as the log shows it. */
export interface Row {
  /** Position among all rows of the run, from 0. */
  readonly row: number;
  readonly atUs: number;
  /** Position in the trace, as `firedrill replay` prints it. */
  readonly event: number;
  /** Number of a kind ({@link ROW_KINDS}). */
  readonly kind: number;
  /** Where it happened; -1: nowhere in particular. */
  readonly host: number;
  /** The other end of a message; -1: none. */
  readonly peer: number;
  /** The op number that it mentions; -1: none. */
  readonly op: number;
  readonly text: string;
  readonly flags: number;
}

/** Rows after which a chunk ends, at the next event: what a jump has to go through at most, and what is dropped at once. */
export const CHUNK_ROWS = 4_096;
const CAPACITY = CHUNK_ROWS + 256;
const DELTAS = 4_096;
const TEXT_BYTES = 48;
const ROW_BYTES = 34;
const DELTA_BYTES = 10;

/**
 * Consecutive rows of a recording in columns of typed arrays, with the state before them (the keyframe) and what each row
 * changed. Equal texts of one chunk are kept once.
 */
export class Chunk {
  readonly firstRow: number;
  /** How many events are before it, and how many it holds. */
  readonly firstEvent: number;
  eventCount: number;
  readonly keyframe: Float64Array;
  rowCount: number;
  private times: Float64Array;
  private events: Float64Array;
  private kinds: Uint8Array;
  private flags: Uint8Array;
  private hosts: Int16Array;
  private peers: Int16Array;
  private ops: Int32Array;
  private texts: Uint32Array;
  private deltaEnds: Uint32Array;
  private cells: Uint16Array;
  private values: Float64Array;
  private deltaCount: number;
  private words: string[];
  private known: Map<string, number> | null;
  private textBytes: number;

  /** Takes `keyframe` over. */
  constructor(firstRow: number, firstEvent: number, keyframe: Float64Array) {
    this.firstRow = firstRow;
    this.firstEvent = firstEvent;
    this.eventCount = 0;
    this.keyframe = keyframe;
    this.rowCount = 0;
    this.times = new Float64Array(CAPACITY);
    this.events = new Float64Array(CAPACITY);
    this.kinds = new Uint8Array(CAPACITY);
    this.flags = new Uint8Array(CAPACITY);
    this.hosts = new Int16Array(CAPACITY);
    this.peers = new Int16Array(CAPACITY);
    this.ops = new Int32Array(CAPACITY);
    this.texts = new Uint32Array(CAPACITY);
    this.deltaEnds = new Uint32Array(CAPACITY);
    this.cells = new Uint16Array(DELTAS);
    this.values = new Float64Array(DELTAS);
    this.deltaCount = 0;
    this.words = [];
    this.known = new Map();
    this.textBytes = 0;
  }

  /** Bytes that the chunk holds, near enough for a bound. */
  get bytes(): number {
    const cells = this.keyframe.length * 8 + this.cells.length * DELTA_BYTES;
    return this.times.length * ROW_BYTES + cells + this.textBytes;
  }

  /** Adds a row and, to the deltas, what is given with {@link change} until the next one. */
  add(row: Omit<Row, 'row'>): void {
    if (this.rowCount === this.times.length) this.growRows();
    const at = this.rowCount++;
    this.times[at] = row.atUs;
    this.events[at] = row.event;
    this.kinds[at] = row.kind;
    this.flags[at] = row.flags;
    if ((row.flags & FLAG.event) !== 0) this.eventCount++;
    this.hosts[at] = row.host;
    this.peers[at] = row.peer;
    this.ops[at] = row.op;
    this.texts[at] = this.textNumber(row.text);
    this.deltaEnds[at] = this.deltaCount;
  }

  /** The last row that was added changed a cell. */
  change(cell: number, value: number): void {
    if (this.deltaCount === this.cells.length) this.growDeltas();
    this.cells[this.deltaCount] = cell;
    this.values[this.deltaCount++] = value;
    this.deltaEnds[this.rowCount - 1] = this.deltaCount;
  }

  /** No row will come any more: gives back what only adding needs. */
  close(): void {
    this.known = null;
  }

  kindAt(row: number): number {
    return this.kinds[row - this.firstRow] as number;
  }

  flagsAt(row: number): number {
    return this.flags[row - this.firstRow] as number;
  }

  timeAt(row: number): number {
    return this.times[row - this.firstRow] as number;
  }

  hostAt(row: number): number {
    return this.hosts[row - this.firstRow] as number;
  }

  peerAt(row: number): number {
    return this.peers[row - this.firstRow] as number;
  }

  opAt(row: number): number {
    return this.ops[row - this.firstRow] as number;
  }

  textAt(row: number): string {
    return this.wordsAt(this.textNumberAt(row));
  }

  /** Rows with the same text have the same number, which is below the number of rows. */
  textNumberAt(row: number): number {
    return this.texts[row - this.firstRow] as number;
  }

  wordsAt(number: number): string {
    return this.words[number] ?? '';
  }

  rowAt(row: number): Row {
    const at = row - this.firstRow;
    return {
      row,
      atUs: this.times[at] as number,
      event: this.events[at] as number,
      kind: this.kinds[at] as number,
      host: this.hosts[at] as number,
      peer: this.peers[at] as number,
      op: this.ops[at] as number,
      text: this.textAt(row),
      flags: this.flags[at] as number,
    };
  }

  /** How many events of the run are before that of `row`. */
  eventNumberAt(row: number): number {
    let count = this.firstEvent - 1;
    for (let at = 0; at <= row - this.firstRow; at++) if (((this.flags[at] as number) & FLAG.event) !== 0) count++;
    return count;
  }

  /** Puts the state after `row` into `state`. */
  stateAt(row: number, state: Float64Array): void {
    state.set(this.keyframe);
    const end = this.deltaEnds[row - this.firstRow] as number;
    for (let delta = 0; delta < end; delta++) state[this.cells[delta] as number] = this.values[delta] as number;
  }

  private textNumber(text: string): number {
    const found = this.known?.get(text);
    if (found !== undefined) return found;
    const number = this.words.length;
    this.words.push(text);
    this.known?.set(text, number);
    this.textBytes += TEXT_BYTES + text.length;
    return number;
  }

  private growRows(): void {
    const capacity = this.times.length * 2;
    this.times = grown(this.times, new Float64Array(capacity));
    this.events = grown(this.events, new Float64Array(capacity));
    this.kinds = grown(this.kinds, new Uint8Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.hosts = grown(this.hosts, new Int16Array(capacity));
    this.peers = grown(this.peers, new Int16Array(capacity));
    this.ops = grown(this.ops, new Int32Array(capacity));
    this.texts = grown(this.texts, new Uint32Array(capacity));
    this.deltaEnds = grown(this.deltaEnds, new Uint32Array(capacity));
  }

  private growDeltas(): void {
    const capacity = this.cells.length * 2;
    this.cells = grown(this.cells, new Uint16Array(capacity));
    this.values = grown(this.values, new Float64Array(capacity));
  }
}

function grown<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
