import { choice, type FaultKind, number } from './kind-params.ts';

const HOUR_US = 3_600_000_000;

/** Faults of services: batches, background load, reads, settings, releases. A system without them has nothing to strike. */
export const SERVICE_KINDS = [
  {
    kind: 'load.offered',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('opsPerS', 0, 1_000_000, 50_000)],
  },
  {
    kind: 'process.slow-encoder',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('nsPerOp', 1, 100_000_000, 200_000)],
  },
  {
    kind: 'backup.job-fails',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [number('days', 0, 365, 9)],
  },
  {
    kind: 'config.wrong',
    faultClass: 'A',
    lasts: 'instant',
    targets: 'replicas',
    params: [
      choice('key', ['max-batch-size', 'batching-enabled', 'compaction', 'cluster-name', 'node-id'], 'max-batch-size'),
      number('value', 0, 1_000_000, 0),
    ],
  },
  {
    kind: 'tls.mismatch',
    faultClass: 'A',
    lasts: 'instant',
    targets: 'replicas',
    params: [choice('flaw', ['wrong-san', 'expired', 'wrong-ca'], 'wrong-san'), number('agoDays', 0, 365, 1)],
  },
  {
    kind: 'release.regression',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      number('release', 100, 999_999, 400),
      choice('defect', ['latency', 'crash-on-start'], 'latency'),
      number('cpuUsPerEvent', 1, 10_000_000, 5_000),
      number('afterUs', 0, HOUR_US, 0),
    ],
  },
  {
    kind: 'load.reads',
    faultClass: 'A',
    lasts: 'lasting',
    targets: 'replicas',
    params: [
      number('qps', 1, 1_000_000, 5_000),
      number('answerBytes', 1, 16_777_216, 28_000),
      number('bufferUs', 1, HOUR_US, 1_000_000),
      number('cpuUs', 0, 1_000_000, 0),
      number('workers', 1, 4_096, 256),
    ],
  },
] as const satisfies readonly FaultKind[];
