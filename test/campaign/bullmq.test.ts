import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ownBuild } from '../../src/campaign/bullmq/build.ts';
import { bullmqEngine } from '../../src/campaign/bullmq/engine-bullmq.ts';
import { answerOf, jobData, jobId, readAnswer, readJob } from '../../src/campaign/bullmq/job.ts';
import { serveQueue } from '../../src/campaign/bullmq/worker-bullmq.ts';
import type { CampaignEngine, RangeJob } from '../../src/campaign/engine.ts';
import { LocalEngine } from '../../src/campaign/engine-local.ts';
import { type PoolRun, workerEntry } from '../../src/campaign/pool.ts';
import { worker } from '../../src/cli/commands/worker.ts';
import { fakeEngine, fakeWorker, listen } from '../cli/kit.ts';
import { samplePlan, sampleResult } from '../support/sample-plan.ts';
import { HAS_REDIS, OWN_BUILD, PrivateRedis } from './redis-kit.ts';

if (!HAS_REDIS) process.stderr.write('bullmq.test.ts: skipped in part: there is no redis-server on this machine\n');

const RANGE_RUNS = 4;

function plansJob(index: number, scenario = 'fake-fine', priority: RangeJob['priority'] = 'rest'): RangeJob {
  const firstIndex = index * RANGE_RUNS;
  const seeds = Array.from({ length: RANGE_RUNS }, (_, i) => firstIndex + i + 1);
  const plans = seeds.map((seed) => samplePlan({ scenario, seed }));
  return { campaign: 'c', firstIndex, count: RANGE_RUNS, source: { kind: 'plans', plans }, priority };
}

const seedsJob = (seedFrom: number, count: number): RangeJob => ({
  campaign: 'c',
  firstIndex: seedFrom - 1,
  count,
  source: { kind: 'seeds', scenario: 'swarm', variant: 'swarm', strategy: 'swarm', seedFrom, unrestricted: false },
  priority: 'rest',
});

const results = (ranges: readonly (readonly PoolRun[])[]) => ranges.flat().map(({ result }) => result);

