import { availableParallelism } from 'node:os';
import { Pool } from '../../campaign/pool.ts';
import { GENERATION, STRATEGIES, strategyOf } from '../../campaign/strategy.ts';
import { nearest } from '../../plan/nearest.ts';
import type { RunPlan } from '../../plan/plan.ts';
import { UserError } from '../../plan/user-error.ts';
import { mutantTable } from '../../report/mutant-table.ts';
import { painter } from '../../report/paint.ts';
import { strategyTable } from '../../report/strategy-table.ts';
import { MUTANTS } from '../../scenarios/rules-table.ts';
import { compareStrategies } from '../../selfcheck/compare.ts';
import { HARNESS_MUTANTS, runHarnessMutants } from '../../selfcheck/harness-mutants.ts';
import { type MutantRow, runMutants } from '../../selfcheck/mutants.ts';
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
  /** Where the plans come from. */
  readonly strategy: string;
  /** Lets all strategies hunt instead, each trial for so many events at most; null: no comparison. */
  readonly compareEvents: number | null;
}

/** Seeds that a worker gets in one batch: enough to keep it busy, few enough to stop soon after a kill. */
const BATCH_PER_JOB = 8;

/**
 * Looks for every planted bug. Returns 1 when one is not killed by the property that it names, and 70 when a worker was
 * lost: then the table says too little.
 */
export async function mutants(
  options: MutantsOptions,
  out: CommandOutput,
  engine: Pick<Engine, 'worker' | 'watchdogMs' | 'source'>,
): Promise<number> {
  const { ids, seedsMax, starts, jobs, json, strategy, compareEvents } = options;
  checkIds(ids, compareEvents === null ? [...MUTANTS, ...HARNESS_MUTANTS] : MUTANTS);
  const planOf = planOfSeed(strategy);
  const source = await engine.source();
  const rehearsal = (scenario: string, seed: number): RunPlan => source.plan(scenario, 'safe', seed);
  const lanes = jobs ?? availableParallelism();
  let lost = 0;
  const pool = new Pool({
    jobs: lanes,
    worker: engine.worker,
    watchdogMs: engine.watchdogMs,
    coverage: compareEvents !== null,
    onRun: ({ result: { plan, reason, pending } }) => {
      if (reason !== 'crashed' && reason !== 'hung') return;
      lost++;
      out.stderr(`lost: ${plan.mutant ?? 'unmutated'} seed ${plan.seed} ${reason}: ${pending}\n`);
    },
  });
  const execute = async (plans: readonly RunPlan[]) => (await pool.run(plans)).map(({ result }) => result);
  const batch = lanes * BATCH_PER_JOB;
  try {
    if (compareEvents !== null) {
      const duels = await compareStrategies(
        STRATEGIES.map((name) => ({ name, start: (seed) => strategyOf(name, seed, { unrestricted: false }) })),
        { ids, repetitions: starts, eventsMax: compareEvents, generation: GENERATION, batch },
        execute,
        ({ mutant, strategy, killed, trials, medianRuns }) =>
          out.stderr(`${mutant} by ${strategy}: ${killed} of ${trials.length}, median ${medianRuns} runs\n`),
      );
      const table = { eventsMax: compareEvents, repetitions: starts, strategies: duels };
      out.stdout(`${json ? JSON.stringify(table, null, 2) : strategyTable(duels, painter(out.colour))}\n`);
      return lost > 0 ? EXIT.internal : EXIT.expected;
    }
    const progress = ({ id, status, medianSeeds, runs }: MutantRow): void =>
      out.stderr(`${id}: ${status}${medianSeeds < 0 ? '' : `, median ${medianSeeds} seeds`}, ${runs} runs\n`);
    const planted = ids.filter((id) => MUTANTS.some((mutant) => mutant.id === id));
    const protocol =
      ids.length > 0 && planted.length === 0
        ? []
        : await runMutants({ ids: planted, seedsMax, starts, batch, planOf, rehearsal }, execute, progress);
    const rows = [...runHarnessMutants({ ids, seedsMax, starts }, progress), ...protocol];
    out.stdout(
      `${json ? JSON.stringify({ strategy, mutants: rows }, null, 2) : mutantTable(rows, painter(out.colour))}\n`,
    );
    if (lost > 0) return EXIT.internal;
    return rows.every(({ killed }) => killed) ? EXIT.expected : EXIT.unexpected;
  } finally {
    pool.close();
  }
}

/**
 * The plan of a seed when nothing has been learnt. The hunts from all starting seeds share their runs, so a seed has one
 * plan; what learning adds is seen in the comparison.
 */
function planOfSeed(strategy: string): (seed: number) => RunPlan {
  const source = strategyOf(strategy, 0, { unrestricted: false });
  return (seed) => {
    const [planned] = source.generation(0, [seed]);
    if (planned === undefined) throw new Error(`strategy ${strategy} gave no plan`);
    return planned.plan;
  };
}

/** Strategies are compared by the bugs of the protocol only: those of firedrill itself need no plan. */
function checkIds(ids: readonly string[], mutants: readonly { readonly id: string }[]): void {
  const known = mutants.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const meant = nearest(id, known);
    const remedy = meant === undefined ? `use some of ${known.join(', ')}` : `did you mean ${meant}?`;
    throw new UserError(`there is no mutant ${id}`, remedy);
  }
}
