import { KIMBERLITE_OPERATION, streamKey } from '../cluster/kimberlite/machine.ts';
import { operationBody } from '../cluster/vsr/client.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Machine } from '../sim/machine.ts';
import { DOMAIN, mix2, mix3 } from '../sim/mix.ts';
import { isolateOne } from '../sim/partition.ts';
import { SECOND, type Us } from '../sim/time.ts';
import type { Simulation } from './simulation.ts';

/** How often convergence is looked at. */
const SLICE_US: Us = 50_000;

/**
 * Virtual time that a healed core may take to converge (R12): (f + 1) view changes at the backoff cap, a clock window,
 * the bytes to be repaired over the slowest link, all of it three times.
 */
export function budgetUs(simulation: Simulation): Us {
  const { cluster, network } = simulation.plan;
  const faults = Math.floor((cluster.replicaCount - 1) / 2);
  const viewChangeUs = Math.max(cluster.electionTimeoutUs, 2_000_000) * 8 * 2;
  const clockUs = 3 * 1_500_000 + 2 * SECOND;
  const repairBytes = cluster.journalSlots * cluster.slotBytes;
  const bandwidth = network.bytesPerMs > 0 ? network.bytesPerMs : 10_000;
  const repairUs = Math.floor(repairBytes / bandwidth) * 1_000 + cluster.journalSlots * 100_000;
  return 3 * ((faults + 1) * viewChangeUs + clockUs + repairUs);
}

/** Ends all faults, brings every host up and lets links open; latent damage on disks stays and must be repaired. */
export function heal(simulation: Simulation): void {
  simulation.nemesis.stopAll();
  simulation.cluster.world.scheduling?.clear();
  simulation.disturbedUs = simulation.cluster.world.nowUs;
  for (const host of simulation.cluster.serverHosts) {
    if (simulation.cluster.isSpare(host)) continue;
    const machine = simulation.cluster.world.machines[host] as Machine;
    // The time daemon of a healed host steps its clock to the server's: clocks within tolerance are part of the core.
    machine.clock.restartNtp();
    machine.enabled = true;
    machine.supervisor.policy = 'on-failure';
    machine.supervisor.delayUs = Math.max(machine.supervisor.delayUs, 100_000);
    if (!machine.powered) machine.powerOn(500_000);
    else if (machine.process === null) machine.scheduleStart(100_000);
  }
  simulation.cluster.quietClients();
}

/** What keeps `core` from having converged, in one line; empty when nothing does. */
export function pendingReason(simulation: Simulation, core: readonly number[]): string {
  let first: ReplicaObservation | null = null;
  for (const host of core) {
    const seen = simulation.cluster.observation(host);
    if (seen === null) return `replica ${host} is down`;
    if (seen.status !== 'normal' || seen.mustRecover)
      return `replica ${host} is ${seen.mustRecover ? 'recovering' : seen.status}`;
    if (seen.commit < seen.commitMax || seen.op !== seen.commitMax)
      return `replica ${host} holds uncommitted or unapplied ops`;
    if (!seen.settled) return `replica ${host} has missing or faulty slots, or no clock epoch`;
    if (first === null) {
      first = seen;
      continue;
    }
    if (seen.view !== first.view) return `replicas ${first.replica} and ${host} differ in view`;
    if (seen.commit !== first.commit) return `replicas ${first.replica} and ${host} differ in commit number`;
    if (seen.stateHash0 !== first.stateHash0 || seen.stateHash1 !== first.stateHash1) {
      return `replicas ${first.replica} and ${host} differ in state`;
    }
  }
  // The primary may stand outside the core, as long as it serves it: the clients below show that.
  const primary = simulation.cluster.primaryHost();
  if (primary < 0 || simulation.cluster.observation(primary)?.view !== first?.view) return 'no primary';
  for (const [index, client] of simulation.cluster.clients.entries()) {
    if (client !== null && !client.idle) return `client ${index} waits for an answer`;
  }
  return '';
}