describe('what lies in the queue', () => {
  it('is read as it was written, and has an id that depends on nothing else', () => {
    const plans = plansJob(3);
    for (const job of [plans, seedsJob(5, 16)]) {
      const data = jobData(job, OWN_BUILD);
      expect(readJob(JSON.parse(JSON.stringify(data)))).toEqual(job);
      expect(jobId(JSON.parse(JSON.stringify(data)))).toBe(jobId(jobData(structuredClone(job), OWN_BUILD)));
    }
    expect(jobId(jobData(plansJob(4), OWN_BUILD))).not.toBe(jobId(jobData(plans, OWN_BUILD)));
    expect(jobId(jobData({ ...plans, priority: 'retest' }, OWN_BUILD))).not.toBe(jobId(jobData(plans, OWN_BUILD)));
    const runs = [{ result: sampleResult({ coverage: [1, 5] }), wallMs: 7 }];
    const { plan: _, ...result } = runs[0]!.result;
    expect(readAnswer(answerOf(runs, OWN_BUILD))).toMatchObject({ kind: 'runs', runs: [{ wallMs: 7, result }] });
  });

  it('is refused when it is anything else', () => {
    const data = jobData(seedsJob(1, 16), OWN_BUILD);
    const broken = { ...data, range: { ...(data.range as object), count: 1e6 } };
    expect(() => readJob(broken)).toThrow('a job in the queue cannot be read: count');
    const plans = jobData({ ...plansJob(0), count: 3 }, OWN_BUILD);
    expect(() => readJob(plans)).toThrow('a job of 3 runs has other plans');
    expect(() => readAnswer({ packed: 'AAAA' })).toThrow();
    expect(() => readAnswer(null)).toThrow('an answer in the queue cannot be read');
  });

  it('names the build: a digest of the sources, the same each time', () => {
    expect(ownBuild('1.2.3')).toEqual(ownBuild('1.2.3'));
    expect(ownBuild('1.2.3')).toMatchObject({ firedrill: '1.2.3', build: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  it('is code that nobody loads who does not ask for it', () => {
    const folder = fileURLToPath(new URL('../../src/', import.meta.url));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const others = files.filter((path) => !path.startsWith(join('campaign', 'bullmq')));
    expect(others.length).toBeGreaterThan(100);
    // (The digest of the sources needs no library; a campaign stores it, whatever its engine.)
    const loads = /^(import|export) (?!type )[^;]*from '([^']*\/bullmq\/(?!build\.ts)[^']*|bullmq|ioredis)'/m;
    expect(others.filter((path) => loads.test(readFileSync(join(folder, path), 'utf8')))).toEqual([]);
    expect(loads.test(readFileSync(join(folder, 'campaign/bullmq/engine-bullmq.ts'), 'utf8'))).toBe(true);
  });

  it('an address without Redis, and no address, are told at once', async () => {
    const report = (): void => {};
    const asked = bullmqEngine({ redis: 'redis://127.0.0.1:1', version: '1', report });
    await expect(asked).rejects.toThrow(/^no Redis at redis:\/\/127.0.0.1:1: .*ECONNREFUSED/);
    await expect(bullmqEngine({ redis: 'http://127.0.0.1', version: '1', report })).rejects.toThrow('address of http:');
    await expect(bullmqEngine({ redis: 'here', version: '1', report })).rejects.toThrow('--redis here is no address');
  });
});

describe.runIf(HAS_REDIS)('the engine behind a queue', () => {
  let redis: PrivateRedis;
  let said: string[] = [];
  const engines: CampaignEngine[] = [];
  const processes: ChildProcess[] = [];
  beforeAll(async () => {
    redis = await PrivateRedis.start();
  });
  afterEach(async () => {
    for (const child of processes.splice(0)) child.kill('SIGKILL');
    for (const engine of engines.splice(0)) await engine.close();
    said = [];
  });
  afterAll(() => redis.end());

  const report = (text: string): void => void said.push(text);
  async function coordinator(queue: string, changes: { pollMs?: number } = {}): Promise<CampaignEngine> {
    const version = OWN_BUILD.firedrill;
    const options = { redis: redis.url, version, build: OWN_BUILD, queue, report, pollMs: 300, ...changes };
    const engine = await bullmqEngine(options);
    engines.push(engine);
    return engine;
  }
  function workerProcess(queue: string): ChildProcess {
    const entry = fileURLToPath(new URL('./queue-worker.ts', import.meta.url));
    const child = spawn(process.execPath, [entry, redis.url, queue], { stdio: ['ignore', 'ignore', 'inherit'] });
    processes.push(child);
    return child;
  }
  /** What a campaign gets when nothing is disturbed. */
  async function undisturbed(jobs: readonly RangeJob[], entry: URL) {
    const local = new LocalEngine({ jobs: 1, worker: entry, watchdogMs: 60_000 });
    const runs = results(await Promise.all(jobs.map((job) => local.run(job))));
    await local.close();
    return runs;
  }

  it('gives the verdicts of the local engine', async () => {
    const jobs = [seedsJob(1, 2), seedsJob(3, 1), { ...seedsJob(2, 1), priority: 'retest' as const }];
    const engine = await coordinator('real');
    const stop = new AbortController();
    const inner = new LocalEngine({ jobs: 1, worker: workerEntry(), watchdogMs: 60_000 });
    const options = { redis: redis.url, queue: 'real', version: '', build: OWN_BUILD, inner, ranges: 2, report };
    const serving = serveQueue({ ...options, stop: stop.signal });
    const expected = await undisturbed(jobs, workerEntry());
    expect(results(await Promise.all(jobs.map((job) => engine.run(job))))).toEqual(expected);
    expect(new Set(expected.map(({ traceHash }) => traceHash)).size).toBe(3);
    stop.abort();
    expect(await serving).toEqual({ kind: 'stopped' });
  });

  it('loses nothing by a killed worker, a restart of Redis, a Redis that lost all, and a new coordinator', async () => {
    const jobs = Array.from({ length: 60 }, (_, index) => plansJob(index));
    const expected = await undisturbed(jobs, fakeWorker);
    const first = await coordinator('storm');
    let done = 0;
    const old = jobs.map(async (job) => {
      const runs = await first.run(job);
      done++;
      return runs;
    });
    const killed = workerProcess('storm');
    workerProcess('storm');
    await expect.poll(() => done, { interval: 5, timeout: 20_000 }).toBeGreaterThan(4);
    killed.kill('SIGKILL');
    await expect.poll(() => done, { interval: 5, timeout: 20_000 }).toBeGreaterThan(10);
    await redis.stop();
    await redis.start();
    await expect.poll(() => done, { interval: 5, timeout: 20_000 }).toBeGreaterThan(20);
    await redis.lose();
    await redis.start();
    await expect.poll(() => done, { interval: 5, timeout: 20_000 }).toBeGreaterThan(30);
    // A second coordinator asks for everything while the first still waits: neither disturbs the other.
    const second = await coordinator('storm');
    const again = await Promise.all(jobs.map((job) => second.run(job)));
    expect(results(again)).toEqual(expected);
    expect(results(await Promise.all(old))).toEqual(expected);
    expect(said.some((text) => /connection to Redis at \S+ is lost; trying again/.test(text))).toBe(true);
    expect(said.some((text) => text.endsWith('is back'))).toBe(true);
    expect(said.some((text) => /^\d+ ranges? (is|are) gone from Redis and handed out again$/.test(text))).toBe(true);
  });

  it('refuses a worker of another version, which gives its range back and exits 64; both say so', async () => {
    const engine = await coordinator('versions');
    const run = engine.run(plansJob(0));
    const heard = listen();
    // The versions agree by name, the sources do not.
    const code = await worker({ redis: redis.url, queue: 'versions', jobs: 1 }, heard, fakeEngine());
    expect(code).toBe(64);
    expect(heard.err).toContain('this is firedrill 9.9.9, the campaign runs 9.9.9, but another build of it');
    expect(heard.err).toContain('remedy: install the same version here');
    await expect.poll(() => said.filter((text) => /took no part/.test(text))).toHaveLength(1);
    workerProcess('versions');
    expect(await run).toHaveLength(RANGE_RUNS);
  });

  it('goes by priority, hands on that a plan cannot be run, and knows how many ranges the workers take', async () => {
    const engine = await coordinator('order');
    const order: string[] = [];
    const note = (name: string) => (runs: readonly PoolRun[]) => void order.push(`${name} ${runs.length}`);
    const runs = [
      engine.run(plansJob(0)).then(note('rest')),
      engine.run(plansJob(1, 'fake-fine', 'retest')).then(note('retest')),
      engine.run(plansJob(2, 'fake-fine', 'new-coverage')).then(note('new')),
    ];
    const refused = engine.run(plansJob(3, 'fake-refuse'));
    refused.catch(() => {});
    const queue = new Queue('order', { connection: { host: '127.0.0.1', port: redis.port } });
    await expect.poll(() => queue.getPrioritizedCount()).toBe(4);
    await queue.close();
    const inner = new LocalEngine({ jobs: 1, worker: fakeWorker, watchdogMs: 60_000 });
    const stop = new AbortController();
    const options = { redis: redis.url, queue: 'order', version: '', build: OWN_BUILD, inner, ranges: 1, report };
    const serving = serveQueue({ ...options, stop: stop.signal });
    await Promise.all(runs);
    expect(order).toEqual(['new 4', 'retest 4', 'rest 4']);
    await expect(refused).rejects.toMatchObject({ name: 'UserError', remedy: 'correct the plan' });
    expect(engine.rangesMax).toBe(64);
    // One that takes 100 ranges at once wants as many again to wait.
    const large = serveQueue({ ...options, ranges: 100, stop: stop.signal });
    await expect.poll(() => engine.rangesMax).toBe(202);
    stop.abort();
    await Promise.all([serving, large]);
  });

  it('gives up a range with which a worker of ours fails each time', async () => {
    const engine = await coordinator('broken');
    const run = engine.run(plansJob(2));
    const inner: CampaignEngine = {
      name: 'broken',
      rangesMax: 1,
      run: () => Promise.reject(new Error('a bug of the worker')),
      close: async () => {},
    };
    const stop = new AbortController();
    const options = { redis: redis.url, queue: 'broken', version: '', build: OWN_BUILD, inner, ranges: 1, report };
    const serving = serveQueue({ ...options, stop: stop.signal });
    await expect(run).rejects.toThrow('runs 8..11 failed on a worker: a bug of the worker');
    stop.abort();
    await serving;
  });

  it('misses workers, and takes leftovers of an earlier life for its own', async () => {
    const first = await coordinator('left');
    void first.run(plansJob(0));
    const queue = new Queue('left', { connection: { host: '127.0.0.1', port: redis.port } });
    await expect.poll(() => queue.getPrioritizedCount()).toBe(1);
    const second = await coordinator('left');
    const run = second.run(plansJob(0));
    await expect.poll(() => said.join('\n'), { timeout: 10_000 }).toContain('no worker has come yet; start one: ');
    // What nobody asks for again goes; another campaign's stays.
    const job = (name: string) => [name, jobData(plansJob(7), OWN_BUILD), { jobId: name, priority: 3 }] as const;
    await queue.add(...job('c'));
    await queue.add(...job('other'));
    await expect.poll(() => queue.getJob('c')).toBeUndefined();
    expect(await queue.getPrioritizedCount()).toBe(2);
    workerProcess('left');
    expect(await run).toHaveLength(RANGE_RUNS);
    await queue.close();
  });
});
