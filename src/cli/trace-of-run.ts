import type { RunPlanFunction } from '../campaign/worker-protocol.ts';
import { firstVoterCount, serverCount } from '../cluster/kimberlite/hosts.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { RunResult } from '../plan/result.ts';
import type { TraceEntry, TraceHost, TraceModel, TraceSpan, TraceState } from '../report/trace-model.ts';
import { faultMoments } from '../scenarios/moments.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { traceHostName } from './host-names.ts';
import { StateWatch } from './state-watch.ts';
import { traceLine } from './trace-lines.ts';
import { traceMessages } from './trace-messages.ts';

/** A run made again with everything that a viewer shows. */
export interface TracedRun {
  readonly result: RunResult;
  readonly trace: TraceModel;
  readonly watch: StateWatch;
}

/** Runs a plan and keeps its whole trace. Watching changes nothing: the hash is that of any other run of the plan. */
export async function traceRun(plan: RunPlan, runPlan: RunPlanFunction): Promise<TracedRun> {
  const heard: { watch: StateWatch | null } = { watch: null };
  const { result, records } = await runPlan(plan, {
    recording: true,
    observer: (truth) => {
      // The counterfactual of an excuse runs after the run itself and is not what is shown.
      const watch = new StateWatch(truth);
      heard.watch ??= watch;
      return watch;
    },
  });
  const watch = heard.watch ?? new StateWatch({ nowUs: () => 0 });
  return { result, trace: traceModel(result, records, watch.states), watch };
}

function traceModel(result: RunResult, records: readonly TraceRecord[], states: readonly TraceState[]): TraceModel {
  const { plan, virtualUs, events } = result;
  const { messages, messageOf } = traceMessages(records);
  const entries = records.map((record, place): TraceEntry => {
    const { event, atUs, host, kind, detail } = traceLine(record);
    return { index: event, atUs, host, kind, detail, message: messageOf[place]! };
  });
  return {
    hosts: hostsOf(plan, entries),
    records: entries,
    messages,
    spans: spansOf(result, records, states),
    states,
    virtualUs,
    events,
  };
}

function hostsOf(plan: RunPlan, entries: readonly TraceEntry[]): TraceHost[] {
  const { cluster } = plan;
  const most = entries.reduce((highest, { host }) => Math.max(highest, host), serverCount(cluster) - 1);
  const servers = serverCount(cluster);
  return Array.from({ length: most + 1 }, (_, host): TraceHost => {
    const name = traceHostName(plan, host);
    if (host < cluster.replicaCount) return { host, name, role: 'replica' };
    if (host < servers) return { host, name, role: 'standby' };
    if (host < servers + cluster.clientCount) return { host, name, role: 'client' };
    const role = name === 'operator' || name === 'monitor' ? name : 'other';
    return { host, name, role };
  });
}

function spansOf(result: RunResult, records: readonly TraceRecord[], states: readonly TraceState[]): TraceSpan[] {
  const spans = [
    ...faultSpans(result, records),
    ...alertSpans(result),
    ...result.commands.map(
      ({ step, on, script, startedUs, endedUs }): TraceSpan => ({
        kind: 'command',
        name: step,
        detail: `${on}: ${script.trim()}`,
        host: -1,
        fromUs: startedUs,
        toUs: endedUs,
      }),
    ),
    ...stateSpans(states, result.virtualUs),
  ];
  return spans.sort((one, other) => one.fromUs - other.fromUs || one.toUs - other.toUs);
}

function faultSpans({ plan, virtualUs }: RunResult, records: readonly TraceRecord[]): TraceSpan[] {
  const moments = faultMoments(plan, records);
  return moments.flatMap(({ label, atUs, phase, where }, place) => {
    if (phase === 'ends') return [];
    const fault = plan.faults.find((each) => each.label === label);
    const end = moments.slice(place).find((each) => each.label === label && each.phase === 'ends');
    // A fault without a duration is an instant unless something ends it.
    const toUs = end?.atUs ?? ((fault?.durationUs ?? 0) > 0 ? virtualUs : atUs);
    const host = /^host (\d+)$/.exec(where)?.[1];
    const detail = `${fault?.kind ?? ''}: ${where}`;
    return [
      { kind: 'fault' as const, name: label, detail, host: host === undefined ? -1 : Number(host), fromUs: atUs, toUs },
    ];
  });
}

function alertSpans({ alerts, virtualUs }: RunResult): TraceSpan[] {
  return alerts.flatMap(({ id, severity, labels, pendingUs, firingUs, resolvedUs }): TraceSpan[] => {
    const toUs = resolvedUs < 0 ? virtualUs : resolvedUs;
    const detail = `${severity} ${labels}`.trim();
    const span = (kind: 'alert' | 'pending', fromUs: number, endUs: number): TraceSpan[] =>
      fromUs < 0 || endUs < fromUs ? [] : [{ kind, name: id, detail, host: -1, fromUs, toUs: endUs }];
    return [...span('pending', pendingUs, firingUs < 0 ? toUs : firingUs), ...span('alert', firingUs, toUs)];
  });
}

/** How long each replica was down, or in one view. */
function stateSpans(states: readonly TraceState[], virtualUs: number): TraceSpan[] {
  const spans: TraceSpan[] = [];
  const openOf = new Map<number, TraceSpan>();
  for (const { host, atUs, status, view } of states) {
    const kind = status === 'down' ? 'down' : 'view';
    const name = status === 'down' ? 'down' : `view ${view}`;
    const before = openOf.get(host);
    if (before !== undefined && before.name === name) continue;
    if (before !== undefined) spans.push({ ...before, toUs: atUs });
    openOf.set(host, { kind, name, detail: '', host, fromUs: atUs, toUs: virtualUs });
  }
  return [...spans, ...openOf.values()];
}

/** Hosts whose logs are compared: those that vote at first, then the rest of the servers. */
export function serverHosts({ cluster }: RunPlan): number[] {
  const voters = firstVoterCount(cluster);
  const hosts = Array.from({ length: serverCount(cluster) }, (_, host) => host);
  return [...hosts.slice(0, voters), ...hosts.slice(voters)];
}
