import { availableParallelism } from 'node:os';
import { Pool } from '../../campaign/pool.ts';
import { nearest } from '../../plan/nearest.ts';
import { UserError } from '../../plan/user-error.ts';
import { mutantTable } from '../../report/mutant-table.ts';
import { painter } from '../../report/paint.ts';
import { MUTANTS } from '../../scenarios/rules-table.ts';
import { runMutants } from '../../selfcheck/mutants.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';

export interface MutantsOptions {
  /** Only these; empty: all. */
  readonly ids: readonly string[];
  /** Seeds that are tried from each starting seed before the mutant counts as not found. */
  readonly seedsMax: number;
  /** Starting seeds (R27: 20). */
  readonly starts: number;
  /** null: as many as there are cores. */
  readonly jobs: number | null;
  readonly json: boolean;
}

/** Seeds that a worker gets in one batch: enough to keep it busy, few enough to stop soon after a kill. */
const BATCH_PER_JOB = 8;

/**
 * Looks for every planted bug. Returns 1 when one is not killed by the property that it names, and 70 when a worker was
 * lost: then the table says too little.
 */
export async function mutants(
  { ids, seedsMax, starts, jobs, json }: MutantsOptions,
  out: CommandOutput,
  engine: Pick<Engine, 'worker' | 'watchdogMs'>,
): Promise<number> {
  checkIds(ids);
  const lanes = jobs ?? availableParallelism();
  let lost = 0;
  const pool = new Pool({
    jobs: lanes,
    worker: engine.worker,
    watchdogMs: engine.watchdogMs,
    onRun: ({ result: { plan, reason, pending } }) => {
      if (reason !== 'crashed' && reason !== 'hung') return;
      lost++;
      out.stderr(`lost: ${plan.mutant ?? 'unmutated'} seed ${plan.seed} ${reason}: ${pending}\n`);
    },
  });
  try {
    const rows = await runMutants(
      { ids, seedsMax, starts, batch: lanes * BATCH_PER_JOB },
      async (plans) => (await pool.run(plans)).map(({ result }) => result),
      ({ id, status, medianSeeds, runs }) =>
        out.stderr(`${id}: ${status}${medianSeeds < 0 ? '' : `, median ${medianSeeds} seeds`}, ${runs} runs\n`),
    );
    out.stdout(`${json ? JSON.stringify({ mutants: rows }, null, 2) : mutantTable(rows, painter(out.colour))}\n`);
    if (lost > 0) return EXIT.internal;
    return rows.every(({ killed }) => killed) ? EXIT.expected : EXIT.unexpected;
  } finally {
    pool.close();
  }
}

function checkIds(ids: readonly string[]): void {
  const known = MUTANTS.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const meant = nearest(id, known);
    const remedy = meant === undefined ? `use some of ${known.join(', ')}` : `did you mean ${meant}?`;
    throw new UserError(`there is no mutant ${id}`, remedy);
  }
}
