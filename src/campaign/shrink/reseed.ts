import type { FaultPlan, RunPlan } from '../../plan/plan.ts';
import { withClients } from './hosts.ts';
import { withWorkload } from './load.ts';
import type { Search } from './search.ts';

/** A story with more operations than this is worth trying other seeds for. */
export const LONG = 20;
/** Seeds for each bold plan. */
const SEEDS = 80;
/** The first fault of a bold plan strikes here: a few operations have been acknowledged. */
const FIRST_US = 1_000_000;
/** Pauses between the operations of all clients together. */
const PACES_US = [60_000, 200_000, 500_000];
/** A bold plan is given this long after its last fault began. */
const AFTER_US = 8_000_000;
/** A failure to converge shows only when its bound is past; that long, and a little longer. */
const SLACK_US = 2_000_000;

/**
 * Where a failure hangs on a coincidence (a write in flight at a power loss, a repair that meets a rival log), less of
 * everything makes the coincidence go away, and no step on the way down fails. So bold plans are tried at once, with
 * the same faults early, few clients and the rates of the original, each under other seeds: the seed is a
 * number of the plan like any other. True when one fails alike with half of the operations, or few; its decisions are
 * to be listed again.
 */
export async function tryOtherSeeds(search: Search, original: RunPlan, round: number): Promise<boolean> {
  const { counts } = search.best;
  if (counts.operations <= LONG) return false;
  const plans = boldPlans(search.best.plan, original);
  const operationsMax = Math.max(Math.floor(counts.operations / 2), LONG);
  const beyondUs = search.best.finding.atUs - lastStrikeUs(search.best.plan);
  for (let index = 1; index <= SEEDS && search.over === ''; index++) {
    const seed = round * SEEDS + index;
    for (const plan of plans) {
      const untilUs = lastStrikeUs(plan) + Math.max(AFTER_US, beyondUs + SLACK_US);
      if (await search.leap({ ...plan, seed }, operationsMax, untilUs)) return true;
    }
  }
  return false;
}

function boldPlans(best: RunPlan, original: RunPlan): RunPlan[] {
  const { decisions: _, ...rest } = best;
  const { network, rarities } = original;
  // Triggers as they were: a time that was read off one run is wrong under another seed.
  const faults = original.faults.filter(({ label }) => best.faults.some((fault) => fault.label === label));
  const early = { ...rest, network: { ...network, bytesPerMs: 0, queueMax: 0 }, rarities, faults: earlier(faults) };
  const counts = [1, 2, 3, 8].filter((count) => count <= best.cluster.clientCount);
  return counts.flatMap((count) =>
    PACES_US.map((paceUs) => {
      const pauseUs = paceUs * count;
      const load = { thinkUsMin: Math.floor(pauseUs / 4), thinkUsMax: pauseUs, operationsMax: 0 };
      return withWorkload(withClients(early, count), load);
    }),
  );
}

/** All timed faults by the same span earlier, so that the first strikes at {@link FIRST_US}. */
function earlier(faults: readonly FaultPlan[]): FaultPlan[] {
  const firstUs = Math.min(
    ...faults.map(({ trigger }) => (trigger.kind === 'at' ? trigger.atUs : Number.MAX_SAFE_INTEGER)),
  );
  const byUs = Math.max(0, firstUs - FIRST_US);
  return faults.map((fault): FaultPlan => {
    const { trigger } = fault;
    return trigger.kind === 'at' ? { ...fault, trigger: { kind: 'at', atUs: trigger.atUs - byUs } } : fault;
  });
}

/** When the last timed fault strikes. */
function lastStrikeUs({ faults }: RunPlan): number {
  return Math.max(FIRST_US, ...faults.map(({ trigger }) => (trigger.kind === 'at' ? trigger.atUs : 0)));
}
