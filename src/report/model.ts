import type { AlertRecord, CommandRecord } from '../plan/result.ts';
import type { MutantFate } from './mutant-table.ts';
import type { ScenarioPage } from './scenario-page.ts';
import type { TraceModel } from './trace-model.ts';

/** Version of {@link ReportModel} as `--format json` prints it (docs/report-format.md). A reader refuses any other. */
export const REPORT_VERSION = 1;

/**
 * Everything that a report shows, ready for any format: plain data, complete by itself. Times are virtual microseconds
 * from the start of a run, wall times excepted, whose names end in `wallMs`. -1 stands for none.
 */
export interface ReportModel {
  readonly format: 'firedrill-report';
  readonly version: typeof REPORT_VERSION;
  readonly kind: 'run' | 'bundle' | 'campaign' | 'gate';
  /** R30: the first sentence of every report. */
  readonly subject: string;
  /** What it is a report of, such as `campaign 3 of reports/campaigns.db`. */
  readonly title: string;
  readonly made: ReportOrigin;
  readonly totals: ReportTotals;
  /** Scenario, variant and profile together, in the order of the scenarios; all runs count in them. */
  readonly groups: readonly ReportGroup[];
  /** Single runs, worst first; at most `RUN_ROWS_MAX` of them. */
  readonly runs: readonly ReportRun[];
  /** Runs of `totals` that have no row in `runs`; all of them ended no worse than the last row. */
  readonly runsLeftOut: number;
  /** Failures that look alike, worst first: undeclared before declared, then by number. */
  readonly signatures: readonly ReportSignature[];
  /** The run of a bundle that did not fail, in full; null in every other report. */
  readonly shown: ReportDetail | null;
  /** The rehearsals that took part, by id. */
  readonly scenarios: readonly ReportScenario[];
  readonly coverage: ReportCoverage | null;
  /** Marks by name; empty where none were counted. */
  readonly marks: readonly ReportMark[];
  /** Kill table; empty where no mutant was hunted. */
  readonly mutants: readonly MutantFate[];
  /** What rehearsing the runbooks has shown about their texts. */
  readonly runbookFindings: readonly RunbookFinding[];
  /** What a gate decided; null in every other report. */
  readonly gate: ReportGate | null;
  /** What could not be had, in words; a reader must see them. */
  readonly problems: readonly string[];
}

/** Single runs that a report lists. */
export const RUN_ROWS_MAX = 2_000;
/** Signatures that a report shows in full. */
export const DETAILS_MAX = 20;
/** Trace records around a failure that a report holds. */
export const DETAIL_EVENTS_MAX = 2_000;

export interface ReportOrigin {
  readonly firedrill: string;
  readonly node: string;
  /** Commit of the working directory; `unknown` without git. */
  readonly commit: string;
  readonly dirty: boolean;
  /** File or database that was read. */
  readonly source: string;
}

export interface ReportTotals {
  readonly runs: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  /** Runs that ended otherwise than declared. */
  readonly unexpected: number;
  /** Runs by reason, for those that have one, by name. */
  readonly byReason: readonly (readonly [reason: string, runs: number])[];
  readonly events: number;
  readonly virtualUs: number;
}

/** All runs of one scenario in one variant and profile. */
export interface ReportGroup {
  readonly scenario: string;
  readonly title: string;
  readonly variant: string;
  readonly profile: string;
  readonly runs: number;
  readonly seedFrom: number;
  readonly seedTo: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly unexpected: number;
  /** Sum over its runs. */
  readonly wallMs: number;
  /** The property by which the variant is declared to fail; '' for one that must pass. */
  readonly declared: string;
  /** Shell line that makes the worst run of the group again. */
  readonly replay: string;
}

export interface ReportRun {
  /** Unique in the report; usable in an address: `scenario-variant-profile-seed`, with the index in a campaign. */
  readonly id: string;
  readonly scenario: string;
  readonly variant: string;
  readonly profile: string;
  readonly seed: number;
  readonly verdict: string;
  readonly expected: boolean;
  readonly reason: string;
  readonly property: string;
  /** Of a failed or lost run, else ''. */
  readonly signature: string;
  /** Why it ended so, in one line; '' for one that passed. */
  readonly explanation: string;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualUs: number;
  readonly wallMs: number;
  readonly alertToRecoveryUs: number;
  readonly bundle: string | null;
  readonly replay: string;
}

