/** The entry of a worker process: see `pool.ts`. */
import { serveRuns } from './worker-protocol.ts';

serveRuns(async () => (await import('../scenarios/run.ts')).runPlan);
