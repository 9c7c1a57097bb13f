import type { RunPlan, Variant } from '../plan/plan.ts';

/** What `list` shows of a scenario, and what `run` has to know before it makes a plan. */
export interface ScenarioEntry {
  readonly id: string;
  readonly system: string;
  readonly title: string;
  readonly severity: string;
  readonly variants: readonly (Variant | 'swarm')[];
  /** Catalogue ids that it rehearses. */
  readonly covers: readonly string[];
  /** The runbook's recovery target; 0: none. */
  readonly mttrUs: number;
  readonly mustReach: readonly string[];
  /** The incident ends without its operator, so `--without resolve` must pass. */
  readonly healsAlone: boolean;
}

/** The scenarios that the commands can name. */
export interface ScenarioSource {
  /** In a fixed order. */
  list(): readonly ScenarioEntry[];
  /** Expands one scenario; throws a user's error when its file is bad. */
  plan(id: string, variant: Variant | 'swarm', seed: number): RunPlan;
}
