import type { FaultPlan, RunPlan, Target } from '../plan/plan.ts';
import { type Stream, stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import { FAULT_KINDS } from './kind-table.ts';
import { faultKind } from './kinds.ts';
import { swarmPlan } from './swarm.ts';
import { RECIPES, type Recipe } from './swarm-recipes.ts';

const FROM_US: Us = 2 * SECOND;
const DURATION_US_MAX: Us = 8 * SECOND;

/**
 * The plainest plan that a seed can give, the yardstick of the other strategies (R25): cluster, network and workload as
 * the swarm draws them, 2 to 10 faults out of all kinds, each as likely as the next, at times that are uniform over the
 * fault phase, on hosts that are, too. No kind is switched off, nothing waits for a state, no faults belong together.
 */
export function uniformPlan(seed: number): RunPlan {
  // With kinds laid down the swarm draws no storm; its faults are replaced.
  const frame = swarmPlan(seed, { kinds: FAULT_KINDS.map(({ kind }) => kind) });
  const draw = stream(seed, 'uniform/faults');
  const count = draw.int(2, 10);
  const faults: FaultPlan[] = [];
  for (let number = 1; number <= count; number++) {
    faults.push(uniformFault(stream(seed, `uniform/fault/${number}`), number, frame));
  }
  return { ...frame, faults };
}

function uniformFault(draw: Stream, number: number, frame: RunPlan): FaultPlan {
  const recipe = draw.pick(RECIPES);
  const lasts = faultKind(recipe.kind)?.lasts === 'lasting' && recipe.kind !== 'process.crash';
  const { replicaCount, restartDelayUs } = frame.cluster;
  const params = recipe.params(draw, { replicaCount, restartDelayUs });
  const durationUs = draw.int(50 * MS, Math.min(DURATION_US_MAX, recipe.durationUsMax));
  return {
    label: `${number}-${recipe.kind}`,
    kind: recipe.kind,
    trigger: { kind: 'at', atUs: draw.int(FROM_US, frame.faultPhaseUs - SECOND) },
    target: victim(draw, recipe, frame),
    durationUs: lasts ? durationUs : 0,
    params,
  };
}

/** Clocks of at most f replicas go wrong, the same ones in all of a plan: beyond that writes are refused (R6). */
function victim(draw: Stream, recipe: Recipe, frame: RunPlan): Target {
  const { replicaCount, clientCount } = frame.cluster;
  const bad = Math.floor((replicaCount - 1) / 2);
  switch (recipe.victims) {
    case 'clients':
      return { kind: 'hosts', hosts: [replicaCount + draw.int(0, clientCount - 1)] };
    case 'clocks':
      return { kind: 'hosts', hosts: [draw.int(0, bad - 1)] };
    default:
      return { kind: 'hosts', hosts: [draw.int(0, replicaCount - 1)] };
  }
}
