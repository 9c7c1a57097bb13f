import type { z } from 'zod';
import { nearest } from '../plan/nearest.ts';
import type { Diagnostic, Located } from './diagnostics.ts';

type Issue = z.core.$ZodIssue;

/** What the form found, as located mistakes: unknown keys first, because a mistyped key is missed elsewhere, too. */
export function issueDiagnostics(issues: readonly Issue[], schema: z.ZodType, located: Located): Diagnostic[] {
  const rank = (issue: Issue): number => (issue.code === 'unrecognized_keys' ? 0 : 1);
  const ordered = [...issues].sort((one, other) => rank(one) - rank(other));
  return ordered.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [located.at(issue.path, problemOf(issue), remedyOf(issue))];
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) =>
      located.at([...issue.path, key], `key ${key} is not known here`, suggestion(key, known), true),
    );
  });
}

/** `did you mean "x"?`, or all that there are. */
export function suggestion(typed: string, known: readonly string[]): string {
  const near = nearest(typed, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? 'leave it out' : `use one of ${[...known].sort(byCodeUnit).join(', ')}`;
}

function byCodeUnit(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function problemOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined && !/^is /.test(issue.message)) return 'is missing';
      return /^is /.test(issue.message) ? issue.message : `is not of the kind ${issue.expected}`;
    case 'invalid_value':
      return `is none of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return /^is /.test(issue.message) ? issue.message : `is below ${issue.minimum}`;
    case 'too_big':
      return `is above ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function remedyOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'add it' : 'correct the value';
    case 'invalid_value':
      return suggestion(String(issue.input ?? ''), issue.values.map(String));
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string' ? 'write at least one' : 'write a larger value';
    case 'too_big':
      return 'write a smaller value';
    default:
      return 'correct the value';
  }
}

/** The keys that the object at a path may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let here: unknown = schema;
  for (const part of [...path, null]) {
    here = unwrap(here);
    const def = defOf(here);
    if (part === null) return Object.keys((def.shape as object | undefined) ?? {});
    if (def.type === 'array') here = def.element;
    else if (def.type === 'record') here = def.valueType;
    else here = (def.shape as Record<string, unknown> | undefined)?.[String(part)];
    if (here === undefined) return [];
  }
  return [];
}

interface Def {
  readonly type?: string;
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly element?: unknown;
  readonly valueType?: unknown;
  readonly shape?: unknown;
}

function defOf(schema: unknown): Def {
  return (schema as { def?: Def } | undefined)?.def ?? {};
}

function unwrap(schema: unknown): unknown {
  let here = schema;
  for (;;) {
    const def = defOf(here);
    const inner = def.type === 'pipe' ? def.in : def.innerType;
    if (inner === undefined) return here;
    here = inner;
  }
}
