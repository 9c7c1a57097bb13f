import type { RunPlan } from '../../plan/plan.ts';
import { withClients, withReplicas } from './hosts.ts';
import type { Search } from './search.ts';

/** Shares of reads, of 65536, that are tried where there are fewer. */
const MORE_READS = [49_152, 32_768, 24_576];

/** Fewer clients, fewer operations of each, longer pauses between them (R26, 4). */
export async function reduceOperations(search: Search): Promise<void> {
  await slower(search);
  await fewerClients(search);
  await moreReads(search);
  const { counts } = search.best;
  for (const limit of ladder(counts.operations)) {
    if (await search.improve(withWorkload(search.best.plan, { operationsMax: limit }))) break;
  }
  await slower(search);
}

/** A failure that only a read shows needs fewer operations where more of them are reads. */
async function moreReads(search: Search): Promise<void> {
  const { readPer65536 } = search.best.plan.workload;
  if (readPer65536 === 0) return;
  for (const reads of MORE_READS) {
    if (reads > readPer65536 && (await search.improve(withWorkload(search.best.plan, { readPer65536: reads })))) return;
  }
}

/** Pauses 32, 8 and 2 times as long, for as long as that leaves fewer operations. */
async function slower(search: Search): Promise<void> {
  for (const factor of [32, 8, 2]) {
    for (;;) {
      const { thinkUsMin, thinkUsMax } = search.best.plan.workload;
      if (thinkUsMax === 0 || thinkUsMax * factor > 60_000_000) break;
      const changes = { thinkUsMin: thinkUsMin * factor, thinkUsMax: thinkUsMax * factor };
      if (!(await search.improve(withWorkload(search.best.plan, changes)))) break;
    }
  }
}

async function fewerClients(search: Search): Promise<void> {
  const { clients } = search.best.counts;
  for (const count of ladder(clients)) {
    if (await search.improve(withClients(search.best.plan, count))) return;
    // Fewer clients at the same rate of operations.
    const { thinkUsMin, thinkUsMax } = search.best.plan.workload;
    const share = (us: number): number => Math.floor((us * count) / clients);
    const busier = withWorkload(search.best.plan, { thinkUsMin: share(thinkUsMin), thinkUsMax: share(thinkUsMax) });
    if (await search.improve(withClients(busier, count))) return;
  }
}

/** Rings that are tried instead of a larger one; below 8 slots a pipeline of 2 has no room beside a checkpoint. */
const RING_SLOTS = [8, 12, 16, 24];

/**
 * A shorter journal with its parts in the proportions that a drawn plan has: a failure that needs an entry to be
 * overwritten, or a replica to fall behind by a whole ring, then needs few operations.
 */
export async function shorterRing(search: Search): Promise<void> {
  for (const slots of RING_SLOTS) {
    const { cluster } = search.best.plan;
    if (slots >= cluster.journalSlots) return;
    const pipelineMax = Math.min(cluster.pipelineMax, slots / 4);
    for (const checkpointOps of [slots / 2, slots / 4]) {
      const ring = { ...cluster, journalSlots: slots, checkpointOps, pipelineMax };
      if (await search.simplify({ ...search.best.plan, cluster: ring })) return;
    }
  }
}

/** Three replicas instead of five (R26, 4): any three of them, with the decisions that remain or with none. */
export async function reduceReplicas(search: Search): Promise<void> {
  const { plan } = search.best;
  if (plan.cluster.replicaCount !== 5) return;
  for (const kept of threeOfFive()) {
    const smaller = withReplicas(plan, kept);
    if (await search.improve(smaller)) return;
    if (smaller.decisions?.length && (await search.improve({ ...smaller, decisions: [] }))) return;
  }
}

function threeOfFive(): number[][] {
  const sets: number[][] = [];
  for (let a = 0; a < 3; a++) {
    for (let b = a + 1; b < 4; b++) for (let c = b + 1; c < 5; c++) sets.push([a, b, c]);
  }
  return sets;
}

export function withWorkload(plan: RunPlan, changes: Partial<RunPlan['workload']>): RunPlan {
  return { ...plan, workload: { ...plan.workload, ...changes } };
}

/** 1, 2, 3, 4, 6, 8, 12, ... below `limit`. */
export function ladder(limit: number): number[] {
  const steps: number[] = [];
  for (let base = 2; base < limit; base *= 2) steps.push(base, base + base / 2);
  return [1, ...steps].filter((step) => step < limit);
}
