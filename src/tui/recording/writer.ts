import { CHUNK_ROWS, Chunk, type Row } from './chunk.ts';
import { FLAG } from './words.ts';

/** What a recording may hold when nobody says otherwise. A run of a million events takes about a fifth of it. */
export const RECORDING_BYTES_MAX = 1_500_000_000;

type PendingRow = Omit<Row, 'row' | 'flags'>;

/**
 * Writes a recording event by event: rows enter with {@link row}, changes of the state with {@link set}, and
 * {@link endEvent} closes the event. Beyond its bound the oldest chunk is dropped: a failure is at the end of its run.
 */
export class RecordingWriter {
  readonly chunks: Chunk[];
  /** Row that the next event begins with. */
  nextRow: number;
  private readonly bytesMax: number;
  private readonly state: Float64Array;
  private pending: PendingRow[];
  private changedCells: number[];
  private flags: number;
  private closedBytes: number;

  constructor(cellCount: number, bytesMax: number = RECORDING_BYTES_MAX) {
    this.bytesMax = bytesMax;
    this.state = new Float64Array(cellCount);
    this.chunks = [new Chunk(0, 0, this.state.slice())];
    this.nextRow = 0;
    this.pending = [];
    this.changedCells = [];
    this.flags = 0;
    this.closedBytes = 0;
  }

  get hasRows(): boolean {
    return this.pending.length > 0;
  }

  /** Number of the next row that enters with {@link row}. */
  get openRow(): number {
    return this.nextRow + this.pending.length;
  }

  row(row: PendingRow): void {
    this.pending.push(row);
  }

  /** The same, as the first row of its event: what caused the others. */
  cause(row: PendingRow): void {
    this.pending.unshift(row);
  }

  /** The same, right behind what caused its event. */
  second(row: PendingRow): void {
    this.pending.splice(Math.min(1, this.pending.length), 0, row);
  }

  get(cell: number): number {
    return this.state[cell] as number;
  }

  set(cell: number, value: number): void {
    if (this.state[cell] === value) return;
    this.state[cell] = value;
    this.changedCells.push(cell);
  }

  flag(bits: number): void {
    this.flags |= bits;
  }

  /** Rows that have entered since the last event, and what changed, are one event. Without a row it goes on. */
  endEvent(): void {
    const [first] = this.pending;
    if (first === undefined) return;
    let chunk = this.chunks.at(-1) as Chunk;
    if (chunk.rowCount >= CHUNK_ROWS) chunk = this.nextChunk(chunk);
    for (let index = 0; index < this.pending.length; index++) {
      const row = this.pending[index] as PendingRow;
      chunk.add({ ...row, flags: index === 0 ? FLAG.event | this.flags : 0 });
      if (index === 0) for (const cell of this.changedCells) chunk.change(cell, this.state[cell] as number);
    }
    this.nextRow += this.pending.length;
    this.pending = [];
    this.changedCells = [];
    this.flags = 0;
  }

  private nextChunk(full: Chunk): Chunk {
    full.close();
    this.closedBytes += full.bytes;
    // What has changed within the event that is about to be written belongs to it, not to the keyframe; the state after
    // its first row is the same either way, and no row lies between.
    const next = new Chunk(this.nextRow, full.firstEvent + full.eventCount, this.state.slice());
    this.chunks.push(next);
    while (this.closedBytes > this.bytesMax && this.chunks.length > 2) {
      this.closedBytes -= (this.chunks.shift() as Chunk).bytes;
    }
    return next;
  }
}
