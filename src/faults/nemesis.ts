import type { FaultPlan } from '../plan/plan.ts';
import type { Machine } from '../sim/machine.ts';
import { mixString } from '../sim/mix.ts';
import type { Us } from '../sim/time.ts';
import { RECORD } from '../sim/trace.ts';
import type { World } from '../sim/world.ts';
import type { Budget } from './budget.ts';
import { strikeNow } from './dispatch.ts';
import { choiceParam, faultKind, faultKindIndex, validateFault } from './kinds.ts';
import { Layers, type Outcome, Strike } from './strike.ts';
import type { FaultSurface } from './surface.ts';
import { checkTargets, labelKey, resolveTargets } from './targets.ts';

/** Control numbers of the nemesis (`World.scheduleControl`, first argument); the second is the fault's index. */
export const NEMESIS_CONTROL = { strike: 1_000, end: 1_001, step: 1_002 } as const;

/** A fault with nothing to strike (no primary, process down) is tried again this often, for {@link RETRIES_MAX} times. */
const RETRY_US: Us = 100_000;
const RETRIES_MAX = 50;

/** Begins the name of a trigger's mark that counts writes to a zone, as in `write:journal-headers`. */
export const WRITE_MARK = 'write:';

/** A trigger that waits for its mark; `control` says what it lets happen. */
interface Waiting {
  readonly control: typeof NEMESIS_CONTROL.strike | typeof NEMESIS_CONTROL.end;
  readonly index: number;
  readonly nth: number;
  readonly host: number;
  readonly delayUs: Us;
  count: number;
}

interface Active {
  readonly fault: FaultPlan;
  readonly hosts: readonly number[];
  readonly end: () => void;
  readonly step: (() => Us) | null;
  /** An instant whose trace (a stepped clock) only the end of the fault phase removes. */
  readonly lingering: boolean;
}

/** A fault that did not take effect, with the reason. */
export interface SuppressedFault {
  readonly label: string;
  readonly reason: string;
}

/**
 * Carries out the faults of a plan: waits for their triggers, finds their targets, asks the budget, strikes, and ends
 * what lasts. Everything that it draws is keyed by the fault's label, and nothing enters the trace before a fault takes
 * effect, so that removing one leaves all that comes before, and every other decision, as it was (R20).
 */
export class Nemesis {
  /** Labels of faults that really took effect, in that order. */
  readonly fired: string[];
  /** True time of the first effect; -1 before. */
  firstFiredUs: Us;
  /** Called when a fault takes effect, with the hosts that it strikes. */
  onFire: ((fault: FaultPlan, hosts: readonly number[]) => void) | null;
  private readonly surface: FaultSurface;
  private readonly world: World;
  private readonly faults: readonly FaultPlan[];
  private readonly budget: Budget;
  private readonly layers: Layers;
  private readonly waiting: Map<string, Waiting[]>;
  private readonly active: Map<string, Active>;
  private readonly firedLabels: Set<string>;
  private readonly struckHosts: Map<string, readonly number[]>;
  private readonly refusals: Map<string, string>;
  private stopped: boolean;

  /** Throws for a fault that is not valid for this system, and for a label that is used twice. */
  constructor(surface: FaultSurface, faults: readonly FaultPlan[], budget: Budget) {
    this.fired = [];
    this.firstFiredUs = -1;
    this.onFire = null;
    this.surface = surface;
    this.world = surface.world;
    this.faults = faults;
    this.budget = budget;
    this.layers = new Layers();
    this.waiting = new Map();
    this.active = new Map();
    this.firedLabels = new Set();
    this.struckHosts = new Map();
    this.refusals = new Map();
    this.stopped = false;
    budget.enlist(faults);
    this.prepareDisks();
    for (const [index, fault] of faults.entries()) this.check(index, fault);
  }

  private prepareDisks(): void {
    const stale = this.faults.some((fault) => fault.kind === 'disk.stale-read');
    for (const host of this.surface.replicaHosts) {
      const { disk } = this.machine(host);
      disk.admit = (label, faultClass, file, sector) => {
        const verdict = this.budget.admitsHit({ label, faultClass, host, file, sector });
        if (!verdict.ok) this.suppress(label, verdict.reason);
        return verdict.ok;
      };
      if (stale) for (const zone of this.surface.zones) disk.faults.keepHistory(zone.file);
    }
  }

  private check(index: number, fault: FaultPlan): void {
    const mistake = validateFault(fault) ?? checkTargets(this.surface, fault) ?? this.checkZones(fault);
    if (mistake !== null) throw new Error(mistake);
    if (this.faults.findIndex((other) => other.label === fault.label) !== index) {
      throw new Error(`fault ${fault.label}: label is used twice; give each fault a label of its own`);
    }
  }

