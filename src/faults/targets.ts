import type { FaultPlan } from '../plan/plan.ts';
import { DOMAIN, mix2, mixString } from '../sim/mix.ts';
import { faultKind } from './kinds.ts';
import type { FaultSurface } from './surface.ts';

/** The fault's own key word: all its draws are keyed by its label (R20). */
export function labelKey(fault: FaultPlan): number {
  return mixString(0, fault.label);
}

/**
 * The hosts that a fault strikes if it strikes now, in ascending order of their numbers for roles and in the plan's
 * order otherwise; null while its role has nobody (no primary).
 */
export function resolveTargets(surface: FaultSurface, fault: FaultPlan): readonly number[] | null {
  const { target } = fault;
  if (target.kind === 'hosts') return target.hosts;
  const replicas = surface.replicaHosts;
  switch (target.role) {
    case 'all-replicas':
      return replicas;
    case 'any-replica': {
      const draw = mix2(surface.world.seed, DOMAIN.fault, labelKey(fault), target.index);
      return [replicas[draw % replicas.length] as number];
    }
    case 'primary': {
      const primary = surface.primaryHost();
      return primary < 0 ? null : [primary];
    }
    case 'backup': {
      const primary = surface.primaryHost();
      if (primary < 0) return null;
      const backups = replicas.filter((host) => host !== primary);
      return backups.length === 0 ? null : [backups[target.index % backups.length] as number];
    }
  }
}

/** What is wrong with the hosts that a fault names; null when they exist and are of the right sort. */
export function checkTargets(surface: FaultSurface, fault: FaultPlan): string | null {
  const { target } = fault;
  if (target.kind !== 'hosts') return null;
  const sort = faultKind(fault.kind)?.targets ?? 'hosts';
  for (const host of target.hosts) {
    if (host >= surface.world.machines.length) {
      return `fault ${fault.label}: target host ${host} does not exist; hosts are 0 to ${surface.world.machines.length - 1}`;
    }
    const allowed =
      sort === 'replicas'
        ? [...surface.replicaHosts, ...(surface.standbyHosts ?? [])]
        : sort === 'clients'
          ? surface.clientHosts
          : null;
    if (allowed !== null && !allowed.includes(host)) {
      return `fault ${fault.label}: target host ${host} is none of the ${sort}; ${fault.kind} takes ${allowed.join(', ')}`;
    }
  }
  return null;
}
