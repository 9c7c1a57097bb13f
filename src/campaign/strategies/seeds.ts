import { pctPlan } from '../../faults/pct.ts';
import { stormPlan } from '../../faults/storms.ts';
import { swarmPlan } from '../../faults/swarm.ts';
import { uniformPlan } from '../../faults/uniform.ts';
import type { RunPlan } from '../../plan/plan.ts';
import type { PlannedRun, Strategy } from '../strategy.ts';

/** Generators that look at nothing but the seed. */
const GENERATORS = {
  swarm: (seed: number) => swarmPlan(seed),
  uniform: uniformPlan,
  storm: stormPlan,
  pct: pctPlan,
} as const;

/** Each seed is expanded for itself; nothing is learnt. */
export class SeedStrategy implements Strategy {
  readonly name: keyof typeof GENERATORS;
  private readonly generate: (seed: number) => RunPlan;

  constructor(name: keyof typeof GENERATORS) {
    this.name = name;
    this.generate = GENERATORS[name];
  }

  generation(_g: number, seeds: readonly number[]): readonly PlannedRun[] {
    return seeds.map((seed) => ({ plan: this.generate(seed), origin: this.name }));
  }

  fold(): void {}
}
