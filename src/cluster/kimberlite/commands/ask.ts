import type { Machine } from '../../../sim/machine.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { type CommandContext, type CommandResult, failed, type Wait } from '../../host/command.ts';
import type { Flags } from '../../host/flags.ts';
import { roundTripUs } from '../../host/host-fleet.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { membersSeen, type ReplicaView } from '../replica-view.ts';

export type Context = CommandContext<KimberliteFleet>;
export type Run = Generator<Wait, CommandResult, boolean>;

/** How long the tools wait for a host that does not answer. */
export const ASK_TIMEOUT_US: Us = 2 * SECOND;

/** The machine whose shell runs the command. */
export function here(ctx: Context): Machine {
  return ctx.fleet.machineOf(ctx.onHost, ctx.onHost) as Machine;
}

/** Asks a replica's server for its status: a round trip, or the timeout when the host does not answer. */
export function* ask(ctx: Context, host: number): Generator<Wait, ReplicaView, boolean> {
  const { fleet } = ctx;
  const from = here(ctx);
  const to = fleet.machineOfReplica(host);
  const us = fleet.reaches(from, to) ? Math.min(roundTripUs(fleet, from, to), ASK_TIMEOUT_US) : ASK_TIMEOUT_US;
  yield { kind: 'sleep', us };
  return fleet.see(from, host);
}

/** Asks all replicas at the same time. */
export function* askAll(ctx: Context): Generator<Wait, ReplicaView[], boolean> {
  const { fleet } = ctx;
  const from = here(ctx);
  let us: Us = 0;
  for (const host of fleet.replicas()) {
    const to = fleet.machineOfReplica(host);
    const each = fleet.reaches(from, to) ? roundTripUs(fleet, from, to) : ASK_TIMEOUT_US;
    us = Math.max(us, Math.min(each, ASK_TIMEOUT_US));
  }
  yield { kind: 'sleep', us };
  return fleet.seeAll(from);
}

/** The pages of those that make up the cluster: blank hosts and those of an abandoned epoch are none. */
export function ofMembers({ fleet }: Context, views: readonly ReplicaView[]): ReplicaView[] {
  const members = membersSeen(views, fleet.cluster.replicaHosts);
  return views.filter(({ host }) => members.includes(host));
}

/** The host that `--replica-id` (or another integer flag) names, or the failure to return. */
export function replicaFlag(ctx: Context, flags: Flags, command: string, name = 'replica-id'): number | CommandResult {
  const id = flags.integer(name) as number;
  const host = ctx.fleet.hostOfReplica(id);
  if (host >= 0) return host;
  const known = ctx.fleet.seeAll(here(ctx)).map((view) => view.id);
  return failed(1, `${command}: replica ${id} not in cluster (members: ${known.join(', ')})\n`);
}

/** Whether the host's agent answers, which works on the disk of a replica whose server may be dead. */
export function agentAnswers(ctx: Context, host: number): boolean {
  return ctx.fleet.reaches(here(ctx), ctx.fleet.machineOfReplica(host));
}

/** The failure of a command that needs a host which does not answer; costs the timeout. */
export function* unreachable(ctx: Context, command: string, host: number): Run {
  yield { kind: 'sleep', us: ASK_TIMEOUT_US };
  return failed(1, `${command}: ${ctx.fleet.machineOfReplica(host).name} does not answer\n`);
}
