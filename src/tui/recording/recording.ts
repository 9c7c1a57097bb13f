import type { FaultPlan } from '../../plan/plan.ts';
import type { RunResult } from '../../plan/result.ts';
import type { Chunk, Row } from './chunk.ts';
import { type Landmark, landmarksIn } from './landmarks.ts';
import type { StateLayout } from './layout.ts';
import { FLAG } from './words.ts';

/** A line of the operator's terminal, and the row with which it appeared. */
export interface TerminalLine {
  readonly row: number;
  readonly tone: 'prompt' | 'output' | 'note';
  readonly text: string;
}

/** A property that failed, in words, and the row that shows it. */
export interface RecordedFinding {
  readonly row: number;
  readonly property: string;
  readonly text: string;
}

/** What a run is called, what came of it, and everything else about it that does not change while it is looked at. */
export interface RecordingFacts {
  /** Such as `scn1-a literal seed 7`. */
  readonly title: string;
  readonly result: RunResult;
  /** Why it ended so, in one line; empty for a run that passed. */
  readonly explanation: string;
  /** Whether it was the run that its bundle tells of; `unknown` where there is no bundle. */
  readonly reproduced: 'yes' | 'no' | 'unknown';
  readonly faults: readonly FaultPlan[];
  /** Ids of the loaded alert rules. */
  readonly alerts: readonly string[];
  readonly findings: readonly RecordedFinding[];
  readonly terminal: readonly TerminalLine[];
}

/**
 * A run that is over, as data: rows and the state after each (R24). Going back is reading elsewhere, so a position looks
 * the same however it was reached. Rows below `firstRow` were dropped to stay within the recording's bound.
 */
export class Recording {
  readonly layout: StateLayout;
  readonly facts: RecordingFacts;
  /** What its timeline shows. */
  readonly landmarks: readonly Landmark[];
  readonly firstRow: number;
  /** Past the last row. */
  readonly endRow: number;
  private readonly chunks: readonly Chunk[];
  private readonly state: Float64Array;

  /** `chunks` are consecutive and hold at least one row. */
  constructor(layout: StateLayout, facts: RecordingFacts, chunks: readonly Chunk[]) {
    const [first] = chunks;
    const last = chunks.at(-1);
    if (first === undefined || last === undefined || last.rowCount === 0) throw new Error('a recording without a row');
    this.layout = layout;
    this.facts = facts;
    this.chunks = chunks;
    this.landmarks = landmarksIn(chunks);
    this.firstRow = first.firstRow;
    this.endRow = last.firstRow + last.rowCount;
    this.state = new Float64Array(layout.cellCount);
  }

  /** The state after the event of `row`. The array is used again by the next call. */
  stateAt(row: number): Float64Array {
    // Changes stand at the first row of an event, so all of its rows show the state after it.
    this.chunkOf(row).stateAt(row, this.state);
    return this.state;
  }

  row(row: number): Row {
    return this.chunkOf(row).rowAt(row);
  }

  timeAt(row: number): number {
    return this.chunkOf(row).timeAt(row);
  }

  /** Events of the run, those included that were dropped. */
  get eventCount(): number {
    const last = this.chunks.at(-1) as Chunk;
    return last.firstEvent + last.eventCount;
  }

  /** Number of the event of `row`, from 0. */
  eventNumber(row: number): number {
    return this.chunkOf(row).eventNumberAt(row);
  }

  /** First row of the event of `row`. */
  eventOf(row: number): number {
    let at = row;
    while (at > this.firstRow && (this.chunkOf(at).flagsAt(at) & FLAG.event) === 0) at--;
    return at;
  }

  /** The row nearest to `from` in a direction (`from` itself left out) that `wanted` accepts; -1: none. */
  find(from: number, direction: 1 | -1, wanted: (chunk: Chunk, row: number) => boolean): number {
    for (let row = from + direction; row >= this.firstRow && row < this.endRow; ) {
      const chunk = this.chunkOf(row);
      const end = direction === 1 ? chunk.firstRow + chunk.rowCount : chunk.firstRow - 1;
      for (; row !== end; row += direction) if (wanted(chunk, row)) return row;
    }
    return -1;
  }

  matches(row: number, wanted: (chunk: Chunk, row: number) => boolean): boolean {
    return wanted(this.chunkOf(row), row);
  }

  /** The last row at or before a time; the first row when all are later. */
  rowAtTime(atUs: number): number {
    let low = this.firstRow;
    let high = this.endRow - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.timeAt(middle) <= atUs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private chunkOf(row: number): Chunk {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.chunks[middle] as Chunk).firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return this.chunks[low] as Chunk;
  }
}
