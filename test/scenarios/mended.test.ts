import { expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';

it('what an operator mends disturbs: requests that were slow then are no stalled pipeline (seed 103)', async () => {
  const scenario = loadScenarios(SCENARIO_ROOT, knownNames()).find(({ id }) => id === 'ir-p1-not-improving');
  const { result } = await runPlan(toPlan(scenario as Scenario, 'safe', 103), { recording: false });
  expect(result.findings).toEqual([]);
  expect(result.verdict).toBe('passed');
});
