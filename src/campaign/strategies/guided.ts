import { swarmPlan } from '../../faults/swarm.ts';
import type { RunPlan } from '../../plan/plan.ts';
import type { Stream } from '../../sim/random.ts';
import { drawnPlan } from '../plan-arbitrary.ts';
import type { FoldedRun, PlannedRun, Strategy } from '../strategy.ts';
import { choices, mutatedPlan } from './mutate.ts';

/** A plan that showed something new, and how much a mutation of it is worth. */
interface Member {
  readonly plan: RunPlan;
  /** New features per event, in units of one in a hundred thousand, capped. */
  readonly energy: number;
  readonly generation: number;
}

/** Members that are kept; the ones with the least weight go first. */
const QUEUE_MAX = 512;
/** An early run shows hundreds of features; without a cap its children would fill every generation. */
const ENERGY_MAX = 200;
/** Twice what a run needs that proves something (R17): a child has a little more trouble than its parent. */
const ACKNOWLEDGED_MIN = 100;
/** Weight of a member halves with so many generations. */
const HALF_LIFE = 4;

/**
 * Coverage-guided search in generations (R25): about half of each generation is fresh, the rest are mutations of plans
 * that showed new features, the more of them the more new features per event a plan showed. What is drawn is a function
 * of the campaign's seed, the seeds of the plans and the folded runs in plan order: neither time nor the order in which
 * workers end has a part.
 */
export class GuidedStrategy implements Strategy {
  readonly name = 'guided';
  private readonly campaignSeed: number;
  private readonly known: Set<number>;
  private queue: readonly Member[];

  constructor(campaignSeed: number) {
    this.campaignSeed = campaignSeed;
    this.known = new Set();
    this.queue = [];
  }

  /** Distinct features of all folded runs. */
  get features(): number {
    return this.known.size;
  }

  generation(g: number, seeds: readonly number[]): readonly PlannedRun[] {
    const mutation = this.mutations(g);
    return seeds.map((seed) => {
      const draw = choices(seed, this.campaignSeed, 'guided');
      return draw.chance(1, 2) ? freshPlan(seed, draw) : mutation(seed);
    });
  }

  /** Makes mutations of what the runs before generation `g` showed; fresh plans while they have shown nothing. */
  mutations(g: number): (seed: number) => PlannedRun {
    const wheel = new Wheel(this.queue, g);
    return (seed) => {
      const draw = choices(seed, this.campaignSeed, 'guided/mutation');
      if (wheel.isEmpty) return freshPlan(seed, draw);
      const parent = wheel.member(draw);
      const mate = wheel.member(draw);
      return {
        plan: mutatedPlan(parent.plan, mate.plan, seed, draw),
        origin: `mutated from seed ${parent.plan.seed} of generation ${parent.generation}`,
      };
    };
  }

  fold(g: number, runs: readonly FoldedRun[]): void {
    const found: Member[] = [];
    for (const run of [...runs].sort((left, right) => left.index - right.index)) {
      let fresh = 0;
      for (const feature of run.coverage) {
        if (this.known.has(feature)) continue;
        this.known.add(feature);
        fresh++;
      }
      if (fresh === 0 || !breeds(run)) continue;
      const energy = Math.min(ENERGY_MAX, Math.max(1, Math.floor((fresh * 100_000) / run.events)));
      found.push({ plan: run.plan, energy, generation: g });
    }
    this.queue = kept([...this.queue, ...found], g + 1);
  }
}

/**
 * Children of a plan that proved nothing, or hardly anything, seldom prove more, and those of one that failed fail alike.
 */
function breeds({ plan, events, verdict, acknowledged, faultsFired }: FoldedRun): boolean {
  if (verdict !== 'passed' || events === 0) return false;
  return acknowledged >= ACKNOWLEDGED_MIN && faultsFired * 3 >= plan.faults.length * 2;
}

/** A plan that has no parent: drawn by recipes or from arbitraries. */
export function freshPlan(seed: number, draw: Stream): PlannedRun {
  return draw.chance(1, 2) ? { plan: swarmPlan(seed), origin: 'swarm' } : { plan: drawnPlan(seed), origin: 'drawn' };
}

function weight({ energy, generation }: Member, g: number): number {
  const halvings = Math.min(16, Math.floor((g - generation) / HALF_LIFE));
  return Math.max(1, Math.floor((energy * 64) / (1 << halvings)));
}

/** The heaviest members, in their old order. */
function kept(members: readonly Member[], g: number): readonly Member[] {
  if (members.length <= QUEUE_MAX) return members;
  const order = members.map((member, index) => ({ weight: weight(member, g), index }));
  order.sort((left, right) => right.weight - left.weight || right.index - left.index);
  const chosen = new Set(order.slice(0, QUEUE_MAX).map(({ index }) => index));
  return members.filter((_member, index) => chosen.has(index));
}

/** Picks members by weight. */
class Wheel {
  private readonly members: readonly Member[];
  private readonly sums: readonly number[];

  constructor(members: readonly Member[], g: number) {
    let sum = 0;
    this.members = members;
    this.sums = members.map((member) => {
      sum += weight(member, g);
      return sum;
    });
  }

  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  member(draw: Stream): Member {
    const at = draw.int(1, this.sums.at(-1) ?? 1);
    const index = this.sums.findIndex((sum) => sum >= at);
    const found = this.members[index];
    if (found === undefined) throw new Error('guided: a choice from an empty queue');
    return found;
  }
}
