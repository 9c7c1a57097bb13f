import { describe, expect, it } from 'vitest';
import { CHUNK_ROWS } from '../../src/tui/recording/chunk.ts';
import { Recording } from '../../src/tui/recording/recording.ts';
import { RecordingWriter } from '../../src/tui/recording/writer.ts';
import { LAYOUT, smallRun, writeEvents } from './kit.ts';

/** A recording with a state after each event that is known from elsewhere. */
function written(events: number, bytesMax?: number): { run: Recording; states: number[][]; writer: RecordingWriter } {
  const writer = new RecordingWriter(LAYOUT.cellCount, bytesMax);
  const states: number[][] = [];
  const state = new Array<number>(LAYOUT.cellCount).fill(0);
  let seed = 1;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let event = 0; event < events; event++) {
    const rows = Array.from({ length: 1 + next(4) }, (_, row) => ({
      atUs: event,
      kind: 'send' as const,
      text: `${row}`,
    }));
    const cells = Array.from({ length: next(5) }, () => [next(LAYOUT.cellCount), next(9)] as const);
    for (const [cell, value] of cells) state[cell] = value;
    writeEvents(writer, [{ rows, cells }]);
    for (const _ of rows) states.push([...state]);
  }
  return { run: new Recording(LAYOUT, smallRun().facts, writer.chunks), states, writer };
}

describe('a recording', () => {
  it('gives the state after each event, in any order', () => {
    const { run, states } = written(9_000);
    expect(run.endRow).toBe(states.length);
    expect(run.endRow).toBeGreaterThan(4 * CHUNK_ROWS);
    for (let at = 0; at < 200; at++) {
      const row = (at * 104_729) % run.endRow;
      expect([...run.stateAt(row)]).toEqual(states[row]);
    }
  });

  it('numbers events and finds the first row of each', () => {
    const { run } = written(3_000);
    expect(run.eventCount).toBe(3_000);
    for (let row = 0; row < run.endRow; row += 97) {
      const first = run.eventOf(row);
      expect(run.eventNumber(row)).toBe(run.timeAt(row));
      expect(run.timeAt(first)).toBe(run.timeAt(row));
      expect(first === 0 || run.timeAt(first - 1) < run.timeAt(first)).toBe(true);
    }
    expect(run.timeAt(run.rowAtTime(1_234))).toBe(1_234);
    expect(run.timeAt(run.rowAtTime(1_234) + 1)).toBe(1_235);
  });

  it('drops its beginning beyond its bound, and what is left is exact', () => {
    const { run, states } = written(20_000, 600_000);
    expect(run.firstRow).toBeGreaterThan(0);
    expect(run.endRow).toBe(states.length);
    expect([...run.stateAt(run.firstRow)]).toEqual(states[run.firstRow]);
    expect([...run.stateAt(run.endRow - 1)]).toEqual(states.at(-1));
    expect(run.eventCount).toBe(20_000);
    expect(run.find(run.firstRow, -1, () => true)).toBe(-1);
  });

  it('refuses to be empty', () => {
    const writer = new RecordingWriter(LAYOUT.cellCount);
    expect(() => new Recording(LAYOUT, smallRun().facts, writer.chunks)).toThrow('without a row');
  });
});
