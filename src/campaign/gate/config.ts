import { z } from 'zod';
import type { RunPlan } from '../../plan/plan.ts';
import { type Diagnostic, ScenarioError } from '../../scenarios/diagnostics.ts';
import { readForm } from '../../scenarios/read.ts';

const milliseconds = (least: number, most: number) =>
  z.number({ error: 'is not a number of milliseconds' }).min(least).max(most);

const disk = z.strictObject({
  'write-latency-ms': milliseconds(0.01, 1_000).optional(),
  'read-latency-ms': milliseconds(0.01, 1_000).optional(),
  'fsync-latency-ms': milliseconds(0.01, 5_000).optional(),
  'queue-depth': z.int().min(1).max(4_096).optional(),
});

const network = z.strictObject({
  'rtt-ms': milliseconds(0.02, 5_000).optional().describe('round trip between two hosts without a queue, on average'),
  loss: z
    .string()
    .regex(/^\d{1,2}(\.\d+)?%$/, 'is not a share such as 0.1%')
    .optional()
    .describe('of packets'),
});

/** A cluster's configuration, with the product's names of its settings (docs/gates.md). What is absent keeps what was drawn. */
export const configSchema = z.strictObject({
  'cluster-size': z.int().min(1).max(7).optional(),
  'heartbeat-interval-ms': milliseconds(1, 10_000).optional(),
  'election-timeout-ms': milliseconds(1, 60_000).optional(),
  'clock-tolerance-ms': milliseconds(1, 60_000)
    .optional()
    .describe('width of the interval on which a quorum of clocks must agree'),
  fsync: z.boolean().optional().describe('false: writes are never synced before they are acknowledged'),
  network: network.optional(),
  disk: disk.optional(),
});
export type ClusterConfig = z.output<typeof configSchema>;

/** The JSON Schema of a configuration. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

/** Settings that the product has and the model does not implement: a verdict about them would be made up. */
const NOT_MODELLED: readonly string[] = [
  'max-batch-size',
  'batching-enabled',
  'compaction-schedule',
  'auto-compaction-threshold',
  'standby-max-qps',
  'standby-max-lag-ms',
  'cluster-name',
  'node-id',
  'cluster-peers',
  'data-dir',
  'tls',
  'cluster-port',
  'metrics-port',
  'log-level',
  'replication-mode',
  'encryption-at-rest',
];

const SET_SOMETHING = 'set something, or leave it away; --config-schema prints what there is';

function isEmpty(value: object | undefined): boolean {
  return value !== undefined && Object.keys(value).length === 0;
}

/** Reads a configuration. Throws a `ScenarioError` with the place of each mistake; a setting that is not modelled is refused by name. */
export function readConfig(content: string, file: string): ClusterConfig {
  const read = readForm(content, file, configSchema, 'a configuration has some lines: hand in the right file');
  if (read.ok) {
    const { value, located } = read;
    const { network, disk } = value;
    const sections: [string[], object | undefined][] = [
      [[], value],
      [['network'], network],
      [['disk'], disk],
    ];
    const places = sections.flatMap(([path, section]) => (isEmpty(section) ? [path] : []));
    if (places.length === 0) return value;
    throw new ScenarioError(places.map((path) => located.at(path, 'sets nothing', SET_SOMETHING)));
  }
  throw new ScenarioError(read.diagnostics.map(notModelled));
}

function notModelled(diagnostic: Diagnostic): Diagnostic {
  const key = NOT_MODELLED.find((name) => diagnostic.path === name);
  if (key === undefined) return diagnostic;
  const remedy = 'leave it out: no verdict about it would mean anything (docs/fidelity.md)';
  return { ...diagnostic, problem: `the model does not implement the setting ${key}`, remedy };
}

const US = 1_000;

