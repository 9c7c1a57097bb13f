import Table from 'cli-table3';
import type { Painter } from './paint.ts';

/** What became of one planted bug (R27). */
export interface MutantFate {
  readonly id: string;
  /** The end-to-end property that must fail. */
  readonly property: string;
  readonly killed: boolean;
  readonly status: string;
  /** Runs up to the first kill over the starting seeds; -1: not killed from each of them. */
  readonly medianSeeds: number;
  readonly p95Seeds: number;
  readonly maxSeeds: number;
  readonly runs: number;
  /** Runs in which the planted decision differed from the honest one. */
  readonly fired: number;
}

/** The planted bugs and how many runs it took to find them, with the totals. */
export function mutantTable(rows: readonly MutantFate[], paint: Painter): string {
  const table = new Table({
    head: ['mutant', 'must fail', 'status', 'seeds to kill: median', 'p95', 'max', 'runs', 'fired in'],
    style: { head: [], border: [], compact: true },
  });
  for (const { id, property, killed, status, medianSeeds, p95Seeds, maxSeeds, runs, fired } of rows) {
    const seeds = [medianSeeds, p95Seeds, maxSeeds].map((count) => (count < 0 ? '-' : String(count)));
    table.push([id, property, killed ? paint.good(status) : paint.bad(status), ...seeds, runs, fired]);
  }
  const killed = rows.filter((row) => row.killed).length;
  const totals = `${killed} of ${rows.length} killed by the named property`;
  return `${table.toString()}\n\n${killed === rows.length ? paint.good(totals) : paint.bad(totals)}`;
}
