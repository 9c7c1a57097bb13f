import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import type { RunPlan } from '../plan/plan.ts';
import { readPlan } from '../plan/plan-file.ts';
import { UserError } from '../plan/user-error.ts';

/** Anchors are of no use in a file that a program wrote. */
const ALIASES_MAX = 32;

/**
 * A scenario file that holds one complete plan instead of a story to expand: what `shrink --save-scenario` writes. It
 * can say what the other form cannot (a seed, a mutant, listed decisions).
 */
const form = z.strictObject({ id: z.string().min(1), system: z.string().min(1), title: z.string(), plan: z.unknown() });

/** The text of such a file; `comments` stand at its head, a line each. */
export function planScenarioText(plan: RunPlan, title: string, comments: readonly string[]): string {
  const { system, scenario: id } = plan;
  const head = comments.map((line) => `# ${line}\n`).join('');
  return `${head}${stringify({ id, system, title, plan }, { lineWidth: 120 })}`;
}

/** Reads such a file. Throws a `UserError` with the place and the remedy for any other content. */
export function readPlanScenario(text: string, file: string): RunPlan {
  const document = parseDocument(text, { prettyErrors: false, version: '1.2', stringKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined) throw new UserError(`${file}: the YAML is broken: ${broken.message}`, 'mend it there');
  const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  const isPlanForm = typeof value === 'object' && value !== null && 'plan' in value;
  if (!isPlanForm) {
    throw new UserError(
      `${file}: there is no plan in it`,
      'only a file with `plan:` (from `shrink --save-scenario`) runs by its path; run the others by their id',
    );
  }
  const parsed = form.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const place = issue.path.join('.') || 'file';
    throw new UserError(`${file}: ${place}: ${issue.message}`, 'a file with a plan has id, system, title and plan');
  }
  const reading = readPlan(parsed.data.plan);
  if (reading.kind === 'mistake') {
    throw new UserError(`${file}: plan.${reading.mistake.path}: ${reading.mistake.problem}`, reading.mistake.remedy);
  }
  return reading.plan;
}
