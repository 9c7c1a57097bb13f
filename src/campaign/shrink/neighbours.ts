import type { FaultPlan, RunPlan } from '../../plan/plan.ts';
import { faultMoments } from '../../scenarios/moments.ts';
import { findingOf } from './failure.ts';
import type { Search } from './search.ts';

/** What is changed about the minimal plan. */
export type Change =
  | { readonly kind: 'without-fault'; readonly fault: FaultPlan }
  | { readonly kind: 'shorter-fault'; readonly fault: FaultPlan; readonly durationUs: number }
  | { readonly kind: 'without-decision'; readonly index: number }
  | { readonly kind: 'without-step'; readonly step: string }
  | { readonly kind: 'without-bug'; readonly mutant: string };

/** The minimal plan with one change, run to its end. */
export interface Neighbour {
  readonly change: Change;
  /** When the changed plan's run leaves the failing one; -1: from the start. */
  readonly fromUs: number;
  readonly passes: boolean;
  /** The property by which it fails instead; '' when it passes or fails alike. */
  readonly instead: string;
}

/** More than this many elements are not each run without: a plan that large is no story yet. */
const NEIGHBOURS_MAX = 24;

/**
 * Runs the minimal plan without each element that is left. Those that pass stand first, and among them the one whose run
 * stays equal to the failing one for longest: removing a fault changes nothing before its first effect (R20), so the
 * latest element is the nearest neighbour.
 */
export async function nearestPassing(search: Search): Promise<Neighbour[]> {
  const { plan } = search.best;
  const shown = await search.look(plan, true);
  const moments = shown === null ? [] : faultMoments(plan, shown.records);
  const beganUs = (label: string): number =>
    moments.find((moment) => moment.label === label && moment.phase === 'begins')?.atUs ?? -1;
  const neighbours: Neighbour[] = [];
  for (const { change, fromUs } of changesOf(search, beganUs).slice(0, NEIGHBOURS_MAX)) {
    if (search.over !== '') break;
    const outcome = await search.look(changed(plan, change), false);
    if (outcome === null) continue;
    const { verdict, reason } = outcome.result;
    // A minimal plan does too little to prove anything, so `vacuous` is all that a run without a failure can say.
    const passes = verdict === 'passed' || (verdict === 'inconclusive' && reason === 'vacuous');
    const alike = findingOf(outcome.result, search.failure) !== null;
    const instead = alike || verdict !== 'failed' ? '' : outcome.result.property;
    neighbours.push({ change, fromUs, passes, instead });
  }
  return neighbours.sort((left, right) => Number(right.passes) - Number(left.passes) || right.fromUs - left.fromUs);
}

function changesOf(search: Search, beganUs: (label: string) => number): { change: Change; fromUs: number }[] {
  const { plan, taken, result } = search.best;
  const changes: { change: Change; fromUs: number }[] = [];
  if (plan.mutant !== null) changes.push({ change: { kind: 'without-bug', mutant: plan.mutant }, fromUs: -1 });
  for (const fault of plan.faults) {
    const fromUs = beganUs(fault.label);
    changes.push({ change: { kind: 'without-fault', fault }, fromUs });
    const durationUs = Math.floor(fault.durationUs / 2);
    if (durationUs === 0 || fromUs < 0) continue;
    changes.push({ change: { kind: 'shorter-fault', fault, durationUs }, fromUs: fromUs + durationUs });
  }
  for (const [index, { atUs }] of taken.entries()) {
    if (plan.decisions !== undefined) changes.push({ change: { kind: 'without-decision', index }, fromUs: atUs });
  }
  for (const { id } of plan.operator?.steps ?? []) {
    const fromUs = result.commands.find(({ step }) => step === id)?.startedUs ?? -1;
    changes.push({ change: { kind: 'without-step', step: id }, fromUs });
  }
  return changes;
}

function changed(plan: RunPlan, change: Change): RunPlan {
  const others = (label: string): readonly FaultPlan[] => plan.faults.filter((fault) => fault.label !== label);
  switch (change.kind) {
    case 'without-bug':
      return { ...plan, mutant: null };
    case 'without-fault':
      return { ...plan, faults: others(change.fault.label) };
    case 'shorter-fault': {
      const { fault, durationUs } = change;
      const faults = plan.faults.map((each) => (each.label === fault.label ? { ...each, durationUs } : each));
      return { ...plan, faults };
    }
    case 'without-decision':
      return { ...plan, decisions: (plan.decisions ?? []).filter((_, index) => index !== change.index) };
    case 'without-step': {
      const { operator } = plan;
      if (operator === null) return plan;
      return { ...plan, operator: { ...operator, steps: operator.steps.filter(({ id }) => id !== change.step) } };
    }
  }
}
