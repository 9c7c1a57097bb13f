import type { FaultPlan, RunPlan, Target } from '../plan/plan.ts';
import { stream } from '../sim/random.ts';
import { MS, SECOND } from '../sim/time.ts';

/**
 * A plan whose budget refuses nothing, with one to three faults that a budget would refuse: older state that looks valid,
 * or loss, at more replicas than may have it (R1, class C unmasked). A property that fails then is `out-of-model`.
 */
export function unrestrictedPlan(plan: RunPlan): RunPlan {
  const draw = stream(plan.seed, 'unrestricted/faults');
  const { replicaCount } = plan.cluster;
  // A mutated plan may bring some along.
  const faults: FaultPlan[] = plan.faults.filter(({ label }) => !label.startsWith('unmasked-'));
  const count = draw.int(1, 3);
  for (let number = 1; number <= count; number++) {
    const several = draw.shuffle(Array.from({ length: replicaCount }, (_none, index) => index));
    const target: Target = { kind: 'hosts', hosts: several.slice(0, draw.int((replicaCount + 1) / 2, replicaCount)) };
    const atUs = draw.int(3 * SECOND, plan.faultPhaseUs - 2 * SECOND);
    const fault = (name: string, kind: string, laterUs: number, params: FaultPlan['params']): FaultPlan => ({
      label: `unmasked-${number}${name}`,
      kind,
      trigger: { kind: 'at', atUs: atUs + laterUs },
      target,
      durationUs: 0,
      params,
    });
    switch (draw.int(1, 4)) {
      case 1:
        faults.push(
          fault('a', 'disk.lying-fsync', 0, { zone: 'journal-prepares', count: draw.int(1, 8) }),
          fault('b', 'host.power-loss', draw.int(50, 1_000) * MS, { mode: 'mix', outageUs: 200 * MS }),
        );
        break;
      case 2:
        faults.push(
          fault('a', 'disk.lost-write', 0, {
            zone: draw.pick(['journal-prepares', 'superblock']),
            count: draw.int(1, 4),
          }),
          fault('b', 'host.power-loss', draw.int(50, 1_000) * MS, { mode: 'mix', outageUs: 200 * MS }),
        );
        break;
      case 3:
        faults.push(fault('a', 'disk.file-lost', 0, { zone: draw.pick(['journal', 'superblock']) }));
        break;
      default:
        faults.push(fault('a', 'disk.lost', 0, {}));
        break;
    }
  }
  return { ...plan, budget: 'unrestricted', faults };
}
