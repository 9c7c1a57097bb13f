import { DRAWN } from '../campaign/expand.ts';
import { type RareMark, rareMarks } from '../campaign/marks.ts';
import { NONDETERMINISM } from '../campaign/run-row.ts';
import type { CampaignSummary, OddRun } from '../campaign/summary.ts';
import type { TriagedSignature } from '../campaign/triage.ts';
import type { CampaignRecord } from '../store/rows.ts';
import { EXIT, worstExit } from './exit-codes.ts';
import type { SessionFigures } from './fuzz-meter.ts';
import type { ScenarioEntry } from './scenario-source.ts';

/** A signature with what is needed to look at its first failure. */
export type ReportedSignature = TriagedSignature & {
  /** False where all its failures are declared by their scenarios. */
  readonly unexpected: boolean;
  readonly bundle: string | null;
  readonly replay: string | null;
  readonly shrink: string | null;
};

/** A crashed, hung or nondeterministic run, with the line that makes it again. */
export interface ReportedOdd extends OddRun {
  readonly again: string | null;
}

/** R19: what no failure in so many runs says about the next one. */
export interface Bound {
  readonly runs: number;
  /** 3/N, the upper end of the 95 % interval of the probability that a run fails (rule of three). */
  readonly probabilityMax: number;
  readonly text: string;
}

/** The one JSON document of `firedrill fuzz`, and what its text is made from. Wall times stand in `session` only. */
export interface FuzzReport {
  readonly subject: string;
  readonly campaign: {
    readonly id: number;
    readonly db: string;
    readonly state: 'finished' | 'interrupted';
    readonly engine: string;
    readonly jobs: number;
  } & Omit<CampaignRecord['spec'], 'campaignSeed'>;
  readonly summary: CampaignSummary;
  readonly features: number;
  readonly bound: Bound | null;
  readonly signatures: readonly ReportedSignature[];
  readonly lost: readonly ReportedOdd[];
  readonly nondeterministic: readonly ReportedOdd[];
  readonly rareMarks: readonly RareMark[];
  readonly session: SessionFigures & { readonly runsPerSecond: number; readonly eventsPerSecond: number };
  readonly problems: readonly string[];
  readonly exitCode: number;
}

/** What a report is made from beside the store. */
export interface ReportParts {
  readonly record: CampaignRecord;
  readonly db: string;
  readonly state: 'finished' | 'interrupted';
  readonly engine: string;
  readonly jobs: number;
  readonly summary: CampaignSummary;
  readonly features: number;
  readonly signatures: readonly ReportedSignature[];
  readonly lost: readonly ReportedOdd[];
  readonly nondeterministic: readonly ReportedOdd[];
  readonly session: SessionFigures;
  readonly scenarios: readonly ScenarioEntry[];
  readonly problems: readonly string[];
}

export function fuzzReport(parts: ReportParts): FuzzReport {
  const { record, summary, session, problems } = parts;
  const { campaignSeed: _, ...spec } = record.spec;
  const seconds = Math.max(1, session.wallMs) / 1_000;
  const drawn = spec.scenarios.includes(DRAWN);
  return {
    subject: subjectOf(spec.profile),
    campaign: { id: record.id, db: parts.db, state: parts.state, engine: parts.engine, jobs: parts.jobs, ...spec },
    summary,
    features: parts.features,
    bound: boundOf(summary),
    signatures: parts.signatures,
    lost: parts.lost,
    nondeterministic: parts.nondeterministic,
    rareMarks: drawn ? rareMarks(summary.runs, summary.marks, parts.scenarios) : [],
    session: { ...session, runsPerSecond: session.runs / seconds, eventsPerSecond: session.events / seconds },
    problems,
    exitCode: exitOf(summary, problems),
  };
}

/** R30: the first sentence of every report. */
function subjectOf(profile: string): string {
  return (
    `firedrill's model of Kimberlite, profile ${profile}, anchored at 221c1b3; ` +
    'not the shipped binary (docs/fidelity.md)'
  );
}

const UNBOUND = ['crashed', 'hung', NONDETERMINISM, 'out-of-model'] as const;

/** Lost and nondeterministic runs bound nothing, nor do those outside the model, which could not fail. */
function boundOf({ runs, failed, unexpected, failedLeftOut, byReason }: CampaignSummary): Bound | null {
  const judged = UNBOUND.reduce((left, reason) => left - (byReason[reason] ?? 0), runs);
  if (failed > 0 || unexpected > 0 || failedLeftOut > 0 || judged <= 0) return null;
  const text = `0 of ${judged}: below 3/${judged} per run of this distribution with 95 % confidence`;
  return { runs: judged, probabilityMax: 3 / judged, text };
}

/** R31. Within the bars of R19 inconclusive runs are reported and exit 0. */
function exitOf(summary: CampaignSummary, problems: readonly string[]): number {
  const { lost, nondeterministic, unexpected, leftOut, failedLeftOut, bars } = summary;
  const codes: number[] = [EXIT.expected];
  if (lost.length > 0) codes.push(EXIT.internal);
  if (problems.length > 0) codes.push(EXIT.usage);
  if (nondeterministic.length > 0) codes.push(EXIT.nondeterminism);
  // What failed in an incomplete generation is in no figure, but it failed.
  if (unexpected > 0 || (leftOut > 0 && failedLeftOut > 0)) codes.push(EXIT.unexpected);
  if (bars.some(({ within }) => !within)) codes.push(EXIT.inconclusive);
  return worstExit(codes);
}
