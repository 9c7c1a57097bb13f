import { serveRuns } from '../../src/cli/worker-protocol.ts';
import { fakeRunPlan } from './fake-run.ts';

serveRuns(async () => fakeRunPlan);
