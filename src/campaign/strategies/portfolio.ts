import { pctPlan } from '../../faults/pct.ts';
import { stormPlan } from '../../faults/storms.ts';
import { swarmPlan } from '../../faults/swarm.ts';
import { uniformPlan } from '../../faults/uniform.ts';
import { drawnPlan } from '../plan-arbitrary.ts';
import type { FoldedRun, PlannedRun, Strategy } from '../strategy.ts';
import { GuidedStrategy } from './guided.ts';
import { choices } from './mutate.ts';

/**
 * The default: a fixed mix by seed, of 20 plans about 7 of the swarm, 2 storms, 4 from arbitraries, 4 mutated from plans that
 * showed something new, 2 with unfair scheduling and 1 uniform. No one strategy finds everything soonest, and each
 * is cheap beside the run itself (see docs/campaigns.md). Everything that is run teaches the guided part.
 */
export class PortfolioStrategy implements Strategy {
  readonly name = 'portfolio';
  private readonly campaignSeed: number;
  private readonly guided: GuidedStrategy;

  constructor(campaignSeed: number) {
    this.campaignSeed = campaignSeed;
    this.guided = new GuidedStrategy(campaignSeed);
  }

  generation(g: number, seeds: readonly number[]): readonly PlannedRun[] {
    const mutant = this.guided.mutations(g);
    return seeds.map((seed) => {
      const which = choices(seed, this.campaignSeed, 'portfolio').int(1, 20);
      if (which <= 7) return { plan: swarmPlan(seed), origin: 'swarm' };
      if (which <= 9) return { plan: stormPlan(seed), origin: 'storm' };
      if (which <= 13) return { plan: drawnPlan(seed), origin: 'drawn' };
      if (which <= 17) return mutant(seed);
      if (which <= 19) return { plan: pctPlan(seed), origin: 'pct' };
      return { plan: uniformPlan(seed), origin: 'uniform' };
    });
  }

  fold(g: number, runs: readonly FoldedRun[]): void {
    this.guided.fold(g, runs);
  }
}
