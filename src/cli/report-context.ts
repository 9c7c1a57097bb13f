import type { RunPlan } from '../plan/plan.ts';
import type { ReportOrigin, ReportRun, ReportScenario, RunbookFinding } from '../report/model.ts';
import { timingOf } from '../report/report-sums.ts';
import type { Engine } from './engine.ts';
import { ownCommit } from './fuzz-keep.ts';
import type { ScenarioPages } from './scenario-pages.ts';
import type { ScenarioEntry, ScenarioSource } from './scenario-source.ts';

/** What every report needs beside its runs. */
export interface ReportContext {
  readonly engine: Engine;
  readonly source: ScenarioSource;
  readonly entries: ReadonlyMap<string, ScenarioEntry>;
  readonly pages: ScenarioPages;
  /** Folder of the bundles. */
  readonly reports: string;
  readonly origin: (source: string) => ReportOrigin;
}

export async function reportContext(engine: Engine, pages: ScenarioPages, reports: string): Promise<ReportContext> {
  const source = await engine.source();
  const commit = ownCommit();
  return {
    engine,
    source,
    entries: new Map(source.list().map((entry) => [entry.id, entry])),
    pages,
    reports,
    origin: (from) => ({ ...engine.versions, ...commit, source: from }),
  };
}

/** R30: the first sentence of every report, for the profiles that ran. */
export function subjectOf(profiles: readonly string[]): string {
  const named = [...new Set(profiles)].sort();
  const profile = named.length > 1 ? `profiles ${named.join(' and ')}` : `profile ${named[0] ?? 'intended'}`;
  return `Subject: firedrill's model of Kimberlite, ${profile}, anchored at 221c1b3; not the shipped binary (docs/fidelity.md)`;
}

/** The property by which a variant of a scenario is declared to fail; '' where it must pass or is not known. */
export function declaredProperty(
  { entries, source }: ReportContext,
  run: Pick<ReportRun, 'scenario' | 'variant'>,
): string {
  if (run.variant !== 'literal' || entries.get(run.scenario)?.variants.includes('literal') !== true) return '';
  return source.plan(run.scenario, 'literal', 1).expectedFailure?.property ?? '';
}

/** Gathers, run by run, what the pages of the rehearsals show beside their texts. */
export class ScenarioSums {
  private readonly recoveriesUs: Map<string, number[]>;
  private readonly literal: Map<string, { runs: number; failed: number }>;

  constructor() {
    this.recoveriesUs = new Map();
    this.literal = new Map();
  }

  /** `asDeclared`: the run failed by the property that its variant declares. */
  add({ scenario, variant, alertToRecoveryUs }: ReportRun, asDeclared: boolean): void {
    if (variant === 'safe') {
      const list = this.recoveriesUs.get(scenario);
      if (list === undefined) this.recoveriesUs.set(scenario, [alertToRecoveryUs]);
      else list.push(alertToRecoveryUs);
    } else if (variant === 'literal') {
      const sums = this.literal.get(scenario) ?? { runs: 0, failed: 0 };
      this.literal.set(scenario, { runs: sums.runs + 1, failed: sums.failed + (asDeclared ? 1 : 0) });
    }
  }

  /** Of each scenario that took part and has a file, by id. */
  scenarios({ pages, entries }: ReportContext): ReportScenario[] {
    return this.ids().flatMap((id) => {
      const page = pages.page(id);
      const mttrUs = entries.get(id)?.mttrUs ?? 0;
      if (page === null) return [];
      return [{ page, mttrUs, recovery: timingOf(this.recoveriesUs.get(id) ?? [], mttrUs) }];
    });
  }

  findings({ pages }: ReportContext): RunbookFinding[] {
    return this.ids().flatMap((id) => {
      const page = pages.page(id);
      if (page?.wrong == null) return [];
      const { property, meaning, title } = page.wrong;
      const { source } = page;
      const place = source === null ? '' : `${source.document}, ${source.section}, lines ${source.lines}`;
      const { runs, failed } = this.literal.get(id) ?? { runs: 0, failed: 0 };
      return [{ scenario: id, title, source: place, property, meaning, runs, failed }];
    });
  }

  private ids(): string[] {
    return [...new Set([...this.recoveriesUs.keys(), ...this.literal.keys()])].sort();
  }
}

/** The line that makes a run of a scenario again. */
export function againOf({
  scenario,
  variant,
  profile,
  seed,
}: Pick<RunPlan, 'scenario' | 'variant' | 'profile' | 'seed'>): string {
  const named = variant === 'swarm' ? '' : ` --variant ${variant}`;
  const other = profile === 'intended' ? '' : ` --profile ${profile}`;
  return `npx firedrill run ${scenario}${named}${other} --seed ${seed}`;
}
