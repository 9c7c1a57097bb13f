import type { PlanDecision } from '../../plan/decision.ts';
import type { FaultPlan, RunPlan, Trigger } from '../../plan/plan.ts';
import type { Search } from './search.ts';
import { momentsOf } from './times.ts';

/** Mark of an acknowledged operation, counted over all clients. */
const ACK = 'ack';
/** The first fault is tried after each of this many operations, a later one after each of this many more. */
const FIRST_MAX = 16;
const GAP_MAX = 6;

/**
 * Fewer operations before and between faults. A fault that strikes while an operation is under way does so only at few
 * moments, which a shifted time misses. So each fault is first tied to the operation acknowledged last before it took
 * effect (which changes nothing yet) and then moved to an earlier one, at the same distance. Listed decisions about
 * packets move along: they name requests and ops by number.
 */
export async function moveToEarlierOperations(search: Search): Promise<void> {
  if (search.best.counts.operations <= FIRST_MAX / 2 || search.best.plan.faults.length === 0) return;
  if (!(await tieToOperations(search))) return;
  for (let index = 0; index < tied(search.best.plan).length && search.over === ''; index++) {
    const order = tied(search.best.plan);
    const fromNth = order[index] as number;
    const floor = index === 0 ? 0 : (order[index - 1] as number);
    await moveFrom(search, fromNth, floor, index === 0 ? FIRST_MAX : GAP_MAX);
  }
}

/** Moves the faults tied to operation `fromNth` and later: to just behind `floor`, else by halves of the distance. */
async function moveFrom(search: Search, fromNth: number, floor: number, near: number): Promise<void> {
  for (let target = floor + (floor === 0 ? 1 : 0); target <= floor + near && target < fromNth; target++) {
    if (await search.improve(moved(search.best.plan, fromNth, fromNth - target))) return;
  }
  let nth = fromNth;
  for (let by = Math.floor((nth - floor) / 2); by >= 1 && search.over === ''; by = Math.floor(by / 2)) {
    while (nth - by > floor + near && (await search.improve(moved(search.best.plan, nth, by)))) nth -= by;
  }
}

async function tieToOperations(search: Search): Promise<boolean> {
  const { plan } = search.best;
  const moments = await momentsOf(search);
  if (moments === null) return false;
  const acks = moments.marks.filter(({ mark }) => mark === ACK);
  const faults = plan.faults.map((fault): FaultPlan => {
    const began = moments.faults.find(({ label, phase }) => label === fault.label && phase === 'begins');
    const last = began === undefined ? undefined : acks.filter(({ atUs }) => atUs <= began.atUs).at(-1);
    if (began === undefined || last === undefined) return fault;
    const delayUs = began.atUs - last.atUs;
    return { ...fault, trigger: { kind: 'on', mark: ACK, nth: last.nth, host: -1, delayUs } };
  });
  if (await search.simplify({ ...plan, faults })) return true;
  // One at a time: an armed fault waits longer than its trigger says.
  let some = false;
  for (const fault of faults) {
    const { best } = search;
    const each = best.plan.faults.map((known) => (known.label === fault.label ? fault : known));
    if (await search.simplify({ ...best.plan, faults: each })) some = true;
  }
  return some;
}

function isTied(trigger: Trigger): trigger is Extract<Trigger, { kind: 'on' }> {
  return trigger.kind === 'on' && trigger.mark === ACK;
}

/** The operations that faults are tied to, ascending. */
function tied({ faults }: RunPlan): number[] {
  return faults.flatMap(({ trigger }) => (isTied(trigger) ? [trigger.nth] : [])).sort((left, right) => left - right);
}

/** Faults tied to operation `fromNth` or a later one strike `by` operations earlier. */
function moved(plan: RunPlan, fromNth: number, by: number): RunPlan {
  const { decisions, cluster } = plan;
  const faults = plan.faults.map((fault): FaultPlan => {
    const { trigger } = fault;
    return isTied(trigger) && trigger.nth >= fromNth
      ? { ...fault, trigger: { ...trigger, nth: trigger.nth - by } }
      : fault;
  });
  if (decisions === undefined) return { ...plan, faults };
  const move = (decision: PlanDecision): PlanDecision => movedDecision(decision, fromNth, by, cluster.clientCount);
  return { ...plan, faults, decisions: decisions.map(move) };
}

/** The second word of a packet's identity is a client's request number, or an op number (or one that grows as it does). */
function movedDecision(decision: PlanDecision, fromNth: number, by: number, clients: number): PlanDecision {
  if (decision.kind !== 'packet') return decision;
  const ofClient = decision.message === 'request' || decision.message === 'reply';
  const first = ofClient ? Math.floor(fromNth / clients) : fromNth;
  const less = ofClient ? Math.floor(by / clients) : by;
  // An op number runs ahead of acknowledgements, a request number of one client may lag: leave room of a few.
  return decision.id1 >= first - 4 && decision.id1 > less ? { ...decision, id1: decision.id1 - less } : decision;
}
