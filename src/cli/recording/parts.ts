import { serverCount } from '../../cluster/kimberlite/hosts.ts';
import type { RunPlan } from '../../plan/plan.ts';
import type { RecordedHost, RecordedParts } from '../../tui/recording/layout.ts';
import { traceHostName } from '../host-names.ts';

/** What a recording of a plan's run has to show. */
export function partsOf(plan: RunPlan): RecordedParts {
  const { replicaCount, clientCount } = plan.cluster;
  const servers = serverCount(plan.cluster);
  const hosts: RecordedHost[] = [];
  for (let host = 0; host < servers + clientCount + 2; host++) {
    const name = traceHostName(plan, host);
    const rest = host - servers - clientCount;
    const kind =
      host < replicaCount
        ? 'replica'
        : host < servers
          ? 'standby'
          : rest < 0
            ? 'client'
            : rest === 0
              ? 'operator'
              : 'monitor';
    hosts.push({ name, kind });
  }
  return {
    hosts,
    serverCount: servers,
    clientCount,
    faultCount: plan.faults.length,
    alertCount: plan.alerts?.rules.length ?? 0,
  };
}
