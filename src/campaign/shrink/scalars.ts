import fc from 'fast-check';
import { faultKind } from '../../faults/kinds.ts';
import type { PlanDecision } from '../../plan/decision.ts';
import type { FaultPlan, RunPlan } from '../../plan/plan.ts';
import type { Search } from './search.ts';

/** One number of a plan: where it stands, what it may become, and how to put another in its place. */
export interface Scalar {
  readonly path: string;
  readonly value: number;
  readonly arbitrary: fc.Arbitrary<number>;
  readonly put: (plan: RunPlan, value: number) => RunPlan;
}

/** Smaller values that are tried for one number in one round; the first are the boldest. */
const TRIES_MAX = 12;
/** More operations than this make a run long. */
const OPERATIONS_MAX = 100;
/** Numbers of listed decisions shrink only in lists this short. */
const DECISIONS_MAX = 12;

/**
 * Shrinks single numbers (R26, 5). The values come from fast-check arbitraries that shrink a value which they did not
 * generate, because plans come out of files: integers, and integers of milliseconds through a mapping that has an
 * inverse. Nothing is chained.
 */
export async function shrinkScalars(search: Search, thorough: boolean): Promise<void> {
  for (const calm of [calmClocks, calmNetwork, calmDisk, calmLoad, calmCluster]) {
    await search.simplify(calm(search.best.plan));
  }
  // Single numbers of a long run are dear and help little: first it has to become short.
  const long = search.best.counts.operations > OPERATIONS_MAX && !thorough;
  for (const { path } of long ? phaseScalars(search.best.plan) : scalarsOf(search.best.plan)) {
    for (let again = true; again && search.over === ''; ) {
      const scalar = scalarsOf(search.best.plan).find((each) => each.path === path);
      if (scalar === undefined) break;
      again = await shrinkOne(search, scalar);
    }
  }
}

async function shrinkOne(search: Search, scalar: Scalar): Promise<boolean> {
  for (const value of smallerValues(scalar)) {
    if (await search.simplify(scalar.put(search.best.plan, value))) return true;
  }
  return false;
}

/** Smaller values for a number that came from anywhere, the smallest first. */
export function smallerValues({ arbitrary, value }: Scalar): number[] {
  if (!arbitrary.canShrinkWithoutContext(value)) return [];
  return [...arbitrary.shrink(value, undefined).take(TRIES_MAX)].map((each) => each.value);
}

/** Every number of a plan that may shrink, in the order in which they are tried. */
export function scalarsOf(plan: RunPlan): Scalar[] {
  return [
    ...plan.faults.flatMap((fault, index) => faultScalars(fault, index)),
    ...decisionScalars(plan),
    ...phaseScalars(plan),
  ];
}

/** Which packet it is about, and how late it comes: while the list is short enough to be worth it. */
function decisionScalars({ decisions = [] }: RunPlan): Scalar[] {
  if (decisions.length > DECISIONS_MAX) return [];
  const put =
    (index: number, change: (decision: PlanDecision, value: number) => PlanDecision) =>
    (plan: RunPlan, value: number): RunPlan => ({
      ...plan,
      decisions: (plan.decisions ?? []).map((each, place) => (place === index ? change(each, value) : each)),
    });
  return decisions.flatMap((decision, index) => {
    if (decision.kind !== 'packet') return [];
    const at = `decisions[${index}]`;
    const number = (each: PlanDecision, id1: number): PlanDecision =>
      each.kind === 'packet' ? { ...each, id1 } : each;
    const late = (each: PlanDecision, delayUs: number): PlanDecision =>
      each.kind === 'packet' ? { ...each, delayUs } : each;
    const scalars: Scalar[] = [];
    if (decision.id1 > 0) scalars.push(scalar(`${at}.id1`, decision.id1, 0, put(index, number)));
    if (decision.delayUs > 1) scalars.push(scalar(`${at}.delayUs`, decision.delayUs, 1, put(index, late)));
    return scalars;
  });
}

