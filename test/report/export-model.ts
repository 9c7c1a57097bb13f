import { runOfDocument } from '../../src/cli/report-run.ts';
import { SignatureSums } from '../../src/cli/report-signatures.ts';
import type { ReportModel, ReportRun } from '../../src/report/model.ts';
import { REPORT_VERSION } from '../../src/report/model.ts';
import { ReportSums } from '../../src/report/report-sums.ts';
import type { RunReport } from '../../src/report/run-report.ts';

/** Text that would be markup in every format that a report is written in. */
export const HOSTILE = '</script><img src=x onerror="alert(1)"> ]]> & | `x` [a](b) ::error::%0A \u0000\ud800 \n next';

export function documentRun(changes: Partial<RunReport> = {}): RunReport {
  return {
    scenario: 'fake-loses',
    variant: 'safe',
    profile: 'intended',
    seed: 1,
    verdict: 'passed',
    expected: true,
    reason: '',
    property: '',
    traceHash: '0123456789abcdef',
    events: 1_000,
    virtualUs: 60_000_000,
    wallMs: 120,
    reached: [],
    alerts: [],
    commands: [],
    findings: [],
    certificates: [],
    alertToRecoveryUs: 30_000_000,
    pending: '',
    bundle: null,
    again: 'npx firedrill run fake-loses --variant safe --seed 1',
    ...changes,
  };
}

export function failedRun(seed: number, property: string, expected = false, scenario = 'fake-loses'): RunReport {
  return documentRun({
    scenario,
    seed,
    verdict: 'failed',
    expected,
    property,
    findings: [{ property, site: 'a-site', atUs: 1, args: {} }],
    again: `npx firedrill replay reports/runs/${scenario}-${seed}.json`,
    bundle: `reports/runs/${scenario}-${seed}.json`,
  });
}

/** A report over runs, without pages and details. */
export function modelOf(documents: readonly RunReport[], changes: Partial<ReportModel> = {}): ReportModel {
  const sums = new ReportSums(new Map([['fake-loses', HOSTILE]]));
  const signatures = new SignatureSums();
  for (const document of documents) {
    const run: ReportRun = runOfDocument(document);
    sums.add(run, '');
    signatures.add(run);
  }
  const { runs, leftOut } = sums.rows();
  return {
    format: 'firedrill-report',
    version: REPORT_VERSION,
    kind: 'run',
    subject: "Subject: firedrill's model of Kimberlite",
    title: HOSTILE,
    made: { firedrill: '9.9.9', node: 'v99.0.0', commit: 'unknown', dirty: false, source: 'runs.json' },
    totals: sums.totals(),
    groups: sums.groups(),
    runs,
    runsLeftOut: leftOut,
    signatures: signatures.worstFirst().map(({ signature }) => signature),
    shown: null,
    scenarios: [],
    coverage: null,
    marks: [],
    mutants: [],
    runbookFindings: [],
    gate: null,
    problems: [],
    ...changes,
  };
}
