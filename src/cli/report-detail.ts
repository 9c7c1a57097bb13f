import type { RunPlan } from '../plan/plan.ts';
import type { Finding, RunResult } from '../plan/result.ts';
import { findingText } from '../report/findings.ts';
import { DETAIL_EVENTS_MAX, type ReportDetail, type ReportRun } from '../report/model.ts';
import { causalChain, windowAround } from '../report/trace-window.ts';
import { traceHostName } from './host-names.ts';
import type { ReportContext } from './report-context.ts';
import { serverHosts, type TracedRun, traceRun } from './trace-of-run.ts';

/** Makes a run again and shows what happened around its failure, or at its end. */
export async function detailOfPlan(plan: RunPlan, run: ReportRun, { engine }: ReportContext): Promise<ReportDetail> {
  return detailOfTrace(await traceRun(plan, await engine.runPlan()), run);
}

export function detailOfTrace({ result, trace, watch }: TracedRun, run: ReportRun): ReportDetail {
  const reported = reportedFinding(result);
  const atUs = reported?.atUs ?? result.virtualUs;
  const window = windowAround(trace, atUs, DETAIL_EVENTS_MAX);
  return {
    run,
    findings: result.findings.map((finding) => ({
      property: finding.property,
      site: finding.site,
      atUs: finding.atUs,
      text: findingText(finding, (host) => traceHostName(result.plan, host)),
    })),
    trace: window.trace,
    recordsBefore: window.before,
    recordsAfter: window.after,
    chain: causalChain(window.trace, failedHost(reported, trace.records, atUs), atUs),
    alerts: result.alerts,
    commands: result.commands,
    logs: watch.logs(serverHosts(result.plan), numberOf(reported, 'op'), atUs),
  };
}

/** The finding that gave the run its verdict; undefined where none did. */
function reportedFinding({ findings, property }: RunResult): Finding | undefined {
  return findings.find((each) => each.property === property) ?? findings[0];
}

/** Where it failed: the replica that the finding names, else where the last event was. */
function failedHost(reported: Finding | undefined, records: TracedRun['trace']['records'], atUs: number): number {
  const named = numberOf(reported, 'replica');
  return named >= 0 ? named : (records.findLast((record) => record.atUs <= atUs && record.host >= 0)?.host ?? 0);
}

/** A number that a finding names; -1 where it does not. */
function numberOf(finding: Finding | undefined, name: string): number {
  const value = finding?.args[name];
  return typeof value === 'number' ? value : -1;
}
