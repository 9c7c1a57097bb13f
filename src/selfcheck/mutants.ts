import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import type { Mutant } from '../scenarios/mutants/mutant.ts';
import { MUTANTS } from '../scenarios/rules-table.ts';
import { MUTANT_FIRED } from '../scenarios/run.ts';
import type { Us } from '../sim/time.ts';
import type { HarnessPart } from './harness/row.ts';

/** One row of the kill table (R27). */
export interface MutantRow {
  readonly id: string;
  readonly what: string;
  readonly source: string;
  /** Where the bug is planted: in the system under test, or in firedrill itself. */
  readonly part: 'protocol' | HarnessPart;
  readonly property: string;
  readonly killed: boolean;
  /** The property that failed in the first kill; empty while the mutant survives. */
  readonly killedBy: string;
  /** Seed of the first kill, -1 without one. */
  readonly killingSeed: number;
  /** Runs up to the first kill, over the starting seeds; -1 where none was killed. */
  readonly medianSeeds: number;
  readonly p95Seeds: number;
  readonly maxSeeds: number;
  /** Virtual time of the runs up to the first kill, likewise; -1 also for bugs of firedrill itself. */
  readonly medianVirtualUs: number;
  readonly p95VirtualUs: number;
  readonly maxVirtualUs: number;
  readonly runs: number;
  /** Runs in which the planted decision differed from the honest one. */
  readonly fired: number;
  readonly status: 'killed' | 'survived' | 'not exercised';
}

export interface MutantOptions {
  /** Only these mutants; empty: all. */
  readonly ids: readonly string[];
  /** Seeds that are tried from each starting seed. */
  readonly seedsMax: number;
  /** Starting seeds: 1, 11, 21, ... */
  readonly starts: number;
  /** Seeds in one batch of the executor. */
  readonly batch: number;
  /** The plan of a seed: what the campaign layer's strategies give, without a mutant. */
  readonly planOf: (seed: number) => RunPlan;
  /** The safe plan of a rehearsal, for mutants that only one exercises. */
  readonly rehearsal?: (scenario: string, seed: number) => RunPlan;
}

/** Runs plans, in any order, and gives the results in the order of the plans. */
export type Execute = (plans: readonly RunPlan[]) => Promise<readonly RunResult[]>;

const START_DISTANCE = 10;

/** Whether the planted decision differed and the property that the mutant names failed. */
export function failsAsNamed(result: RunResult, mutant: Mutant): boolean {
  const fired = result.reached.some(([mark]) => mark === MUTANT_FIRED);
  return fired && result.findings.some((finding) => finding.property === mutant.property);
}

/** Lets the seeds run in order and remembers which of them kill. */
class Hunt {
  readonly kills: number[];
  /** Virtual time that a seed's mutated run took: until the named property failed, in a kill. */
  private readonly spentUs: Map<number, Us>;
  fired: number;
  next: number;
  private readonly mutant: Mutant;
  private readonly execute: Execute;
  private readonly batch: number;
  private readonly planOf: (seed: number) => RunPlan;

  constructor(mutant: Mutant, execute: Execute, { batch, planOf }: Pick<MutantOptions, 'batch' | 'planOf'>) {
    this.kills = [];
    this.spentUs = new Map();
    this.fired = 0;
    this.next = 1;
    this.mutant = mutant;
    this.execute = execute;
    this.batch = batch;
    this.planOf = planOf;
  }

  /** First killing seed at or after `from` and below `limit`, or -1; runs as many seeds as that takes. */
  async killFrom(from: number, limit: number): Promise<number> {
    for (;;) {
      const known = this.kills.find((seed) => seed >= from);
      if (known !== undefined && known < limit) return known;
      if (this.next >= limit) return -1;
      if (this.next < from) this.next = from;
      await this.step(Math.min(this.batch, limit - this.next));
    }
  }