/** A subset of voters that is to converge, with the others cut off, or all of them: drawn by key (R12). */
export function chooseCore(
  simulation: Simulation,
  recoverable: (core: readonly number[]) => boolean,
): readonly number[] {
  const { seed, cluster } = simulation.plan;
  const all = simulation.cluster.replicaHosts;
  const quorum = Math.floor(cluster.replicaCount / 2) + 1;
  if (mix2(seed | 0, DOMAIN.core, 0, 0) % 2 === 0) return all;
  const sets: number[][] = [];
  for (let mask = 1; mask < 1 << all.length; mask++) {
    const set = all.filter((host) => (mask & (1 << host)) !== 0);
    if (set.length >= quorum && set.length < all.length && recoverable(set)) sets.push(set);
  }
  if (sets.length === 0) return all;
  return sets[mix2(seed | 0, DOMAIN.core, 1, 0) % sets.length] as number[];
}

/** Freezes everybody outside the core: cut off both ways, or keeping arbitrary one-way links into it (R12). */
export function freezeOthers(simulation: Simulation, core: readonly number[]): void {
  simulation.frozen = core.length < simulation.cluster.replicaHosts.length;
  const { seed } = simulation.plan;
  const network = simulation.cluster.world.network;
  const hosts = [...simulation.cluster.replicaHosts, ...simulation.cluster.clientHosts];
  const partial = mix2(seed | 0, DOMAIN.core, 2, 0) % 2 === 0;
  for (const host of simulation.cluster.replicaHosts) {
    if (core.includes(host)) continue;
    let links = isolateOne(
      host,
      hosts.filter((other) => other !== host),
      'both',
    );
    if (partial) links = links.filter((link) => mix3(seed | 0, DOMAIN.core, 3, link.from, link.to) % 2 === 0);
    network.cut(`frozen-${host}`, links);
  }
  simulation.disturbedUs = simulation.cluster.world.nowUs;
}

/** Opens the links of everybody again. */
export function thaw(simulation: Simulation): void {
  simulation.frozen = false;
  for (const host of simulation.cluster.replicaHosts) simulation.cluster.world.network.heal(`frozen-${host}`);
  simulation.disturbedUs = simulation.cluster.world.nowUs;
}

/**
 * Waits for convergence of `core`, then for a new write of every client, then for ten election timeouts without a view
 * change (R12). Returns what did not happen; empty when all did.
 */
export function converge(simulation: Simulation, core: readonly number[], boundUs: Us): string {
  const world = simulation.cluster.world;
  const untilUs = world.nowUs + boundUs;
  const settled = (): boolean => pendingReason(simulation, core) === '';
  if (!simulation.advanceUntil(settled, SLICE_US, untilUs)) return pendingReason(simulation, core);
  for (const [index, client] of simulation.cluster.clients.entries()) {
    const key = streamKey(9, index);
    const value = (world.nowUs & 0xffff) + index;
    client?.plan({ operation: KIMBERLITE_OPERATION.append, key, value, body: operationBody(key, value, 32) });
  }
  if (!simulation.advanceUntil(settled, SLICE_US, untilUs)) return pendingReason(simulation, core);
  return quiet(simulation, core, untilUs);
}

/** Ten election timeouts without a view change, within the bound; an unquiet window begins again. */
function quiet(simulation: Simulation, core: readonly number[], untilUs: Us): string {
  const world = simulation.cluster.world;
  const viewOf = (): number => simulation.cluster.observation(core[0] as number)?.view ?? -1;
  for (;;) {
    const view = viewOf();
    if (!simulation.advance(world.nowUs + electionUs(simulation) * 10)) return 'run ended within the quiet window';
    const after = pendingReason(simulation, core);
    if (after === '' && viewOf() === view) return '';
    if (world.nowUs >= untilUs) return after === '' ? 'a view change within every quiet window' : after;
    if (!simulation.advanceUntil(() => pendingReason(simulation, core) === '', SLICE_US, untilUs)) {
      return pendingReason(simulation, core);
    }
  }
}

function electionUs(simulation: Simulation): Us {
  const set = simulation.cluster.nodes[0]?.machine.electionTimeoutUs ?? 0;
  return set > 0 ? set : simulation.plan.cluster.electionTimeoutUs;
}
