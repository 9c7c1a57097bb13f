import fc from 'fast-check';
import { fitPlan } from '../../faults/fit.ts';
import type { FaultPlan, RunPlan, Trigger } from '../../plan/plan.ts';
import { type Stream, stream } from '../../sim/random.ts';
import { MS, SECOND, type Us } from '../../sim/time.ts';
import { anyFault, anyMoment, isCertain, plainFault } from '../fault-arbitrary.ts';
import { drawnPlan } from '../plan-arbitrary.ts';

const FAULTS_MAX = 14;
const PHASE_US_MAX: Us = 36 * SECOND;
/** What a plan with the faults of two gets besides the longer of their fault phases. */
const MATED_US: Us = 4 * SECOND;

/** One sample of an arbitrary, by a number of a stream. */
function sample<T>(arbitrary: fc.Arbitrary<T>, draw: Stream): T {
  const [value] = fc.sample(arbitrary, { seed: draw.int(0, 0x7fff_ffff), numRuns: 1, unbiased: true });
  return value as T;
}

/** A change of the list of faults; null where it does not apply. */
type Change = (faults: readonly FaultPlan[], draw: Stream) => readonly FaultPlan[] | null;

function replaced(faults: readonly FaultPlan[], index: number, fault: FaultPlan): readonly FaultPlan[] {
  return faults.map((known, place) => (place === index ? fault : known));
}

/** Changes one fault that the stream picks. */
function changesOne(change: (fault: FaultPlan, draw: Stream) => FaultPlan): Change {
  return (faults, draw) => {
    if (faults.length === 0) return null;
    const index = draw.int(0, faults.length - 1);
    return replaced(faults, index, change(faults[index] as FaultPlan, draw));
  };
}

const add: Change = (faults, draw) => {
  if (faults.length >= FAULTS_MAX) return null;
  return [...faults, sample(draw.chance(3, 4) ? plainFault : anyFault, draw)];
};

const drop: Change = (faults, draw) => {
  if (faults.length < 3) return null;
  const index = draw.int(0, faults.length - 1);
  return faults.filter((_fault, place) => place !== index);
};

/** Once more, a little later: what a single fault survives it may not survive twice. */
const repeat: Change = (faults, draw) => {
  if (faults.length === 0 || faults.length >= FAULTS_MAX) return null;
  const fault = draw.pick(faults);
  return [...faults, { ...fault, trigger: shifted(fault.trigger, draw.int(1, 3_000) * MS, 1) }];
};

function shifted(trigger: Trigger, byUs: number, more: number): Trigger {
  if (trigger.kind === 'at') return { kind: 'at', atUs: Math.max(0, trigger.atUs + byUs) };
  return { ...trigger, nth: Math.max(1, trigger.nth + more) };
}

/** By a few ms or by seconds: both orders of magnitude decide which message a fault meets. */
const shift = changesOne((fault, draw) => {
  const sizeUs = draw.chance(1, 2) ? draw.int(1, 50) * MS : draw.int(50, 4_000) * MS;
  const sign = draw.chance(1, 2) ? 1 : -1;
  return { ...fault, trigger: shifted(fault.trigger, sign * sizeUs, sign * draw.int(1, 4)) };
});

const stretch = changesOne((fault, draw) => {
  if (fault.durationUs === 0) return fault;
  return { ...fault, durationUs: Math.max(MS, Math.floor((fault.durationUs * draw.int(1, 12)) / 4)) };
});

const retarget = changesOne((fault, draw) => {
  if (fault.target.kind === 'role') return { ...fault, target: { kind: 'hosts', hosts: [draw.int(0, 4)] } };
  if (fault.kind === 'client.crash') return { ...fault, target: { kind: 'hosts', hosts: [draw.int(5, 20)] } };
  const index = draw.int(0, 3);
  return draw.chance(1, 2)
    ? { ...fault, target: { kind: 'hosts', hosts: [draw.int(0, 4)] } }
    : { ...fault, target: { kind: 'role', role: draw.pick(['primary', 'backup']), index } };
});

/** Aims at a moment instead of a time, or at another moment. */
const aim = changesOne((fault, draw) => ({ ...fault, trigger: sample(anyMoment, draw) }));

