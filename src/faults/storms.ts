import type { ClusterPlan, FaultPlan, RunPlan, Trigger } from '../plan/plan.ts';
import { type Stream, stream } from '../sim/random.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import { swarmPlan } from './swarm.ts';
import { drawStorm, type Storm } from './swarm-storms.ts';

/** Storms need this long from their first fault to the last recovery. */
const PHASE_US_MIN: Us = 26 * SECOND;

/** What a storm is made for, with the faults that belong together. */
interface StormKind {
  readonly name: string;
  readonly draw: (cluster: ClusterPlan, draw: Stream) => Storm;
}

function at(atUs: Us): Trigger {
  return { kind: 'at', atUs };
}

function on(mark: string, nth: number, host: number, delayUs: Us): Extract<Trigger, { kind: 'on' }> {
  return { kind: 'on', mark, nth, host, delayUs };
}

function fault(
  label: string,
  kind: string,
  trigger: Trigger,
  hosts: readonly number[],
  durationUs: Us,
  params: FaultPlan['params'],
): FaultPlan {
  return { label, kind, trigger, target: { kind: 'hosts', hosts }, durationUs, params };
}

const ALONE = { shape: 'isolate-one', direction: 'both', clients: 'reach-all' } as const;
const FORSAKEN = { shape: 'isolate-one', direction: 'both', clients: 'reach-rest' } as const;
const JOURNAL = { zone: 'journal' } as const;
const QUICK = { mode: 'mix', bootUs: 100 * MS } as const;

/**
 * Protocol-aware recovery (Alagappan et al., FAST 2018): one backup is cut off while the other acknowledges; then slots
 * of that one rot, it restarts, and the primary goes down. What is left is a replica that never knew and one whose
 * slots cannot be read: they must not agree that nothing was there.
 */
function rottenWitness(cluster: ClusterPlan, draw: Stream): Storm {
  const startUs = draw.int(4, 7) * SECOND;
  const rotUs = startUs + draw.int(900, 2_500) * MS;
  const witness = draw.int(1, 2);
  return {
    cluster: { ...cluster, restartDelayUs: draw.int(50, 300) * MS },
    faults: [
      fault('storm-cut', 'net.partition', at(startUs), [3 - witness], rotUs - startUs, ALONE),
      fault('storm-rot', 'disk.bit-rot', at(rotUs), [witness], 0, { zone: 'journal-prepares', units: 64 }),
      fault('storm-crash', 'process.crash', at(rotUs + MS), [witness], 0, { cause: 'crash' }),
      fault('storm-down', 'host.down', at(rotUs + 2 * MS), [0], draw.int(5, 8) * SECOND, QUICK),
    ],
  };
}

/**
 * The view moves on while its old primary is cut off; then a member of the new quorum loses its journal and, of the
 * two that it could ask, reaches the old primary alone (Michael et al., DISC 2017).
 */
function staleLeader(cluster: ClusterPlan, draw: Stream): Storm {
  const electionTimeoutUs = draw.int(10, 16) * 100 * MS;
  const lossUs = draw.int(300, 900) * MS;
  const turn = on('view-started', 1, 1, lossUs);
  const cut = fault('storm-cut', 'net.partition', at(draw.int(4, 6) * SECOND), [0], 10 * SECOND, FORSAKEN);
  return {
    cluster: { ...cluster, electionTimeoutUs, restartDelayUs: 20 * MS },
    faults: [
      { ...cut, endsOn: turn },
      fault('storm-loss', 'disk.file-lost', turn, [2], 0, JOURNAL),
      fault('storm-turn', 'net.partition', turn, [1], draw.int(3, 6) * SECOND, FORSAKEN),
    ],
  };
}

/**
 * A backup hears the other backup but not the primary, so that its log lags. The one in between loses its journal and
 * asks both; as soon as it believes to know its log again, the primary goes down.
 */
