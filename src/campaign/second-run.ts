import type { RunPlan } from '../plan/plan.ts';
import { planText } from '../plan/read.ts';
import type { RunResult } from '../plan/result.ts';

/** One plan in so many is run twice (R28: 2 %). */
const ONE_IN = 50;
/** 2^32 divided by the golden ratio: multiples of it are spread evenly over 32 bits (Knuth, TAOCP 3, 6.4). */
const GOLDEN = 0x9e37_79b1;

/**
 * Whether a run is made a second time before it is stored (R28): every failure, and 2 % of the plans, chosen by their
 * index, so that the choice depends on no worker. A run that was lost was already tried twice.
 */
export function runsTwice(index: number, { verdict, reason }: RunResult): boolean {
  if (reason === 'hung' || reason === 'crashed') return false;
  return verdict === 'failed' || isSampled(index);
}

function isSampled(index: number): boolean {
  return Math.imul(index, GOLDEN) >>> 0 < Math.floor(2 ** 32 / ONE_IN);
}

/** The plan as a bundle would keep it: read back from its text, in which keys are sorted. */
export function serialisedPlan(plan: RunPlan): RunPlan {
  return JSON.parse(planText(plan)) as RunPlan;
}

/** What two runs of one plan must have in common. */
export function sameOutcome(first: RunResult, second: RunResult): boolean {
  return (
    first.traceHash === second.traceHash &&
    first.events === second.events &&
    first.verdict === second.verdict &&
    first.reason === second.reason &&
    first.property === second.property
  );
}
