import { describe, expect, test } from 'vitest';
import { HONEST_RULES } from '../../src/cluster/vsr/rules.ts';
import { swarmPlan } from '../../src/faults/swarm.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import { checksOf } from '../../src/scenarios/properties.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';
import { runSwarm } from '../../src/scenarios/swarm-run.ts';
import { RECORD, type TraceRecord } from '../../src/sim/trace.ts';
import { compare, type Decisions, follow, listen, type Steps } from './decisions.ts';

const SEEDS = [1, 2, 5, 8, 11, 19, 23, 42];
/** Plans whose links keep their bandwidth and bounds. */
const NARROW_SEEDS = [3, 4, 14];
/** Faults that are removed per plan, one at a time. */
const REMOVED_MAX = 3;

/** The swarm's plan on links without bandwidth and queue bound: there a packet's delay is its own decision alone. */
function planOf(seed: number): RunPlan {
  const plan = swarmPlan(seed, { faultPhaseUs: 14_000_000 });
  return { ...plan, network: { ...plan.network, bytesPerMs: 0, queueMax: 0 } };
}

interface Run {
  readonly records: readonly string[];
  readonly steps: Steps;
  readonly decisions: Decisions;
  /** By label: how many events were over, and how many records stood, when the fault first took effect. */
  readonly effects: Map<string, { readonly events: number; readonly records: number }>;
  readonly hash: string;
}

async function run(plan: RunPlan): Promise<Run> {
  const simulation = new Simulation(plan, {
    recording: true,
    logging: true,
    rules: HONEST_RULES,
    checks: checksOf,
    recordOnly: false,
  });
  const { world } = simulation.cluster;
  const steps = follow(world);
  const decisions = listen(world);
  const effects: Run['effects'] = new Map();
  simulation.nemesis.onFire = ({ label }) => {
    effects.set(label, { events: steps.hashes.length, records: countEvents(world.trace.records, steps.recordsBefore) });
  };
  runSwarm(simulation);
  return {
    records: world.trace.records.filter(isEvent).map(line),
    steps,
    decisions,
    effects,
    hash: world.trace.hash(),
  };
}

/** Notes are about the nemesis (a fault that the budget refused), not about the world. */
function isEvent({ kind }: TraceRecord): boolean {
  return kind !== RECORD.note;
}

function countEvents(records: readonly TraceRecord[], before: number): number {
  let count = 0;
  for (let index = 0; index < before; index++) if (isEvent(records[index] as TraceRecord)) count++;
  return count;
}

function line({ atUs, kind, host, a, b, c, text }: TraceRecord): string {
  return `${atUs} ${kind} ${host} ${a} ${b} ${c} ${text}`;
}

/** Index of the first difference; the length when there is none. */
function firstDifference(left: readonly string[], right: readonly string[], length: number): number {
  for (let index = 0; index < length; index++) if (left[index] !== right[index]) return index;
  return length;
}

describe('removing one fault from a swarm plan of Kimberlite (R20)', () => {
  test.each(SEEDS)('seed %i: (a) events before its first effect and (b) decisions by key stay', async (seed) => {
    const plan = planOf(seed);
    const full = await run(plan);
    for (const { label } of pickFaults(plan)) {
      const rest = await run({ ...plan, faults: plan.faults.filter((fault) => fault.label !== label) });
      judgeEvents(label, full, rest);
      for (const what of ['packets', 'timers', 'disks'] as const) {
        const { shared, differing } = compare(full.decisions[what], rest.decisions[what]);
        expect([label, what, differing.slice(0, 5)]).toEqual([label, what, []]);
        expect(shared).toBeGreaterThan(20);
      }
    }
    expect(full.decisions.contradictions).toEqual([]);
  });

  test.each(NARROW_SEEDS)('seed %i, links as they are: (a)', async (seed) => {
    const plan = swarmPlan(seed, { faultPhaseUs: 14_000_000 });
    const full = await run(plan);
    for (const { label } of pickFaults(plan)) {
      judgeEvents(label, full, await run({ ...plan, faults: plan.faults.filter((fault) => fault.label !== label) }));
    }
  });
});

/** Up to the first effect of the fault that `rest` lacks nothing differs; a fault without effect makes no difference. */
function judgeEvents(label: string, full: Run, rest: Run): void {
  const effect = full.effects.get(label);
  expect([label, rest.hash === full.hash]).toEqual([label, effect === undefined]);
  const events = effect?.events ?? full.steps.hashes.length;
  const records = effect?.records ?? full.records.length;
  expect(events).toBeGreaterThan(100);
  expect([label, firstDifference(full.steps.hashes, rest.steps.hashes, events)]).toEqual([label, events]);
  const parted = firstDifference(full.records, rest.records, records);
  expect([label, full.records.slice(parted, records)[0]]).toEqual([label, undefined]);
}

/** The first, a middle and the last fault of a plan. */
function pickFaults({ faults }: RunPlan): RunPlan['faults'] {
  const last = faults.length - 1;
  const indices = new Set([0, Math.floor(last / 2), last].slice(0, REMOVED_MAX));
  return faults.filter((_, index) => indices.has(index));
}
