import { failed, ok, type Wait } from '../../host/command.ts';
import { FILE } from '../../vsr/config.ts';
import type { Replica } from '../../vsr/replica.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { format } from '../layout.ts';
import { runningNode, shownId } from '../replica-view.ts';
import { ask, type Context, here, type Run } from './ask.ts';

/** Files in any of which a node may have kept something. */
const KEPT: readonly string[] = [FILE.superblock, FILE.headers, FILE.prepares];

/** The first of the peers named as `node1:7001,node2:7001` whose server answers, or null. */
function* answeringPeer(ctx: Context, peers: string): Generator<Wait, Replica | null, boolean> {
  const { fleet } = ctx;
  for (const peer of peers.split(',')) {
    const machine = fleet.machineOf(peer.trim().replace(/:\d+$/, ''), ctx.onHost);
    if (machine === null || !fleet.hasService(machine)) continue;
    const view = yield* ask(ctx, machine.id);
    const replica = runningNode(fleet.cluster, machine.id)?.vsr.replica ?? null;
    if (view.status !== 'unreachable' && replica !== null) return replica;
  }
  return null;
}

/** The members that every configuration file lists: those of the cluster as it was formatted. */
function configuredMembers({ cluster }: KimberliteFleet): number[] {
  const { replicaCount, spares = 0 } = cluster.config;
  return cluster.replicaHosts.slice(0, replicaCount - spares);
}

/**
 * `kimberlite-server --node-id N --cluster-peers PEERS` on the host of node N: formats an empty data directory and starts the
 * server. It takes epoch and members from the first peer that answers, and has no vote until a change makes it a member
 * and it holds the log. Without `new-node-has-no-vote` it takes the epoch only and counts itself a member at once.
 */
export function* startNode(ctx: Context, command: string, id: number, peers: string): Run {
  const { fleet } = ctx;
  const machine = here(ctx);
  const host = fleet.hostOfReplica(id);
  const refuse = (text: string) => failed(1, `${command}: refused: ${text}\n`);
  if (host < 0 || host !== machine.id) return refuse(`${ctx.onHost} is not the host of node ${id}`);
  if (machine.isUp) return refuse('a server runs on this host');
  if (KEPT.some((file) => machine.disk.fileExists(file))) return refuse(`the data directory of node ${id} holds data`);
  const peer = yield* answeringPeer(ctx, peers);
  if (peer === null) return failed(1, `${command}: no peer answers: ${peers === '' ? '--cluster-peers' : peers}\n`);
  const configured = configuredMembers(fleet);
  const isFormer = peer.epoch > 0 && configured.includes(host) && !peer.members.includes(host);
  if (isFormer && fleet.guard('new-node-new-id')) {
    return refuse(`node ${id} was a member before epoch ${peer.epoch}: a new machine takes a new id`);
  }
  const waits = fleet.guard('new-node-has-no-vote');
  const { epoch } = peer;
  const members = waits ? peer.members : configured;
  // A checkpoint without a superblock belongs to nobody.
  for (const file of machine.disk.files()) machine.disk.removeFile(file);
  format(machine, fleet.cluster.config, host, { members, epoch, mustRecover: waits });
  machine.enabled = true;
  machine.start();
  fleet.world.mark('new-node-started', host);
  const names = members.map((member) => shownId(fleet.cluster, member)).join(', ');
  const vote = waits ? 'without a vote until it is a member and holds the log' : 'with a vote';
  return ok(`node ${id}: empty data directory, epoch ${epoch}, members ${names}; started ${vote}\n`);
}
