import type { FaultPlan } from '../plan/plan.ts';
import type { FaultKind, ParamSpec } from './kind-params.ts';
import { FAULT_KINDS } from './kind-table.ts';

/** The kind's description, or null for a name that is no kind. */
export function faultKind(name: string): FaultKind | null {
  return FAULT_KINDS.find((known) => known.kind === name) ?? null;
}

/** Position of a kind in the table. */
export function faultKindIndex(name: string): number {
  return FAULT_KINDS.findIndex((known) => known.kind === name);
}

/** A numeric parameter of a fault, or its default. Throws for a name that the kind does not have. */
export function numberParam(fault: FaultPlan, name: string): number {
  return param(fault, name, 'number') as number;
}

/** A parameter out of a closed set, or its default. Throws for a name that the kind does not have. */
export function choiceParam(fault: FaultPlan, name: string): string {
  return param(fault, name, 'choice') as string;
}

function param(fault: FaultPlan, name: string, kind: ParamSpec['kind']): number | string {
  const spec = faultKind(fault.kind)?.params.find((known) => known.name === name && known.kind === kind);
  if (spec === undefined) throw new Error(`fault ${fault.label}: ${fault.kind} has no ${kind} parameter ${name}`);
  return fault.params[name] ?? spec.default;
}

/**
 * What is wrong with a fault of a plan: names the fault, the parameter and the remedy; null when nothing is. Whether
 * its hosts exist is known only to the system that it strikes (see `Nemesis`).
 */
export function validateFault(fault: FaultPlan): string | null {
  const place = `fault ${fault.label === '' ? '(without a label)' : fault.label}`;
  if (fault.label === '') return `${place}: label is empty; give each fault a label of its own`;
  const kind = faultKind(fault.kind);
  if (kind === null) {
    return `${place}: kind ${fault.kind} is not known; use one of ${FAULT_KINDS.map((known) => known.kind).join(', ')}`;
  }
  return (
    validateDuration(place, fault, kind) ??
    validateTrigger(place, fault) ??
    validateTarget(place, fault, kind) ??
    validateParams(place, fault, kind)
  );
}

function validateDuration(place: string, fault: FaultPlan, kind: FaultKind): string | null {
  if (!isCount(fault.durationUs)) {
    return `${place}: durationUs is ${fault.durationUs}; give an integer of microseconds from 0`;
  }
  if (kind.lasts === 'instant' && fault.durationUs > 0) {
    return `${place}: durationUs is ${fault.durationUs}, but ${fault.kind} is done at once; set it to 0`;
  }
  if (kind.lasts === 'instant' && fault.endsOn !== undefined) {
    return `${place}: endsOn is given, but ${fault.kind} is done at once; leave it out`;
  }
  if (fault.durationUs === 0 && (fault.kind === 'net.clog' || fault.kind === 'disk.stall')) {
    return `${place}: durationUs is 0, but ${fault.kind} needs an end; give microseconds from 1`;
  }
  return null;
}

function validateTrigger(place: string, fault: FaultPlan): string | null {
  const { trigger, endsOn } = fault;
  if (trigger.kind === 'at' && !isCount(trigger.atUs)) {
    return `${place}: trigger.atUs is ${trigger.atUs}; give microseconds from 0`;
  }
  const started = trigger.kind === 'on' ? validateState(`${place}: trigger`, trigger) : null;
  return started ?? (endsOn === undefined ? null : validateState(`${place}: endsOn`, endsOn));
}

/** What is wrong with a trigger by state, or null. */
function validateState(place: string, on: NonNullable<FaultPlan['endsOn']>): string | null {
  if (on.mark === '') return `${place}.mark is empty; name a mark such as view-change-started`;
  if (!isCount(on.nth) || on.nth < 1) return `${place}.nth is ${on.nth}; give an integer from 1 (the first time)`;
  if (!Number.isInteger(on.host) || on.host < -1)
    return `${place}.host is ${on.host}; give a host number, or -1 for any`;
  return isCount(on.delayUs) ? null : `${place}.delayUs is ${on.delayUs}; give microseconds from 0`;
}

function validateTarget(place: string, fault: FaultPlan, kind: FaultKind): string | null {
  const target = fault.target;
  if (target.kind === 'role') {
    if (kind.targets === 'clients') {
      return `${place}: target is the role ${target.role}, but ${fault.kind} strikes clients; list their hosts`;
    }
    return isCount(target.index) ? null : `${place}: target.index is ${target.index}; give an integer from 0`;
  }
  if (target.hosts.length === 0) return `${place}: target.hosts is empty; list a host at least`;
  for (const [index, host] of target.hosts.entries()) {
    if (!isCount(host)) return `${place}: target.hosts holds ${host}; give host numbers from 0`;
    if (target.hosts.indexOf(host) !== index) return `${place}: target.hosts names host ${host} twice; name it once`;
  }
  return null;
}

function validateParams(place: string, fault: FaultPlan, kind: FaultKind): string | null {
  const unknown: Record<string, number | string> = { ...fault.params };
  for (const spec of kind.params) {
    delete unknown[spec.name];
    const value = fault.params[spec.name];
    const mistake = value === undefined ? null : validateParam(place, spec, value);
    if (mistake !== null) return mistake;
  }
  const rest = JSON.stringify(unknown);
  if (rest !== '{}') {
    const names = kind.params.map((spec) => spec.name).join(', ');
    return `${place}: ${fault.kind} has no parameter as in ${rest}; it takes ${names === '' ? 'none' : names}`;
  }
  return fault.kind === 'net.degrade' ? validateDegrade(place, fault, kind) : null;
}

function validateParam(place: string, spec: ParamSpec, value: number | string): string | null {
  if (spec.kind === 'choice') {
    return typeof value === 'string' && spec.choices.includes(value)
      ? null
      : `${place}: ${spec.name} is ${value}; use one of ${spec.choices.join(', ')}`;
  }
  return typeof value === 'number' && Number.isInteger(value) && value >= spec.min && value <= spec.max
    ? null
    : `${place}: ${spec.name} is ${value}; give an integer from ${spec.min} to ${spec.max}`;
}

function validateDegrade(place: string, fault: FaultPlan, kind: FaultKind): string | null {
  const latencyUsMin = numberParam(fault, 'latencyUsMin');
  const latencyUsMean = numberParam(fault, 'latencyUsMean');
  if (latencyUsMean > 0 && latencyUsMean < latencyUsMin) {
    return `${place}: latencyUsMean ${latencyUsMean} is below latencyUsMin ${latencyUsMin}; raise it`;
  }
  if (numberParam(fault, 'reorderPer65536') > 0 !== numberParam(fault, 'reorderUsMax') > 0) {
    return `${place}: reorderPer65536 and reorderUsMax work only together; give both or none`;
  }
  const changes = kind.params.some((spec) => spec.kind === 'number' && numberParam(fault, spec.name) > 0);
  return changes ? null : `${place}: net.degrade changes nothing; give lossPer65536 or another rate above 0`;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
