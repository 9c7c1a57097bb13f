import { serveRuns } from '../../src/campaign/worker-protocol.ts';
import { fakeRunPlan } from './fake-run.ts';

/** A fake engine that runs away for real: what a plan's scenario says is done, without a pause and without an end. */
serveRuns(async () => async (plan, options) => {
  switch (plan.scenario) {
    case 'runaway-loop':
      for (let turn = 0; ; turn++) Math.imul(turn, 3);
    case 'runaway-stack':
      overflow(0);
      break;
    case 'runaway-heap':
      for (const kept: string[][] = []; ; ) kept.push(new Array<string>(1_000).fill(`${kept.length}`));
    case 'runaway-buffers':
      // Touched, because memory that is only reserved costs the machine nothing.
      for (const kept: Uint8Array[] = []; kept.length < 64; ) kept.push(new Uint8Array(16 << 20).fill(1));
      break;
    case 'runaway-exit':
      process.exit(0);
  }
  return fakeRunPlan(plan, options);
});

function overflow(depth: number): number {
  return overflow(depth + 1) + 1;
}
