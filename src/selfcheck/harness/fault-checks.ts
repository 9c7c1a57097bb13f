import type { Budget } from '../../faults/budget.ts';
import type { FaultKindName } from '../../faults/kind-table.ts';
import type { Nemesis } from '../../faults/nemesis.ts';
import type { FaultSurface } from '../../faults/surface.ts';
import type { BudgetMode, FaultPlan } from '../../plan/plan.ts';
import { PERFECT_CLOCK } from '../../sim/clock.ts';
import { DISK_DEFAULT } from '../../sim/disk-options.ts';
import type { Stream } from '../../sim/random.ts';
import type { Us } from '../../sim/time.ts';
import { World } from '../../sim/world.ts';
import { CALM } from './network-checks.ts';
import type { Check } from './row.ts';

/** What carries faults out, and what decides whether they may strike. */
export interface FaultParts {
  budget(mode: BudgetMode, surface: FaultSurface): Budget;
  nemesis(surface: FaultSurface, faults: readonly FaultPlan[], budget: Budget): Nemesis;
}

const MS = 1_000;
const SLOTS = 8;
const SLOT_BYTES = 4_096;
const REPLICAS = [0, 1, 2];

interface FaultBench {
  readonly world: World;
  readonly budget: Budget;
  readonly nemesis: Nemesis;
}

/** Three replicas whose processes do nothing at all, with a full journal each; n - Qr is 1. */
function faultBench(
  parts: FaultParts,
  draw: Stream,
  faults: readonly FaultPlan[],
  mode: 'safety' | 'unrestricted' = 'safety',
): FaultBench {
  const world = new World({
    seed: draw.int(1, 1_000_000),
    recording: false,
    logging: false,
    rarities: false,
    link: CALM,
    machines: REPLICAS.map((id) => ({
      name: `r${id}`,
      disk: DISK_DEFAULT,
      clock: PERFECT_CLOCK,
      factory: () => ({ onStart() {}, onMessage() {}, onTimer() {}, onDisk() {} }),
    })),
  });
  for (const { disk } of world.machines) {
    for (const file of ['log/headers', 'log/prepares']) {
      disk.createFile(file, SLOTS * SLOT_BYTES);
      disk.poke(file, 0, new Uint8Array(SLOTS * SLOT_BYTES).fill(7), true);
    }
    disk.syncAll();
  }
  const surface = surfaceOf(world);
  const budget = parts.budget(mode, surface);
  const nemesis = parts.nemesis(surface, faults, budget);
  world.onMark = (mark, host) => nemesis.onMark(mark, host);
  world.onFault = (label) => nemesis.onFired(label);
  world.onControl = (a, b, ref) => nemesis.onControl(a, b, ref);
  for (const machine of world.machines) machine.start();
  nemesis.start();
  return { world, budget, nemesis };
}

function surfaceOf(world: World): FaultSurface {
  return {
    world,
    replicaHosts: REPLICAS,
    clientHosts: [],
    quorum: 2,
    primaryHost: () => 0,
    zones: [
      { name: 'journal-headers', file: 'log/headers', unitBytes: SLOT_BYTES, units: SLOTS },
      { name: 'journal-prepares', file: 'log/prepares', unitBytes: SLOT_BYTES, units: SLOTS },
    ],
    corruptMemory: () => true,
    crashClient: () => {},
    isHealthy: (host) => world.machines[host]?.isUp === true,
  };
}

function fault(
  label: string,
  kind: FaultKindName,
  host: number,
  atUs: Us,
  params: FaultPlan['params'] = {},
  durationUs: Us = 0,
): FaultPlan {
  return {
    label,
    kind,
    trigger: { kind: 'at', atUs },
    target: { kind: 'hosts', hosts: [host] },
    durationUs,
    params,
  };
}

/** Damage to one slot on so many replicas as the draw puts in order. */
function rots(draw: Stream, count: number): FaultPlan[] {
  const params = { zone: 'journal-prepares', slot: draw.int(0, SLOTS - 1) };
  const hosts = draw.shuffle(REPLICAS).slice(0, count);
  return hosts.map((host, index) => fault(`rot ${index}`, 'disk.bit-rot', host, (1 + index) * MS, params));
}

