import type { RunPlan } from './plan.ts';
import { type PlanMistake, readPlan } from './plan-file.ts';

/** Larger plans are refused unread: a shrunk or swarm plan has some kilobytes. */
export const PLAN_FILE_BYTES_MAX = 16 * 1024 * 1024;

export type PlanTextReading =
  | { readonly ok: true; readonly plan: RunPlan }
  | { readonly ok: false; readonly mistake: PlanMistake & { readonly file: string } };

/** Reads the text of a plan file: JSON, the version, the form, and what must hold between fields. */
export function readPlanText(text: string, file: string): PlanTextReading {
  const wrong = (path: string, problem: string, remedy: string): PlanTextReading => ({
    ok: false,
    mistake: { file, path, problem, remedy },
  });
  if (text.length > PLAN_FILE_BYTES_MAX)
    return wrong('plan', 'is larger than 16 MiB', 'hand in a plan file of firedrill');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's own message differs between versions of Node (R23).
    return wrong('plan', 'is not JSON', 'hand in a plan as firedrill stores it in a bundle, whole and unchanged');
  }
  const read = readPlan(value);
  return read.kind === 'plan' ? { ok: true, plan: read.plan } : { ok: false, mistake: { file, ...read.mistake } };
}

/** The text of a plan: JSON with sorted keys, so that equal plans have equal texts. `readPlanText` gives the plan back. */
export function planText(plan: RunPlan): string {
  return `${JSON.stringify(sorted(plan), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sorted(inner)]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}