function laggingAnswer(cluster: ClusterPlan, draw: Stream): Storm {
  const startUs = draw.int(4, 6) * SECOND;
  const lossUs = startUs + draw.int(500, 1_500) * MS;
  const answered = on('nonce-protocol-answered', 1, 2, draw.int(0, 60) * MS);
  return {
    cluster: { ...cluster, restartDelayUs: 20 * MS, electionTimeoutUs: draw.int(10, 16) * 100 * MS },
    faults: [
      fault('storm-bridge', 'net.partition', at(startUs), [2], 8 * SECOND, { shape: 'bridge' }),
      fault('storm-loss', 'disk.file-lost', at(lossUs), [2], 0, JOURNAL),
      fault('storm-down', 'host.down', answered, [0], draw.int(5, 8) * SECOND, QUICK),
    ],
  };
}

/** As {@link laggingAnswer}, but the lagging backup has just moved on to a view that never begins. */
function unstartedView(cluster: ClusterPlan, draw: Stream): Storm {
  const startUs = draw.int(4, 5) * SECOND;
  const joined = on('view-change-started', 1, 2, draw.int(0, 3_000));
  return {
    cluster: { ...cluster, restartDelayUs: 20 * MS, electionTimeoutUs: draw.int(5, 8) * 100 * MS },
    faults: [
      fault('storm-bridge', 'net.partition', at(startUs), [2], 12 * SECOND, { shape: 'bridge' }),
      fault('storm-loss', 'disk.file-lost', joined, [2], 0, JOURNAL),
    ],
  };
}

/** Power fails at both remaining replicas while they write their superblocks for a view change, once or twice. */
function tornView(cluster: ClusterPlan, draw: Stream): Storm {
  const first = on('view-change-started', 1, -1, draw.int(0, 6_000));
  const second = on('view-change-resumed', 1, -1, draw.int(0, 20_000));
  const mode = draw.pick(['mix', 'mix', 'unreadable']);
  const outage = { mode, outageUs: draw.int(20, 300) * MS, bootUs: draw.int(50, 200) * MS };
  const faults = [
    fault('storm-down', 'host.down', at(draw.int(4, 8) * SECOND), [0], draw.int(6, 9) * SECOND, QUICK),
    fault('storm-torn', 'host.power-loss', first, [1, 2], 0, outage),
  ];
  if (draw.chance(1, 2)) faults.push(fault('storm-torn-again', 'host.power-loss', second, [1, 2], 0, outage));
  return { cluster, faults };
}

/**
 * Two turns of the primary's role: a replica led a view and was cut off, the others went on without it, and it is to
 * lead again with the one of them that is left.
 */
function oldVotes(cluster: ClusterPlan, draw: Stream): Storm {
  const startUs = draw.int(4, 6) * SECOND;
  const secondUs = startUs + draw.int(3_000, 4_000) * MS;
  const turnUs = secondUs + draw.int(3_500, 5_000) * MS;
  return {
    cluster: { ...cluster, electionTimeoutUs: draw.int(5, 8) * 100 * MS, restartDelayUs: draw.int(20, 200) * MS },
    faults: [
      fault('storm-first', 'net.partition', at(startUs), [0], secondUs - startUs, ALONE),
      fault('storm-second', 'net.partition', at(secondUs), [1], turnUs - secondUs, ALONE),
      fault('storm-down', 'host.down', at(turnUs), [0], draw.int(6, 9) * SECOND, QUICK),
      fault('storm-crash', 'process.crash', at(turnUs), [2], 0, { cause: 'crash' }),
    ],
  };
}

const KINDS: readonly StormKind[] = [
  { name: 'amnesia-or-two-logs', draw: drawStorm },
  { name: 'rotten-witness', draw: rottenWitness },
  { name: 'stale-leader', draw: staleLeader },
  { name: 'lagging-answer', draw: laggingAnswer },
  { name: 'unstarted-view', draw: unstartedView },
  { name: 'torn-view', draw: tornView },
  { name: 'old-votes', draw: oldVotes },
];

/** A swarm plan of three replicas whose faults are one storm, of a kind drawn by the seed. */
export function stormPlan(seed: number): RunPlan {
  const plan = swarmPlan(seed, { replicaCount: 3 });
  const draw = stream(seed, 'storms');
  const storm = draw.pick(KINDS).draw(plan.cluster, draw);
  return { ...plan, ...storm, faultPhaseUs: Math.max(plan.faultPhaseUs, PHASE_US_MIN) };
}
