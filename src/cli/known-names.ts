import { loadRuleSet } from '../alerts/rule-file.ts';
import { COMMAND_GUARDS } from '../cluster/kimberlite/guards.ts';
import { serverCount } from '../cluster/kimberlite/hosts.ts';
import { FAULT_KINDS } from '../faults/kind-table.ts';
import { validateFault } from '../faults/kinds.ts';
import { nearest } from '../plan/nearest.ts';
import type { RunPlan } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import { readAlertRules } from '../scenarios/files.ts';
import type { Known } from '../scenarios/relations.ts';
import { GUARDS, MUTANTS } from '../scenarios/rules-table.ts';

/** Systems that can be simulated. */
const SYSTEMS = ['kimberlite'] as const;

/** Every name that a scenario or a plan may use and that stands elsewhere. */
export function knownNames(): Known & { readonly guards: readonly string[] } {
  const rules = loadRuleSet(SYSTEMS.flatMap(readAlertRules));
  return {
    systems: SYSTEMS,
    faults: FAULT_KINDS.map(({ kind }) => kind),
    alerts: rules.groups.flatMap((group) => group.rules.map(({ id }) => id)),
    guards: [...GUARDS.keys(), ...COMMAND_GUARDS.map(({ name }) => name)],
  };
}

/**
 * Refuses a plan from a file that names what there is not: the form of a plan cannot say so, and a run would either
 * ignore such a name or break on it. Throws a `UserError` with the place.
 */
export function checkPlanNames(plan: RunPlan, file: string): void {
  const known = knownNames();
  const among = (place: string, what: string, name: string, names: readonly string[]): void => {
    if (names.includes(name)) return;
    const meant = nearest(name, names);
    const remedy = meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`;
    throw new UserError(`${file}: ${place}: ${what} ${name} is not known`, remedy);
  };
  among('system', 'system', plan.system, known.systems);
  for (const [index, fault] of plan.faults.entries()) {
    among(`faults[${index}].kind`, 'fault kind', fault.kind, known.faults);
    const problem = validateFault(fault) ?? hostProblem(plan, fault.target);
    if (problem !== null) throw new UserError(`${file}: faults[${index}]: ${problem}`, 'correct the fault');
  }
  for (const [index, guard] of plan.guardsOff.entries()) among(`guardsOff[${index}]`, 'guard', guard, known.guards);
  for (const [index, rule] of (plan.alerts?.rules ?? []).entries()) {
    among(`alerts.rules[${index}]`, 'alert rule', rule, known.alerts ?? []);
  }
  if (plan.mutant !== null) {
    among(
      'mutant',
      'mutant',
      plan.mutant,
      MUTANTS.map(({ id }) => id),
    );
  }
}

/** Hosts of a run: replicas, standbys, clients, the operator's host and the monitor. */
export function hostCount({ cluster }: Pick<RunPlan, 'cluster'>): number {
  return serverCount(cluster) + cluster.clientCount + 2;
}

function hostProblem(plan: RunPlan, target: RunPlan['faults'][number]['target']): string | null {
  const hosts = hostCount(plan);
  const strange = target.kind === 'hosts' ? target.hosts.find((host) => host >= hosts) : undefined;
  return strange === undefined ? null : `there is no host ${strange}, only 0 to ${hosts - 1}`;
}
