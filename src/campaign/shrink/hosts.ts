import type { PlanDecision } from '../../plan/decision.ts';
import type { FaultPlan, RunPlan, SchedulingPlan, Trigger } from '../../plan/plan.ts';

/** New number of a host, or -1 when it is gone. */
type Renumber = (host: number) => number;

/**
 * The same plan with the first `clientCount` clients only. Faults that struck nobody else go; the operator's host and
 * the monitor, which follow the clients, get new numbers.
 */
export function withClients(plan: RunPlan, clientCount: number): RunPlan {
  const { cluster } = plan;
  const first = cluster.replicaCount + clientCount;
  const removed = cluster.clientCount - clientCount;
  const renumber = (host: number): number => (host < first ? host : host < first + removed ? -1 : host - removed);
  return renumbered({ ...plan, cluster: { ...cluster, clientCount } }, renumber);
}

/** The same plan with only the replicas of `kept` (ascending), which become 0, 1, 2. */
export function withReplicas(plan: RunPlan, kept: readonly number[]): RunPlan {
  const { cluster } = plan;
  const removed = cluster.replicaCount - kept.length;
  const renumber = (host: number): number => (host >= cluster.replicaCount ? host - removed : kept.indexOf(host));
  return renumbered({ ...plan, cluster: { ...cluster, replicaCount: kept.length } }, renumber);
}

function renumbered(plan: RunPlan, renumber: Renumber): RunPlan {
  const { clock, decisions, scheduling } = plan;
  const stays = (_value: number, host: number): boolean => renumber(host) >= 0;
  return {
    ...plan,
    clock: { wallOffsetUs: clock.wallOffsetUs.filter(stays), driftPpm: clock.driftPpm.filter(stays) },
    faults: plan.faults.flatMap((fault) => faultOf(fault, renumber)),
    ...(decisions === undefined ? {} : { decisions: decisions.flatMap((decision) => decisionOf(decision, renumber)) }),
    ...(scheduling === undefined ? {} : { scheduling: schedulingOf(scheduling, renumber) }),
  };
}

function schedulingOf(scheduling: SchedulingPlan, renumber: Renumber): SchedulingPlan {
  const ranks = scheduling.ranks.filter((_rank, host) => renumber(host) >= 0);
  const changes = scheduling.changes.flatMap(({ host, afterEvents }) =>
    renumber(host) < 0 ? [] : [{ host: renumber(host), afterEvents }],
  );
  return { ...scheduling, ranks, changes };
}

function faultOf(fault: FaultPlan, renumber: Renumber): FaultPlan[] {
  const { target, trigger, endsOn } = fault;
  const hosts = target.kind === 'hosts' ? target.hosts.map(renumber).filter((host) => host >= 0) : [];
  if (target.kind === 'hosts' && hosts.length === 0) return [];
  const started = triggerOf(trigger, renumber);
  const ended = endsOn === undefined ? undefined : triggerOf(endsOn, renumber);
  if (started === null || ended === null) return [];
  const ends = ended === undefined || ended.kind === 'at' ? {} : { endsOn: ended };
  return [{ ...fault, trigger: started, target: target.kind === 'hosts' ? { kind: 'hosts', hosts } : target, ...ends }];
}

function triggerOf(trigger: Trigger, renumber: Renumber): Trigger | null {
  if (trigger.kind === 'at' || trigger.host < 0) return trigger;
  const host = renumber(trigger.host);
  return host < 0 ? null : { ...trigger, host };
}

function decisionOf(decision: PlanDecision, renumber: Renumber): PlanDecision[] {
  if (decision.kind === 'packet') {
    const from = renumber(decision.from);
    const to = renumber(decision.to);
    return from < 0 || to < 0 ? [] : [{ ...decision, from, to }];
  }
  const host = renumber(decision.host);
  return host < 0 ? [] : [{ ...decision, host }];
}
