import { KIMBERLITE_OPERATION, type StreamState } from '../cluster/kimberlite/machine.ts';
import { operationBody } from '../cluster/vsr/client.ts';
import { DOMAIN, mix2 } from '../sim/mix.ts';
import type { Us } from '../sim/time.ts';
import { converge } from './liveness.ts';
import type { Simulation } from './simulation.ts';

/**
 * The end of every run (R10): all replicas lose power at one instant, restart from their disks and converge; then the
 * disks are searched for every acknowledged op, and every stream is read back through a client and must be what it was.
 * Length and chain hash of a stream stand for all of its acknowledged events in their order. Returns what did not converge; differences are reported as findings.
 */
export function coldRestart(simulation: Simulation, boundUs: Us): string {
  const { cluster, plan } = simulation;
  const reference = cluster.nodes[cluster.primaryHost()]?.machine;
  if (reference === undefined) return 'no primary before the cold restart';
  const before = new Map<number, StreamState>();
  for (const [key, stream] of reference.streams) before.set(key, { ...stream });
  const mode = mix2(plan.seed | 0, DOMAIN.powerLossTear, 77, 0) % 2 === 0 ? 'mix' : 'unreadable';
  for (const host of cluster.serverHosts) cluster.world.machines[host]?.powerLoss('epilogue', mode);
  for (const host of cluster.serverHosts) cluster.world.machines[host]?.powerOn(300_000);
  const pending = converge(simulation, simulation.members, boundUs);
  if (pending !== '' || simulation.failed) return pending;
  auditDisks(simulation);
  if (simulation.failed) return '';
  return readBack(simulation, before, boundUs);
}

/** Every acknowledged op, by the bytes on the disks of those who vote now (R10). */
function auditDisks({ cluster, checks }: Simulation): void {
  const primary = cluster.primaryHost();
  const seen = cluster.observation(primary);
  if (seen !== null) checks.durableAck.auditDisks(seen.epoch, primary);
}

/** Reads each stream through one client after another and compares. */
function readBack(simulation: Simulation, before: ReadonlyMap<number, StreamState>, boundUs: Us): string {
  const { cluster } = simulation;
  const world = cluster.world;
  const clients = cluster.clients.filter((client) => client !== null);
  const keys = [...before.keys()].sort((left, right) => left - right);
  for (const [index, key] of keys.entries()) {
    const client = clients[index % clients.length];
    if (client === undefined) return 'no client';
    const wanted = before.get(key) as StreamState;
    // The clients' own streams (tenant 9) were written again after the restart.
    if (key >>> 16 === 9) continue;
    client.plan({ operation: KIMBERLITE_OPERATION.read, key, value: 0, body: operationBody(key, 0, 8) });
    if (!simulation.advanceUntil(() => client.idle, 10_000, world.nowUs + boundUs))
      return `read of stream ${key} not answered`;
    const got = client.last;
    if (got === null || got.length !== wanted.length || got.chain0 !== wanted.chain0 || got.chain1 !== wanted.chain1) {
      simulation.report('INV-DURABLE-ACK', 'cold-restart-read-back', {
        stream: key,
        wanted: wanted.length,
        got: got?.length ?? -1,
      });
      return '';
    }
  }
  return '';
}
