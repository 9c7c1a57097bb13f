import type { FaultPlan } from '../plan/plan.ts';
import type { Stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import type { FaultKindName } from './kind-table.ts';

/** What a recipe may look at. */
export interface RecipeFrame {
  readonly replicaCount: number;
  readonly restartDelayUs: Us;
}

/** How the swarm draws a fault of one kind. */
export interface Recipe {
  readonly kind: FaultKindName;
  readonly weight: number;
  /** Whether it takes effect whenever it strikes; the others wait for a disk request or may find nothing. */
  readonly sure: boolean;
  /**
   * Whom it strikes. Damage that a companion is to reveal strikes a replica by number, so that both hit the same one;
   * `some-minority` is chosen by the strike itself.
   */
  readonly victims: 'any' | 'one-by-number' | 'one-or-all' | 'some-minority' | 'clocks' | 'clients';
  /** Whether its victims are out of action while it lasts and for `recoveryUs` more. */
  readonly impairs: boolean;
  readonly recoveryUs: (frame: RecipeFrame) => Us;
  readonly durationUsMax: Us;
  /** A fault that follows on the same replica, so that it reads what was done to its disk. */
  readonly companion: 'process.crash' | 'host.power-loss' | null;
  readonly params: (draw: Stream, frame: RecipeFrame) => FaultPlan['params'];
}

const RESTART = (frame: RecipeFrame): Us => frame.restartDelayUs + 1_500 * MS;
/** The companion comes up to 1.5 s later. */
const REVEALED = (frame: RecipeFrame): Us => RESTART(frame) + 1_500 * MS;
const REBUILD = (frame: RecipeFrame): Us => frame.restartDelayUs + 5 * SECOND;
const SOON = (): Us => 500 * MS;
const NONE = (): FaultPlan['params'] => ({});

type Changes = Partial<Omit<Recipe, 'kind' | 'weight' | 'params'>>;

function recipe(kind: FaultKindName, weight: number, params: Recipe['params'], changes: Changes = {}): Recipe {
  return {
    kind,
    weight,
    sure: true,
    victims: 'any',
    impairs: false,
    recoveryUs: SOON,
    durationUsMax: 8 * SECOND,
    companion: null,
    params,
    ...changes,
  };
}

const ZONES = ['journal-headers', 'journal-prepares', 'journal-prepares', 'superblock'] as const;

/** Faults of the disk's content and answers, found at the restart that the companion brings about. */
function revealed(kind: FaultKindName, weight: number, params: Recipe['params'], changes: Changes = {}): Recipe {
  return recipe(kind, weight, params, {
    victims: 'one-by-number',
    impairs: true,
    recoveryUs: REVEALED,
    companion: 'process.crash',
    ...changes,
  });
}

const HOST_RECIPES: readonly Recipe[] = [
  recipe('process.crash', 6, (draw) => ({ cause: draw.pick(['crash', 'crash', 'oom-kill', 'exit']) }), {
    impairs: true,
    recoveryUs: RESTART,
    durationUsMax: 2 * SECOND,
  }),
  recipe('process.pause', 4, (draw) => ({ jump: draw.int(0, 1) }), { impairs: true }),
  recipe('process.slow-cpu', 2, (draw) => ({ cpuUsPerEvent: draw.int(100, 1_500) }), { durationUsMax: 3 * SECOND }),
  recipe('memory.corrupt', 1, NONE, { impairs: true, recoveryUs: RESTART }),
  recipe(
    'host.power-loss',
    4,
    (draw) => ({
      mode: draw.pick(['mix', 'unreadable']),
      outageUs: draw.int(20, 2_000) * MS,
      bootUs: draw.int(50, 400) * MS,
    }),
    { impairs: true, recoveryUs: () => 3_500 * MS },
  ),
  recipe('host.down', 2, (draw) => ({ mode: draw.pick(['mix', 'unreadable']), bootUs: draw.int(50, 400) * MS }), {
    impairs: true,
    recoveryUs: () => 2 * SECOND,
  }),
  recipe('client.crash', 2, NONE, { victims: 'clients' }),
];

const CLOCK_MS = (draw: Stream): number =>
  (draw.chance(1, 2) ? 1 : -1) * draw.pick([draw.int(20, 400), draw.int(600, 30_000)]);

const CLOCK_RECIPES: readonly Recipe[] = [
  recipe('clock.step', 1, (draw) => ({ ms: CLOCK_MS(draw) }), { victims: 'clocks' }),
  recipe('clock.skew', 1, (draw) => ({ ms: CLOCK_MS(draw) }), { victims: 'clocks' }),
  recipe('clock.drift', 1, (draw) => ({ ppm: (draw.chance(1, 2) ? 1 : -1) * draw.int(200, 20_000) }), {
    victims: 'clocks',
  }),
  recipe('clock.freeze', 1, NONE, { victims: 'clocks' }),
  recipe('clock.ntp-wrong', 1, (draw) => ({ ms: CLOCK_MS(draw) }), { victims: 'clocks' }),
  recipe('clock.slew', 1, (draw) => ({ ms: CLOCK_MS(draw), ppm: draw.int(500, 50_000) }), { victims: 'clocks' }),
];

function degradeParams(draw: Stream): FaultPlan['params'] {
  const direction = draw.pick(['both', 'both', 'in', 'out']);
  switch (draw.int(1, 6)) {
    case 1:
      return { lossPer65536: draw.int(655, 13_107), direction };
    case 2:
      return { latencyUsMin: draw.int(1, 20) * MS, latencyUsMean: draw.int(20, 60) * MS, direction };
    case 3:
      return { duplicatePer65536: draw.int(3_277, 19_660), direction };
    case 4:
      return { reorderPer65536: draw.int(6_554, 32_768), reorderUsMax: draw.int(5, 200) * MS, direction };
    case 5:
      return { corruptPer65536: draw.int(655, 6_554), direction };
    default:
      return { bytesPerMs: draw.int(100, 1_000), direction };
  }
}

const NETWORK_RECIPES: readonly Recipe[] = [
  recipe(
    'net.partition',
    5,
    (draw) => ({
      shape: draw.pick(['symmetric', 'one-way', 'isolate-one', 'clients']),
      direction: draw.pick(['both', 'in', 'out']),
      clients: draw.pick(['reach-all', 'reach-all', 'reach-rest']),
    }),
    { impairs: true },
  ),
  recipe(
    'net.partition',
    2,
    (draw, frame) => ({
      shape: draw.pick(
        frame.replicaCount > 3 ? ['majority-minority', 'bridge', 'ring'] : ['majority-minority', 'bridge'],
      ),
    }),
    { impairs: true, victims: 'some-minority', durationUsMax: 4 * SECOND },
  ),
  recipe('net.flap', 2, (draw) => ({ upUs: draw.int(50, 800) * MS, downUs: draw.int(50, 800) * MS }), {
    impairs: true,
  }),
  recipe('net.degrade', 4, degradeParams, { victims: 'one-or-all', durationUsMax: 5 * SECOND }),
  recipe('net.clog', 2, (draw) => ({ direction: draw.pick(['both', 'in', 'out']) }), {
    impairs: true,
    durationUsMax: 3 * SECOND,
  }),
];

const DISK_RECIPES: readonly Recipe[] = [
  revealed('disk.bit-rot', 3, (draw) => ({ zone: draw.pick(ZONES), units: draw.pick([1, 1, 1, 3]) })),
  recipe('disk.bit-rot', 1, (draw) => ({ zone: draw.pick(ZONES), units: draw.int(1, 3) })),
  revealed('disk.bit-rot', 1, () => ({ zone: 'checkpoint' }), { sure: false }),
  revealed('disk.latent-error', 2, (draw) => ({ zone: draw.pick(ZONES), units: draw.int(1, 2) })),
  revealed('disk.zeroed', 1, (draw) => ({ zone: draw.pick(ZONES), units: draw.int(1, 2) })),
  recipe('disk.fsync-error', 2, (draw) => ({ semantics: draw.pick(['ext4', 'xfs', 'btrfs']) }), {
    impairs: true,
    recoveryUs: RESTART,
  }),
  recipe('disk.write-error', 1, () => ({ count: 1 }), { impairs: true, recoveryUs: RESTART }),
  revealed('disk.read-error', 1, (draw) => ({ count: draw.int(1, 3) })),
  revealed('disk.lying-fsync', 2, (draw) => ({ count: draw.int(1, 3), zone: draw.pick(ZONES) }), {
    sure: false,
    companion: 'host.power-loss',
    recoveryUs: () => 4 * SECOND,
  }),
  revealed('disk.lost-write', 1, (draw) => ({ zone: draw.pick(ZONES) }), { sure: false }),
  revealed('disk.torn-write', 1, (draw) => ({ zone: draw.pick(ZONES) }), { sure: false }),
  revealed(
    'disk.misdirected-write',
    1,
    (draw) => ({ zone: draw.pick(['journal-headers', 'journal-prepares']), offsetSectors: draw.int(1, 12) }),
    { sure: false },
  ),
  revealed(
    'disk.misdirected-read',
    1,
    (draw) => ({ zone: draw.pick(['journal-headers', 'journal-prepares']), offsetSectors: draw.int(1, 12) }),
    { sure: false },
  ),
  revealed('disk.stale-read', 1, (draw) => ({ zone: draw.pick(ZONES) }), { sure: false }),
  recipe('disk.slow', 3, (draw) => ({ factorPermille: draw.pick([2_000, 5_000, 20_000]) }), {
    durationUsMax: 4 * SECOND,
  }),
  recipe('disk.iops-cap', 1, (draw) => ({ iops: draw.int(50, 500) }), { durationUsMax: 3 * SECOND }),
  recipe('disk.stall', 2, NONE, { impairs: true, durationUsMax: 3 * SECOND }),
  recipe('disk.full', 1, () => ({ percent: 100 }), { impairs: true, durationUsMax: 5 * SECOND }),
  recipe('disk.lost', 1, NONE, { impairs: true, recoveryUs: REBUILD }),
  recipe('disk.file-lost', 2, (draw) => ({ zone: draw.pick(['journal', 'journal', 'superblock', 'checkpoint']) }), {
    impairs: true,
    recoveryUs: REBUILD,
  }),
];

/** All recipes; their order is part of what a seed expands to. */
export const RECIPES: readonly Recipe[] = [...HOST_RECIPES, ...NETWORK_RECIPES, ...DISK_RECIPES, ...CLOCK_RECIPES];
