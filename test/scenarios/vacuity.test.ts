import { describe, expect, it } from 'vitest';
import { knownNames } from '../../src/cli/known-names.ts';
import { isExpected } from '../../src/plan/expected.ts';
import type { RunPlan, Variant } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { planWithout } from '../../src/plan/without.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { SCENARIO_ROOT } from '../../src/scenarios/files.ts';
import { loadScenarios } from '../../src/scenarios/load.ts';
import { runPlan } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';

const SEED = 3;

/**
 * The ten incidents of the first release. All the others are run by CI with `firedrill run`, `run --without faults` and
 * `run --without resolve` (`.ci/run`), on every core: here they would take longer than all other tests together.
 */
const HERE = new Set([
  'rec-corruption-follower-while-one-down',
  'rec-quorum-force-leader-they-come-back',
  'scn1-a-systemd',
  'scn1-b-verify-corrupt',
  'scn2-a-partition',
  'scn2-a-restart-all',
  'scn3-clock',
  'scn3-network',
  'scn5-full',
  'scn6-a-compact',
]);

async function run(plan: RunPlan): Promise<RunResult> {
  return (await runPlan(plan, { recording: false })).result;
}

function story(result: RunResult): string {
  const findings = result.findings.map(
    (finding) => `${finding.property}/${finding.site} ${JSON.stringify(finding.args)}`,
  );
  return `${result.verdict} ${result.reason} ${findings.join('; ')} ${result.pending}`;
}

function variants(scenario: Scenario): Variant[] {
  return (['safe', 'literal'] as const).filter((variant) => scenario.variants[variant] !== undefined);
}

const scenarios = loadScenarios(SCENARIO_ROOT, knownNames()).filter(({ id }) => HERE.has(id));

it('all of the ten are there', () => {
  expect(scenarios).toHaveLength(HERE.size);
});

describe.each(scenarios)('$id', (scenario) => {
  it.each(variants(scenario))('ends as its file declares: %s', async (variant) => {
    const result = await run(toPlan(scenario, variant, SEED));
    expect(isExpected(result), story(result)).toBe(true);
    expect(result.acknowledged, 'a rehearsal under load').toBeGreaterThan(20);
  });

  it.each(variants(scenario))('proves nothing without its faults, and no alert fires (R17): %s', async (variant) => {
    const result = await run(planWithout(toPlan(scenario, variant, SEED), 'faults'));
    expect(isExpected(result, { kind: 'without-faults' }), story(result)).toBe(true);
  });

  it('fails without its repair, unless it heals alone (R17)', async () => {
    const result = await run(planWithout(toPlan(scenario, 'safe', SEED), 'resolve'));
    const healsAlone = scenario.heals_alone !== undefined;
    expect(isExpected(result, { kind: 'without-resolve', healsAlone }), story(result)).toBe(true);
  });
});
