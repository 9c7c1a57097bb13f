import Table from 'cli-table3';
import { durationText } from './duration.ts';
import type { Painter } from './paint.ts';

/** What became of one planted bug (R27). */
export interface MutantFate {
  readonly id: string;
  /** `protocol`, or the part of firedrill in which the bug is planted. */
  readonly part: string;
  /** The end-to-end property that must fail. */
  readonly property: string;
  readonly killed: boolean;
  readonly status: string;
  /** Runs up to the first kill over the starting seeds; -1: not killed from each of them. */
  readonly medianSeeds: number;
  readonly p95Seeds: number;
  readonly maxSeeds: number;
  /** Virtual time up to the first kill; -1: not killed from each starting seed, or not a bug of the protocol. */
  readonly medianVirtualUs: number;
  readonly p95VirtualUs: number;
  readonly maxVirtualUs: number;
  readonly runs: number;
  /** Runs in which the planted decision differed from the honest one. */
  readonly fired: number;
}

const SEEDS = ['status', 'seeds to kill: median', 'p95', 'max'];
const STYLE = { head: [], border: [], compact: true };

/** The planted bugs and how many runs and how much virtual time it took to find them, those of firedrill itself apart. */
export function mutantTable(rows: readonly MutantFate[], paint: Painter): string {
  const protocol = rows.filter(({ part }) => part === 'protocol');
  const harness = rows.filter(({ part }) => part !== 'protocol');
  const parts: string[] = [];
  if (protocol.length > 0) parts.push(protocolTable(protocol, paint), totals(protocol, 'property', paint));
  if (harness.length > 0) parts.push(harnessTable(harness, paint), totals(harness, 'check', paint));
  return parts.join('\n\n');
}

function protocolTable(rows: readonly MutantFate[], paint: Painter): string {
  const times = ['virtual time: median', 'p95', 'max'];
  const table = new Table({ head: ['mutant', 'must fail', ...SEEDS, ...times, 'runs', 'fired in'], style: STYLE });
  for (const row of rows) {
    const { id, property, medianVirtualUs, p95VirtualUs, maxVirtualUs, runs, fired } = row;
    const spent = [medianVirtualUs, p95VirtualUs, maxVirtualUs].map(durationText);
    table.push([id, property, ...fate(row, paint), ...spent, runs, fired]);
  }
  return table.toString();
}

function harnessTable(rows: readonly MutantFate[], paint: Painter): string {
  const head = ['mutant of firedrill', 'in', 'must be seen by', ...SEEDS, 'cases'];
  const table = new Table({ head, style: STYLE });
  for (const row of rows) table.push([row.id, row.part, row.property, ...fate(row, paint), row.runs]);
  return table.toString();
}

function fate({ killed, status, medianSeeds, p95Seeds, maxSeeds }: MutantFate, paint: Painter): string[] {
  const seeds = [medianSeeds, p95Seeds, maxSeeds].map((count) => (count < 0 ? '-' : String(count)));
  return [killed ? paint.good(status) : paint.bad(status), ...seeds];
}

function totals(rows: readonly MutantFate[], by: 'property' | 'check', paint: Painter): string {
  const killed = rows.filter((row) => row.killed).length;
  const text = `${killed} of ${rows.length} killed by the named ${by}`;
  return killed === rows.length ? paint.good(text) : paint.bad(text);
}
