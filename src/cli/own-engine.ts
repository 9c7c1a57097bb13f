import { randomInt } from 'node:crypto';
import { workerEntry } from '../campaign/pool.ts';
import type { Versions } from './bundle.ts';
import type { Engine } from './engine.ts';
import { SEED_MAX } from './select.ts';

/** A run that takes longer is killed and repeated alone (R21). No honest run of ours takes a tenth of it. */
const WATCHDOG_MS = 120_000;

/** The engine of the real command: each part is loaded when a command asks for it. */
export function ownEngine(versions: Versions): Engine {
  return {
    versions,
    worker: workerEntry(),
    watchdogMs: WATCHDOG_MS,
    source: async () => (await import('./own-scenarios.ts')).ownScenarios(),
    runPlan: async () => (await import('../scenarios/run.ts')).runPlan,
    entropy: () => randomInt(SEED_MAX + 1),
  };
}
