import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LocalEngine } from '../../src/campaign/engine-local.ts';
import { plansOf } from '../../src/campaign/expand.ts';
import { workerEntry } from '../../src/campaign/pool.ts';
import { runsTwice, serialisedPlan } from '../../src/campaign/second-run.ts';
import { type FoldedRun, GENERATION, type Strategy } from '../../src/campaign/strategy.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import { UserError } from '../../src/plan/user-error.ts';
import { fakeWorker } from '../cli/kit.ts';
import { failedResult, sampleResult } from '../support/sample-plan.ts';
import { campaignIn, comparable, PretendedEngine, SPEC } from './coordinator-kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'firedrill-coordinator-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const database = () => join(folder, `${files++}.db`);

/** Longer for some, so that ranges end in another order than they began. */
const unevenly = (job: { firstIndex: number }) => (job.firstIndex * 7) % 5;

/** Learns the number of runs and the sum of their coverage: enough to make later plans depend on all of it. */
class Counting implements Strategy {
  readonly name = 'counting';
  readonly folded: { g: number; runs: readonly FoldedRun[] }[] = [];

  generation(g: number, seeds: readonly number[]) {
    const learnt = this.folded.flatMap(({ runs }) => runs).reduce((sum, run) => sum + run.coverage[0]!, 0);
    return seeds.map((seed) => ({ plan: swarmPlan(seed + learnt), origin: `counting ${g} after ${learnt}` }));
  }

  fold(g: number, runs: readonly FoldedRun[]): void {
    this.folded.push({ g, runs });
  }
}

