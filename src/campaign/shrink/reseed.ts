import type { FaultPlan, RunPlan, Trigger } from '../../plan/plan.ts';
import { type Stream, stream } from '../../sim/random.ts';
import { MS } from '../../sim/time.ts';
import { withClients } from './hosts.ts';
import { withWorkload } from './load.ts';
import type { Search } from './search.ts';

/** A story with more operations than this is worth trying other seeds for. */
export const LONG = 20;
/** Seeds of one round are numbered from a multiple of this. */
const SEEDS_OF_ROUND = 100;
/** The first fault of a bold plan strikes here: a few operations have been acknowledged. */
const FIRST_US = 1_000_000;
/** Pauses between the operations of all clients together. */
const PACES_US = [60_000, 200_000, 500_000];
/** A bold plan is given this long after its last fault began. */
const AFTER_US = 8_000_000;
/** A failure to converge shows only when its bound is past; that long, and a little longer. */
const SLACK_US = 2_000_000;
/** Moments that every load reaches, at which a rash plan lets a fault strike: acknowledgements and writes under way. */
const MOMENTS = ['ack', 'ack', 'write:journal-prepares', 'write:journal-headers', 'write:superblock'];

/**
 * Where a failure hangs on a coincidence (a write in flight at a power loss, a repair that meets a rival log), less of
 * everything makes the coincidence go away, and no step on the way down fails. So other plans are tried at once, with
 * the same faults early, few clients and the rates of the original, each under other seeds: the seed is a number of the
 * plan like any other. Bold plans change no more than that. Rash ones draw pace, share of reads, distances of the faults
 * and the moments at which they strike. Each of `seeds` seeds is tried with every bold plan and
 * as many rash ones. True when one fails alike with half of the operations, or few; its decisions are
 * to be listed again.
 */
export async function tryOtherSeeds(search: Search, original: RunPlan, round: number, seeds: number): Promise<boolean> {
  const { counts } = search.best;
  if (counts.operations <= LONG) return false;
  const early = earlyPlan(search.best.plan, original);
  const bold = boldPlans(early);
  const operationsMax = Math.max(Math.floor(counts.operations / 2), LONG);
  const beyondUs = search.best.finding.atUs - lastStrikeUs(search.best.plan);
  for (let index = 1; index <= seeds && search.over === ''; index++) {
    const seed = round * SEEDS_OF_ROUND + index;
    const rash = bold.map((_plan, nth) => rashPlan(early, stream(seed, `shrink/rash/${nth}`)));
    for (const plan of bold.flatMap((each, nth) => [each, rash[nth] ?? each])) {
      const untilUs = lastStrikeUs(plan) + Math.max(AFTER_US, beyondUs + SLACK_US);
      if (await search.leap({ ...plan, seed }, operationsMax, untilUs)) return true;
    }
  }
  return false;
}

/** The best plan with its faults early and the rates of the original. */
function earlyPlan(best: RunPlan, original: RunPlan): RunPlan {
  const { decisions: _, ...rest } = best;
  const { network, rarities } = original;
  // Triggers as they were: a time that was read off one run is wrong under another seed.
  const faults = original.faults.filter(({ label }) => best.faults.some((fault) => fault.label === label));
  return { ...rest, network: { ...network, bytesPerMs: 0, queueMax: 0 }, rarities, faults: earlier(faults) };
}

function boldPlans(early: RunPlan): RunPlan[] {
  return clientCounts(early).flatMap((count) => PACES_US.map((paceUs) => loaded(early, count, paceUs, 0)));
}

function clientCounts({ cluster }: RunPlan): number[] {
  return [1, 2, 3, 8].filter((count) => count <= cluster.clientCount);
}

function loaded(plan: RunPlan, clientCount: number, paceUs: number, operationsMax: number): RunPlan {
  const pauseUs = paceUs * clientCount;
  const load = { thinkUsMin: Math.floor(pauseUs / 4), thinkUsMax: pauseUs, operationsMax };
  return withWorkload(withClients(plan, clientCount), load);
}

/** Another load, other distances between the faults, and some of them at a moment instead of a time. */
function rashPlan(early: RunPlan, draw: Stream): RunPlan {
  const { workload } = early;
  const clientCount = draw.pick(clientCounts(early));
  const operationsMax = draw.chance(1, 2) ? 0 : Math.ceil(LONG / clientCount);
  const load = loaded(early, clientCount, draw.int(10, 500) * MS, operationsMax);
  const readPer65536 = draw.pick([workload.readPer65536, 16_384, 32_768]);
  const closer = draw.pick([1, 2, 4]);
  const shorter = draw.pick([1, 1, 2, 4]);
  const faults = load.faults.map((fault): FaultPlan => {
    const durationUs = fault.durationUs === 0 ? 0 : Math.max(1, Math.floor(fault.durationUs / shorter));
    return { ...fault, durationUs, trigger: rashTrigger(fault.trigger, closer, draw) };
  });
  return withWorkload({ ...load, faults }, { readPer65536 });
}

function rashTrigger(trigger: Trigger, closer: number, draw: Stream): Trigger {
  if (draw.chance(1, 3)) {
    const delayUs = draw.chance(1, 2) ? 0 : draw.int(1, 40 * MS);
    return { kind: 'on', mark: draw.pick(MOMENTS), nth: draw.int(1, 16), host: -1, delayUs };
  }
  if (trigger.kind === 'on') return draw.chance(1, 2) ? trigger : { ...trigger, nth: draw.int(1, trigger.nth) };
  const atUs = FIRST_US + Math.floor((trigger.atUs - FIRST_US) / closer) + draw.int(0, 100 * MS);
  return { kind: 'at', atUs: Math.max(0, atUs) };
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
