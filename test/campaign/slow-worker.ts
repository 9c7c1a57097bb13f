import { serveRuns } from '../../src/campaign/worker-protocol.ts';
import { fakeRunPlan } from './fake-run.ts';

/** The fake engine, at a pace that leaves time to kill something. */
serveRuns(async () => async (plan, options) => {
  await new Promise((settle) => setTimeout(settle, 8));
  return fakeRunPlan(plan, options);
});
