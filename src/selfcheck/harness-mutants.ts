import { DISK_MUTANTS } from './harness/disk-mutants.ts';
import { FAULT_MUTANTS } from './harness/fault-mutants.ts';
import { HISTORY_MUTANTS } from './harness/history-mutants.ts';
import { HOST_MUTANTS } from './harness/host-mutants.ts';
import { NETWORK_MUTANTS } from './harness/network-mutants.ts';
import { PROPERTY_MUTANTS } from './harness/property-mutants.ts';
import type { HarnessMutant } from './harness/row.ts';
import { SUPERBLOCK_MUTANTS } from './harness/superblock-mutants.ts';
import { type MutantRow, spread } from './mutants.ts';

/** Bugs planted in firedrill itself: each must be seen by a check of its own (R27). */
export const HARNESS_MUTANTS: readonly HarnessMutant[] = [
  ...NETWORK_MUTANTS,
  ...DISK_MUTANTS,
  ...HOST_MUTANTS,
  ...FAULT_MUTANTS,
  ...HISTORY_MUTANTS,
  ...PROPERTY_MUTANTS,
  ...SUPERBLOCK_MUTANTS,
];

export interface HarnessOptions {
  /** Only these; empty: all. */
  readonly ids: readonly string[];
  /** Cases that are tried from each starting seed. */
  readonly seedsMax: number;
  /** Starting seeds: 1, 11, 21, ... */
  readonly starts: number;
}

const START_DISTANCE = 10;

/**
 * Cases from `from` on up to the first that fails with the bug and passes without it; -1 when `seedsMax` were not
 * enough.
 */
export function casesToKill(mutant: HarnessMutant, from: number, seedsMax: number): number {
  for (let tried = 1; tried <= seedsMax; tried++) {
    const seed = from + tried - 1;
    if (mutant.planted(seed) !== null && mutant.honest(seed) === null) return tried;
  }
  return -1;
}

/** Hunts the bugs planted in the harness: each case is a call, in this process. `fired` counts the cases that failed. */
export function runHarnessMutants(options: HarnessOptions, progress: (row: MutantRow) => void): MutantRow[] {
  const rows: MutantRow[] = [];
  for (const mutant of HARNESS_MUTANTS) {
    if (options.ids.length > 0 && !options.ids.includes(mutant.id)) continue;
    const found = hunted(mutant, options);
    rows.push(found);
    progress(found);
  }
  return rows;
}

function hunted(mutant: HarnessMutant, { seedsMax, starts }: HarnessOptions): MutantRow {
  const counts: number[] = [];
  let killingSeed = -1;
  let runs = 0;
  for (let start = 0; start < starts; start++) {
    const from = 1 + start * START_DISTANCE;
    const cases = casesToKill(mutant, from, seedsMax);
    runs += cases < 0 ? seedsMax : cases;
    if (cases < 0) break;
    if (killingSeed < 0) killingSeed = from + cases - 1;
    counts.push(cases);
  }
  const fired = counts.length;
  const killed = counts.length === starts;
  const [medianSeeds, p95Seeds, maxSeeds] = spread(counts, killed);
  const { id, what, source, part, property } = mutant;
  return {
    id,
    what,
    source,
    part,
    property,
    killed,
    killedBy: killed ? property : '',
    killingSeed,
    medianSeeds,
    p95Seeds,
    maxSeeds,
    medianVirtualUs: -1,
    p95VirtualUs: -1,
    maxVirtualUs: -1,
    runs,
    fired,
    status: killed ? 'killed' : 'survived',
  };
}
