import { labelKey } from '../faults/targets.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { Us } from '../sim/time.ts';
import { RECORD, type TraceRecord } from '../sim/trace.ts';

/** A fault that took effect, or ended. `hosts` as the trace words them. */
export interface FaultMoment {
  readonly label: string;
  readonly atUs: Us;
  readonly phase: 'begins' | 'ends';
  readonly where: string;
}

/** A mark that was reached, for the `nth` time over all hosts. */
export interface MarkMoment {
  readonly mark: string;
  readonly atUs: Us;
  readonly host: number;
  readonly nth: number;
}

/** When the faults of a plan took effect and ended, from the trace of its run. */
export function faultMoments(plan: RunPlan, records: readonly TraceRecord[]): FaultMoment[] {
  const labels = new Map(plan.faults.map((fault) => [labelKey(fault) | 0, fault.label]));
  return records.flatMap(({ kind, a, c, atUs, text }) => {
    const label = kind === RECORD.fault ? labels.get(c | 0) : undefined;
    if (label === undefined) return [];
    const where = text.slice(text.lastIndexOf(': ') + 2);
    return [{ label, atUs, phase: a % 2 === 0 ? ('begins' as const) : ('ends' as const), where }];
  });
}

/** Every mark of a run, from its trace. */
export function markMoments(records: readonly TraceRecord[]): MarkMoment[] {
  return records.flatMap(({ kind, atUs, host, a, text }) =>
    kind === RECORD.mark ? [{ mark: text, atUs, host, nth: a }] : [],
  );
}

/** A process that started or ended, in the trace's words. */
export interface ProcessMoment {
  readonly atUs: Us;
  readonly host: number;
  readonly text: string;
}

export function processMoments(records: readonly TraceRecord[]): ProcessMoment[] {
  return records.flatMap(({ kind, atUs, host, text }) =>
    kind === RECORD.crash || kind === RECORD.start ? [{ atUs, host, text }] : [],
  );
}