/** Damage inside the budget strikes (R1 B, R12). */
export const BUDGET_ADMITS: Check<FaultParts> = {
  name: 'budget-admits',
  judge(parts, draw) {
    const { world, nemesis } = faultBench(parts, draw, [
      ...rots(draw, 1),
      fault('crash', 'process.crash', draw.int(0, 2), 2 * MS),
    ]);
    world.runUntil(5 * MS);
    const [refused] = nemesis.suppressed;
    if (refused !== undefined) return `${refused.label} is in budget and was refused: ${refused.reason}`;
    return nemesis.fired.length === 2 ? null : `${nemesis.fired.length} of 2 faults in budget fired`;
  },
};

/** Damage that might take the last intact copy is refused, and does nothing (R1 B, R12). */
export const BUDGET_REFUSES: Check<FaultParts> = {
  name: 'budget-refuses',
  judge(parts, draw) {
    const { world, nemesis } = faultBench(parts, draw, rots(draw, 3));
    world.runUntil(5 * MS);
    if (nemesis.fired.length !== 1) return `${nemesis.fired.length} replicas lost one slot, n - Qr is 1`;
    if (world.ledger.entries.length !== 1) return `a refused fault damaged a sector all the same`;
    return nemesis.suppressed.length === 2 ? null : 'a refused fault is not counted as suppressed';
  },
};

/** What the budget would refuse happens in an unrestricted run, and its broken assumption is named (R1). */
export const OUT_OF_MODEL: Check<FaultParts> = {
  name: 'out-of-model-named',
  judge(parts, draw) {
    const { world, nemesis, budget } = faultBench(parts, draw, rots(draw, 2), 'unrestricted');
    world.runUntil(5 * MS);
    if (nemesis.fired.length !== 2) return `${nemesis.fired.length} of 2 faults fired in an unrestricted run`;
    const named = budget.outOfModel.map(({ label }) => label);
    return named.length > 0 && named.every((label) => label === 'rot 1')
      ? null
      : `broken assumptions of ${named.join() || 'nothing'} are named, rot 1 breaks one`;
  },
};

/** Only processes reach marks; what injects faults reaches its own (R17). */
export const OWN_MARKS: Check<FaultParts> = {
  name: 'marks-of-the-injector',
  judge(parts, draw) {
    const { world } = faultBench(parts, draw, [
      ...rots(draw, 1),
      fault('pause', 'process.pause', draw.int(0, 2), 2 * MS, {}, MS),
      fault('step', 'clock.step', draw.int(0, 2), 3 * MS),
    ]);
    world.runUntil(9 * MS);
    const foreign = [...world.marks.keys()].find((mark) => !mark.startsWith('fault:'));
    return foreign === undefined ? null : `mark ${foreign} was reached although no process reached any`;
  },
};

/** A fault has fired when it hit something, not when it was armed (R17). */
export const FIRED_MEANS_HIT: Check<FaultParts> = {
  name: 'fired-means-hit',
  judge(parts, draw) {
    const host = draw.int(0, 2);
    const kind = draw.pick(['disk.fsync-error', 'disk.write-error', 'disk.read-error'] as const);
    const { world, nemesis } = faultBench(parts, draw, [fault('armed', kind, host, MS)]);
    world.runUntil(5 * MS);
    return nemesis.fired.length === 0 ? null : `${kind} has fired although nobody used the disk`;
  },
};

/** What lasts ends: by its duration, and all of it when the fault phase is over. */
export const FAULTS_END: Check<FaultParts> = {
  name: 'faults-end',
  judge(parts, draw) {
    const [first, second] = draw.shuffle(REPLICAS) as [number, number];
    const { world, nemesis } = faultBench(parts, draw, [
      fault('short', 'net.partition', first, MS, {}, 2 * MS),
      fault('long', 'net.partition', second, 5 * MS, {}, 900 * MS),
    ]);
    const cuts = (host: number): number => REPLICAS.filter((other) => world.network.isCut(host, other)).length;
    world.runUntil(2 * MS);
    if (cuts(first) === 0) return 'a partition cuts nothing';
    world.runUntil(4 * MS);
    if (cuts(first) > 0) return 'a partition outlives its duration';
    world.runUntil(6 * MS);
    nemesis.stopAll();
    if (cuts(second) > 0) return 'a partition outlives the fault phase';
    return nemesis.activeCount === 0 ? null : 'a fault is active after the fault phase';
  },
};