describe('the coordinator', () => {
  it('stores the same whatever order and size ranges come in', async () => {
    const one = campaignIn(database());
    const other = campaignIn(database());
    const narrow = new PretendedEngine({ rangesMax: 1, rangeRuns: 1 });
    const wide = new PretendedEngine({ rangesMax: 5, rangeRuns: 7, delayMs: unevenly });
    expect(await one.run(narrow)).toEqual({ complete: true, comparedTo: 40, storedTo: 40 });
    expect(await other.run(wide)).toEqual({ complete: true, comparedTo: 40, storedTo: 40 });
    expect(comparable(other.rows())).toEqual(comparable(one.rows()));
    expect(one.rows().map(({ index, seed }) => [index, seed])).toEqual(
      Array.from({ length: 40 }, (_, i) => [i, i + 1]),
    );
    expect(narrow.mostAtOnce).toBe(1);
    expect(wide.mostAtOnce).toBe(5);
    expect(wide.closed).toBe(false);
  });

  it('runs only what is missing of an interrupted campaign', async () => {
    const whole = campaignIn(database());
    await whole.run(new PretendedEngine());
    const part = campaignIn(database());
    const controller = new AbortController();
    let heard = 0;
    const onRun = (): void => {
      if (++heard === 11) controller.abort();
    };
    const first = new PretendedEngine({ rangeRuns: 1, delayMs: unevenly });
    const end = await part.run(first, { signal: controller.signal, onRun });
    expect(end).toMatchObject({ complete: false, comparedTo: 0 });
    expect(first.closed).toBe(true);
    const stored = part.store.storedIndexes(part.id);
    expect(stored.size).toBeGreaterThanOrEqual(11);
    expect(stored.size).toBeLessThan(40);
    const second = new PretendedEngine();
    await part.run(second);
    const ran = second.jobs.filter(({ priority }) => priority === 'rest').flatMap((job) => job.count);
    expect(ran.reduce((sum, each) => sum + each, 0)).toBe(40 - stored.size);
    expect(comparable(part.rows())).toEqual(comparable(whole.rows()));
    expect(part.store.totals(part.id)).toEqual(whole.store.totals(whole.id));
    expect(part.store.marks(part.id)).toEqual(whole.store.marks(whole.id));
  });

  it('folds a generation only when it is complete, and learns the same when it is resumed', async () => {
    const spec = { ...SPEC, seedTo: 2 * GENERATION + 9 };
    const learning = (strategy: Strategy) => ({ plans: { kind: 'learning', strategy } as const });
    const whole = campaignIn(database(), spec);
    const strategy = new Counting();
    const engine = new PretendedEngine({ rangeRuns: 16, delayMs: unevenly });
    expect(await whole.run(engine, learning(strategy))).toMatchObject({ complete: true });
    expect(strategy.folded.map(({ g, runs }) => [g, runs.length])).toEqual([
      [0, GENERATION],
      [1, GENERATION],
      [2, 9],
    ]);
    expect(strategy.folded[1]!.runs.map(({ index }) => index)).toEqual(Array.from({ length: GENERATION }, (_, i) => i));
    expect(new Set(whole.rows().map(({ origin }) => origin)).size).toBe(3);
    expect(engine.jobs.every(({ source }) => source.kind === 'plans')).toBe(true);

    const part = campaignIn(database(), spec);
    let asked = 0;
    const isOver = () => ++asked > 20;
    const end = await part.run(new PretendedEngine({ rangeRuns: 16 }), { ...learning(new Counting()), isOver });
    expect(end.complete).toBe(false);
    expect(end.comparedTo).toBe(GENERATION);
    expect(part.store.storedIndexes(part.id).size).toBeGreaterThan(GENERATION);
    const again = new Counting();
    await part.run(new PretendedEngine({ rangesMax: 1 }), learning(again));
    expect(comparable(part.rows())).toEqual(comparable(whole.rows()));
    expect(again.folded.map(({ runs }) => runs.map(({ plan }) => plan.seed))).toEqual(
      strategy.folded.map(({ runs }) => runs.map(({ plan }) => plan.seed)),
    );
  });

  it('runs every failure and a fiftieth of the rest again, and keeps both outcomes that differ', async () => {
    const campaign = campaignIn(database(), { ...SPEC, seedTo: 400 });
    const engine = new PretendedEngine({
      result: (plan, _job, nth) => {
        if (plan.seed === 11) return failedResult(['INV-DURABLE-ACK'], { plan });
        if (plan.seed === 12) return nth === 1 ? failedResult(['INV-PREFIX'], { plan }) : {};
        if (plan.seed === 13) return { verdict: 'inconclusive', reason: 'crashed', traceHash: '', pending: 'died' };
        return {};
      },
    });
    await campaign.run(engine);
    const again = engine.jobs.filter(({ priority }) => priority === 'retest');
    const indexes = again.map(({ firstIndex }) => firstIndex);
    expect(indexes).toEqual(expect.arrayContaining([10, 11]));
    expect(indexes).not.toContain(12);
    expect(again.length).toBeGreaterThanOrEqual(2 + 5);
    expect(again.length).toBeLessThanOrEqual(2 + 12);
    const rows = campaign.rows();
    expect(rows[10]).toMatchObject({ verdict: 'failed', signature: 'INV-DURABLE-ACK @ sample-site', expected: false });
    expect(JSON.parse(rows[10]!.planJson)).toEqual(swarmPlan(11));
    expect(rows[11]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'nondeterminism',
      signature: '',
      expected: false,
    });
    expect(JSON.parse(rows[11]!.detail)).toMatchObject({
      first: { verdict: 'failed', property: 'INV-PREFIX', traceHash: '0123456789abcdef' },
      second: { verdict: 'passed', property: '', traceHash: '0000000000000012' },
    });
    expect(rows[12]).toMatchObject({ verdict: 'inconclusive', reason: 'crashed', signature: 'crashed: died' });
    expect(rows[12]!.planJson).not.toBe('');
    expect(rows[13]!.planJson).toBe('');
  });

  it('hands on what the engine refuses, with what had a result stored', async () => {
    const campaign = campaignIn(database());
    const engine = new PretendedEngine({
      rangeRuns: 1,
      result: ({ seed }) => {
        if (seed === 9) throw new UserError('no worker is left', 'start one');
        return {};
      },
    });
    await expect(campaign.run(engine)).rejects.toThrow('no worker is left');
    expect(engine.closed).toBe(true);
    const { size } = campaign.store.storedIndexes(campaign.id);
    expect(size).toBeGreaterThanOrEqual(6);
    expect(size).toBeLessThan(40);
  });

  it('ends with what the store refuses', async () => {
    const campaign = campaignIn(database());
    campaign.store.putRuns = () => {
      throw new UserError('the disk is full', 'make room');
    };
    await expect(campaign.run(new PretendedEngine())).rejects.toThrow('the disk is full');
  });
});

