import type { RunPlan } from '../../plan/plan.ts';
import type { VsrConfig } from '../vsr/config.ts';

/** Name of the cluster that the rehearsals are about (catalogue, ts5-cause1-cluster-name). */
export const CLUSTER_NAME = 'production';

/** The configuration file: what the plan gave the cluster. */
export function configText(plan: RunPlan, config: VsrConfig, dataDirectory: string): string {
  return [
    `cluster_size = ${plan.cluster.replicaCount - (plan.cluster.spares ?? 0)}`,
    `data_dir = "${dataDirectory}"`,
    `election_timeout_ms = ${Math.floor(config.electionTimeoutUs / 1_000)}`,
    `heartbeat_interval_ms = ${Math.floor(config.heartbeatUs / 1_000)}`,
    `checkpoint_ops = ${config.checkpointOps}`,
    '',
  ].join('\n');
}