  /** Runs the next seeds mutated; those that fail as named count when the unmutated plan passes. */
  private async step(count: number): Promise<void> {
    const seeds: number[] = [];
    for (let index = 0; index < count; index++) seeds.push(this.next + index);
    this.next += count;
    const results = await this.execute(seeds.map((seed) => ({ ...this.planOf(seed), mutant: this.mutant.id })));
    const suspects = seeds.filter((_seed, index) => failsAsNamed(results[index] as RunResult, this.mutant));
    this.fired += results.filter((result) => result.reached.some(([mark]) => mark === MUTANT_FIRED)).length;
    const honest = await this.execute(suspects.map((seed) => this.planOf(seed)));
    for (const [index, seed] of seeds.entries()) this.spentUs.set(seed, (results[index] as RunResult).virtualUs);
    for (const [index, seed] of suspects.entries()) {
      if (honest[index]?.verdict !== 'passed') continue;
      this.kills.push(seed);
      this.spentUs.set(seed, failedAtUs(results[seeds.indexOf(seed)] as RunResult, this.mutant));
    }
  }

  /** Virtual time of the mutated runs from a starting seed up to a kill. */
  spentUntil(from: number, kill: number): Us {
    let sumUs = 0;
    for (let seed = from; seed <= kill; seed++) sumUs += this.spentUs.get(seed) ?? 0;
    return sumUs;
  }
}

function failedAtUs({ findings, virtualUs }: RunResult, { property }: Mutant): Us {
  return findings.find((finding) => finding.property === property)?.atUs ?? virtualUs;
}

/** Median, 95th percentile and maximum of a sample by nearest rank; all -1 when it is not complete. */
export function spread(sample: readonly number[], complete: boolean): readonly [number, number, number] {
  const sorted = [...sample].sort((left, right) => left - right);
  const at = (share: number): number => (complete ? (sorted[Math.ceil(sorted.length * share) - 1] as number) : -1);
  return [at(0.5), at(0.95), at(1)];
}

async function row(mutant: Mutant, options: MutantOptions, execute: Execute): Promise<MutantRow> {
  const { scenario } = mutant;
  const { rehearsal } = options;
  const planOf =
    scenario === undefined || rehearsal === undefined
      ? options.planOf
      : (seed: number): RunPlan => rehearsal(scenario, seed);
  const hunt = new Hunt(mutant, execute, { batch: options.batch, planOf });
  const counts: number[] = [];
  const timesUs: Us[] = [];
  let killingSeed = -1;
  for (let start = 0; start < options.starts; start++) {
    const from = 1 + start * START_DISTANCE;
    const seed = await hunt.killFrom(from, from + options.seedsMax);
    if (seed < 0) break;
    if (killingSeed < 0) killingSeed = seed;
    counts.push(seed - from + 1);
    timesUs.push(hunt.spentUntil(from, seed));
  }
  const killed = counts.length === options.starts;
  const [medianSeeds, p95Seeds, maxSeeds] = spread(counts, killed);
  const [medianVirtualUs, p95VirtualUs, maxVirtualUs] = spread(timesUs, killed);
  return {
    id: mutant.id,
    what: mutant.what,
    source: mutant.source,
    part: 'protocol',
    property: mutant.property,
    killed,
    killedBy: killed ? mutant.property : '',
    killingSeed,
    medianSeeds,
    p95Seeds,
    maxSeeds,
    medianVirtualUs,
    p95VirtualUs,
    maxVirtualUs,
    runs: hunt.next - 1,
    fired: hunt.fired,
    status: killed ? 'killed' : hunt.fired > 0 ? 'survived' : 'not exercised',
  };
}

/** Hunts every mutant of the table; `progress` hears of each row as it is done. Throws on an unknown id. */
export async function runMutants(
  options: MutantOptions,
  execute: Execute,
  progress: (row: MutantRow) => void,
): Promise<MutantRow[]> {
  for (const id of options.ids) {
    if (!MUTANTS.some((mutant) => mutant.id === id)) {
      throw new Error(`no mutant ${id}; known: ${MUTANTS.map((mutant) => mutant.id).join(', ')}`);
    }
  }
  const rows: MutantRow[] = [];
  for (const mutant of MUTANTS) {
    if (options.ids.length > 0 && !options.ids.includes(mutant.id)) continue;
    const found = await row(mutant, options, execute);
    rows.push(found);
    progress(found);
  }
  return rows;
}