describe('the second run of R28', () => {
  it('is for about 2 % of the indexes, spread evenly, and for every failure', () => {
    const passed = sampleResult();
    const chosen = Array.from({ length: 20_000 }, (_, index) => index).filter((index) => runsTwice(index, passed));
    expect(chosen.length).toBeGreaterThan(380);
    expect(chosen.length).toBeLessThan(420);
    const gaps = chosen.slice(1).map((index, i) => index - chosen[i]!);
    expect(Math.max(...gaps)).toBeLessThan(150);
    expect(runsTwice(3, failedResult(['INV-PREFIX']))).toBe(true);
    expect(runsTwice(3, passed)).toBe(false);
  });

  it('starts from the text of the plan', () => {
    const plan = swarmPlan(5);
    expect(serialisedPlan(plan)).toEqual(plan);
    expect(Object.keys(serialisedPlan(plan))).toEqual(Object.keys(plan).toSorted());
  });
});

describe('the local engine', () => {
  const job = (scenario: string, count: number) => ({
    campaign: 'c',
    firstIndex: 0,
    count,
    source: {
      kind: 'seeds',
      scenario,
      variant: 'safe',
      strategy: 'scenario',
      seedFrom: 1,
      unrestricted: false,
    } as const,
    priority: 'rest' as const,
  });
  const fake = () =>
    new LocalEngine({
      jobs: 2,
      worker: fakeWorker,
      watchdogMs: 60_000,
      expand: async (source, count) => {
        if (source.kind === 'plans') return source.plans;
        return Array.from({ length: count }, (_, i) => ({
          ...swarmPlan(source.seedFrom + i),
          scenario: source.scenario,
        }));
      },
    });

  it('records a run that crashes twice, and finishes the others', async () => {
    const engine = fake();
    const [crashed, fine] = await Promise.all([engine.run(job('fake-crash', 1)), engine.run(job('fake-fine', 20))]);
    await engine.close();
    expect(crashed![0]!.result).toMatchObject({ verdict: 'inconclusive', reason: 'crashed' });
    expect(fine!.map(({ result }) => result.verdict)).toEqual(Array(20).fill('passed'));
    expect(fine!.map(({ result }) => result.plan.seed)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('hands on that a plan cannot be run, and gives nothing after it was closed', async () => {
    const engine = fake();
    await expect(engine.run(job('fake-refuse', 1))).rejects.toThrow(UserError);
    const never = engine.run(job('fake-hang', 1));
    await engine.close();
    const late = await Promise.race([never, new Promise((settle) => setTimeout(() => settle('nothing'), 100))]);
    expect(late).toBe('nothing');
  });

  it('stores the same verdicts with one worker and with two, run for run', async () => {
    const spec = { ...SPEC, seedFrom: 31, seedTo: 34 };
    const campaigns = [campaignIn(database(), spec), campaignIn(database(), spec)];
    for (const [i, campaign] of campaigns.entries()) {
      const engine = new LocalEngine({ jobs: i + 1, worker: workerEntry(), watchdogMs: 60_000 });
      await campaign.run(engine);
      await engine.close();
    }
    const [one, two] = campaigns.map(({ rows }) => comparable(rows()));
    expect(one).toHaveLength(4);
    expect(two).toEqual(one);
    expect(one!.every(({ verdict, traceHash }) => verdict === 'passed' && traceHash.length === 16)).toBe(true);
  }, 30_000);

  it('collects coverage for plans that are handed in, not for seeds', async () => {
    const engine = new LocalEngine({ jobs: 1, worker: workerEntry(), watchdogMs: 60_000 });
    const source = { kind: 'plans', plans: [swarmPlan(40)] } as const;
    const [covered] = await engine.run({ ...job('swarm', 1), source });
    const [plain] = await engine.run({
      ...job('swarm', 1),
      source: { ...job('swarm', 1).source, strategy: 'swarm', seedFrom: 40 },
    });
    await engine.close();
    expect(covered!.result.coverage!.length).toBeGreaterThan(50);
    expect(plain!.result.coverage).toBeUndefined();
    expect(plain!.result.traceHash).toBe(covered!.result.traceHash);
    expect(await plansOf(source, 1)).toEqual([swarmPlan(40)]);
  }, 30_000);
});
