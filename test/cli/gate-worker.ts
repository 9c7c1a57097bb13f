import { serveRuns } from '../../src/campaign/worker-protocol.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { failedResult, sampleResult } from '../support/sample-plan.ts';

const SECOND_US = 1_000_000;
/** MUTANT_FIRED of src/scenarios/run.ts, which would bring the whole engine along. */
const MUTANT_FIRED = 'mutant-fired';

/** Recovers 30 s after its alert (36 s as built), which fires 20 s after the fault. */
const good = (plan: RunPlan): RunResult =>
  sampleResult({
    plan,
    alertToRecoveryUs: (plan.profile === 'as_built' ? 36 : 30) * SECOND_US,
    firstFaultUs: 10 * SECOND_US,
    alerts: (plan.alerts?.mustFire ?? []).map(({ id }) => ({
      id,
      name: id,
      severity: 'P1',
      labels: '',
      pendingUs: 11 * SECOND_US,
      firingUs: 30 * SECOND_US,
      resolvedUs: -1,
    })),
    reached: [['view-started', 1]],
  });

const vague = (plan: RunPlan, reason: RunResult['reason']): RunResult =>
  sampleResult({ plan, verdict: 'inconclusive', reason, property: '' });

let runs = 0;

/** Ends a run as the name of its scenario says; a drawn plan passes and shows ten features. */
function resultOf(plan: RunPlan): RunResult {
  runs++;
  if (plan.mutant === 'ack-before-sync') {
    return failedResult(['INV-DURABLE-ACK'], { plan, reached: [[MUTANT_FIRED, 1]] });
  }
  if (plan.variant === 'swarm') return { ...good(plan), coverage: Array.from({ length: 10 }, (_, feature) => feature) };
  switch (plan.scenario) {
    case 'gate-lost':
      return plan.seed % 2 === 0 ? process.exit(9) : good(plan);
    case 'gate-drifts':
      return { ...good(plan), traceHash: String(runs).padStart(16, '0') };
    case 'gate-loses':
      return plan.variant === 'safe' ? good(plan) : failedResult(['INV-DURABLE-ACK'], { plan });
    case 'gate-broken':
      return failedResult(['INV-DURABLE-ACK'], { plan });
    case 'gate-excused':
      return vague(plan, 'excused');
    case 'gate-half':
      return plan.seed % 2 === 0 ? good(plan) : vague(plan, 'vacuous');
  }
  return good(plan);
}

serveRuns(async () => async (plan) => ({ result: resultOf(plan), records: [] }));