export interface ReportSignature {
  readonly signature: string;
  readonly property: string;
  readonly site: string;
  /** What it means when the property fails. */
  readonly meaning: string;
  readonly count: number;
  /** False where all its failures are declared by their scenarios. */
  readonly unexpected: boolean;
  /** Triage: known, with its note; waived by a gate, with owner and reason. */
  readonly known: boolean;
  readonly note: string;
  readonly scenarios: readonly string[];
  /** The first seeds, ascending; at most 20. */
  readonly seeds: readonly number[];
  readonly bundle: string | null;
  readonly replay: string | null;
  readonly shrink: string | null;
  /** The first failure in full; null beyond the first `DETAILS_MAX` signatures or where it was not made again. */
  readonly detail: ReportDetail | null;
}

/** One run in full: what happened around its failure (or its end). */
export interface ReportDetail {
  readonly run: ReportRun;
  readonly findings: readonly ReportFinding[];
  /** The window of the trace, at most `DETAIL_EVENTS_MAX` records, with whole-run figures of what lies outside. */
  readonly trace: TraceModel;
  readonly recordsBefore: number;
  readonly recordsAfter: number;
  /** Trace indexes of the records that led to the failure, ascending: the causal chain through messages and hosts. */
  readonly chain: readonly number[];
  readonly alerts: readonly AlertRecord[];
  readonly commands: readonly CommandRecord[];
  /** Logs of the replicas by op, around the lowest that differs, else around the op that the failure is about. */
  readonly logs: ReplicaLogs;
}

export interface ReportFinding {
  readonly property: string;
  readonly site: string;
  readonly atUs: number;
  /** One line with meaning, place and facts. */
  readonly text: string;
}

export interface ReplicaLogs {
  readonly hosts: readonly number[];
  /** Ascending ops; `entries` has one place per host, null where the replica applied none. */
  readonly rows: readonly { readonly op: number; readonly entries: readonly (LogEntry | null)[] }[];
  /** First op at which two replicas, or one before and after a restart, applied different entries; -1: none. */
  readonly firstDisagreement: number;
  /** Op that the reported finding names, where a replica applied it; -1: none. Missing in reports of former releases. */
  readonly findingOp?: number;
  /** Last op that a replica had applied when the run failed, or at its end; -1: none. Missing as above. */
  readonly lastOp?: number;
  readonly rowsLeftOut: number;
}

export interface LogEntry {
  readonly view: number;
  readonly client: number;
  readonly request: number;
  /** State hash after it, as hexadecimal digits. */
  readonly hash: string;
  readonly atUs: number;
  /** Another entry that this replica had applied under the same op, before a restart. */
  readonly before?: LogEntry;
}

export interface ReportScenario {
  readonly page: ScenarioPage;
  readonly mttrUs: number;
  /** Over all runs of the safe variant that recovered. */
  readonly recovery: ReportTiming;
}

/** Durations of many runs against a target. */
export interface ReportTiming {
  /** 0: no target. */
  readonly targetUs: number;
  /** Ascending; at most `SAMPLES_MAX`, evenly thinned. */
  readonly samplesUs: readonly number[];
  readonly count: number;
  readonly overTarget: number;
  /** Nearest rank; -1 without a sample. */
  readonly medianUs: number;
  readonly p95Us: number;
  readonly maxUs: number;
  /** Runs that have no such time: they did not recover, or nothing had to. */
  readonly without: number;
}

export const SAMPLES_MAX = 1_000;

export interface ReportCoverage {
  readonly features: number;
  /** How coverage grew: after so many runs so many features. */
  readonly points: readonly { readonly runs: number; readonly features: number }[];
}

export interface ReportMark {
  readonly mark: string;
  readonly runs: number;
  /** Reached in less than a thousandth of the runs, although drawn plans could. */
  readonly rare: boolean;
  /** Why drawn plans cannot reach it; '' where they can. */
  readonly onlyElsewhere: string;
  readonly scenarios: readonly string[];
}

/** A procedure that fails when it is followed to the letter. */
export interface RunbookFinding {
  readonly scenario: string;
  readonly title: string;
  /** Where it stands: document, section and lines. */
  readonly source: string;
  readonly property: string;
  readonly meaning: string;
  /** Literal runs of this report, and how many of them failed by that property; 0 of 0 where none ran. */
  readonly runs: number;
  readonly failed: number;
}

export interface ReportGate {
  readonly verdict: 'passed' | 'failed';
  readonly policy: string;
  readonly policySha256: string;
  /** In order of weight. */
  readonly reasons: readonly { readonly rule: string; readonly text: string; readonly replay: string | null }[];
}
