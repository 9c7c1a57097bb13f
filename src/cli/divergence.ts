import type { RunPlanFunction } from '../campaign/worker-protocol.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { TraceRecord } from '../sim/trace.ts';

/** Events between two entries of `traceCheckpoints` (src/sim/trace.ts; a test keeps the two equal). */
export const CHECKPOINT_EVENTS = 1024;

/** What of a run is compared: all of it follows from the plan. */
export interface Fingerprint {
  readonly hash: string;
  readonly verdict: string;
  readonly property: string;
  readonly events: number;
  readonly checkpoints: readonly number[];
}

/** The events among which two traces first differ, both included; `lastEvent` is -1 where the traces end there. */
export interface DivergenceWindow {
  readonly firstEvent: number;
  readonly lastEvent: number;
}

export function fingerprint(result: {
  readonly traceHash: string;
  readonly verdict: string;
  readonly property: string;
  readonly events: number;
  readonly traceCheckpoints: readonly number[];
}): Fingerprint {
  const { traceHash, verdict, property, events, traceCheckpoints } = result;
  return { hash: traceHash, verdict, property, events, checkpoints: traceCheckpoints };
}

/** What differs between two runs of one plan, in words; empty when they are equal. */
export function differences(first: Fingerprint, second: Fingerprint): string[] {
  const rows: [string, string | number, string | number][] = [
    ['hash', first.hash, second.hash],
    ['verdict', first.verdict, second.verdict],
    ['property', first.property, second.property],
    ['events', first.events, second.events],
  ];
  return rows.flatMap(([name, left, right]) => (left === right ? [] : [`${name} ${left || '-'} and ${right || '-'}`]));
}

/** Where two traces part, as narrowly as their checkpoints tell. */
export function divergenceWindow(first: readonly number[], second: readonly number[]): DivergenceWindow {
  const shared = Math.min(first.length, second.length);
  let equal = 0;
  while (equal < shared && first[equal] === second[equal]) equal++;
  const lastEvent = equal < shared ? (equal + 1) * CHECKPOINT_EVENTS : -1;
  return { firstEvent: equal * CHECKPOINT_EVENTS + 1, lastEvent };
}

/** The first records that differ between two runs of a plan; `null` on a side that had already ended. */
export interface DivergentRecords {
  readonly first: TraceRecord | null;
  readonly second: TraceRecord | null;
}

/**
 * Runs a plan twice in this process, recording, and returns the first records that differ; undefined when this process
 * runs it alike both times.
 */
export async function firstDivergentRecords(
  plan: RunPlan,
  runPlan: RunPlanFunction,
): Promise<DivergentRecords | undefined> {
  const { records: first } = await runPlan(plan, { recording: true });
  const { records: second } = await runPlan(structuredClone(plan), { recording: true });
  const length = Math.max(first.length, second.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [first[index], second[index]];
    if (left === undefined || right === undefined || !sameRecord(left, right)) {
      return { first: left ?? null, second: right ?? null };
    }
  }
  return undefined;
}

function sameRecord(left: TraceRecord, right: TraceRecord): boolean {
  return (
    left.index === right.index &&
    left.atUs === right.atUs &&
    left.kind === right.kind &&
    left.host === right.host &&
    left.a === right.a &&
    left.b === right.b &&
    left.c === right.c &&
    left.text === right.text
  );
}
