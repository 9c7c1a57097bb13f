import { serveRuns } from '../../src/campaign/worker-protocol.ts';
import { fakeRunPlan } from './fake-run.ts';

serveRuns(async () => fakeRunPlan);
