import { systemReason, UserError } from '../../plan/user-error.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';
import { onlyBundles, runOfBundle, tracedBundle } from '../report-bundle.ts';
import { type ReportContext, reportContext, subjectOf } from '../report-context.ts';
import { detailOfTrace } from '../report-detail.ts';
import { isDatabase, reportModel } from '../report-model.ts';
import { readReportSource } from '../report-read.ts';
import type { ScenarioPages } from '../scenario-pages.ts';
import { refuseOwnInput, writeWhole } from '../write-file.ts';

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
  refuseOwnInput(options.what, options.out, '--out');
  const context = await reportContext(engine, pages, options.reports);
  const drawn = options.format === 'perfetto' || options.format === 'shiviz';
  const written = drawn ? await traceText(options, context) : await modelText(options, context);
  if (options.out === null) out.stdout(written);
  else {
    writeReport(options.out, written);
    out.stderr(`report: ${options.out}\n`);
  }
  return EXIT.expected;
}

async function modelText(options: ReportOptions, context: ReportContext): Promise<string> {
  const model = await reportModel(options, context);
  switch (options.format) {
    case 'html':
      return (await import('../report-html.ts')).htmlReport(model);
    case 'junit':
      return (await import('../../report/export/junit.ts')).junitReport(model);
    case 'markdown':
      return (await import('../../report/export/markdown.ts')).markdownReport(model);
    case 'github':
      return (await import('../../report/export/github.ts')).githubReport(model);
    default:
      return `${JSON.stringify(model, null, 1)}\n`;
  }
}

/** Formats that draw a single run, from its whole trace. */
async function traceText({ what, format }: ReportOptions, context: ReportContext): Promise<string> {
  if (isDatabase(what) || readReportSource(what).kind !== 'bundle') onlyBundles(what, format);
  const { bundle, traced } = await tracedBundle(what, context);
  if (format === 'shiviz') {
    const { trace } = detailOfTrace(traced, runOfBundle(what, traced));
    return (await import('../../report/export/shiviz.ts')).shivizReport(trace);
  }
  const { scenario, variant, seed, profile } = bundle.plan;
  const about = { subject: subjectOf([profile]), run: `${scenario} ${variant} seed ${seed}`, bundle: what };
  return (await import('../../report/export/perfetto.ts')).perfettoReport(traced.trace, about);
}

function writeReport(path: string, content: string): void {
  try {
    writeWhole(path, content);
  } catch (error) {
    throw new UserError(`cannot write the report ${path}: ${systemReason(error)}`, 'name a file that can be written');
  }
}
