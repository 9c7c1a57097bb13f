import { describe, expect, it } from 'vitest';
import { askResidentBytes, residentBytes } from '../../src/campaign/memory-watch.ts';
import { Pool, type PoolRun, runPool } from '../../src/campaign/pool.ts';
import { samplePlan } from '../support/sample-plan.ts';

const MIB = 1 << 20;
const worker = new URL('./runaway-worker.ts', import.meta.url);

/** Small limits, so that running away does not take long. */
const limits = { worker, residentBytesMax: 400 * MIB, workerArguments: ['--max-old-space-size=64'] } as const;

const plansOf = (...scenarios: readonly string[]) =>
  scenarios.map((scenario, index) => samplePlan({ scenario, seed: index + 1 }));

async function run(scenarios: readonly string[], watchdogMs = 20_000) {
  const heard: PoolRun[] = [];
  const onRun = (each: PoolRun): void => void heard.push(each);
  const runs = await runPool(plansOf(...scenarios), { ...limits, watchdogMs, jobs: 2, onRun });
  expect(heard).toHaveLength(scenarios.length);
  return runs.map(({ result }) => result);
}

describe('a run that runs away costs that run only (R28)', () => {
  it('an endless loop', async () => {
    const results = await run(['fake-fine', 'runaway-loop', 'fake-fine'], 200);
    expect(results.map(({ reason, verdict }) => reason || verdict)).toEqual(['passed', 'hung', 'passed']);
    expect(results[1]).toMatchObject({ verdict: 'inconclusive', pending: 'no result after 2 s of wall time' });
    expect(results[1]?.plan).toEqual(plansOf('fake-fine', 'runaway-loop')[1]);
  });

  it('a stack overflow, a full heap, an exit', async () => {
    const scenarios = ['runaway-stack', 'fake-fine', 'runaway-heap', 'fake-fine', 'runaway-exit', 'fake-fine'];
    const results = await run(scenarios);
    expect(results.map(({ reason, verdict }) => reason || verdict)).toEqual([
      ...['crashed', 'passed', 'crashed', 'passed', 'crashed', 'passed'],
    ]);
    expect(results.map(({ plan }) => plan)).toEqual(plansOf(...scenarios));
    expect(results[0]?.pending).toContain('Maximum call stack size exceeded');
    expect(results[2]?.pending).toContain('heap');
    expect(results[4]?.pending).toBe('the worker exited with code 0');
  });

  it('a gigabyte of ArrayBuffers under a small heap limit', async () => {
    const results = await run(['fake-fine', 'runaway-buffers', 'fake-fine']);
    expect(results.map(({ reason, verdict }) => reason || verdict)).toEqual(['passed', 'crashed', 'passed']);
    expect(results[1]?.pending).toBe('memory: the worker passed 400 MiB of resident memory');
  });

  it('a worker that dies between two runs is replaced at once', async () => {
    const pool = new Pool({ ...limits, watchdogMs: 20_000, jobs: 1, onRun: () => {} });
    const pidOf = ([each]: readonly PoolRun[]): number => Number(each?.result.traceHash);
    const first = pidOf(await pool.run(plansOf('fake-drifts')));
    process.kill(first, 'SIGKILL');
    const startedMs = performance.now();
    const second = pidOf(await pool.run(plansOf('fake-drifts')));
    await expect.poll(() => residentBytes(first)).toBe(0);
    pool.close();
    expect(second).toBeGreaterThan(0);
    expect(second).not.toBe(first);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});

describe('resident memory', () => {
  it.runIf(process.platform === 'linux')('is what Linux says, and 0 for nobody', () => {
    const bytes = residentBytes(process.pid);
    expect(bytes).toBeGreaterThan(20 * MIB);
    expect(Math.abs(bytes - process.memoryUsage.rss())).toBeLessThan(bytes / 2);
    expect(residentBytes(2 ** 30)).toBe(0);
  });

  it('can be asked of ps, where there is one', async () => {
    const ask = (pid: number) => new Promise<number>((settle) => askResidentBytes(pid, settle));
    expect(await ask(2 ** 30)).toBe(0);
    const bytes = await ask(process.pid);
    // Without `ps` nothing is watched, which must not look like a process of no size elsewhere.
    if (bytes !== 0) expect(bytes).toBeGreaterThan(20 * MIB);
  });
});
