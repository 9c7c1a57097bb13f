import type { AlertRecord, Certificate, CommandRecord, Finding, RunResult } from '../plan/result.ts';

/** A judged run: what `firedrill run` knows of it beyond its result. */
export interface JudgedRun {
  readonly result: RunResult;
  readonly expected: boolean;
  /** Nothing is declared for this run (R30): it shows what happens. */
  readonly observed?: boolean;
  readonly wallMs: number;
  /** The bundle that was written for it; null for none. */
  readonly bundle: string | null;
  /** The command line that makes this run again. */
  readonly again: string;
}

/** One run in the JSON of `firedrill run`. Times are virtual microseconds, `wallMs` excepted. */
export interface RunReport {
  readonly scenario: string;
  readonly variant: string;
  readonly profile: string;
  readonly seed: number;
  readonly verdict: string;
  readonly expected: boolean;
  readonly reason: string;
  readonly property: string;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualUs: number;
  readonly wallMs: number;
  /** Names of the marks reached, sorted. */
  readonly reached: readonly string[];
  readonly alerts: readonly AlertRecord[];
  readonly commands: readonly CommandRecord[];
  readonly findings: readonly Finding[];
  readonly certificates: readonly Certificate[];
  readonly alertToRecoveryUs: number;
  readonly pending: string;
  readonly bundle: string | null;
  readonly again: string;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  /** Runs of any verdict that did not end as declared. */
  readonly unexpected: number;
}

export function runReport({ result, expected, wallMs, bundle, again }: JudgedRun): RunReport {
  return {
    scenario: result.plan.scenario,
    variant: result.plan.variant,
    profile: result.plan.profile,
    seed: result.plan.seed,
    verdict: result.verdict,
    expected,
    reason: result.reason,
    property: result.property,
    traceHash: result.traceHash,
    events: result.events,
    virtualUs: result.virtualUs,
    wallMs,
    reached: result.reached.map(([name]) => name),
    alerts: result.alerts,
    commands: result.commands,
    findings: result.findings,
    certificates: result.certificates,
    alertToRecoveryUs: result.alertToRecoveryUs,
    pending: result.pending,
    bundle,
    again,
  };
}

export function totalsOf(runs: readonly JudgedRun[]): Totals {
  const count = (verdict: string): number => runs.filter(({ result }) => result.verdict === verdict).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    inconclusive: count('inconclusive'),
    unexpected: runs.filter(({ expected }) => !expected).length,
  };
}
