import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';
import { REPORT_VERSION } from '../report/model.ts';
import type { MutantFate } from '../report/mutant-table.ts';
import type { RunReport } from '../report/run-report.ts';
import { pathText } from '../scenarios/diagnostics.ts';
import { readUserFile } from './bundle.ts';

/** What a file to be reported turned out to be. */
export type ReportSource =
  | { readonly kind: 'run'; readonly runs: readonly RunReport[] }
  | { readonly kind: 'bundle' }
  | { readonly kind: 'report'; readonly model: ReportModel };

const text = z.string();
const number = z.number();

/** What a report takes from a run of `firedrill run --json`; there may be more in it. */
const runForm = z.looseObject({
  scenario: text,
  variant: text,
  profile: text,
  seed: z.int(),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
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
});

/** The forms that docs/report.schema.json describes, of a report and of a row of the kill table. */
function schemaForms(): { readonly report: z.ZodType; readonly mutant: z.ZodType } {
  const path = join(import.meta.dirname, '../../docs/report.schema.json');
  const schema = JSON.parse(readFileSync(path, 'utf8')) as z.core.JSONSchema.JSONSchema;
  return { report: z.fromJSONSchema(schema), mutant: z.fromJSONSchema(schema.$defs!['mutant']!) };
}

/** Refuses a value that has another form, with the first place that does. */
function checkForm(form: z.ZodType, value: unknown, place: string, remedy: string): void {
  const { success, error } = form.safeParse(value);
  if (success) return;
  const [issue] = error.issues;
  const inner = pathText(issue!.path);
  const where =
    inner === '' || inner.startsWith('[') || place.endsWith(': ') ? `${place}${inner}` : `${place}.${inner}`;
  throw new UserError(`${where} ${problemOf(issue!)}`, remedy);
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `is none of ${issue.values.map(String).join(', ')}`;
  if (issue.code !== 'invalid_type') return 'has another form than docs/report.schema.json says';
  const kind = issue.expected === 'array' ? 'list' : issue.expected;
  return `is missing or is no ${kind}`;
}

/** Tells the JSON documents of firedrill apart. Throws a `UserError` for any other file. */
export function readReportSource(path: string): ReportSource {
  const value = parseJson(path, 'report source');
  if (isRecord(value)) {
    if (Array.isArray(value['runs']) && isRecord(value['totals']) && value['format'] === undefined) {
      return { kind: 'run', runs: value['runs'].map((run, index) => readRun(path, run, index)) };
    }
    if (isRecord(value['plan']) && isRecord(value['expected']) && 'checksum' in value) return { kind: 'bundle' };
    if (value['format'] === 'firedrill-report') return { kind: 'report', model: readModel(path, value) };
  }
  throw new UserError(
    `${path} is none of the documents that can be reported`,
    'name the JSON of firedrill run --json, a bundle, a report kept with --format json, or a campaign database',
  );
}

function readModel(path: string, value: Record<string, unknown>): ReportModel {
  if (value['version'] !== REPORT_VERSION) {
    throw new UserError(
      `${path}: this is no report of version ${REPORT_VERSION} (version: ${JSON.stringify(value['version']) ?? 'none'})`,
      'show it with the firedrill that wrote it',
    );
  }
  checkForm(schemaForms().report, value, `${path}: `, 'fetch the report again, whole and unchanged');
  return value as unknown as ReportModel;
}

function readRun(path: string, run: unknown, index: number): RunReport {
  checkForm(runForm, run, `${path}: runs[${index}]`, 'hand in what firedrill run --json printed');
  return run as RunReport;
}

/** The kill table of `firedrill mutants --json`. */
export function readMutants(path: string): readonly MutantFate[] {
  const value = parseJson(path, 'kill table');
  const rows = isRecord(value) ? value['mutants'] : null;
  const remedy = 'name what firedrill mutants --json printed';
  if (!Array.isArray(rows)) throw new UserError(`${path} is no kill table`, remedy);
  const { mutant } = schemaForms();
  for (const [index, row] of rows.entries()) checkForm(mutant, row, `${path}: mutants[${index}]`, remedy);
  return rows as unknown as readonly MutantFate[];
}

function parseJson(path: string, what: string): unknown {
  const text = readUserFile(path, what);
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON`, 'hand in the whole document, unchanged');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
