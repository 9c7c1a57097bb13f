import type { PoolRun } from '../campaign/pool.ts';
import type { Divergence } from '../report/determinism.ts';
import { differences, divergenceWindow, fingerprint, firstDivergentRecords } from './divergence.ts';
import type { Engine } from './engine.ts';
import { traceLine } from './trace-lines.ts';

/** Plans whose traces are compared record by record; each costs two more runs. */
const TRACED_MAX = 3;

/** Compares two runs of each plan. A run that a worker lost is not compared: it has no trace. */
export async function findDivergences(
  first: readonly PoolRun[],
  second: readonly PoolRun[],
  engine: Pick<Engine, 'runPlan'>,
): Promise<Divergence[]> {
  const found: Divergence[] = [];
  for (const [index, { result: left }] of first.entries()) {
    const right = second[index]!.result;
    if (isLost(left.reason) || isLost(right.reason)) continue;
    const what = differences(fingerprint(left), fingerprint(right));
    if (what.length === 0) continue;
    const { plan } = left;
    const parted = found.length < TRACED_MAX ? await firstDivergentRecords(plan, await engine.runPlan()) : undefined;
    found.push({
      scenario: plan.scenario,
      variant: plan.variant,
      seed: plan.seed,
      differences: what,
      ...divergenceWindow(left.traceCheckpoints, right.traceCheckpoints),
      records:
        parted === undefined
          ? null
          : { first: parted.first && traceLine(parted.first), second: parted.second && traceLine(parted.second) },
    });
  }
  return found;
}

function isLost(reason: string): boolean {
  return reason === 'crashed' || reason === 'hung';
}
