import type { ReportDetail } from '../report/model.ts';

/** What the chain tells of the hosts on its way, beside messages (`causalChain` in src/report/trace-window.ts). */
const TOLD: readonly string[] = ['fault', 'crash', 'start'];

/**
 * Positions, in the records shown, of those in the causal chain. The chain names trace indexes, and an event may have
 * several records: the marks and log lines beside a message led to nothing.
 */
export function chainPlaces({ chain, trace: { records } }: ReportDetail): ReadonlySet<number> {
  const chained = new Set(chain);
  const places = new Set<number>();
  for (const [place, { index, kind, message }] of records.entries()) {
    if (chained.has(index) && (message >= 0 || TOLD.includes(kind))) places.add(place);
  }
  return places;
}
