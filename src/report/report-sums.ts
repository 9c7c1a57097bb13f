import type { ReportGroup, ReportRun, ReportTiming, ReportTotals } from './model.ts';
import { RUN_ROWS_MAX, SAMPLES_MAX } from './model.ts';

/** How bad the end of a run is: 0 is worst. */
export function rankOf({ verdict, reason, expected }: Pick<ReportRun, 'verdict' | 'reason' | 'expected'>): number {
  if (verdict === 'failed' && !expected) return 0;
  if (reason === 'nondeterminism' || reason === 'crashed' || reason === 'hung') return 1;
  if (!expected && verdict !== 'inconclusive') return 2;
  if (verdict === 'inconclusive') return 3;
  return verdict === 'failed' ? 4 : 5;
}

const RANKS = 6;

interface Group extends Omit<ReportGroup, 'replay'> {
  rank: number;
  replay: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Adds up the runs of a report in one pass, so that a campaign of a million runs fits: totals and groups count every
 * run, rows are kept for the worst ones only.
 */
export class ReportSums {
  private readonly titles: ReadonlyMap<string, string>;
  private readonly sums: Writable<Omit<ReportTotals, 'byReason'>>;
  private readonly reasons: Map<string, number>;
  private readonly groupOf: Map<string, Writable<Group>>;
  private readonly kept: ReportRun[][];

  /** `titles`: of the scenarios, by id. */
  constructor(titles: ReadonlyMap<string, string>) {
    this.titles = titles;
    this.sums = { runs: 0, passed: 0, failed: 0, inconclusive: 0, unexpected: 0, events: 0, virtualUs: 0 };
    this.reasons = new Map();
    this.groupOf = new Map();
    this.kept = Array.from({ length: RANKS }, () => []);
  }

  /** `declared`: the property by which the run's variant is declared to fail, or ''. */
  add(run: ReportRun, declared: string): void {
    const { sums } = this;
    sums.runs++;
    sums.events += run.events;
    sums.virtualUs += run.virtualUs;
    count(sums, run);
    if (run.reason !== '') this.reasons.set(run.reason, (this.reasons.get(run.reason) ?? 0) + 1);
    const rank = rankOf(run);
    const rows = this.kept[rank]!;
    if (rows.length < RUN_ROWS_MAX) rows.push(run);
    this.addToGroup(run, declared, rank);
  }

  private addToGroup(run: ReportRun, declared: string, rank: number): void {
    const { scenario, variant, profile, seed, replay } = run;
    const key = `${scenario}\n${variant}\n${profile}`;
    let group = this.groupOf.get(key);
    if (group === undefined) {
      const title = this.titles.get(scenario) ?? '';
      const zero = { runs: 0, passed: 0, failed: 0, inconclusive: 0, unexpected: 0, wallMs: 0 };
      group = { scenario, title, variant, profile, ...zero, seedFrom: seed, seedTo: seed, declared, replay, rank };
      this.groupOf.set(key, group);
    }
    group.runs++;
    group.wallMs += run.wallMs;
    count(group, run);
    group.seedFrom = Math.min(group.seedFrom, seed);
    group.seedTo = Math.max(group.seedTo, seed);
    if (rank >= group.rank) return;
    group.rank = rank;
    group.replay = replay;
  }

  totals(): ReportTotals {
    return { ...this.sums, byReason: [...this.reasons].sort(([one], [other]) => (one < other ? -1 : 1)) };
  }

  /** In the order in which the groups were met. */
  groups(): ReportGroup[] {
    return [...this.groupOf.values()].map(({ rank: _, ...group }) => group);
  }

  /** The worst runs, and how many have no row. */
  rows(): { readonly runs: readonly ReportRun[]; readonly leftOut: number } {
    const runs = this.kept.flat().slice(0, RUN_ROWS_MAX);
    return { runs, leftOut: this.sums.runs - runs.length };
  }
}

function count(
  sums: Writable<Pick<ReportTotals, 'passed' | 'failed' | 'inconclusive' | 'unexpected'>>,
  { verdict, expected }: ReportRun,
): void {
  if (verdict === 'passed') sums.passed++;
  else if (verdict === 'failed') sums.failed++;
  else sums.inconclusive++;
  if (!expected) sums.unexpected++;
}

/** Durations of all runs against a target; negative ones are runs without. */
export function timingOf(durationsUs: readonly number[], targetUs: number): ReportTiming {
  const sorted = durationsUs.filter((each) => each >= 0).sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? -1;
  const step = Math.max(1, sorted.length / SAMPLES_MAX);
  const samplesUs: number[] = [];
  for (let place = 0; place < sorted.length; place += step) samplesUs.push(sorted[Math.floor(place)]!);
  return {
    targetUs,
    samplesUs,
    count: sorted.length,
    overTarget: targetUs > 0 ? sorted.filter((each) => each > targetUs).length : 0,
    medianUs: at(0.5),
    p95Us: at(0.95),
    maxUs: at(1),
    without: durationsUs.length - sorted.length,
  };
}
