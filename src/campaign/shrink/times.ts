import type { FaultPlan, RunPlan, Trigger } from '../../plan/plan.ts';
import { type FaultMoment, faultMoments, type MarkMoment, markMoments } from '../../scenarios/moments.ts';
import type { Search } from './search.ts';

/** No fault strikes before the processes have come up. */
const EARLIEST_US = 200_000;

/** Marks that say nothing more than a time does, or that a plan's own faults set. */
const TRIVIAL = /^(fault:|mutant-|operator:)/;

/** Faults earlier: all of them together, then each with those behind it, so that less happens before and between them. */
export async function pullTogether(search: Search): Promise<void> {
  await asTimes(search);
  const order = sortedTimes(search.best.plan);
  for (let index = 0; index < order.length && search.over === ''; index++) {
    const times = sortedTimes(search.best.plan);
    const fromUs = times[index];
    if (fromUs === undefined) return;
    const beforeUs = index === 0 ? EARLIEST_US : (times[index - 1] as number);
    for (let gapUs = fromUs - beforeUs; gapUs >= 1_000; gapUs = Math.floor(gapUs / 2)) {
      const present = sortedTimes(search.best.plan)[index] ?? 0;
      if (present - gapUs < beforeUs) continue;
      await search.simplify(shifted(search.best.plan, present, gapUs));
    }
  }
}

/** Each trigger by state as the time at which it let its fault strike, all at once, else one by one. */
async function asTimes(search: Search): Promise<void> {
  const { plan } = search.best;
  if (plan.faults.every(({ trigger }) => trigger.kind === 'at')) return;
  const moments = await momentsOf(search);
  if (moments === null) return;
  const timed = (fault: FaultPlan): FaultPlan => {
    const began = moments.faults.find(({ label, phase }) => label === fault.label && phase === 'begins');
    const armed = fault.trigger.kind === 'at' || began === undefined;
    return armed ? fault : { ...fault, trigger: { kind: 'at', atUs: began.atUs } };
  };
  if (await search.simplify({ ...plan, faults: plan.faults.map(timed) })) return;
  for (const { label } of plan.faults) {
    const faults = search.best.plan.faults.map((fault) => (fault.label === label ? timed(fault) : fault));
    await search.simplify({ ...search.best.plan, faults });
  }
}

/**
 * Each time as a trigger (R26, 6): the last mark before the fault took effect, where that is its first occurrence in
 * the run and no delay is needed. Such a trigger says why the fault strikes when it does.
 */
export async function asTriggers(search: Search): Promise<void> {
  const moments = await momentsOf(search);
  if (moments === null) return;
  for (const { label } of search.best.plan.faults) {
    const began = moments.faults.find((moment) => moment.label === label && moment.phase === 'begins');
    if (began === undefined || search.over !== '') continue;
    for (const mark of candidates(moments.marks, began.atUs)) {
      const trigger: Trigger = { kind: 'on', mark: mark.mark, nth: 1, host: -1, delayUs: 0 };
      const { best } = search;
      const faults = best.plan.faults.map((fault) => (fault.label === label ? { ...fault, trigger } : fault));
      if (await search.simplify({ ...best.plan, faults })) break;
    }
  }
}

/** The last three marks before a moment that had not been reached earlier. */
function candidates(marks: readonly MarkMoment[], atUs: number): MarkMoment[] {
  return marks
    .filter((moment) => moment.nth === 1 && moment.atUs <= atUs && !TRIVIAL.test(moment.mark))
    .slice(-3)
    .reverse();
}

export interface Moments {
  readonly faults: readonly FaultMoment[];
  readonly marks: readonly MarkMoment[];
}

/** When faults took effect and marks were reached in the best plan's run; null when the budget is spent. */
export async function momentsOf(search: Search): Promise<Moments | null> {
  const { plan, finding } = search.best;
  const limits = { ...plan.limits, virtualUsMax: Math.min(plan.limits.virtualUsMax, finding.atUs) };
  const outcome = search.over === '' ? await search.look({ ...plan, limits }, true) : null;
  return outcome === null ? null : { faults: faultMoments(plan, outcome.records), marks: markMoments(outcome.records) };
}

function sortedTimes({ faults }: RunPlan): number[] {
  return faults
    .flatMap(({ trigger }) => (trigger.kind === 'at' ? [trigger.atUs] : []))
    .sort((left, right) => left - right);
}

/** All faults at `fromUs` or later strike `byUs` earlier. */
function shifted(plan: RunPlan, fromUs: number, byUs: number): RunPlan {
  const faults = plan.faults.map((fault): FaultPlan => {
    const { trigger } = fault;
    if (trigger.kind !== 'at' || trigger.atUs < fromUs) return fault;
    return { ...fault, trigger: { kind: 'at', atUs: trigger.atUs - byUs } };
  });
  return { ...plan, faults };
}
