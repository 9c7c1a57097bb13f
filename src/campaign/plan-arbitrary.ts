import fc from 'fast-check';
import { fitPlan } from '../faults/fit.ts';
import { swarmPlan } from '../faults/swarm.ts';
import type { ClockPlan, ClusterPlan, DiskPlan, FaultPlan, LinkPlan, RunPlan, WorkloadPlan } from '../plan/plan.ts';
import { stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import {
  anyFault,
  DRAWN_KINDS,
  downFault,
  drawnFrom,
  hiddenFault,
  isCertain,
  plain,
  plainFault,
  powerCut,
  timedFault,
} from './fault-arbitrary.ts';

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: rare });
const seldom = (max: number): fc.Arbitrary<number> => fc.oneof(fc.constant(0), int(1, max));

const cluster: fc.Arbitrary<ClusterPlan> = plain({
  naming: fc.constant('replica' as const),
  replicaCount: fc.constantFrom(3, 5),
  clientCount: mostly(int(2, 8), int(9, 16)),
  journalSlots: int(32, 64),
  slotBytes: fc.constantFrom(4096, 8192),
  checkpointOps: int(8, 32),
  pipelineMax: int(4, 8),
  sessionsMax: mostly(int(16, 32), int(2, 16)),
  heartbeatUs: int(50 * MS, 150 * MS),
  electionTimeoutUs: int(500 * MS, 2 * SECOND),
  prepareRetryUs: int(50 * MS, 330 * MS),
  restart: fc.constant('on-failure' as const),
  restartDelayUs: mostly(int(20 * MS, SECOND), int(SECOND, 3 * SECOND)),
});

const network: fc.Arbitrary<LinkPlan> = plain({
  latencyUsMin: mostly(int(100, 1_000), int(1_000, 5_000)),
  latencyUsMean: mostly(int(100, 4_000), int(4_000, 20_000)),
  lossPer65536: seldom(1_311),
  duplicatePer65536: seldom(3_277),
  reorderPer65536: seldom(6_554),
  reorderUsMax: int(0, 50 * MS),
  corruptPer65536: seldom(328),
  bytesPerMs: mostly(fc.constant(125_000), int(2_000, 20_000)),
  queueMax: mostly(fc.constant(1024), int(48, 256)),
});

const disk: fc.Arbitrary<DiskPlan> = plain({
  sectorBytes: fc.constant(4096),
  capacityBytes: fc.constant(1024 * 1024 * 1024),
  writeLatencyUsMin: int(5, 50),
  writeLatencyUsMean: int(5, 200),
  readLatencyUsMin: int(50, 150),
  readLatencyUsMean: int(50, 450),
  fsyncLatencyUsMin: mostly(int(50, 500), int(500, 3_000)),
  fsyncLatencyUsMean: mostly(int(50, 3_000), int(3_000, 12_000)),
  bytesPerMs: mostly(fc.constant(1_000_000), int(20_000, 100_000)),
  queueDepth: mostly(fc.constant(32), int(1, 4)),
});

/** Ordinary clocks, far inside the tolerance (R6); as many as the largest cluster has hosts. */
const clock: fc.Arbitrary<ClockPlan> = plain({
  wallOffsetUs: fc.array(int(-20_000, 20_000), { minLength: 5, maxLength: 21, size: 'max' }),
  driftPpm: fc.array(int(-100, 100), { minLength: 5, maxLength: 21, size: 'max' }),
});

const workload: fc.Arbitrary<WorkloadPlan> = plain({
  kind: fc.constant('closed' as const),
  thinkUsMin: drawnFrom(int(0, 500 * MS), int(0, 5 * SECOND)),
  thinkUsMax: drawnFrom(int(0, 1_500 * MS), int(0, 5 * SECOND)),
  bodyBytesMin: int(0, 64),
  bodyBytesMax: mostly(int(64, 1_024), int(1_024, 3_900)),
  readPer65536: fc.constantFrom(6_554, 13_107, 32_768),
  streamCount: int(1, 6),
  retryUs: int(300 * MS, 800 * MS),
  operationsMax: fc.constant(0),
});

/** A scene has no way back to its parts: a plan that is shrunk is seen as single faults. */
function noWayBack(): never {
  throw new Error('only single faults are told from a plan');
}

/** A list of faults that belong together. */
type Scene = fc.Arbitrary<readonly FaultPlan[]>;

const single: Scene = anyFault.map(
  (fault) => [fault],
  (faults) => {
    const list = faults as readonly FaultPlan[];
    return list.length === 1 ? (list[0] as FaultPlan) : noWayBack();
  },
);

/** The trigger of a fault that follows `first`: as much later. */
function after(first: FaultPlan, delayUs: Us): FaultPlan['trigger'] {
  const { trigger } = first;
  if (trigger.kind === 'at') return { kind: 'at', atUs: trigger.atUs + delayUs };
  return { ...trigger, delayUs: trigger.delayUs + delayUs };
}

/** Damage, and a restart of the same replica that reads it. */
const revealed: Scene = plain({ hidden: hiddenFault, down: downFault, delayUs: int(50 * MS, 1_500 * MS) }).map(
  ({ hidden, down, delayUs }) => [hidden, { ...down, trigger: after(hidden, delayUs), target: hidden.target }],
  noWayBack,
);

