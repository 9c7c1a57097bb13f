import type { Expectation } from '../plan/expected.ts';
import { nearest } from '../plan/nearest.ts';
import type { RunPlan, Variant } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import { planWithout, type Without } from '../plan/without.ts';
import type { ScenarioEntry, ScenarioSource } from './scenario-source.ts';

/** The seed of a run for which none was given: fixed, so that CI sees the same runs every time. */
export const DEFAULT_SEED = 1;
export const SEED_MAX = 0xffff_ffff;

/** Seeds from and to, both included; `unset`: none was given. */
export type Seeds = { readonly kind: 'unset' } | { readonly kind: 'range'; readonly from: number; readonly to: number };

export interface Selection {
  readonly scenarios: readonly string[];
  readonly system: string | null;
  readonly variant: Variant | null;
  readonly seeds: Seeds;
  readonly without: Without | null;
  /** Fidelity profiles to run (R30); undefined: the one that each scenario declares. */
  readonly profiles?: readonly RunPlan['profile'][];
}

/** One run to make, and against what it is judged. */
export interface Job {
  readonly plan: RunPlan;
  readonly expectation: Expectation;
}

/**
 * The seeds of a selection. One scenario without a seed gets one from `entropy`, the only place where entropy enters;
 * anything else without a seed gets the default.
 */
export function resolveSeeds({ seeds, scenarios }: Selection, entropy: () => number): Seeds & { kind: 'range' } {
  if (seeds.kind === 'range') return seeds;
  const seed = scenarios.length === 1 ? entropy() : DEFAULT_SEED;
  return { kind: 'range', from: seed, to: seed };
}

/**
 * The jobs of a selection, ordered by scenario (as listed), variant (safe first) and seed. A literal variant that fails
 * only on some seeds runs on its pinned seed when none was given: the one that must show the failure.
 */
export function selectJobs(selection: Selection, seeds: Seeds & { kind: 'range' }, source: ScenarioSource): Job[] {
  checkSelection(selection, source);
  const jobs: Job[] = [];
  for (const entry of selectEntries(selection, source.list())) {
    for (const variant of variantsOf(entry, selection)) {
      for (let seed = seeds.from; seed <= seeds.to; seed++) {
        const plan = planWithout(planOf(source, entry.id, variant, seed, selection), selection.without);
        const expectation = expectationOf(selection.without, entry.healsAlone);
        for (const profile of selection.profiles ?? [plan.profile]) {
          // A declaration is about the profile that the scenario names.
          if (profile === plan.profile) jobs.push({ plan, expectation });
          else jobs.push({ plan: { ...plan, profile }, expectation: { kind: 'observed' } });
        }
      }
    }
  }
  return jobs;
}

/** Throws a `UserError` for names that there are not, and where nothing would run. */
export function checkSelection(selection: Selection, source: ScenarioSource): void {
  const entries = selectEntries(selection, source.list());
  if (entries.some((entry) => variantsOf(entry, selection).length > 0)) return;
  throw new UserError('no run is left by these options', 'leave out --variant or --system; see firedrill list');
}

/** What `--without` has to show; `declared` without it. */
export function expectationOf(without: Without | null, healsAlone: boolean): Expectation {
  switch (without) {
    case null:
      return { kind: 'declared' };
    case 'faults':
      return { kind: 'without-faults' };
    case 'resolve':
      return { kind: 'without-resolve', healsAlone };
  }
}

/** The scenarios that a selection names; throws a `UserError` for a name that there is not. */
export function selectEntries(
  { scenarios, system }: Pick<Selection, 'scenarios' | 'system'>,
  entries: readonly ScenarioEntry[],
): readonly ScenarioEntry[] {
  const systems = [...new Set(entries.map((entry) => entry.system))];
  if (system !== null && !systems.includes(system)) {
    throw new UserError(`there is no system ${system}`, `use one of ${systems.join(', ')}`);
  }
  const ids = entries.map(({ id }) => id);
  for (const id of scenarios) {
    if (!ids.includes(id)) throw new UserError(`there is no scenario ${id}`, scenarioRemedy(id, ids));
  }
  // Drawn plans belong to campaigns: they run only when they are asked for by name.
  const named = (entry: ScenarioEntry): boolean =>
    scenarios.length === 0 ? !entry.variants.includes('swarm') : scenarios.includes(entry.id);
  return entries.filter((entry) => named(entry) && (system === null || entry.system === system));
}

function scenarioRemedy(id: string, ids: readonly string[]): string {
  const meant = nearest(id, ids);
  return meant === undefined
    ? '`firedrill list` shows all scenarios'
    : `did you mean ${meant}? firedrill list shows all`;
}

/** Without its repair a literal run fails anyway and shows nothing, so R17 speaks of safe variants only. */
export function variantsOf(
  entry: ScenarioEntry,
  { variant, without }: Pick<Selection, 'variant' | 'without'>,
): readonly (Variant | 'swarm')[] {
  const order = ['safe', 'literal', 'swarm'] as const;
  const wanted = variant ?? (without === 'resolve' ? 'safe' : null);
  return order.filter((each) => entry.variants.includes(each) && (wanted === null || each === wanted));
}

function planOf(
  source: ScenarioSource,
  id: string,
  variant: Variant | 'swarm',
  seed: number,
  { seeds }: Selection,
): RunPlan {
  const plan = source.plan(id, variant, seed);
  const declared = plan.expectedFailure;
  if (seeds.kind === 'unset' && declared?.seeds === 'some' && declared.pinned !== seed) {
    return source.plan(id, variant, declared.pinned);
  }
  return plan;
}
