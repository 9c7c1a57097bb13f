import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import { findingText } from '../report/findings.ts';
import { DETAIL_EVENTS_MAX, type ReportDetail, type ReportRun } from '../report/model.ts';
import { causalChain, windowAround } from '../report/trace-window.ts';
import type { ReportContext } from './report-context.ts';
import { serverHosts, type TracedRun, traceRun } from './trace-of-run.ts';

/** Makes a run again and shows what happened around its failure, or at its end. */
export async function detailOfPlan(plan: RunPlan, run: ReportRun, { engine }: ReportContext): Promise<ReportDetail> {
  return detailOfTrace(await traceRun(plan, await engine.runPlan()), run);
}

export function detailOfTrace({ result, trace, watch }: TracedRun, run: ReportRun): ReportDetail {
  const atUs = failedUs(result);
  const window = windowAround(trace, atUs, DETAIL_EVENTS_MAX);
  return {
    run,
    findings: result.findings.map((finding) => ({
      property: finding.property,
      site: finding.site,
      atUs: finding.atUs,
      text: findingText(finding),
    })),
    trace: window.trace,
    recordsBefore: window.before,
    recordsAfter: window.after,
    chain: causalChain(window.trace, failedHost(result, trace.records), atUs),
    alerts: result.alerts,
    commands: result.commands,
    logs: watch.logs(serverHosts(result.plan)),
  };
}

function failedUs({ findings, property, virtualUs }: RunResult): number {
  return (findings.find((each) => each.property === property) ?? findings[0])?.atUs ?? virtualUs;
}

/** Where it failed: the replica that the finding names, else where the last event was. */
function failedHost(result: RunResult, records: TracedRun['trace']['records']): number {
  const { findings, property } = result;
  const named = (findings.find((each) => each.property === property) ?? findings[0])?.args['replica'];
  if (typeof named === 'number') return named;
  const atUs = failedUs(result);
  return records.findLast((record) => record.atUs <= atUs && record.host >= 0)?.host ?? 0;
}
