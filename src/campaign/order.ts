import type { RunPlan } from '../plan/plan.ts';
import { GENERATION } from './strategy.ts';

/** One kind of run of a campaign; each seed is run with each of them. */
export interface CampaignCase {
  readonly scenario: string;
  readonly variant: RunPlan['variant'];
}

/** The run that stands at one index of a campaign. */
export interface Slot extends CampaignCase {
  readonly index: number;
  readonly seed: number;
}

/** Seeds of one case that follow each other before the next case has its turn. */
const ROUND_SEEDS = 16;

/**
 * The order of a campaign's runs: which index is which case and seed. It depends on the cases and the first and last
 * seed only, so results can be stored under their index by whoever runs them. The cases take turns, so that a campaign
 * that ends with its time has treated them alike.
 */
export class CampaignOrder {
  readonly total: number;
  private readonly cases: readonly CampaignCase[];
  private readonly seedFrom: number;
  private readonly seedCount: number;

  /** `seedTo` is included. */
  constructor(cases: readonly CampaignCase[], seedFrom: number, seedTo: number) {
    this.cases = cases;
    this.seedFrom = seedFrom;
    this.seedCount = seedTo - seedFrom + 1;
    this.total = this.seedCount * cases.length;
  }

  slot(index: number): Slot {
    const round = Math.floor(index / (ROUND_SEEDS * this.cases.length));
    const before = round * ROUND_SEEDS;
    const rest = index - before * this.cases.length;
    const width = Math.min(ROUND_SEEDS, this.seedCount - before);
    const { scenario, variant } = this.cases[Math.floor(rest / width)]!;
    return { index, scenario, variant, seed: this.seedFrom + before + (rest % width) };
  }

  /** Generations, the last of which may be short. */
  get generations(): number {
    return Math.ceil(this.total / GENERATION);
  }

  /** First index of generation `g` and the one after its last. */
  generation(g: number): { readonly from: number; readonly to: number } {
    return { from: g * GENERATION, to: Math.min(this.total, (g + 1) * GENERATION) };
  }
}

/** Slots in groups of at most `runsMax` that one range can express: consecutive indexes and seeds of one case. */
export function rangesOf(slots: readonly Slot[], runsMax: number): Slot[][] {
  const ranges: Slot[][] = [];
  let open: Slot[] = [];
  for (const slot of slots) {
    const last = open.at(-1);
    const follows =
      last !== undefined &&
      open.length < runsMax &&
      slot.index === last.index + 1 &&
      slot.seed === last.seed + 1 &&
      slot.scenario === last.scenario &&
      slot.variant === last.variant;
    if (!follows) ranges.push((open = []));
    open.push(slot);
  }
  return ranges;
}
