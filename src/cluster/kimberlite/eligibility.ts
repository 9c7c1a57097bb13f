import { SECOND, type Us } from '../../sim/time.ts';
import type { Replica } from '../vsr/replica.ts';
import { flaggedEligible, promotionProblem } from '../vsr/standby.ts';
import type { KimberliteFleet } from './fleet.ts';

/** Lag above which a standby is not eligible (catalogue, defaults_for_sim.standby_max_lag_ms). */
export const STANDBY_MAX_LAG_US: Us = 100_000;
/** The production guide's promise (catalogue, scn2-b rpo): what an approval without a figure is taken to cover. */
export const RPO_US: Us = SECOND;
/** What is wrong with the standby, by the rules that are in force, or ''. */
export function eligibilityProblem(fleet: KimberliteFleet, replica: Replica): string {
  if (!fleet.guard('standby-eligibility')) return flaggedEligible(replica) ? '' : 'a gap was seen';
  return promotionProblem(replica, STANDBY_MAX_LAG_US);
}
