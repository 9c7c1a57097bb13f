import { unrestrictedPlan } from '../../faults/unrestricted.ts';
import type { FoldedRun, PlannedRun, Strategy } from '../strategy.ts';

/** Another strategy's plans with faults outside the budget (`--unrestricted`). */
export class UnrestrictedStrategy implements Strategy {
  readonly name: string;
  private readonly inner: Strategy;

  constructor(inner: Strategy) {
    this.name = inner.name;
    this.inner = inner;
  }

  generation(g: number, seeds: readonly number[]): readonly PlannedRun[] {
    return this.inner.generation(g, seeds).map(({ plan, origin }) => ({ plan: unrestrictedPlan(plan), origin }));
  }

  fold(g: number, runs: readonly FoldedRun[]): void {
    this.inner.fold(g, runs);
  }
}
