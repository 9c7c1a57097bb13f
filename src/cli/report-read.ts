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

const RUN_FIELDS: readonly (readonly [name: string, type: string])[] = [
  ['scenario', 'string'],
  ['variant', 'string'],
  ['profile', 'string'],
  ['seed', 'number'],
  ['verdict', 'string'],
  ['expected', 'boolean'],
  ['reason', 'string'],
  ['property', 'string'],
  ['traceHash', 'string'],
  ['events', 'number'],
  ['virtualUs', 'number'],
  ['alertToRecoveryUs', 'number'],
  ['pending', 'string'],
  ['again', 'string'],
];

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
  for (const name of ['groups', 'runs', 'signatures', 'scenarios', 'marks', 'mutants', 'problems']) {
    if (!Array.isArray(value[name])) throw new UserError(`${path}: ${name} is no list`, 'fetch the report again');
  }
  return value as unknown as ReportModel;
}

function readRun(path: string, run: unknown, index: number): RunReport {
  const record = isRecord(run) ? run : {};
  const wrong = RUN_FIELDS.find(([name, type]) => typeof record[name] !== type);
  if (wrong !== undefined) {
    throw new UserError(
      `${path}: runs[${index}].${wrong[0]} is no ${wrong[1]}`,
      'hand in what firedrill run --json printed',
    );
  }
  for (const name of ['reached', 'alerts', 'commands', 'findings']) {
    if (!Array.isArray(record[name])) {
      throw new UserError(`${path}: runs[${index}].${name} is no list`, 'hand in what firedrill run --json printed');
    }
  }
  return record as unknown as RunReport;
}

/** The kill table of `firedrill mutants --json`. */
export function readMutants(path: string): readonly MutantFate[] {
  const value = parseJson(path, 'kill table');
  const rows = isRecord(value) ? value['mutants'] : null;
  const good = Array.isArray(rows) && rows.every((row) => isRecord(row) && typeof row['killed'] === 'boolean');
  if (!good) throw new UserError(`${path} is no kill table`, 'name what firedrill mutants --json printed');
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
