import { serveQueue } from '../../src/campaign/bullmq/worker-bullmq.ts';
import { LocalEngine } from '../../src/campaign/engine-local.ts';
import { OWN_BUILD } from './redis-kit.ts';

// A worker process that a test may kill: `node queue-worker.ts REDIS QUEUE`. Its runs are made up and take a moment.
const [redis = '', queue = ''] = process.argv.slice(2);
const inner = new LocalEngine({ jobs: 1, worker: new URL('./slow-worker.ts', import.meta.url), watchdogMs: 60_000 });
await serveQueue({
  redis,
  queue,
  version: OWN_BUILD.firedrill,
  build: OWN_BUILD,
  inner,
  ranges: 2,
  lockMs: 700,
  report: (text) => process.stderr.write(`${text}\n`),
  stop: new AbortController().signal,
});