function faultScalars(fault: FaultPlan, index: number): Scalar[] {
  const at = `faults[${index}]`;
  const put =
    (change: (fault: FaultPlan, value: number) => FaultPlan) =>
    (plan: RunPlan, value: number): RunPlan => ({
      ...plan,
      faults: plan.faults.map((each, place) => (place === index ? change(each, value) : each)),
    });
  const scalars: Scalar[] = [];
  const { trigger } = fault;
  if (trigger.kind === 'on') {
    scalars.push(
      scalar(
        `${at}.trigger.nth`,
        trigger.nth,
        1,
        put((each, nth) => withTrigger(each, { ...trigger, nth })),
      ),
      scalar(
        `${at}.trigger.delayUs`,
        trigger.delayUs,
        0,
        put((each, delayUs) => withTrigger(each, { ...trigger, delayUs })),
      ),
    );
  } else {
    scalars.push(
      scalar(
        `${at}.trigger.atUs`,
        trigger.atUs,
        0,
        put((each, atUs) => withTrigger(each, { kind: 'at', atUs })),
      ),
    );
  }
  if (fault.durationUs > 1) {
    scalars.push(
      scalar(
        `${at}.durationUs`,
        fault.durationUs,
        1,
        put((each, durationUs) => ({ ...each, durationUs })),
      ),
    );
  }
  for (const spec of faultKind(fault.kind)?.params ?? []) {
    const value = fault.params[spec.name];
    if (spec.kind !== 'number' || typeof value !== 'number' || value <= Math.max(0, spec.min)) continue;
    const change = (each: FaultPlan, to: number): FaultPlan => ({
      ...each,
      params: { ...each.params, [spec.name]: to },
    });
    scalars.push(scalar(`${at}.params.${spec.name}`, value, Math.max(0, spec.min), put(change)));
  }
  return scalars;
}

function phaseScalars(plan: RunPlan): Scalar[] {
  const { faultPhaseUs, workload } = plan;
  return [
    scalar('faultPhaseUs', faultPhaseUs, 0, (each, value) => ({ ...each, faultPhaseUs: value })),
    scalar('workload.bodyBytesMax', workload.bodyBytesMax, workload.bodyBytesMin, (each, bodyBytesMax) => ({
      ...each,
      workload: { ...each.workload, bodyBytesMax },
    })),
    scalar('workload.streamCount', workload.streamCount, 1, (each, streamCount) => ({
      ...each,
      workload: { ...each.workload, streamCount },
    })),
  ];
}

function withTrigger(fault: FaultPlan, trigger: FaultPlan['trigger']): FaultPlan {
  return { ...fault, trigger };
}

const THOUSAND = 1_000;

/** Times shrink through whole milliseconds where they stand on one, so that what is left reads well. */
function scalar(path: string, value: number, min: number, put: Scalar['put']): Scalar {
  const isTime = /Us(Min|Max|Mean)?$/.test(path);
  const whole = isTime && value >= 10 * THOUSAND && value % THOUSAND === 0;
  const arbitrary = whole ? milliseconds(Math.ceil(min / THOUSAND), value / THOUSAND) : fc.integer({ min, max: value });
  return { path, value, arbitrary, put };
}

/** Microseconds that are whole milliseconds; the unmapper lets a value shrink that was read from a file. */
export function milliseconds(minMs: number, maxMs: number): fc.Arbitrary<number> {
  return fc.integer({ min: minMs, max: maxMs }).map(
    (ms) => ms * THOUSAND,
    (us) => {
      if (typeof us !== 'number' || us % THOUSAND !== 0) throw new Error('not a whole number of milliseconds');
      return us / THOUSAND;
    },
  );
}

function calmClocks(plan: RunPlan): RunPlan {
  const { wallOffsetUs, driftPpm } = plan.clock;
  return { ...plan, clock: { wallOffsetUs: wallOffsetUs.map(() => 0), driftPpm: driftPpm.map(() => 0) } };
}

/** Constant latency, no bound on bandwidth or queue. */
function calmNetwork(plan: RunPlan): RunPlan {
  const { network } = plan;
  return { ...plan, network: { ...network, latencyUsMean: network.latencyUsMin, bytesPerMs: 0, queueMax: 0 } };
}

function calmDisk(plan: RunPlan): RunPlan {
  const { disk } = plan;
  const { writeLatencyUsMin, readLatencyUsMin, fsyncLatencyUsMin } = disk;
  const means = {
    writeLatencyUsMean: writeLatencyUsMin,
    readLatencyUsMean: readLatencyUsMin,
    fsyncLatencyUsMean: fsyncLatencyUsMin,
  };
  return { ...plan, disk: { ...disk, ...means } };
}

function calmLoad(plan: RunPlan): RunPlan {
  const { workload } = plan;
  return { ...plan, workload: { ...workload, readPer65536: 0, streamCount: 1, bodyBytesMax: workload.bodyBytesMin } };
}

/** Checkpoints early, so that a failure that needs one needs few operations; never below what a pipeline fills. */
function calmCluster(plan: RunPlan): RunPlan {
  const { cluster } = plan;
  const checkpointOps = Math.min(cluster.checkpointOps, 8);
  const pipelineMax = Math.min(cluster.pipelineMax, 4);
  return { ...plan, cluster: { ...cluster, checkpointOps, pipelineMax } };
}
