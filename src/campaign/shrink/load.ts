import type { RunPlan } from '../../plan/plan.ts';
import { withClients, withReplicas } from './hosts.ts';
import type { Search } from './search.ts';

/** Fewer clients, fewer operations of each, longer pauses between them (R26, 4). */
export async function reduceOperations(search: Search): Promise<void> {
  await slower(search);
  await fewerClients(search);
  const { counts } = search.best;
  for (const limit of ladder(counts.operations)) {
    if (await search.improve(withWorkload(search.best.plan, { operationsMax: limit }))) break;
  }
  await slower(search);
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
