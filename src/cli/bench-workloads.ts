import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HONEST_RULES } from '../cluster/vsr/rules.ts';
import { healthyPlan, swarmPlan } from '../faults/swarm.ts';
import type { RunPlan } from '../plan/plan.ts';
import { checksOf } from '../scenarios/properties.ts';
import { Simulation } from '../scenarios/simulation.ts';
import { runSwarm } from '../scenarios/swarm-run.ts';
import { EventQueue } from '../sim/event-queue.ts';
import { HOUR, SECOND } from '../sim/time.ts';

/** One line of the benchmark. Rates are per wall second, median of the repeats. */
export interface BenchResult {
  readonly name: 'vsr-healthy' | 'vsr-swarm' | 'vsr-day' | 'raw-queue';
  readonly eventsPerSecond: number;
  readonly committedPerSecond: number;
  readonly eventsPerCommit: number;
  /** Share of the event queue's own speed, measured in the same process. */
  readonly ratioToRawQueue: number;
  readonly rssBytes: number;
  /** `vsr-day` only: resident memory at virtual hours 2 and 24. */
  readonly rssBytesEarly?: number;
  readonly rssBytesLate?: number;
  /** The same moments after a full collection: heap in use and memory outside the heap. A leak shows here first. */
  readonly liveBytesEarly?: number;
  readonly liveBytesLate?: number;
}

interface Sample {
  readonly events: number;
  readonly committed: number;
  readonly seconds: number;
}

const REPEATS = 5;
const HEALTHY_SECONDS = 8;
const SWARM_SEEDS = 50;

/** Pop and push of the earliest of 1,000 pending events, as `reference/speed.md` measures the bound. */
function rawQueue(): number {
  const queue = new EventQueue(2_048);
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 12;
  };
  for (let index = 0; index < 1_000; index++) queue.push(next(), index, 1, 0, 0, 0, null);
  const rounds = 3_000_000;
  const start = performance.now();
  for (let index = 0; index < rounds; index++) {
    queue.pop();
    queue.push(queue.timeUs + next(), index & 7, 1, 0, 0, 0, null);
  }
  return rounds / ((performance.now() - start) / 1_000);
}

function build(plan: RunPlan): Simulation {
  return new Simulation(plan, {
    recording: false,
    logging: false,
    rules: HONEST_RULES,
    checks: checksOf,
    recordOnly: false,
  });
}

function committedOf(simulation: Simulation): number {
  return Math.max(
    0,
    ...simulation.cluster.replicaHosts.map((host) => simulation.cluster.observation(host)?.commit ?? 0),
  );
}

/** R29: 3 replicas, 32 closed-loop clients, 128-byte events, all checkers on. */
function healthy(): Sample {
  const simulation = build(
    healthyPlan({ seed: 1, clientCount: 32, bodyBytes: 128, thinkUs: 0, faultPhaseUs: HEALTHY_SECONDS * SECOND }),
  );
  const start = performance.now();
  simulation.cluster.start();
  simulation.advance(HEALTHY_SECONDS * SECOND);
  const seconds = (performance.now() - start) / 1_000;
  if (simulation.failed) throw new Error(`vsr-healthy failed: ${JSON.stringify(simulation.findings[0])}`);
  return { events: simulation.cluster.world.events, committed: committedOf(simulation), seconds };
}

/** R29: the sum over seeds 1..50 of the default swarm, plan generation included. */
function swarm(): Sample {
  let events = 0;
  let committed = 0;
  const start = performance.now();
  for (let seed = 1; seed <= SWARM_SEEDS; seed++) {
    const simulation = build(swarmPlan(seed));
    runSwarm(simulation);
    if (simulation.failed)
      throw new Error(`vsr-swarm failed at seed ${seed}: ${JSON.stringify(simulation.findings[0])}`);
    events += simulation.cluster.world.events;
    committed += committedOf(simulation);
  }
  return { events, committed, seconds: (performance.now() - start) / 1_000 };
}

function median(samples: readonly Sample[]): Sample {
  const sorted = [...samples].sort((left, right) => left.seconds / left.events - right.seconds / right.events);
  return sorted[Math.floor(sorted.length / 2)] as Sample;
}

function line(name: BenchResult['name'], sample: Sample, raw: number): BenchResult {
  const eventsPerSecond = Math.round(sample.events / sample.seconds);
  return {
    name,
    eventsPerSecond,
    committedPerSecond: Math.round(sample.committed / sample.seconds),
    eventsPerCommit: Math.round((sample.events / Math.max(1, sample.committed)) * 10) / 10,
    ratioToRawQueue: Math.round((eventsPerSecond / raw) * 1_000) / 1_000,
    rssBytes: memoryUsage().rss,
  };
}

/** Bytes that a full collection leaves; the collector is a hidden function of V8 that a fresh context is given. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // The second collection ends the first one's sweep, which frees buffers in the background.
  collect();
  collect();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

/** 24 virtual hours at 20 operations a second: memory must not grow with time (R29). */
function day(raw: number): BenchResult {
  const plan = healthyPlan({ seed: 1, clientCount: 4, bodyBytes: 128, thinkUs: 200_000, faultPhaseUs: 24 * HOUR });
  const simulation = build({ ...plan, limits: { eventsMax: Number.MAX_SAFE_INTEGER, virtualUsMax: 25 * HOUR } });
  const start = performance.now();
  simulation.cluster.start();
  simulation.advance(2 * HOUR);
  const rssBytesEarly = memoryUsage().rss;
  const liveBytesEarly = liveBytes();
  simulation.advance(24 * HOUR);
  const rssBytesLate = memoryUsage().rss;
  const liveBytesLate = liveBytes();
  if (simulation.failed) throw new Error(`vsr-day failed: ${JSON.stringify(simulation.findings[0])}`);
  const sample = {
    events: simulation.cluster.world.events,
    committed: committedOf(simulation),
    seconds: (performance.now() - start) / 1_000,
  };
  return { ...line('vsr-day', sample, raw), rssBytesEarly, rssBytesLate, liveBytesEarly, liveBytesLate };
}

/** Runs the workloads of R29 one after the other in this process. */
export async function runBench(report: (text: string) => void): Promise<BenchResult[]> {
  const raws: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) raws.push(rawQueue());
  const raw = raws.sort((left, right) => left - right)[Math.floor(REPEATS / 2)] as number;
  report(`raw queue: ${Math.round(raw)} events/s`);
  const results: BenchResult[] = [];
  for (const [name, run] of [
    ['vsr-healthy', healthy],
    ['vsr-swarm', swarm],
  ] as const) {
    run();
    const samples: Sample[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) samples.push(run());
    const result = line(name, median(samples), raw);
    report(`${name}: ${result.eventsPerSecond} events/s, ${result.eventsPerCommit} events a commit`);
    results.push(result);
  }
  // The long run comes last: on a fresh heap V8 and the allocator still grow to their working size after hour 2. What
  // the other workloads leave cannot hide a leak, because the bytes that are alive are shown beside the resident ones.
  report('vsr-day: 24 virtual hours ...');
  results.push(day(raw));
  return results;
}