  private checkZones({ label, trigger, endsOn }: FaultPlan): string | null {
    const names = this.surface.zones.map(({ name }) => name);
    for (const on of [trigger, endsOn]) {
      if (on?.kind !== 'on' || !on.mark.startsWith(WRITE_MARK)) continue;
      if (names.some((name) => on.mark === `${WRITE_MARK}${name}`)) continue;
      return `fault ${label}: there is no zone for the mark ${on.mark}; the zones are ${names.join(', ')}`;
    }
    return null;
  }

  /** From now on triggers count; to be called once, when the system's processes have been started. */
  start(): void {
    for (const [index, fault] of this.faults.entries()) {
      const { trigger } = fault;
      if (trigger.kind === 'at') {
        this.schedule(Math.max(trigger.atUs, this.world.nowUs), NEMESIS_CONTROL.strike, index, 0);
        continue;
      }
      this.await(NEMESIS_CONTROL.strike, index, trigger);
    }
  }

  private await(control: Waiting['control'], index: number, on: NonNullable<FaultPlan['endsOn']>): void {
    const { nth, host, delayUs, mark } = on;
    if (mark.startsWith(WRITE_MARK)) this.countWrites();
    const list = this.waiting.get(mark) ?? [];
    this.waiting.set(mark, [...list, { control, index, nth, host, delayUs, count: 0 }]);
  }

  /** Counts the writes that replicas issue, by zone. These are no marks of the run: only triggers know them. */
  private countWrites(): void {
    for (const host of this.surface.replicaHosts) {
      this.machine(host).disk.onWrite ??= (file) => {
        const zone = this.budget.atlas.zoneOf(file);
        if (zone !== null) this.onMark(`${WRITE_MARK}${zone.name}`, host);
      };
    }
  }

  /** Faults that have been refused or found nothing to strike, and never took effect. */
  get suppressed(): readonly SuppressedFault[] {
    return [...this.refusals].map(([label, reason]) => ({ label, reason }));
  }

  /** Lasting faults in effect now, armed ones included. */
  get activeCount(): number {
    let count = 0;
    for (const active of this.active.values()) if (!active.lingering) count++;
    return count;
  }

  /** A mark was reached: counts the triggers that wait for it. To be called for every mark, its own included. */
  onMark(mark: string, host: number): void {
    this.budget.atlas.review();
    const list = this.waiting.get(mark);
    if (list === undefined || this.stopped) return;
    let met = false;
    for (const waiting of list) {
      if (waiting.host >= 0 && waiting.host !== host) continue;
      waiting.count++;
      if (waiting.count !== waiting.nth) continue;
      met = true;
      this.schedule(this.world.nowUs + waiting.delayUs, waiting.control, waiting.index, 0);
    }
    if (!met) return;
    const rest = list.filter((waiting) => waiting.count < waiting.nth);
    if (rest.length === 0) this.waiting.delete(mark);
    else this.waiting.set(mark, rest);
  }

  /** A control entry with `a` of {@link NEMESIS_CONTROL} came up. */
  onControl(a: number, b: number, ref: unknown): void {
    const fault = this.faults[b] as FaultPlan;
    switch (a) {
      case NEMESIS_CONTROL.strike:
        if (!this.stopped) this.strike(b, fault, ref as number);
        return;
      case NEMESIS_CONTROL.end:
        this.end(fault.label);
        return;
      case NEMESIS_CONTROL.step: {
        const active = this.active.get(fault.label);
        if (active !== undefined && active.step !== null) this.step(b, active.step);
        return;
      }
      default:
        return;
    }
  }

  /** A disk says that a fault has really hit something; labels that are not of the plan are ignored. */
  onFired(label: string): void {
    const fault = this.faults.find((known) => known.label === label);
    if (fault !== undefined) this.noteFired(fault, this.struckHosts.get(label) ?? []);
  }

  /**
   * The fault phase is over: no fault strikes any more, links open, paused hosts go on, power returns, latencies and
   * clocks are as before. Latent disk damage stays. Faults that strike only `exceptHosts` stay in force.
   */
  stopAll(exceptHosts: readonly number[] = []): void {
    this.stopped = true;
    this.waiting.clear();
    for (const [label, { hosts }] of [...this.active]) {
      if (hosts.length === 0 || !hosts.every((host) => exceptHosts.includes(host))) this.end(label);
    }
  }

  /**
   * An operator has mended what a fault broke: it ends before its time, and its power, links or disk are as before.
   * False when the fault is not in effect.
   */
  mend(label: string): boolean {
    const known = this.active.has(label);
    this.end(label);
    return known;
  }

