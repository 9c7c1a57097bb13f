import { closeSync, openSync, readSync } from 'node:fs';
import { UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';
import type { ReportOptions } from './commands/report.ts';
import { ReportAssembly } from './report-assemble.ts';
import { bundleModel } from './report-bundle.ts';
import { campaignModel } from './report-campaign.ts';
import type { ReportContext } from './report-context.ts';
import { readMutants, readReportSource } from './report-read.ts';
import { runOfDocument } from './report-run.ts';

/** Reads what is to be reported, whatever it is. */
export async function reportModel(options: ReportOptions, context: ReportContext): Promise<ReportModel> {
  const { what, campaign } = options;
  const mutants = options.mutants === null ? [] : readMutants(options.mutants);
  if (isDatabase(what)) return campaignModel({ db: what, campaign, mutants }, context);
  const source = readReportSource(what);
  if (campaign !== null) throw new UserError(`${what} is no database`, 'leave out --campaign');
  switch (source.kind) {
    case 'report':
      return source.model;
    case 'run': {
      const assembly = new ReportAssembly(context);
      for (const run of source.runs) assembly.add(runOfDocument(run));
      const parts = { kind: 'run', title: `runs of ${what}`, source: what, mutants } as const;
      return assembly.model(parts, async () => null);
    }
    case 'bundle':
      return bundleModel(what, context, mutants);
  }
}

/** First bytes of every SQLite file (sqlite.org/fileformat2.html). */
const MAGIC = 'SQLite format 3';

export function isDatabase(path: string): boolean {
  const bytes = Buffer.alloc(MAGIC.length);
  try {
    const file = openSync(path, 'r');
    try {
      return bytes.toString('latin1', 0, readSync(file, bytes)) === MAGIC;
    } finally {
      closeSync(file);
    }
  } catch {
    // Told by whoever reads it next.
    return false;
  }
}