/** Several faults within half a second. */
const burst: Scene = plain({
  first: plainFault,
  others: fc.array(plain({ fault: plainFault, delayUs: int(0, 500 * MS) }), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
}).map(
  ({ first, others }) => [first, ...others.map(({ fault, delayUs }) => ({ ...fault, trigger: after(first, delayUs) }))],
  noWayBack,
);

/** A replica goes down, and while it recovers, or while the others change views without it, something else happens. */
const duringRecovery: Scene = plain({
  first: downFault,
  second: anyFault,
  mark: fc.constantFrom('', 'view-change-started', 'view-change-log-chosen', 'view-started', 'repair-asked'),
  delayUs: mostly(int(0, 50 * MS), int(50 * MS, 3 * SECOND)),
}).map(
  ({ first, second, mark, delayUs }) => [
    first,
    {
      ...second,
      trigger: { kind: 'on', mark: mark === '' ? `fault:${first.kind}` : mark, nth: 1, host: -1, delayUs },
    },
  ],
  noWayBack,
);

/** Power fails at many replicas at once, sometimes with a fault when they come back. */
const blackout: Scene = plain({ cut: powerCut, next: fc.option(anyFault), delayUs: int(0, 3 * SECOND) }).map(
  ({ cut, next, delayUs }) => (next === null ? [cut] : [cut, { ...next, trigger: after(cut, delayUs) }]),
  noWayBack,
);

const scene: Scene = fc.oneof(
  { weight: 8, arbitrary: single },
  { weight: 4, arbitrary: revealed },
  { weight: 2, arbitrary: burst },
  { weight: 2, arbitrary: duringRecovery },
  { weight: 1, arbitrary: blackout },
);

const FAULTS_MIN = 2;
const FAULTS_MAX = 12;

/** What is drawn of a plan; the rest is its frame. */
interface Parts {
  readonly cluster: ClusterPlan;
  readonly network: LinkPlan;
  readonly disk: DiskPlan;
  readonly clock: ClockPlan;
  readonly workload: WorkloadPlan;
  /** Faults that take effect whatever becomes of the others. */
  readonly sure: readonly FaultPlan[];
  readonly scenes: readonly (readonly FaultPlan[])[];
  /** Kinds that are switched off (swarm testing); a plan keeps two faults at least. */
  readonly off: readonly string[];
  readonly faultPhaseUs: Us;
  readonly rarities: boolean;
}

const parts: fc.Arbitrary<Parts> = plain({
  cluster,
  network,
  disk,
  clock,
  workload,
  // A plan that is shrunk is read as single faults.
  sure: drawnFrom(
    fc.array(timedFault, { minLength: 2, maxLength: 3, size: 'max' }),
    fc.array(timedFault, { maxLength: 0 }),
  ),
  scenes: drawnFrom(
    fc.array(scene, { minLength: 1, maxLength: 6, size: 'max' }),
    fc.array(single, { maxLength: FAULTS_MAX, size: 'max' }),
  ),
  off: fc.uniqueArray(fc.constantFrom<string>(...DRAWN_KINDS), { maxLength: 24, size: 'max' }),
  faultPhaseUs: int(14 * SECOND, 36 * SECOND),
  rarities: fc.boolean(),
});

/**
 * The faults of a plan: without those of kinds that are off, and with no more uncertain ones than two for three certain
 * ones, so that at least half of them take effect (R17).
 */
function chosenFaults({ sure, scenes, off }: Parts): readonly FaultPlan[] {
  const isOn = ({ kind }: FaultPlan): boolean => !off.includes(kind);
  const left = [...sure.filter(isOn), ...scenes.filter((faults) => faults.every(isOn)).flat()];
  const all = (left.filter(isCertain).length >= FAULTS_MIN ? left : [...sure, ...scenes.flat()]).slice(0, FAULTS_MAX);
  let spare = Math.floor((all.filter(isCertain).length * 2) / 3);
  return all.filter((fault) => isCertain(fault) || spare-- > 0);
}

/**
 * Plans of one seed (fields `frame` gives: seed, versions, limits). No part looks at another while it is drawn; what has
 * to agree is brought into agreement afterwards by `fitPlan`, which leaves a fitting plan alone. So a plan, also one that
 * was read from a file, shrinks without the context in which it was drawn (R26).
 */
export function planArbitrary(frame: RunPlan): fc.Arbitrary<RunPlan> {
  return parts.map(
    (drawn) => {
      const { sure: _sure, scenes: _scenes, off: _off, ...fields } = drawn;
      return fitPlan({ ...frame, ...fields, faults: chosenFaults(drawn) });
    },
    (plan) => {
      const found = plan as RunPlan;
      const { cluster, network, disk, clock, workload, faultPhaseUs, rarities } = found;
      const scenes = found.faults.map((fault) => [fault]);
      return { cluster, network, disk, clock, workload, sure: [], scenes, off: [], faultPhaseUs, rarities };
    },
  );
}

/** The drawn plan of a seed: one sample of {@link planArbitrary}. */
export function drawnPlan(seed: number): RunPlan {
  const frame: RunPlan = { ...swarmPlan(seed), faults: [] };
  // The sampler's generators of neighbouring seeds are alike, so the seed is mixed first.
  const mixed = stream(seed, 'drawn/plan').int(0, 0x7fff_ffff);
  const [plan] = fc.sample(planArbitrary(frame), { seed: mixed, numRuns: 1, unbiased: true });
  if (plan === undefined) throw new Error('fast-check gave no sample');
  return plan;
}
