import type { RunPlanFunction } from '../../src/campaign/worker-protocol.ts';
import type { Engine } from '../../src/cli/engine.ts';
import type { CommandOutput } from '../../src/cli/output.ts';
import type { ScenarioEntry, ScenarioSource } from '../../src/cli/scenario-source.ts';
import type { ExpectedFailure, RunPlan, Variant } from '../../src/plan/plan.ts';
import { fakeRunPlan } from '../campaign/fake-run.ts';
import { samplePlan } from '../support/sample-plan.ts';

export interface Heard extends CommandOutput {
  out: string;
  err: string;
}

/** Listens to a command. */
export function listen(): Heard {
  const heard: Heard = {
    out: '',
    err: '',
    colour: false,
    terminal: false,
    stdout: (text) => void (heard.out += text),
    stderr: (text) => void (heard.err += text),
  };
  return heard;
}

const declared: ExpectedFailure = { property: 'INV-DURABLE-ACK', seeds: 'every', pinned: 0, reason: '' };

/** What each scenario of the fake source declares for its literal variant. */
const LITERAL: ReadonlyMap<string, ExpectedFailure> = new Map([
  ['fake-loses', declared],
  ['fake-sometimes', { ...declared, seeds: 'some', pinned: 13, reason: 'timing' }],
]);

const entry = (id: string, variants: readonly (Variant | 'swarm')[], healsAlone = false): ScenarioEntry => ({
  id,
  system: id === 'fake-raft' ? 'raftkv' : 'kimberlite',
  title: `the ${id} incident`,
  severity: 'P1',
  variants,
  covers: [id],
  mttrUs: 180_000_000,
  mustReach: ['replica-recovered'],
  healsAlone,
});

/** Scenarios whose plans `fakeRunPlan` knows. */
export const fakeSource: ScenarioSource = {
  list: () => [
    entry('fake-loses', ['safe', 'literal']),
    entry('fake-sometimes', ['safe', 'literal']),
    entry('fake-raft', ['safe'], true),
    entry('swarm', ['swarm']),
  ],
  plan: (scenario, variant, seed): RunPlan =>
    samplePlan({
      scenario,
      variant,
      seed,
      expectedFailure: variant === 'literal' ? (LITERAL.get(scenario) ?? null) : null,
    }),
};

export const fakeWorker = new URL('../campaign/fake-worker.ts', import.meta.url);

export function fakeEngine(
  changes: { runPlan?: RunPlanFunction; source?: ScenarioSource; seed?: number } = {},
): Engine {
  return {
    versions: { firedrill: '9.9.9', node: 'v99.0.0' },
    worker: fakeWorker,
    watchdogMs: 60_000,
    source: async () => changes.source ?? fakeSource,
    runPlan: async () => changes.runPlan ?? fakeRunPlan,
    entropy: () => changes.seed ?? 4711,
  };
}
