import { beforeAll, describe, expect, test } from 'vitest';
import { Pool, workerEntry } from '../../src/campaign/pool.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { type RunOptions, runPlan } from '../../src/scenarios/run.ts';
import { stream } from '../../src/sim/random.ts';

const SEEDS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
const PLANS: readonly RunPlan[] = SEEDS.map((seed) => swarmPlan(seed, { faultPhaseUs: 14_000_000 }));

/** What two runs of one plan must agree on: the hash, where it stood on the way, and what was judged. */
function fingerprint(result: RunResult): string {
  const { traceHash, traceCheckpoints, verdict, property, events, virtualUs, acknowledged, reached } = result;
  const marks = reached.map(([mark, count]) => `${mark} ${count}`).join(', ');
  return `${traceHash} ${traceCheckpoints.length} ${traceCheckpoints.at(-1)} ${verdict} ${property} ${events} ${virtualUs} ${acknowledged} ${marks}`;
}

async function fingerprints(plans: readonly RunPlan[], options: RunOptions = { recording: false }): Promise<string[]> {
  const found: string[] = [];
  for (const plan of plans) found.push(fingerprint((await runPlan(plan, options)).result));
  return found;
}

async function inWorker(plans: readonly RunPlan[]): Promise<string[]> {
  const pool = new Pool({ jobs: 1, worker: workerEntry(), watchdogMs: 60_000, onRun: () => {} });
  try {
    return (await pool.run(plans)).map(({ result }) => fingerprint(result));
  } finally {
    pool.close();
  }
}

describe('one plan has one hash (R23, R24a)', () => {
  let first: string[];
  beforeAll(async () => {
    first = await fingerprints(PLANS);
  });

  test('runs that differ in their plan differ in their hash', () => {
    expect(new Set(first).size).toBe(PLANS.length);
  });

  test('descending and shuffled in the same process', async () => {
    expect((await fingerprints([...PLANS].reverse())).reverse()).toEqual(first);
    const shuffled = stream(7, 'order').shuffle(PLANS.map((_, index) => index));
    const got = await fingerprints(shuffled.map((index) => PLANS[index] as RunPlan));
    for (const [at, index] of shuffled.entries()) expect(got[at]).toBe(first[index]);
  });

  test('with records of everything and without', async () => {
    expect(await fingerprints(PLANS, { recording: true })).toEqual(first);
  });

  test('with findings only recorded, for plans that pass', async () => {
    const passed = PLANS.filter((_, index) => first[index]?.includes(' passed '));
    expect(passed.length).toBeGreaterThan(PLANS.length / 2);
    const expected = first.filter((each) => each.includes(' passed '));
    expect(await fingerprints(passed, { recording: false, recordOnly: true })).toEqual(expected);
  });

  test('after a way through JSON, with all keys in another order', async () => {
    expect(await fingerprints(PLANS.slice(0, 4).map((plan) => turned(plan)))).toEqual(first.slice(0, 4));
  });

  test('in a worker process, one after the other', async () => {
    expect(await inWorker(PLANS)).toEqual(first);
  });

  test('each in a process of its own', async () => {
    for (const index of [0, 5]) expect(await inWorker([PLANS[index] as RunPlan])).toEqual([first[index]]);
  });
});

/** The same JSON text value with the keys of every object reversed. */
function turned<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).reverse())
      : each,
  ) as T;
}
