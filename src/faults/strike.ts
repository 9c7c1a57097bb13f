import type { FaultPlan } from '../plan/plan.ts';
import type { Disk } from '../sim/disk.ts';
import type { Machine } from '../sim/machine.ts';
import { DOMAIN, mix3 } from '../sim/mix.ts';
import type { Us } from '../sim/time.ts';
import type { World } from '../sim/world.ts';
import { folder } from './atlas.ts';
import type { Budget } from './budget.ts';
import { choiceParam, numberParam } from './kinds.ts';
import type { FaultSurface, Zone, ZoneName } from './surface.ts';
import { labelKey } from './targets.ts';

/** What a fault did when it struck. */
export type Outcome =
  | {
      readonly kind: 'fired';
      /** Ends the effect; null where nothing is left to be ended. */
      readonly end: (() => void) | null;
      /** Time until `end`; -1: as the fault's duration says. */
      readonly endAfterUs: Us;
      /** Called again and again while the fault lasts; returns the time until the next call. */
      readonly step: (() => Us) | null;
    }
  /** It waits for a disk request and has fired when the disk says so. */
  | { readonly kind: 'armed'; readonly end: () => void }
  /** There is nothing to strike at this moment; it is tried again for a while. */
  | { readonly kind: 'later'; readonly reason: string }
  /** The budget refuses it, or it can have no effect here. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Done; `end` undoes it, after the fault's duration unless `endAfterUs` says when. */
export function fired(end: (() => void) | null = null, endAfterUs: Us = -1, step: (() => Us) | null = null): Outcome {
  return { kind: 'fired', end, endAfterUs, step };
}

export function later(reason: string): Outcome {
  return { kind: 'later', reason };
}

export function refused(reason: string): Outcome {
  return { kind: 'refused', reason };
}

/**
 * Settings of a host that several faults may change at one time: the one that came last is in force, and when it ends
 * the one before it is again. So faults do not end each other.
 */
export class Layers {
  private readonly stacks: Map<string, { readonly label: string; readonly value: number }[]>;

  constructor() {
    this.stacks = new Map();
  }

  /** Puts a value on top; returns it. */
  push(setting: string, host: number, label: string, value: number): number {
    const key = `${setting}/${host}`;
    const stack = this.stacks.get(key) ?? [];
    this.stacks.set(key, [...stack, { label, value }]);
    return value;
  }

  /** Takes the label's value away; returns what is in force now, `otherwise` when nothing is. */
  remove(setting: string, host: number, label: string, otherwise: number): number {
    const key = `${setting}/${host}`;
    const stack = (this.stacks.get(key) ?? []).filter((layer) => layer.label !== label);
    this.stacks.set(key, stack);
    return stack.at(-1)?.value ?? otherwise;
  }
}

/** A fault that strikes its hosts now, with everything that it needs. */
export class Strike {
  readonly surface: FaultSurface;
  readonly world: World;
  readonly budget: Budget;
  readonly layers: Layers;
  readonly fault: FaultPlan;
  readonly hosts: readonly number[];
  /** The label as a key word. */
  readonly key: number;

  constructor(surface: FaultSurface, budget: Budget, layers: Layers, fault: FaultPlan, hosts: readonly number[]) {
    this.surface = surface;
    this.world = surface.world;
    this.budget = budget;
    this.layers = layers;
    this.fault = fault;
    this.hosts = hosts;
    this.key = labelKey(fault);
  }

  machine(host: number): Machine {
    return this.world.machines[host] as Machine;
  }

  disk(host: number): Disk {
    return this.machine(host).disk;
  }

  number(name: string): number {
    return numberParam(this.fault, name);
  }

  choice(name: string): string {
    return choiceParam(this.fault, name);
  }

  /** The zone of that name and the prefix of its files. Throws when the system has no such zone. */
  zoneFiles(name: ZoneName): { readonly zone: Zone; readonly prefix: string } {
    const zone = this.surface.zones.find((known) => known.name === name);
    if (zone === undefined) throw new Error(`fault ${this.fault.label}: the system has no zone ${name}`);
    return { zone, prefix: name === 'checkpoint' ? folder(zone.file) : zone.file };
  }

  /** A draw keyed by the fault's label and what it is for: the same whatever else the plan holds (R20). */
  draw(purpose: number, word: number): number {
    return mix3(this.world.seed, DOMAIN.fault, this.key, purpose, word);
  }
}
