import { Budget, type Verdict } from '../../faults/budget.ts';
import { NEMESIS_CONTROL, Nemesis } from '../../faults/nemesis.ts';
import type { FaultSurface } from '../../faults/surface.ts';
import type { FaultPlan } from '../../plan/plan.ts';
import type { World } from '../../sim/world.ts';
import {
  BUDGET_ADMITS,
  BUDGET_REFUSES,
  FAULTS_END,
  type FaultParts,
  FIRED_MEANS_HIT,
  OUT_OF_MODEL,
  OWN_MARKS,
} from './fault-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

class RefusesEverything extends Budget {
  override admits(): Verdict {
    return { ok: false, reason: 'planted' };
  }

  override admitsHit(): Verdict {
    return { ok: false, reason: 'planted' };
  }
}

class AdmitsEverything extends Budget {
  override admits(): Verdict {
    return { ok: true };
  }

  override admitsHit(): Verdict {
    return { ok: true };
  }
}

/** Sets a mark of the protocol whenever a fault strikes. */
class MarksForProcesses extends Nemesis {
  private readonly around: World;

  constructor(surface: FaultSurface, faults: readonly FaultPlan[], budget: Budget) {
    super(surface, faults, budget);
    this.around = surface.world;
  }

  override onControl(a: number, b: number, ref: unknown): void {
    super.onControl(a, b, ref);
    if (a === NEMESIS_CONTROL.strike) this.around.mark('view-change-started', 0);
  }
}

class ArmedIsFired extends Nemesis {
  private readonly labels: readonly string[];

  constructor(surface: FaultSurface, faults: readonly FaultPlan[], budget: Budget) {
    super(surface, faults, budget);
    this.labels = faults.map(({ label }) => label);
  }

  override onControl(a: number, b: number, ref: unknown): void {
    super.onControl(a, b, ref);
    if (a === NEMESIS_CONTROL.strike) this.onFired(this.labels[b] as string);
  }
}

class DurationsIgnored extends Nemesis {
  override onControl(a: number, b: number, ref: unknown): void {
    if (a !== NEMESIS_CONTROL.end) super.onControl(a, b, ref);
  }
}

class PhaseNeverEnds extends Nemesis {
  override stopAll(): void {}
}

const HONEST: FaultParts = {
  budget: (mode, surface) => new Budget(mode, surface),
  nemesis: (surface, faults, budget) => new Nemesis(surface, faults, budget),
};

function row(id: string, what: string, source: string, check: Check<FaultParts>, planted: Partial<FaultParts>) {
  return plant({ id, what, source, part: 'harness' }, check, HONEST, { ...HONEST, ...planted });
}

const refuses: Partial<FaultParts> = { budget: (mode, surface) => new RefusesEverything(mode, surface) };
const admits: Partial<FaultParts> = { budget: (mode, surface) => new AdmitsEverything(mode, surface) };

/** Bugs planted in what injects faults and in the budget that allows them. */
export const FAULT_MUTANTS: readonly HarnessMutant[] = [
  row('budget-refuses-everything', 'no fault is ever in budget', 'R27; R1', BUDGET_ADMITS, refuses),
  row('budget-admits-everything', 'every fault is in budget', 'R1; R12', BUDGET_REFUSES, admits),
  row('out-of-model-unnamed', 'a broken assumption is not written down', 'R1', OUT_OF_MODEL, admits),
  row('must-reach-by-injector', 'what injects faults sets a mark of the protocol', 'R27; R17', OWN_MARKS, {
    nemesis: (surface, faults, budget) => new MarksForProcesses(surface, faults, budget),
  }),
  row('armed-is-fired', 'a fault counts as fired when it is armed', 'R17', FIRED_MEANS_HIT, {
    nemesis: (surface, faults, budget) => new ArmedIsFired(surface, faults, budget),
  }),
  row('durations-ignored', 'a fault outlives its duration', 'fault model', FAULTS_END, {
    nemesis: (surface, faults, budget) => new DurationsIgnored(surface, faults, budget),
  }),
  row('fault-phase-endless', 'faults stay in force after the fault phase', 'R8: liveness once faults end', FAULTS_END, {
    nemesis: (surface, faults, budget) => new PhaseNeverEnds(surface, faults, budget),
  }),
];
