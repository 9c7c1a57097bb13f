import type { FaultClass } from '../sim/ledger.ts';

/** A parameter of a fault: an integer whose unit stands last in its name, or a string of a closed set. */
export type ParamSpec =
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      readonly default: number;
    }
  | { readonly kind: 'choice'; readonly name: string; readonly choices: readonly string[]; readonly default: string };

/**
 * A kind of fault as data. `instant` faults are done at once and take no duration. `lasting` ones end after the plan's
 * duration, or with the fault phase when it is 0. `armed` ones wait for a matching disk request, no longer than the
 * duration when it is not 0, and have fired only when they hit one.
 */
export interface FaultKind {
  readonly kind: string;
  readonly faultClass: FaultClass;
  readonly lasts: 'instant' | 'lasting' | 'armed';
  readonly targets: 'replicas' | 'clients' | 'hosts';
  readonly params: readonly ParamSpec[];
}

export function number(name: string, min: number, max: number, byDefault: number): ParamSpec {
  return { kind: 'number', name, min, max, default: byDefault };
}

export function choice(name: string, choices: readonly string[], byDefault: string): ParamSpec {
  return { kind: 'choice', name, choices, default: byDefault };
}
