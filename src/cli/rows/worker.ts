import { UserError } from '../../plan/user-error.ts';
import { readJobs } from '../argument-values.ts';
import type { WorkerCommandOptions } from '../commands/worker.ts';
import { type Row, text, value } from '../row.ts';

export const WORKER: Row<{ readonly name: 'worker'; readonly options: WorkerCommandOptions }> = {
  name: 'worker',
  usage: 'worker',
  summary: 'run ranges of campaigns that are started with --engine bullmq',
  positionals: [],
  options: [
    value('redis', 'where the queue is, such as redis://host:6379 (must be given)'),
    value('queue', 'name of the queue (default: firedrill)'),
    value('jobs', 'worker processes (default: one a core)'),
  ],
  examples: [['$0 worker --redis redis://queue.example:6379', 'on as many machines as there are']],
  notes: [
    'Works until Ctrl-C, which gives its ranges back. A worker of another version, or of another build of the same',
    'version, runs nothing and exits 64: its results could differ.',
  ].join(' '),
  read: (values) => ({ name: 'worker', options: readWorkerOptions(values) }),
};

function readWorkerOptions(values: Record<string, unknown>): WorkerCommandOptions {
  const redis = text(values, 'redis');
  if (redis === undefined) {
    throw new UserError('worker: --redis is missing', 'say where the queue is: --redis redis://host:6379');
  }
  const queue = text(values, 'queue') ?? null;
  if (queue !== null && !/^[\w.-]+$/.test(queue)) {
    throw new UserError(`--queue ${JSON.stringify(queue)} is no name of a queue`, 'use letters, digits, - _ and .');
  }
  return { redis, queue, jobs: readJobs(text(values, 'jobs')) };
}
