import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool, type PoolRun, runPool } from '../../src/campaign/pool.ts';
import { UserError } from '../../src/plan/user-error.ts';
import { fakeWorker } from '../cli/kit.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { FOLDER_KEY } from './fake-run.ts';

describe('the pool', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'firedrill-pool-'));
    process.env[FOLDER_KEY] = folder;
  });
  afterAll(() => {
    delete process.env[FOLDER_KEY];
    rmSync(folder, { recursive: true, force: true });
  });

  const plans = (scenario: string, count: number) =>
    Array.from({ length: count }, (_, index) => samplePlan({ scenario, seed: count - index }));
  const heard: PoolRun[] = [];
  const pool = (list: ReturnType<typeof plans>, jobs: number, watchdogMs = 60_000) =>
    runPool(list, { jobs, worker: fakeWorker, watchdogMs, onRun: (run) => heard.push(run) });
  const ends = (runs: readonly PoolRun[]) =>
    runs.map(({ result: { plan, verdict, reason } }) => `${plan.scenario} ${plan.seed} ${reason || verdict}`);

  it('gives the runs in the order of the plans, whatever jobs is', async () => {
    const list = plans('fake-fine', 9);
    const alone = await pool(list, 1);
    const shared = await pool(list, 3);
    expect(alone.map(({ result }) => result.plan)).toEqual(list);
    expect(shared.map(({ result }) => result)).toEqual(alone.map(({ result }) => result));
    expect(heard).toHaveLength(18);
  });

  it('repeats a run whose worker died or hung, alone, and goes on', async () => {
    const list = [...plans('fake-once-crash', 2), ...plans('fake-fine', 3), ...plans('fake-once-throw', 1)];
    expect(ends(await pool(list, 2))).toEqual(list.map(({ scenario, seed }) => `${scenario} ${seed} passed`));
    expect(ends(await pool(plans('fake-once-hang', 1), 1, 700))).toEqual(['fake-once-hang 1 passed']);
  });

  it('records a run that is lost twice, with what the worker said', async () => {
    const runs = await pool([...plans('fake-crash', 1), ...plans('fake-throw', 1), ...plans('fake-fine', 1)], 2);
    expect(ends(runs)).toEqual(['fake-crash 1 crashed', 'fake-throw 1 crashed', 'fake-fine 1 passed']);
    expect(runs[0]!.result.pending).toBe('the worker exited with code 9: the fake engine ran out of luck');
    expect(runs[1]!.result.pending).toContain('a bug of the fake engine');
  });

  it('gives a hanging run ten times the time before it is recorded', async () => {
    const startedMs = performance.now();
    const [run] = await pool(plans('fake-hang', 1), 1, 150);
    expect(run!.result).toMatchObject({ verdict: 'inconclusive', reason: 'hung' });
    expect(run!.result.pending).toBe('no result after 1.5 s of wall time');
    expect(performance.now() - startedMs).toBeGreaterThan(1_600);
  });

  it('keeps its processes between two calls, and ends them', async () => {
    const open = new Pool({ jobs: 2, worker: fakeWorker, watchdogMs: 60_000, onRun: () => {} });
    const pids = (runs: readonly PoolRun[]) => new Set(runs.map(({ result }) => Number(result.traceHash)));
    const first = pids(await open.run(plans('fake-drifts', 12)));
    const second = pids(await open.run(plans('fake-drifts', 12)));
    expect(first.size).toBe(2);
    expect(second).toEqual(first);
    open.close();
    await expect.poll(() => [...first].filter(isAlive)).toEqual([]);
  });

  it('hands on that a plan cannot be run', async () => {
    const list = [...plans('fake-fine', 1), ...plans('fake-refuse', 1), ...plans('fake-hang', 1)];
    await expect(pool(list, 2)).rejects.toThrow(UserError);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
