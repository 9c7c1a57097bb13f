import type { ClusterPlan, FaultPlan } from '../plan/plan.ts';
import type { Stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';

/** A storm: faults that belong together, and what they need of the cluster. */
export interface Storm {
  readonly cluster: ClusterPlan;
  readonly faults: readonly FaultPlan[];
}

const AT_ONCE = { durationUs: 0, params: {} };

function at(label: string, kind: string, atUs: Us, host: number): Omit<FaultPlan, 'durationUs' | 'params'> {
  return { label, kind, trigger: { kind: 'at', atUs }, target: { kind: 'hosts', hosts: [host] } };
}

/**
 * Amnesia (Michael et al., DISC 2017; catalogue AMB-AMNESIA): while one backup is cut off, the other acknowledges; then
 * it loses its journal, and the primary goes down before it is back. What is left is a replica that remembers nothing
 * and one that never knew: together they are a majority and must not elect.
 */
function amnesia(cluster: ClusterPlan, draw: Stream): Storm {
  const startUs = draw.int(4, 7) * SECOND;
  const lossUs = startUs + draw.int(800, 2_500) * MS;
  const downUs = lossUs + draw.int(1, 20) * MS;
  const forgetful = draw.int(1, 2);
  return {
    cluster: { ...cluster, restartDelayUs: draw.int(100, 400) * MS },
    faults: [
      {
        ...at('storm-cut', 'net.partition', startUs, 3 - forgetful),
        durationUs: downUs - startUs,
        params: { shape: 'isolate-one', direction: 'both', clients: 'reach-all' },
      },
      { ...at('storm-loss', 'disk.file-lost', lossUs, forgetful), ...AT_ONCE, params: { zone: 'journal' } },
      {
        ...at('storm-down', 'host.down', downUs, 0),
        durationUs: draw.int(5, 8) * SECOND,
        params: { mode: 'mix', bootUs: 100 * MS },
      },
    ],
  };
}

/**
 * Two logs (raft and VSR repair bugs of the kind "an answer for the right op from the wrong history"): the old primary
 * goes on filling op numbers that a new view gives to other requests, while a backup that hears both rebuilds its
 * journal and asks either of them.
 */
function twoLogs(cluster: ClusterPlan, draw: Stream): Storm {
  return {
    cluster: { ...cluster, restartDelayUs: 20 * MS, electionTimeoutUs: draw.int(8, 14) * 100 * MS },
    faults: [
      {
        ...at('storm-bridge', 'net.partition', draw.int(4, 7) * SECOND, 2),
        durationUs: 8 * SECOND,
        params: { shape: 'bridge' },
      },
      {
        label: 'storm-loss',
        kind: 'disk.file-lost',
        trigger: { kind: 'on', mark: 'view-started', nth: 1, host: 1, delayUs: draw.int(5, 250) * MS },
        target: { kind: 'hosts', hosts: [2] },
        durationUs: 0,
        params: { zone: 'journal' },
      },
    ],
  };
}

/** A storm for a cluster of three; half of the draws give one kind, half the other. */
export function drawStorm(cluster: ClusterPlan, draw: Stream): Storm {
  return draw.chance(1, 2) ? amnesia(cluster, draw) : twoLogs(cluster, draw);
}
