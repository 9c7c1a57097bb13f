import type { RunPlan, SchedulingPlan } from '../../plan/plan.ts';
import { ddmin } from './ddmin.ts';
import type { Search } from './search.ts';

/** Smaller values that are tried for the delay. */
const HALVINGS = 4;

/**
 * An unfair order of hosts (PCT): most failures do not need it, and a fair run is the simpler story. Else fewer moments
 * at which a host falls behind, fewer hosts that are served late, and a shorter delay.
 */
export async function calmScheduling(search: Search): Promise<void> {
  const { scheduling, ...fair } = search.best.plan;
  if (scheduling === undefined) return;
  if (await search.simplify(fair)) return;
  const present = (): SchedulingPlan => search.best.plan.scheduling ?? scheduling;
  const attempt = (changes: Partial<SchedulingPlan>): Promise<boolean> => search.simplify(served(search, changes));
  await ddmin(
    present().changes,
    async (changes) => ((await attempt({ changes })) ? present().changes : null),
    () => search.over !== '',
  );
  for (const [host, rank] of present().ranks.entries()) {
    if (rank > 0) await attempt({ ranks: present().ranks.map((each, place) => (place === host ? 0 : each)) });
  }
  for (let halving = 0; halving < HALVINGS; halving++) {
    if (!(await attempt({ delayUsMax: Math.floor(present().delayUsMax / 2) }))) return;
  }
}

function served({ best }: Search, changes: Partial<SchedulingPlan>): RunPlan {
  const { scheduling } = best.plan;
  return scheduling === undefined ? best.plan : { ...best.plan, scheduling: { ...scheduling, ...changes } };
}
