import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunPlanFunction } from '../../src/campaign/worker-protocol.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { UserError } from '../../src/plan/user-error.ts';
import { RECORD, type TraceRecord } from '../../src/sim/trace.ts';
import { failedResult, sampleResult } from '../support/sample-plan.ts';

/** Environment variable that names the folder where first tries are remembered; workers inherit it. */
export const FOLDER_KEY = 'FIREDRILL_TEST_FOLDER';
const RECORDS = 3_000;

/**
 * Stands for the engine in tests of what surrounds it. A plan's scenario says what happens: `fake-crash`, `fake-hang`,
 * `fake-throw`, `fake-refuse`, `fake-drifts` (another hash in every process) and `fake-once-...` (only on the first try,
 * remembered in the folder that `FOLDER_KEY` names). Everything else ends as its variant should.
 */
export const fakeRunPlan: RunPlanFunction = async (plan, { recording }) => {
  const result = await resultOf(plan);
  return { result, records: recording ? Array.from({ length: RECORDS }, (_, index) => recordOf(index)) : [] };
};

async function resultOf(plan: RunPlan): Promise<RunResult> {
  const once = plan.scenario.startsWith('fake-once-');
  const behaviour = once && !firstTry(plan) ? 'none' : plan.scenario.replace('once-', '');
  const traceHash = `${String(plan.seed).padStart(8, '0')}${String(plan.faults.length).padStart(8, '0')}`;
  switch (behaviour) {
    case 'fake-crash':
      process.stderr.write('the fake engine ran out of luck\n');
      process.exit(9);
      break;
    case 'fake-hang':
      await new Promise((settle) => setTimeout(settle, 1_000_000));
      break;
    case 'fake-throw':
      throw new Error('a bug of the fake engine');
    case 'fake-refuse':
      throw new UserError('this plan cannot be run', 'write another');
    case 'fake-drifts':
      return sampleResult({
        plan,
        traceHash: String(process.pid).padStart(16, '0'),
        traceCheckpoints: [1, process.pid],
      });
  }
  if (plan.faults.length === 0) return sampleResult({ plan, verdict: 'inconclusive', reason: 'vacuous', reached: [] });
  if (plan.operator?.steps.length === 1 && plan.scenario !== 'fake-raft') {
    return failedResult(['INV-RECOVERS'], { plan, traceHash, alertToRecoveryUs: -1 });
  }
  const loses = plan.variant === 'literal' && (plan.expectedFailure?.seeds === 'every' || plan.seed === 13);
  if (loses || plan.scenario === 'fake-broken') return failedResult(['INV-DURABLE-ACK'], { plan, traceHash });
  return sampleResult({ plan, traceHash, alertToRecoveryUs: plan.seed * 1_000_000 });
}

function firstTry({ scenario, seed }: RunPlan): boolean {
  const mark = join(process.env[FOLDER_KEY] ?? '.', `${scenario}-${seed}`);
  if (existsSync(mark)) return false;
  writeFileSync(mark, '');
  return true;
}

/** One record each millisecond; hosts and kinds take turns. The failures of `failedResult` lie at one second. */
function recordOf(index: number): TraceRecord {
  const kind = index % 3 === 0 ? RECORD.deliver : index % 3 === 1 ? RECORD.mark : RECORD.crash;
  return { index: index + 1, atUs: index * 1_000, kind, host: index % 4, a: 1, b: 2, c: 3, text: `text ${index}` };
}
