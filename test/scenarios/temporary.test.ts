import { expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import type { OperatorPlan, OperatorStep, RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { runPlan } from '../../src/scenarios/run.ts';

/** The rehearsal whose last step reverts the emergency setting, with that step changed or left out. */
async function rehearse(revert: (step: OperatorStep) => OperatorStep[], guardsOff: string[] = []): Promise<RunResult> {
  const scenario = loadScenarios(SCENARIO_ROOT, knownNames()).find(({ id }) => id === 'scn3-network');
  if (scenario === undefined) throw new Error('no scenario scn3-network');
  const plan = toPlan(scenario, 'safe', 5);
  const operator = plan.operator as OperatorPlan;
  const steps = operator.steps.flatMap((step) => (step.id === 'revert-the-timeout' ? revert(step) : [step]));
  expect(steps).not.toEqual(operator.steps);
  const changed: RunPlan = { ...plan, guardsOff, operator: { ...operator, steps } };
  return (await runPlan(changed, { recording: false })).result;
}

it('a setting left as the emergency wanted it fails INV-TEMPORARY-REVERTED on every replica', async () => {
  const { findings } = await rehearse(() => []);
  const left = { setting: 'election-timeout-ms', before: 1_000, now: 2_000 };
  expect(findings).toMatchObject(
    [0, 1, 2].map((replica) => ({ property: 'INV-TEMPORARY-REVERTED', args: { replica, ...left } })),
  );
});

it('a timeout below five heartbeats at the end fails INV-CONFIG-SANE', async () => {
  const { findings } = await rehearse(
    (step) => [{ ...step, script: 'kimberlite-cli cluster config set election-timeout-ms 400', expectMatch: [] }],
    ['config-sane'],
  );
  const insane = findings.filter(({ property }) => property === 'INV-CONFIG-SANE');
  const problem = 'heartbeat-interval-ms 100 is more than a fifth of election-timeout-ms 400';
  expect(insane).toMatchObject([0, 1, 2].map((replica) => ({ args: { replica, problem } })));
});
