import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planText, readPlanText } from '../../src/plan/read.ts';
import { ScenarioError } from '../../src/scenarios/diagnostics.ts';
import { toPlan } from '../../src/scenarios/expand.ts';
import { readScenario } from '../../src/scenarios/read.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';

const TEXT = readFileSync(new URL('./example.yaml.txt', import.meta.url), 'utf8');

function scenario(text = TEXT): Scenario {
  const reading = readScenario(text, 'a.yaml', { systems: ['kimberlite'], faults: ['process.crash', 'disk.slow'] });
  if (!reading.ok) throw new ScenarioError(reading.diagnostics);
  return reading.scenario;
}

describe('toPlan', () => {
  it('makes a complete plan that prints and parses losslessly', () => {
    for (const variant of ['safe', 'literal'] as const) {
      const plan = toPlan(scenario(), variant, 7);
      expect(readPlanText(planText(plan), 'plan.json')).toEqual({ ok: true, plan });
    }
  });

  it('resolves the safe variant', () => {
    const plan = toPlan(scenario(), 'safe', 7);
    expect(plan).toMatchObject({
      scenario: 'scn1-a-example',
      variant: 'safe',
      seed: 7,
      mttrUs: 120_000_000,
      guardsOff: [],
      expectedFailure: null,
      cluster: {
        replicaCount: 3,
        clientCount: 2,
        slotBytes: 8192,
        electionTimeoutUs: 500_000,
        heartbeatUs: 100_000,
        restart: 'no',
      },
      clock: { wallOffsetUs: [0, -20_000, 0, 0, 0, 0, 0], driftPpm: [0, 0, -40, 0, 0, 0, 0] },
      alerts: {
        rules: ['replica-unhealthy', 'no-quorum'],
        mustFire: [{ id: 'replica-unhealthy', withinUs: 120_000_000 }],
        mayFire: ['no-quorum'],
      },
      operator: { onAlerts: ['replica-unhealthy'], reactionUs: 90_000_000, startUs: 0 },
      properties: ['INV-REDUNDANCY-RESTORED'],
    });
    expect(plan.operator?.steps.map(({ id, on, phase, timeoutUs }) => [id, on, phase, timeoutUs])).toEqual([
      ['status', 'operator', 'diagnose', 300_000_000],
      ['restart', 'replica-2', 'resolve', 120_000_000],
    ]);
  });

  it("puts what a variant says in the place of the scenario's own", () => {
    const plan = toPlan(scenario(), 'literal', 7, { mutant: 'ack-before-sync', rarities: true });
    expect(plan).toMatchObject({
      guardsOff: ['durable-restart'],
      mutant: 'ack-before-sync',
      rarities: true,
      expectedFailure: { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' },
    });
    expect(plan.operator?.steps.map(({ script }) => script)).toEqual([
      'kimberlite-cli replica status --replica-id 2',
      'systemctl restart kimberlite',
    ]);
    expect(plan.faults).toEqual(toPlan(scenario(), 'safe', 7).faults);
  });

  it('draws ranges per seed, within their bounds, and nothing else', () => {
    const seen = {
      after: new Set<number>(),
      for: new Set<number>(),
      factor: new Set<unknown>(),
      delay: new Set<unknown>(),
    };
    for (let seed = 0; seed < 60; seed++) {
      const [crash, slow] = toPlan(scenario(), 'safe', seed).faults;
      if (crash?.trigger.kind === 'on') seen.after.add(crash.trigger.delayUs);
      seen.for.add(slow?.durationUs ?? 0);
      const { factor, delayUs } = slow?.params ?? {};
      seen.factor.add(factor);
      seen.delay.add(delayUs);
      expect(slow?.params).toMatchObject({ chunkBytes: 4096, lossPer65536: 3277, mode: 'torn', n: 3 });
      expect(toPlan(scenario(), 'safe', seed)).toEqual(toPlan(scenario(), 'safe', seed));
    }
    expect([...seen.factor].sort()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(Math.min(...seen.for)).toBeGreaterThanOrEqual(5_000_000);
    expect(Math.max(...seen.for)).toBeLessThanOrEqual(10_000_000);
    expect(Math.min(...seen.after)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...seen.after)).toBeLessThanOrEqual(20_000);
    expect(seen.after.size).toBeGreaterThan(50);
    expect(seen.delay.size).toBeGreaterThan(50);
  });

  it('draws a word of a closed set per seed, and refuses one that leaves no choice', () => {
    const drawn = (words: string) => scenario(TEXT.replace('mode: torn', `mode: "{${words}}"`));
    const modes = Array.from({ length: 40 }, (_, seed) => toPlan(drawn('torn | lost|old'), 'safe', seed).faults[1]);
    expect([...new Set(modes.map((slow) => slow?.params['mode']))].sort()).toEqual(['lost', 'old', 'torn']);
    for (const words of ['torn', 'torn | torn', 'torn |', 'Torn | lost'])
      expect(() => drawn(words)).toThrow('nor words such as {one | other}');
  });

  it('draws one fault alike whether or not another is there (R20)', () => {
    const alone = TEXT.replace(/ {2}- label: crash[\s\S]*?(?= {2}- label: slow)/, '').replace(
      'adversary: [crash]',
      'adversary: [slow]',
    );
    expect(toPlan(scenario(alone), 'safe', 7).faults).toEqual([toPlan(scenario(), 'safe', 7).faults[1]]);
  });

  it('has no operator when there is nothing to do, and refuses a variant that is not there', () => {
    const bare = TEXT.replace(/diagnose:[\s\S]*?recovered:/, 'diagnose: []\nresolve: []\nrecovered:').replace(
      / {2}literal:[\s\S]*/,
      '',
    );
    expect(toPlan(scenario(bare), 'safe', 1).operator).toBeNull();
    expect(() => toPlan(scenario(bare), 'literal', 1)).toThrow('scenario scn1-a-example has no variant literal');
  });
});
