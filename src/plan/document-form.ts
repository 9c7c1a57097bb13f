import { z } from 'zod';
import { issueWords, pathText } from './plan-issue.ts';

/** The first thing that is wrong with a document: where, such as `runs[2].verdict`, and in words. */
export interface FormMistake {
  readonly path: string;
  readonly problem: string;
}

/** Says what is wrong with a value; null for nothing. */
export type Form = (value: unknown) => FormMistake | null;

function formOf(schema: z.ZodType): Form {
  return (value) => {
    const { success, error } = schema.safeParse(value, { reportInput: true });
    if (success) return null;
    const issue = error.issues[0]!;
    return { path: pathText(issue.path), problem: issueWords(issue).problem };
  };
}

const text = z.string();
const number = z.number();
const verdict = z.enum(['passed', 'failed', 'inconclusive']);

/** What a bundle expects of a replay. */
export const bundleExpectedForm: Form = formOf(
  z.strictObject({
    hash: text,
    verdict,
    property: text,
    events: z.int().min(0),
    checkpoints: z.array(z.int()),
  }),
);

/** What a report takes from a run of `firedrill run --json`; there may be more in it. */
export const runDocumentForm: Form = formOf(
  z.looseObject({
    scenario: text,
    variant: text,
    profile: text,
    seed: z.int(),
    verdict,
    expected: z.boolean(),
    reason: text,
    property: text,
    traceHash: text,
    events: number,
    virtualUs: number,
    wallMs: number,
    alertToRecoveryUs: number,
    pending: text,
    bundle: text.nullable(),
    again: text,
    findings: z.array(z.looseObject({ property: text, site: text })),
  }),
);

/** The form that a JSON Schema describes. */
export function formOfSchema(schema: object | boolean): Form {
  return formOf(z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema));
}