  private strike(index: number, fault: FaultPlan, tries: number): void {
    const hosts = resolveTargets(this.surface, fault);
    if (hosts === null) {
      this.retry(index, fault, tries, 'there is no primary');
      return;
    }
    const verdict = this.budget.admits(fault, hosts, this.world.nowUs);
    if (!verdict.ok) {
      this.suppress(fault.label, verdict.reason);
      return;
    }
    this.struckHosts.set(fault.label, hosts);
    const outcome = strikeNow(new Strike(this.surface, this.budget, this.layers, fault, hosts));
    if (outcome.kind === 'later') this.retry(index, fault, tries, outcome.reason);
    else if (outcome.kind === 'refused') this.suppress(fault.label, outcome.reason);
    else this.begin(index, fault, hosts, outcome);
  }

  private begin(
    index: number,
    fault: FaultPlan,
    hosts: readonly number[],
    outcome: Outcome & { kind: 'fired' | 'armed' },
  ): void {
    const nowUs = this.world.nowUs;
    if (outcome.kind === 'armed') {
      this.active.set(fault.label, { fault, hosts, end: outcome.end, step: null, lingering: false });
      if (fault.durationUs > 0) this.schedule(nowUs + fault.durationUs, NEMESIS_CONTROL.end, index, null);
      if (fault.endsOn !== undefined) this.await(NEMESIS_CONTROL.end, index, fault.endsOn);
      return;
    }
    this.noteFired(fault, hosts);
    const { end, step, endAfterUs } = outcome;
    if (end === null) return;
    if (fault.endsOn !== undefined) this.await(NEMESIS_CONTROL.end, index, fault.endsOn);
    const lingering = endAfterUs < 0 && faultKind(fault.kind)?.lasts === 'instant';
    this.active.set(fault.label, { fault, hosts, end, step, lingering });
    const durationUs = endAfterUs >= 0 ? endAfterUs : fault.durationUs;
    if (endAfterUs >= 0 || durationUs > 0) this.schedule(nowUs + durationUs, NEMESIS_CONTROL.end, index, null);
    if (step !== null) this.step(index, step);
  }

  private step(index: number, step: () => Us): void {
    this.schedule(this.world.nowUs + step(), NEMESIS_CONTROL.step, index, null);
  }

  private retry(index: number, fault: FaultPlan, tries: number, reason: string): void {
    if (tries >= RETRIES_MAX) this.suppress(fault.label, `${reason}; gave up after ${RETRIES_MAX} tries`);
    else this.schedule(this.world.nowUs + RETRY_US, NEMESIS_CONTROL.strike, index, tries + 1);
  }

  private end(label: string): void {
    const active = this.active.get(label);
    if (active === undefined) return;
    this.active.delete(label);
    active.end();
    // An armed fault that never hit has changed nothing, so its end must not enter the trace either (R20).
    if (this.firedLabels.has(label)) this.note(active.fault, active.hosts, 1, 'ends');
  }

  private suppress(label: string, reason: string): void {
    if (this.firedLabels.has(label) || this.refusals.has(label)) return;
    this.refusals.set(label, reason);
    const { trace, nowUs } = this.world;
    if (trace.recording) trace.record(nowUs, RECORD.note, -1, 0, 0, 0, `fault ${label} suppressed: ${reason}`);
  }

  private noteFired(fault: FaultPlan, hosts: readonly number[]): void {
    if (this.firedLabels.has(fault.label)) return;
    this.firedLabels.add(fault.label);
    this.refusals.delete(fault.label);
    this.fired.push(fault.label);
    if (this.firstFiredUs < 0) this.firstFiredUs = this.world.nowUs;
    this.note(fault, hosts, 0, 'takes effect');
    if (fault.kind === 'process.crash' && choiceParam(fault, 'cause') === 'oom-kill') {
      for (const host of hosts) this.world.kernelLog(host, 'error', 'Out of memory: Killed process');
    }
    if (fault.kind.endsWith('-error')) {
      for (const host of hosts) this.world.kernelLog(host, 'error', 'blk_update_request: I/O error, dev nvme0n1');
    }
    this.onFire?.(fault, hosts);
    this.world.mark(`fault:${fault.kind}`, hosts[0] ?? -1);
  }

  /** Folds a fault's effect (`phase` 0) or end (1) into the trace. */
  private note(fault: FaultPlan, hosts: readonly number[], phase: number, text: string): void {
    const { trace, nowUs } = this.world;
    const host = hosts[0] ?? -1;
    const a = faultKindIndex(fault.kind) * 2 + phase;
    let b = 0;
    for (const each of hosts) b = mixString(b, `${each}`);
    trace.fold(nowUs, RECORD.fault, host, a, b, labelKey(fault));
    if (!trace.recording) return;
    const where = hosts.length === 1 ? `host ${host}` : `hosts ${hosts.join(', ')}`;
    trace.record(nowUs, RECORD.fault, host, a, b, labelKey(fault), `${fault.label} (${fault.kind}) ${text}: ${where}`);
  }

  private schedule(atUs: Us, control: number, index: number, ref: number | null): void {
    this.world.scheduleControl(atUs, control, index, ref);
  }

  private machine(host: number): Machine {
    return this.world.machines[host] as Machine;
  }
}