/** A drawn plan under a configuration. The plan must have been drawn for `cluster-size` replicas. */
export function withConfig(plan: RunPlan, config: ClusterConfig): RunPlan {
  const { network = {}, disk: disks = {} } = config;
  const us = (ms: number | undefined, otherwise: number): number =>
    ms === undefined ? otherwise : Math.max(1, Math.round(ms * US));
  const heartbeatUs = us(config['heartbeat-interval-ms'], plan.cluster.heartbeatUs);
  const oneWayUs = network['rtt-ms'] === undefined ? null : Math.max(1, Math.round((network['rtt-ms'] * US) / 2));
  const tolerance = config['clock-tolerance-ms'];
  const latency = (ms: number | undefined, min: number, mean: number): readonly [number, number] =>
    ms === undefined ? [min, mean] : [Math.max(1, Math.round(ms * US * 0.5)), us(ms, mean)];
  const [writeLatencyUsMin, writeLatencyUsMean] = latency(
    disks['write-latency-ms'],
    plan.disk.writeLatencyUsMin,
    plan.disk.writeLatencyUsMean,
  );
  const [readLatencyUsMin, readLatencyUsMean] = latency(
    disks['read-latency-ms'],
    plan.disk.readLatencyUsMin,
    plan.disk.readLatencyUsMean,
  );
  const [fsyncLatencyUsMin, fsyncLatencyUsMean] = latency(
    disks['fsync-latency-ms'],
    plan.disk.fsyncLatencyUsMin,
    plan.disk.fsyncLatencyUsMean,
  );
  return {
    ...plan,
    cluster: {
      ...plan.cluster,
      heartbeatUs,
      electionTimeoutUs: us(config['election-timeout-ms'], plan.cluster.electionTimeoutUs),
      ...(tolerance === undefined ? {} : { clockToleranceUs: us(tolerance, 0) }),
    },
    network: {
      ...plan.network,
      ...(oneWayUs === null ? {} : { latencyUsMin: Math.max(1, Math.round(oneWayUs * 0.8)), latencyUsMean: oneWayUs }),
      ...(network.loss === undefined ? {} : { lossPer65536: Math.round(Number(network.loss.slice(0, -1)) * 655.36) }),
    },
    disk: {
      ...plan.disk,
      writeLatencyUsMin,
      writeLatencyUsMean,
      readLatencyUsMin,
      readLatencyUsMean,
      fsyncLatencyUsMin,
      fsyncLatencyUsMean,
      queueDepth: disks['queue-depth'] ?? plan.disk.queueDepth,
    },
    guardsOff: config.fsync === false ? [...plan.guardsOff, 'fsync'] : plan.guardsOff,
  };
}

/** p99.9 over the mean of a round trip and of a sync, with the tails that `withConfig` gives them (exponential, 6.91). */
const ROUND_TAIL = 2.2;
const SYNC_TAIL = 4;
/** Defaults of the product where a configuration says nothing (catalogue, config.cluster_settings). */
const DEFAULT = { heartbeatMs: 100, electionMs: 1_000, rttMs: 1, fsyncMs: 1, size: 3 } as const;

/**
 * What the product itself would say of a configuration before it starts, in its own terms: an odd number of replicas
 * (quorum_rule of the catalogue), and INV-CONFIG-SANE. A gate runs with these refusals off and tells them beside.
 */
export function productRefusals(config: ClusterConfig): string[] {
  const size = config['cluster-size'] ?? DEFAULT.size;
  const heartbeatMs = config['heartbeat-interval-ms'] ?? DEFAULT.heartbeatMs;
  const electionMs = config['election-timeout-ms'] ?? DEFAULT.electionMs;
  const roundMs = ROUND_TAIL * (config.network?.['rtt-ms'] ?? DEFAULT.rttMs);
  const worstMs = roundMs + SYNC_TAIL * (config.disk?.['fsync-latency-ms'] ?? DEFAULT.fsyncMs);
  return [
    ...(size % 2 === 0 ? [`cluster-size ${size}: cluster size must be odd (2f+1)`] : []),
    ...(heartbeatMs > electionMs / 5
      ? [`heartbeat-interval-ms ${heartbeatMs} is more than a fifth of election-timeout-ms ${electionMs}`]
      : []),
    ...(electionMs <= worstMs
      ? [
          `election-timeout-ms ${electionMs} is not above the slowest round trip and sync (about ${Math.round(worstMs)} ms)`,
        ]
      : []),
    ...(config.fsync === false ? ['fsync false: acknowledged operations need not be on stable storage'] : []),
  ];
}