/** Lets a fault follow another: so close that it meets what the first one set going. */
const follow: Change = (faults, draw) => {
  if (faults.length < 2) return null;
  const [first, second] = draw.shuffle(faults.map((_fault, index) => index)) as [number, number];
  const { trigger } = faults[first] as FaultPlan;
  const delayUs = draw.int(1, 2_000) * MS;
  const later: Trigger =
    trigger.kind === 'at'
      ? { kind: 'at', atUs: trigger.atUs + delayUs }
      : { ...trigger, delayUs: trigger.delayUs + delayUs };
  return replaced(faults, second, { ...(faults[second] as FaultPlan), trigger: later });
};

/** The parameters that another fault of the kind was drawn with. */
const reparametrise = changesOne((fault, draw) => {
  for (let attempt = 0; attempt < 24; attempt++) {
    const other = sample(anyFault, draw);
    if (other.kind !== fault.kind) continue;
    // Whether a process comes back by itself is a matter of why it ended, and so is how long it stays away.
    const { durationUs } = fault.kind === 'process.crash' ? other : fault;
    return { ...fault, params: other.params, durationUs };
  }
  return fault;
});

const CHANGES: readonly Change[] = [
  add,
  add,
  drop,
  shift,
  shift,
  stretch,
  retarget,
  aim,
  follow,
  repeat,
  reparametrise,
];

/**
 * Whether enough faults take effect whatever becomes of the others: two of three. Where there are fewer, what the others
 * wait for is made by those that are certain, so a change may add none that waits, and has to leave the certain ones on
 * their hosts. A plan most of whose faults wait for trouble that none of them makes proves nothing (R19).
 */
function isGrounded(before: readonly FaultPlan[], after: readonly FaultPlan[]): boolean {
  const certain = after.filter(isCertain);
  if (certain.length * 3 >= after.length * 2) return true;
  const needed = before.filter(isCertain);
  if (after.length - certain.length > before.length - needed.length) return false;
  return needed.every(({ label, target }) => certain.some((kept) => kept.label === label && kept.target === target));
}

/** One part of the plan outside its faults, as another plan was drawn with. */
function otherSetting(plan: RunPlan, draw: Stream): RunPlan {
  const other = drawnPlan(draw.int(0, 0x7fff_ffff));
  switch (draw.int(1, 6)) {
    case 1:
      return { ...plan, network: other.network };
    case 2:
      return { ...plan, disk: other.disk };
    case 3:
      return { ...plan, workload: other.workload };
    case 4:
      return { ...plan, rarities: !plan.rarities };
    case 5:
      return { ...plan, faultPhaseUs: Math.min(PHASE_US_MAX, plan.faultPhaseUs + draw.int(1, 6) * SECOND) };
    default: {
      const { electionTimeoutUs, checkpointOps, pipelineMax, restartDelayUs } = other.cluster;
      return { ...plan, cluster: { ...plan.cluster, electionTimeoutUs, checkpointOps, pipelineMax, restartDelayUs } };
    }
  }
}

/** The parent with the faults of its mate, too, and with more time for them: what both have lost is to come back. */
function mated(parent: RunPlan, mate: RunPlan): RunPlan {
  const longerUs = Math.min(PHASE_US_MAX, Math.max(parent.faultPhaseUs, mate.faultPhaseUs) + MATED_US);
  const faultPhaseUs = Math.max(parent.faultPhaseUs, longerUs);
  return { ...parent, faultPhaseUs, faults: [...parent.faults, ...mate.faults].slice(0, FAULTS_MAX) };
}

/**
 * A plan near `parent` (R25): one to four changes of its faults, seldom one of its settings, seldom with faults of
 * `mate`. Three of four times the run's decisions stay the parent's, so that what came before the first change comes
 * again; else they are those of `seed`. Fitted, so it is as valid as a drawn plan.
 */
export function mutatedPlan(parent: RunPlan, mate: RunPlan, seed: number, draw: Stream): RunPlan {
  const changes = draw.pick([1, 1, 2, 2, 3, 4]);
  const whole = draw.chance(1, 8) ? mated(parent, mate) : parent;
  let { faults } = whole;
  for (let done = 0, tries = 0; done < changes && tries < 4 * changes; tries++) {
    const changed = draw.pick(CHANGES)(faults, draw);
    if (changed === null || !isGrounded(faults, changed)) continue;
    faults = changed;
    done++;
  }
  const kept = draw.chance(3, 4) ? parent.seed : seed >>> 0;
  const plan = { ...whole, seed: kept, faults };
  return fitPlan(draw.chance(1, 6) ? otherSetting(plan, draw) : plan);
}

/** The stream of a seed's choices; campaigns with other seeds choose otherwise. */
export function choices(seed: number, campaignSeed: number, label: string): Stream {
  return stream(seed, `${label}/${campaignSeed}`);
}
