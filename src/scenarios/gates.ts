import type { PeopleAct, PeopleLog } from '../cluster/kimberlite/people-log.ts';
import type { GatePlan } from '../plan/plan.ts';
import type { CommandRecord } from '../plan/result.ts';
import { SECOND, type Us } from '../sim/time.ts';
import type { Simulation } from './simulation.ts';

/** What the gates are judged by: when the incident began to page, what the operator typed, what people did. */
export interface GateFacts {
  /** First firing of an alert that must fire, or -1. */
  readonly pagedUs: () => Us;
  readonly commands: () => readonly CommandRecord[];
  readonly people: PeopleLog;
}

/**
 * INV-GATES-MET: acknowledgement, updates and escalations happen within their deadlines of virtual time, counted from the
 * page, or from the end of the step in which the operator learned what makes the gate apply. Judged while the incident is
 * open and once more when it closes; each gate is reported once.
 */
export class Gates {
  private readonly simulation: Simulation;
  private readonly facts: GateFacts;
  private readonly plans: readonly GatePlan[];
  private readonly missed: Set<string>;
  private closed: boolean;

  constructor(simulation: Simulation, facts: GateFacts) {
    this.simulation = simulation;
    this.facts = facts;
    this.plans = simulation.plan.gates ?? [];
    this.missed = new Set();
    this.closed = false;
  }

  /** To be called now and then: a gate is missed as soon as its deadline has passed. */
  tick(): void {
    if (!this.closed) this.judge(false);
  }

  /** The incident is over. What was to be done in any case, and was not, is missed now. */
  close(): void {
    if (this.closed) return;
    this.judge(true);
    this.closed = true;
  }

  private judge(closing: boolean): void {
    const { nowUs } = this.simulation.cluster.world;
    for (const gate of this.plans) {
      const sinceUs = this.sinceUs(gate);
      if (sinceUs < 0 || this.missed.has(gate.id)) continue;
      const dueUs = this.overdueUs(gate, sinceUs, closing ? Number.MAX_SAFE_INTEGER : nowUs, nowUs);
      if (dueUs < 0) continue;
      this.missed.add(gate.id);
      this.simulation.report('INV-GATES-MET', 'missed', {
        gate: gate.id,
        act: gate.act,
        about: gate.about,
        dueS: Math.floor(dueUs / SECOND),
      });
    }
  }

  private sinceUs({ afterStep }: GatePlan): Us {
    if (afterStep === '') return this.facts.pagedUs();
    return this.facts.commands().find(({ step }) => step === afterStep)?.endedUs ?? -1;
  }

  /** The deadline that was not kept, or -1. `byUs` is the time at which something that is still owed counts as missed. */
  private overdueUs(gate: GatePlan, sinceUs: Us, byUs: Us, nowUs: Us): Us {
    const done = this.facts.people.records.filter(
      ({ act, about, atUs }) =>
        act === (gate.act as PeopleAct) && (gate.about === '' || about === gate.about) && atUs >= sinceUs,
    );
    if (!gate.repeats) {
      const dueUs = sinceUs + gate.withinUs;
      const first = done[0];
      if (first !== undefined) return first.atUs > dueUs ? dueUs : -1;
      return (gate.whileOpen ? nowUs : byUs) > dueUs ? dueUs : -1;
    }
    let lastUs = sinceUs;
    for (const { atUs } of done) {
      if (atUs - lastUs > gate.withinUs) return lastUs + gate.withinUs;
      lastUs = atUs;
    }
    return nowUs - lastUs > gate.withinUs ? lastUs + gate.withinUs : -1;
  }
}
