import type { FaultPlan, Target, Trigger } from '../plan/plan.ts';
import { type Stream, stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import type { FaultKindName } from './kind-table.ts';
import { faultKind } from './kinds.ts';
import { RECIPES, type Recipe } from './swarm-recipes.ts';

/** What the faults of a plan must fit to. */
export interface SwarmFrame {
  readonly replicaCount: number;
  readonly clientCount: number;
  readonly faultPhaseUs: Us;
  readonly restartDelayUs: Us;
  /** null: all kinds. */
  readonly kinds: readonly FaultKindName[] | null;
  readonly faultsMax: number;
}

/** The cluster needs this long to elect and to agree on the time before it takes operations. */
const QUIET_START_US: Us = 2_500 * MS;
const QUIET_END_US: Us = 1_500 * MS;
const BURST_US: Us = 500 * MS;
/** A lasting fault that takes away the quorum is cut to this. */
const OUTAGE_US_MAX: Us = 600 * MS;

/** Marks that ordinary load reaches: (name, largest count to wait for). */
const SURE_MARKS: readonly (readonly [string, number])[] = [
  ['prepare-quorum', 80],
  ['checkpoint-durable', 4],
  ['ack', 80],
];
/** Marks that only trouble reaches; the count for `recovery-complete` begins after the first start of everybody. */
const TROUBLE_MARKS: readonly (readonly [string, number])[] = [
  ['view-change-started', 3],
  ['nonce-protocol-started', 1],
  ['recovery-complete', 2],
  ['state-transfer-installed', 1],
  ['log-truncated', 1],
  ['client-retried', 5],
];

/** Who is out of action when, as far as it is known beforehand: faults are placed so that f hosts at most are. */
class Timeline {
  private readonly spans: { readonly host: number; readonly fromUs: Us; readonly toUs: Us }[];
  private readonly faultsMax: number;

  constructor(faultsMax: number) {
    this.spans = [];
    this.faultsMax = faultsMax;
  }

  fits(hosts: readonly number[], fromUs: Us, toUs: Us): boolean {
    const busy = new Set(hosts);
    for (const span of this.spans) if (span.fromUs < toUs && span.toUs > fromUs) busy.add(span.host);
    return busy.size <= this.faultsMax;
  }

  take(hosts: readonly number[], fromUs: Us, toUs: Us): void {
    for (const host of hosts) this.spans.push({ host, fromUs, toUs });
  }
}

/** Draws the faults of a swarm plan: 2 to 10, of a random half of the kinds, each from a stream of its own. */
export function swarmFaults(seed: number, frame: SwarmFrame): readonly FaultPlan[] {
  const draw = stream(seed, 'swarm/faults');
  const recipes = switchedOn(stream(seed, 'swarm/kinds'), frame);
  const count = Math.min(draw.int(2, 10), frame.faultsMax);
  const burstUs = draw.chance(1, 3) ? draw.int(QUIET_START_US, lastUs(frame)) : -1;
  const spare = Math.floor((frame.replicaCount - 1) / 2);
  const timeline = new Timeline(spare);
  const clockVictims = draw.shuffle(range(frame.replicaCount)).slice(0, spare);
  const sure = recipes.filter((recipe) => recipe.sure);
  const faults: FaultPlan[] = [];
  let powerAll = draw.chance(1, 3);
  for (let number = 1; faults.length < count; number++) {
    // Most faults strike for certain, so that a plan seldom ends with half of them unused (R17).
    const certain = faults.length < Math.ceil((count * 3) / 5) && sure.length > 0;
    const own = stream(seed, `swarm/fault/${number}`);
    const maker = new Maker(own, frame, timeline, clockVictims, burstUs);
    const made =
      powerAll && number === 2
        ? maker.powerLossOfAll(number)
        : maker.make(number, weighted(own, certain ? sure : recipes), certain);
    powerAll = powerAll && number < 2;
    for (const fault of made) if (faults.length < count) faults.push(fault);
  }
  return faults;
}

/** A random subset of the kinds, at least four where so many are allowed (swarm testing). */
function switchedOn(draw: Stream, frame: SwarmFrame): readonly Recipe[] {
  const allowed = RECIPES.filter(
    (recipe) =>
      (frame.kinds === null || frame.kinds.includes(recipe.kind)) &&
      (recipe.kind !== 'client.crash' || frame.clientCount > 2),
  );
  if (allowed.length === 0) throw new Error('swarm: no kind of fault is allowed; name at least one that can be drawn');
  const order = draw.shuffle(allowed);
  const kept = order.slice(0, Math.max(Math.min(4, order.length), draw.int(Math.ceil(order.length / 4), order.length)));
  if (kept.some((recipe) => recipe.sure)) return kept;
  const fallback = order.find((recipe) => recipe.sure);
  return fallback === undefined ? kept : [...kept, fallback];
}

function weighted(draw: Stream, recipes: readonly Recipe[]): Recipe {
  let total = 0;
  for (const recipe of recipes) total += recipe.weight;
  let rest = draw.int(1, total);
  for (const recipe of recipes) {
    rest -= recipe.weight;
    if (rest <= 0) return recipe;
  }
  throw new Error('swarm: weights of recipes must be positive');
}

/** Makes one fault of a recipe, with its companion where the recipe names one. */
class Maker {
  private readonly draw: Stream;
  private readonly frame: SwarmFrame;
  private readonly timeline: Timeline;
  private readonly clockVictims: readonly number[];
  private readonly burstUs: Us;

  constructor(draw: Stream, frame: SwarmFrame, timeline: Timeline, clockVictims: readonly number[], burstUs: Us) {
    this.draw = draw;
    this.frame = frame;
    this.timeline = timeline;
    this.clockVictims = clockVictims;
    this.burstUs = burstUs;
  }

  /** Power fails everywhere at one instant; nothing else is planned for the time that the restart takes. */
  powerLossOfAll(number: number): readonly FaultPlan[] {
    const atUs = this.time();
    const outageUs = this.draw.int(50, 1_000) * MS;
    this.timeline.take(range(this.frame.replicaCount), atUs, atUs + outageUs + 3 * SECOND);
    return [
      {
        label: `${number}-host.power-loss`,
        kind: 'host.power-loss',
        trigger: this.draw.chance(1, 3) ? this.onMark(true) : { kind: 'at', atUs },
        target: { kind: 'role', role: 'all-replicas', index: 0 },
        durationUs: 0,
        params: { mode: this.draw.pick(['mix', 'unreadable']), outageUs, bootUs: this.draw.int(50, 400) * MS },
      },
    ];
  }

  make(number: number, recipe: Recipe, certain: boolean): readonly FaultPlan[] {
    const { draw, frame } = this;
    const label = `${number}-${recipe.kind}`;
    const params = recipe.params(draw, frame);
    const lasts = faultKind(recipe.kind)?.lasts === 'lasting' && recipe.kind !== 'process.crash';
    if (recipe.victims === 'clients') {
      const host = frame.replicaCount + draw.int(0, frame.clientCount - 1);
      const target: Target = { kind: 'hosts', hosts: [host] };
      return [{ label, kind: recipe.kind, trigger: this.trigger(certain), target, durationUs: 0, params }];
    }
    let durationUs = lasts || (params as { cause?: string }).cause === 'exit' ? this.duration(recipe) : 0;
    const impairUs = recipe.impairs ? durationUs + recipe.recoveryUs(frame) : 0;
    const trigger = this.trigger(certain);
    const placed =
      trigger.kind === 'at'
        ? this.place(recipe, trigger.atUs, impairUs)
        : { atUs: -1, fits: false, ...this.whom(recipe) };
    if (recipe.impairs && !placed.fits) durationUs = Math.min(durationUs, OUTAGE_US_MAX);
    const when: Trigger = placed.atUs < 0 ? trigger : { kind: 'at', atUs: placed.atUs };
    const fault: FaultPlan = { label, kind: recipe.kind, trigger: when, target: placed.target, durationUs, params };
    return recipe.companion === null ? [fault] : [fault, this.companion(number, fault, recipe.companion)];
  }

  /** What was done to a disk shows when the process reads it again: a crash or a power loss a little later. */
  private companion(number: number, fault: FaultPlan, kind: 'process.crash' | 'host.power-loss'): FaultPlan {
    const { draw } = this;
    const delayUs = draw.int(50, 1_500) * MS;
    const trigger: Trigger =
      fault.trigger.kind === 'at'
        ? { kind: 'at', atUs: fault.trigger.atUs + delayUs }
        : { ...fault.trigger, delayUs: fault.trigger.delayUs + delayUs };
    const params =
      kind === 'process.crash'
        ? { cause: 'crash' }
        : { mode: draw.pick(['mix', 'unreadable']), outageUs: draw.int(20, 500) * MS };
    return { label: `${number}b-${kind}`, kind, trigger, target: fault.target, durationUs: 0, params };
  }

  private trigger(certain: boolean): Trigger {
    if (this.draw.chance(1, 4)) return this.onMark(certain);
    return { kind: 'at', atUs: this.time() };
  }

  private onMark(certain: boolean): Trigger {
    const { draw, frame } = this;
    const [mark, nthMax] = draw.pick(certain || draw.chance(1, 2) ? SURE_MARKS : TROUBLE_MARKS);
    const first = mark === 'recovery-complete' ? frame.replicaCount : 0;
    const delayUs = draw.chance(1, 2) ? 0 : draw.int(1, 30_000);
    return { kind: 'on', mark, nth: first + draw.int(1, nthMax), host: -1, delayUs };
  }

  private time(): Us {
    const { draw, frame } = this;
    if (this.burstUs >= 0 && draw.chance(1, 2)) {
      return Math.min(this.burstUs + draw.int(0, BURST_US), lastUs(frame));
    }
    return draw.int(QUIET_START_US, lastUs(frame));
  }

  /** 50 ms to 8 s, mostly short, never above a quarter of the phase. */
  private duration(recipe: Recipe): Us {
    const { draw, frame } = this;
    const which = draw.int(1, 5);
    const [low, high] = which <= 2 ? [50, 500] : which <= 4 ? [500, 2_000] : [2_000, 8_000];
    return Math.min(draw.int(low, high) * MS, recipe.durationUsMax, Math.floor(frame.faultPhaseUs / 4));
  }

  /** A time and a victim such that no more than f hosts are out of action, if eight attempts find any. */
  private place(
    recipe: Recipe,
    atUs: Us,
    impairUs: Us,
  ): { readonly atUs: Us; readonly target: Target; readonly fits: boolean } {
    let tryUs = atUs;
    for (let attempt = 0; attempt < 8; attempt++) {
      const { target, hosts } = this.whom(recipe);
      if (!recipe.impairs) return { atUs: tryUs, target, fits: true };
      if (this.timeline.fits(hosts, tryUs, tryUs + impairUs)) {
        this.timeline.take(hosts, tryUs, tryUs + impairUs);
        return { atUs: tryUs, target, fits: true };
      }
      tryUs = this.draw.int(QUIET_START_US, lastUs(this.frame));
    }
    return { atUs: tryUs, target: this.whom(recipe).target, fits: false };
  }

  /** A victim; hosts that only the strike will know stand as numbers below 0. */
  private whom(recipe: Recipe): { readonly target: Target; readonly hosts: readonly number[] } {
    const { draw, frame } = this;
    const replica = draw.int(0, frame.replicaCount - 1);
    const spare = Math.floor((frame.replicaCount - 1) / 2);
    const role = draw.int(1, 10);
    switch (recipe.victims) {
      case 'clocks':
        return one(draw.pick(this.clockVictims.length > 0 ? this.clockVictims : [replica]));
      case 'some-minority':
        return { target: { kind: 'hosts', hosts: [replica] }, hosts: range(spare).map((index) => -1 - index) };
      case 'one-or-all':
        return role <= 3 ? { target: { kind: 'role', role: 'all-replicas', index: 0 }, hosts: [] } : one(replica);
      case 'one-by-number':
        return one(replica);
      default:
        if (role <= 4) return { target: { kind: 'role', role: 'primary', index: 0 }, hosts: [-1] };
        if (role <= 6) {
          return { target: { kind: 'role', role: 'backup', index: draw.int(0, frame.replicaCount - 2) }, hosts: [-1] };
        }
        return one(replica);
    }
  }
}

function one(host: number): { readonly target: Target; readonly hosts: readonly number[] } {
  return { target: { kind: 'hosts', hosts: [host] }, hosts: [host] };
}

function lastUs(frame: SwarmFrame): Us {
  return Math.max(QUIET_START_US, frame.faultPhaseUs - QUIET_END_US);
}

function range(count: number): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < count; index++) numbers.push(index);
  return numbers;
}
