import type { PlanDecision } from '../../plan/decision.ts';
import type { FaultPlan, OperatorStep, RunPlan } from '../../plan/plan.ts';
import { ddmin } from './ddmin.ts';
import type { Search } from './search.ts';

/** Faults and steps that had not happened before the failure go (R26, 2). */
export async function dropUnfired(search: Search): Promise<void> {
  const { plan, result } = search.best;
  const fired = plan.faults.filter(({ label }) => result.faultsFired.includes(label));
  const idle = plan.faults.filter(({ label }) => !result.faultsFired.includes(label));
  // One that never took effect may still matter: the budget counts it, and an armed one watches requests.
  if (idle.length > 0 && !(await search.improve({ ...plan, faults: fired }))) {
    for (const { label } of idle) {
      const { best } = search;
      await search.improve({ ...best.plan, faults: best.plan.faults.filter((fault) => fault.label !== label) });
    }
  }
  const { operator } = search.best.plan;
  if (operator === null) return;
  const done = new Set(result.commands.map(({ step }) => step));
  await search.improve(
    withSteps(
      search.best.plan,
      operator.steps.filter(({ id }) => done.has(id)),
    ),
  );
}

/**
 * Puts what chance decided into a list (R26, 3). From then on rates decide nothing, so they are set to 0. False when
 * the replay of the list did not fail alike, which is a finding about the simulator.
 */
export async function materialise(search: Search): Promise<boolean> {
  const { plan, taken } = search.best;
  if (plan.decisions !== undefined) return true;
  if (await search.simplify({ ...plan, decisions: [] })) return true;
  const listed = { ...plan, decisions: taken.map(({ decision }) => decision) };
  if (!(await search.simplify(listed))) return false;
  await search.simplify(withoutRates(search.best.plan));
  return true;
}

/** The rates of a plan whose decisions are listed say nothing any more. */
export function withoutRates(plan: RunPlan): RunPlan {
  const none = { lossPer65536: 0, duplicatePer65536: 0, reorderPer65536: 0, reorderUsMax: 0, corruptPer65536: 0 };
  return { ...plan, network: { ...plan.network, ...none }, rarities: false };
}

/**
 * Delta debugging over the listed decisions: first whole kinds of them, then any (R26, 4); in at most `partsMax` parts,
 * because a long list is cheaper to minimise once the run around it is short.
 */
export async function reduceDecisions(search: Search, partsMax: number): Promise<void> {
  const kindOf = (decision: PlanDecision): string => (decision.kind === 'packet' ? decision.what : decision.kind);
  const listed = (): readonly PlanDecision[] => search.best.plan.decisions ?? [];
  if (listed().length === 0) return;
  if (await search.improve({ ...search.best.plan, decisions: [] })) return;
  for (const kind of new Set(listed().map(kindOf))) {
    const others = listed().filter((decision) => kindOf(decision) !== kind);
    await search.improve({ ...search.best.plan, decisions: others });
  }
  await ddmin(
    listed(),
    async (part) => ((await search.improve({ ...search.best.plan, decisions: part })) ? listed() : null),
    () => search.over !== '',
    partsMax,
  );
}

export async function reduceFaults(search: Search): Promise<void> {
  const faults = (): readonly FaultPlan[] => search.best.plan.faults;
  await ddmin(
    faults(),
    async (part) => ((await search.improve({ ...search.best.plan, faults: part })) ? faults() : null),
    () => search.over !== '',
  );
}

export async function reduceSteps(search: Search): Promise<void> {
  const steps = (): readonly OperatorStep[] => search.best.plan.operator?.steps ?? [];
  await ddmin(
    steps(),
    async (part) => ((await search.improve(withSteps(search.best.plan, part))) ? steps() : null),
    () => search.over !== '',
  );
}

function withSteps(plan: RunPlan, steps: readonly OperatorStep[]): RunPlan {
  return plan.operator === null ? plan : { ...plan, operator: { ...plan.operator, steps } };
}
