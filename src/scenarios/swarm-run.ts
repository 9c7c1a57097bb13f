import type { Certificate, RunResult } from '../plan/result.ts';
import { coldRestart } from './epilogue.ts';
import { budgetUs, chooseCore, converge, freezeOthers, heal, thaw } from './liveness.ts';
import { certificatesOf, isRecoverable } from './recoverable.ts';
import type { Simulation } from './simulation.ts';

/** How a run ended, before it is put into words. */
export interface Ending {
  readonly pending: string;
  readonly excused: readonly Certificate[];
  readonly vacuous: string;
  readonly alertToRecoveryUs: number;
  readonly alerts: RunResult['alerts'];
  readonly commands: RunResult['commands'];
}

/** A drawn plan: faults, then a healed core that must converge, then everybody, then the cold restart (R12, R10). */
export function runSwarm(simulation: Simulation): Ending {
  const { plan, cluster } = simulation;
  cluster.start();
  simulation.nemesis.start();
  const ended = (pending: string, excused: readonly Certificate[] = []): Ending => ({
    pending,
    excused,
    vacuous: vacuity(simulation),
    alertToRecoveryUs: -1,
    alerts: [],
    commands: [],
  });
  if (!simulation.advance(plan.faultPhaseUs)) return ended('');
  heal(simulation);
  const boundUs = budgetUs(simulation);
  const core = chooseCore(simulation, (set) => isRecoverable(simulation, set));
  freezeOthers(simulation, core);
  const pending = converge(simulation, core, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (pending !== '') return ended(...judgeStuck(simulation, core, pending));
  thaw(simulation);
  const rest = converge(simulation, cluster.replicaHosts, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (rest !== '') return ended(...judgeStuck(simulation, cluster.replicaHosts, rest));
  const cold = coldRestart(simulation, boundUs);
  if (simulation.failed || simulation.exhausted !== '') return ended('');
  if (cold !== '') return ended(...judgeStuck(simulation, cluster.replicaHosts, `after the cold restart: ${cold}`));
  simulation.properties.onEnd();
  return ended('');
}

/** A core that did not converge: excused only with a certificate for what it lacks (R11), otherwise a failure. */
export function judgeStuck(
  simulation: Simulation,
  core: readonly number[],
  pending: string,
): [string, readonly Certificate[]] {
  const certificates = certificatesOf(simulation, core);
  if (certificates.length > 0) return [pending, certificates];
  simulation.report('INV-RECOVERS', 'not-converged', { pending });
  return [pending, []];
}

/** What a drawn plan must have shown to prove anything (R17); empty when it did. */
export function vacuity(simulation: Simulation): string {
  const { plan } = simulation;
  const missing = plan.mustReach.filter((mark) => !simulation.cluster.world.marks.has(mark));
  if (missing.length > 0) return `not reached: ${missing.join(', ')}`;
  if (plan.variant !== 'swarm') return '';
  if (simulation.acknowledged < 50 || simulation.acknowledgedBy.size < Math.min(2, plan.cluster.clientCount)) {
    return `${simulation.acknowledged} operations of ${simulation.acknowledgedBy.size} clients acknowledged`;
  }
  const planned = plan.faults.length - simulation.nemesis.suppressed.length;
  if (simulation.nemesis.fired.length * 2 < planned)
    return `${simulation.nemesis.fired.length} of ${planned} faults fired`;
  return '';
}
