import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Form, formOfSchema, runDocumentForm } from '../plan/document-form.ts';
import { UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';
import { REPORT_VERSION } from '../report/model.ts';
import type { MutantFate } from '../report/mutant-table.ts';
import type { RunReport } from '../report/run-report.ts';
import { readUserFile } from './bundle.ts';

/** What a file to be reported turned out to be. */
export type ReportSource =
  | { readonly kind: 'run'; readonly runs: readonly RunReport[] }
  | { readonly kind: 'bundle' }
  | { readonly kind: 'report'; readonly model: ReportModel };

/** The forms that docs/report.schema.json describes, of a report and of a row of the kill table. */
function schemaForms(): { readonly report: Form; readonly mutant: Form } {
  const path = join(import.meta.dirname, '../../docs/report.schema.json');
  const schema = JSON.parse(readFileSync(path, 'utf8')) as { readonly $defs: { readonly mutant: object } };
  return { report: formOfSchema(schema), mutant: formOfSchema(schema.$defs.mutant) };
}

/** Refuses a value that has another form, with the first place that does. */
function checkForm(form: Form, value: unknown, file: string, place: string, remedy: string): void {
  const wrong = form(value);
  if (wrong === null) return;
  const where = [place, wrong.path].filter((part) => part !== '').join('.');
  throw new UserError(`${file}: ${where} ${wrong.problem}`, remedy);
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
  checkForm(schemaForms().report, value, path, '', 'fetch the report again, whole and unchanged');
  return value as unknown as ReportModel;
}

function readRun(path: string, run: unknown, index: number): RunReport {
  checkForm(runDocumentForm, run, path, `runs[${index}]`, 'hand in what firedrill run --json printed');
  return run as RunReport;
}

/** The kill table of `firedrill mutants --json`. */
export function readMutants(path: string): readonly MutantFate[] {
  const value = parseJson(path, 'kill table');
  const rows = isRecord(value) ? value['mutants'] : null;
  const remedy = 'name what firedrill mutants --json printed';
  if (!Array.isArray(rows)) throw new UserError(`${path} is no kill table`, remedy);
  const { mutant } = schemaForms();
  for (const [index, row] of rows.entries()) checkForm(mutant, row, path, `mutants[${index}]`, remedy);
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
