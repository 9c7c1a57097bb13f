import type { RunPlan } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import { GuidedStrategy } from './strategies/guided.ts';
import { PortfolioStrategy } from './strategies/portfolio.ts';
import { SeedStrategy } from './strategies/seeds.ts';
import { UnrestrictedStrategy } from './strategies/unrestricted.ts';

/** Plans of one generation: what a strategy may learn from is folded in between two of them (R25). */
export const GENERATION = 256;

/** A finished run as a strategy sees it. */
export interface FoldedRun {
  /** Place of the plan in its generation. */
  readonly index: number;
  readonly plan: RunPlan;
  readonly events: number;
  /** Sorted, distinct features (see `src/scenarios/coverage.ts`). */
  readonly coverage: readonly number[];
  readonly verdict: string;
  /** Operations that clients saw acknowledged. */
  readonly acknowledged: number;
  /** How many of the plan's faults took effect. */
  readonly faultsFired: number;
}

/** A plan and where it comes from: the name of the generator, with the parent of a mutated plan. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly origin: string;
}

/**
 * A source of plans. Generation `g` is a function of the campaign's seed, the seeds handed in and the runs folded for
 * all generations before it, in plan order: workers only execute (R25).
 */
export interface Strategy {
  readonly name: string;
  /** One plan for each seed, in their order. Asking twice gives the same plans. */
  generation(g: number, seeds: readonly number[]): readonly PlannedRun[];
  /** Takes in the runs of generation `g`, in any order: they are sorted by `index`. */
  fold(g: number, runs: readonly FoldedRun[]): void;
}

export const STRATEGIES = ['uniform', 'swarm', 'storm', 'pct', 'guided', 'portfolio'] as const;
export type StrategyName = (typeof STRATEGIES)[number];
export const DEFAULT_STRATEGY: StrategyName = 'portfolio';

export interface StrategyOptions {
  /** Plans outside the fault budget (class C unmasked): their failures are `out-of-model`, never `failed` (R1). */
  readonly unrestricted: boolean;
}

/** The strategy of that name. Throws a `UserError` for an unknown one. */
export function strategyOf(name: string, campaignSeed: number, options: StrategyOptions): Strategy {
  const inner = restricted(name, campaignSeed);
  return options.unrestricted ? new UnrestrictedStrategy(inner) : inner;
}

function restricted(name: string, campaignSeed: number): Strategy {
  switch (name) {
    case 'uniform':
    case 'swarm':
    case 'storm':
    case 'pct':
      return new SeedStrategy(name);
    case 'guided':
      return new GuidedStrategy(campaignSeed);
    case 'portfolio':
      return new PortfolioStrategy(campaignSeed);
    default:
      throw new UserError(`there is no strategy ${name}`, `use one of ${STRATEGIES.join(', ')}`);
  }
}
