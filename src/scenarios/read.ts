import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Diagnostic, Located } from './diagnostics.ts';
import { issueDiagnostics } from './issues.ts';
import { type Known, relationMistakes } from './relations.ts';
import { type Scenario, scenarioSchema } from './schema.ts';

/** Larger files are refused unread. */
export const SCENARIO_BYTES_MAX = 256 * 1024;
/** Anchors may be used to share steps between variants; more uses than this look like a bomb. */
const ALIASES_MAX = 32;
/** Deeper nesting is refused before the parser, which recurses, sees it. */
const NESTING_MAX = 64;

export type ScenarioReading =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A YAML file that has the form of a schema, with the means to say where something stands in it. */
export type FormReading<T> =
  | { readonly ok: true; readonly value: T; readonly located: Located }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads the text of a scenario file: YAML 1.2, the form, then what must hold between its fields and against what is
 * `known` (fault kinds, systems, alert ids). All mistakes of the first kind that has any are reported.
 */
export function readScenario(content: string, file: string, known: Known): ScenarioReading {
  const read = readForm(content, file, scenarioSchema, 'one file covers one incident: split it');
  if (!read.ok) return read;
  const mistakes = relationMistakes(read.value, known);
  if (mistakes.length === 0) return { ok: true, scenario: read.value };
  return {
    ok: false,
    diagnostics: mistakes.map(({ path, problem, remedy }) => read.located.at(path, problem, remedy)),
  };
}

/** Reads a text as YAML 1.2 of the form of `schema`. `tooLarge`: what to do with a file that is refused unread. */
export function readForm<S extends z.ZodType>(
  content: string,
  file: string,
  schema: S,
  tooLarge: string,
): FormReading<z.output<S>> {
  const start = { file, line: 1, column: 1, path: '' };
  if (content.length > SCENARIO_BYTES_MAX) {
    return refuse({ ...start, problem: 'is larger than 256 KiB', remedy: tooLarge });
  }
  const deep = tooDeep(content);
  if (deep !== null) {
    return refuse({ ...start, ...deep, problem: 'is nested too deeply', remedy: `nest at most ${NESTING_MAX} levels` });
  }
  const lines = new LineCounter();
  const document = parseDocument(content, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    stringKeys: true,
  });
  const located = new Located(file, document, lines);
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    const diagnostics = broken.map(({ message, pos }) => ({
      ...located.position(pos[0]),
      path: '',
      problem: `the YAML is broken: ${message}`,
      remedy: 'mend it there',
    }));
    return { ok: false, diagnostics };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    // The library's only error here: too many uses of anchors.
    if (!(error instanceof ReferenceError)) throw error;
    return refuse(
      located.at([], 'uses anchors too often (a YAML bomb?)', `write the values out: at most ${ALIASES_MAX} aliases`),
    );
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { ok: false, diagnostics: issueDiagnostics(parsed.error.issues, schema, located) };
  return { ok: true, value: parsed.data, located };
}

function refuse(diagnostic: Diagnostic): { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  return { ok: false, diagnostics: [diagnostic] };
}

/** The place at which brackets or list dashes nest deeper than allowed, or null. Quoted text counts as well: it is cheap. */
function tooDeep(content: string): { line: number; column: number } | null {
  let depth = 0;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < content.length; at++) {
    const letter = content[at];
    if (letter === '\n') {
      line++;
      lineStart = at + 1;
    } else if (letter === '[' || letter === '{') depth++;
    else if (letter === ']' || letter === '}') depth = Math.max(0, depth - 1);
    const dashes = at === lineStart && /^\s*([-?] +){64}/.test(content.slice(at, at + 512));
    if (depth > NESTING_MAX || dashes) return { line, column: at - lineStart + 1 };
  }
  return null;
}
