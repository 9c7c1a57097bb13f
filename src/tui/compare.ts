import type { Recording } from './recording/recording.ts';

/** Two runs next to each other. Up to `firstDifference` their rows are equal; from there on they go by time. */
export interface Comparison {
  readonly runs: readonly [Recording, Recording];
  /** First row of the event in which they first differ; the end of the shorter one when it is all that differs. */
  readonly firstDifference: number;
}

/** Lays two recordings side by side. */
export function compareRuns(left: Recording, right: Recording): Comparison {
  const end = Math.min(left.endRow, right.endRow);
  let row = Math.max(left.firstRow, right.firstRow);
  while (row < end && isEqualRow(left, right, row)) row++;
  // Rows of one event stand together: the event in which they differ is the first that is not the same in both.
  const within = (run: Recording): number => (row < run.endRow ? run.eventOf(row) : run.endRow);
  return { runs: [left, right], firstDifference: Math.min(within(left), within(right)) };
}

function isEqualRow(left: Recording, right: Recording, row: number): boolean {
  const one = left.row(row);
  const other = right.row(row);
  return (
    one.atUs === other.atUs &&
    one.kind === other.kind &&
    one.host === other.host &&
    one.peer === other.peer &&
    one.text === other.text
  );
}

/** Where one run stands while the other is at `row`: at the same row before they differ, then at the same time. */
export function counterpart({ runs, firstDifference }: Comparison, lead: 0 | 1, row: number): number {
  const other = runs[lead === 0 ? 1 : 0];
  if (row < firstDifference) return Math.max(other.firstRow, Math.min(row, other.endRow - 1));
  const at = other.rowAtTime(runs[lead].timeAt(row));
  return other.eventOf(Math.min(other.endRow - 1, Math.max(at, Math.min(firstDifference, other.endRow - 1))));
}
