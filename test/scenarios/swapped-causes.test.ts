import { expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { planWithout } from '../../src/plan/without.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { runPlan } from '../../src/scenarios/run.ts';

const SEED = 3;

/**
 * The causes of one tree share its symptom, so the same alert calls the operator; what tells them apart is the diagnosis. Each row
 * works through the diagnosis of one branch while the cause of another one is at work, and names the step that must
 * not show what its scenario expects. Plans differ in nothing but the faults, so both branches need the same sort of cluster.
 */
const SWAPS: readonly (readonly [diagnosis: string, cause: string, noticedBy: string])[] = [
  ['perf-latency-disk-competing', 'perf-latency-network-loss', 'io'],
  ['perf-latency-network-loss', 'perf-latency-disk-competing', 'not-the-disk'],
  ['perf-latency-network-loss', 'perf-latency-network-switch', 'round-trip'],
  ['perf-latency-network-switch', 'perf-latency-network-loss', 'round-trip'],
  ['perf-throughput-network', 'perf-throughput-serialisation', 'cpu'],
  ['perf-throughput-network', 'perf-throughput-batch-1000', 'batch-size'],
  ['perf-throughput-serialisation', 'perf-throughput-batch-1000', 'batch-size'],
  ['perf-throughput-batch-1000', 'perf-throughput-network', 'batch-size'],
];

const scenarios = loadScenarios(SCENARIO_ROOT, knownNames());

function planOf(id: string): RunPlan {
  const scenario = scenarios.find((each) => each.id === id);
  if (scenario === undefined) throw new Error(`no scenario ${id}`);
  return toPlan(scenario, 'safe', SEED);
}

/** The plan with the faults of another one; which alerts must fire, and when, is not judged. */
function swapped(diagnosis: string, cause: string): RunPlan {
  const plan = planWithout(planOf(diagnosis), 'resolve');
  const alerts = plan.alerts === null ? null : { ...plan.alerts, mustFire: [], mayFire: plan.alerts.rules };
  return { ...plan, faults: planOf(cause).faults, alerts, mustReach: [], properties: [] };
}

it.each(SWAPS)('the diagnosis of %s notices the cause of %s', async (diagnosis, cause, noticedBy) => {
  const { result } = await runPlan(swapped(diagnosis, cause), { recording: false });
  const findings = result.findings.map(({ property, args }) => `${property} ${JSON.stringify(args)}`).join('; ');
  expect(result.property, findings).toBe('INV-STEP-AS-EXPECTED');
  const last = result.commands.at(-1);
  expect(last?.step, `${last?.stdout}${last?.stderr}`).toBe(noticedBy);
  expect(last?.asExpected).toBe(false);
});
