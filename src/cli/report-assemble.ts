import {
  REPORT_VERSION,
  type ReportDetail,
  type ReportModel,
  type ReportRun,
  type ReportTotals,
} from '../report/model.ts';
import { ReportSums } from '../report/report-sums.ts';
import { declaredProperty, type ReportContext, ScenarioSums, subjectOf } from './report-context.ts';
import { SignatureSums, withDetails } from './report-signatures.ts';

/** What runs do not say of themselves. */
export interface AssembleParts
  extends Pick<ReportModel, 'kind' | 'title'>,
    Partial<Pick<ReportModel, 'coverage' | 'marks' | 'mutants' | 'shown' | 'gate' | 'problems'>> {
  readonly source: string;
}

/** Makes a report of runs that are handed in one after the other. */
export class ReportAssembly {
  private readonly context: ReportContext;
  private readonly sums: ReportSums;
  private readonly scenarios: ScenarioSums;
  private readonly signatures: SignatureSums;
  private readonly profiles: Set<string>;
  private readonly declared: Map<string, string>;

  constructor(context: ReportContext) {
    this.context = context;
    this.sums = new ReportSums(new Map([...context.entries].map(([id, { title }]) => [id, title])));
    this.scenarios = new ScenarioSums();
    this.signatures = new SignatureSums();
    this.profiles = new Set();
    this.declared = new Map();
  }

  add(run: ReportRun): void {
    const key = `${run.scenario} ${run.variant}`;
    const declared = this.declared.get(key) ?? declaredProperty(this.context, run);
    this.declared.set(key, declared);
    this.profiles.add(run.profile);
    this.sums.add(run, declared);
    this.scenarios.add(run, run.verdict === 'failed' && run.expected && declared !== '');
    this.signatures.add(run);
  }

  totals(): ReportTotals {
    return this.sums.totals();
  }

  /** `detailOf` makes a run again and shows it in full; null where that cannot be done. */
  async model(parts: AssembleParts, detailOf: (run: ReportRun) => Promise<ReportDetail | null>): Promise<ReportModel> {
    const { runs, leftOut } = this.sums.rows();
    const signatures = await withDetails(this.signatures.worstFirst(), detailOf);
    return {
      format: 'firedrill-report',
      version: REPORT_VERSION,
      kind: parts.kind,
      subject: subjectOf([...this.profiles]),
      title: parts.title,
      made: this.context.origin(parts.source),
      totals: this.sums.totals(),
      groups: this.sums.groups(),
      runs,
      runsLeftOut: leftOut,
      signatures,
      shown: parts.shown ?? null,
      scenarios: this.scenarios.scenarios(this.context),
      coverage: parts.coverage ?? null,
      marks: parts.marks ?? [],
      mutants: parts.mutants ?? [],
      runbookFindings: this.scenarios.findings(this.context),
      gate: parts.gate ?? null,
      problems: parts.problems ?? [],
    };
  }
}
