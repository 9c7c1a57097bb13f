import { writeFileSync } from 'node:fs';
import { systemReason, UserError } from '../../plan/user-error.ts';
import type { ReportModel } from '../../report/model.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';
import { reportContext } from '../report-context.ts';
import { reportModel } from '../report-model.ts';
import type { ScenarioPages } from '../scenario-pages.ts';

export type ReportFormat = 'html' | 'junit' | 'markdown' | 'github' | 'json' | 'perfetto' | 'shiviz';

export interface ReportOptions {
  readonly what: string;
  readonly format: ReportFormat;
  /** Null: stdout. */
  readonly out: string | null;
  /** Of a database; null: the newest. */
  readonly campaign: number | null;
  /** File with a kill table to show beside; null: none. */
  readonly mutants: string | null;
  readonly reports: string;
}

/** Writes a report. Returns 0 for one that was written, whatever it says; throws a `UserError` for a source it cannot read. */
export async function report(
  options: ReportOptions,
  out: CommandOutput,
  engine: Engine,
  pages: ScenarioPages,
): Promise<number> {
  const context = await reportContext(engine, pages, options.reports);
  const written = await textOf(options, await reportModel(options, context));
  if (options.out === null) out.stdout(written);
  else {
    writeReport(options.out, written);
    out.stderr(`report: ${options.out}\n`);
  }
  return EXIT.expected;
}

async function textOf({ format }: ReportOptions, model: ReportModel): Promise<string> {
  switch (format) {
    case 'html':
      return (await import('../report-html.ts')).htmlReport(model);
    case 'json':
      return `${JSON.stringify(model, null, 1)}\n`;
    default:
      throw new UserError(`--format ${format} is not built yet`, 'choose another --format');
  }
}

function writeReport(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flush: true });
  } catch (error) {
    throw new UserError(`cannot write the report ${path}: ${systemReason(error)}`, 'name a file that can be written');
  }
}
