import { UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';
import type { ReportOptions } from './commands/report.ts';
import { ReportAssembly } from './report-assemble.ts';
import { bundleModel } from './report-bundle.ts';
import type { ReportContext } from './report-context.ts';
import { readMutants, readReportSource } from './report-read.ts';
import { runOfDocument } from './report-run.ts';

/** Reads what is to be reported, whatever it is. */
export async function reportModel(options: ReportOptions, context: ReportContext): Promise<ReportModel> {
  const { what, campaign } = options;
  const mutants = options.mutants === null ? [] : readMutants(options.mutants);
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
