import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok, type Wait } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { OPERATION } from '../../storage/prepare.ts';
import { write32 } from '../../storage/record.ts';
import { clientId } from '../../vsr/commit.ts';
import { FILE } from '../../vsr/config.ts';
import { draft, seal } from '../../vsr/message.ts';
import type { Replica } from '../../vsr/replica.ts';
import { isStandby } from '../../vsr/standby.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { format } from '../layout.ts';
import { SETTING_STANDBYS } from '../machine.ts';
import { runningNode, shownId } from '../replica-view.ts';
import { agentAnswers, askAll, type Context, here, type Run, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli cluster reconfig add-standby',
  about:
    'Adds an empty host as a standby: it copies the state from the members, follows the log and never votes. The quorum stays as it is. Refused for an id in use, a host with data, and without a leader.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'id of the new standby', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const COMMIT_TIMEOUT_US: Us = 30 * SECOND;
const RESEND_US: Us = SECOND;

/** The replica that leads and is reached from here, or null. */
export function leaderSeen(ctx: Context): Replica | null {
  const { fleet } = ctx;
  let best: Replica | null = null;
  for (const host of fleet.cluster.serverHosts) {
    if (!fleet.reaches(here(ctx), fleet.machineOfReplica(host))) continue;
    const replica = runningNode(fleet.cluster, host)?.vsr.replica;
    if (replica?.isPrimary !== true) continue;
    if (best === null || replica.epoch > best.epoch || (replica.epoch === best.epoch && replica.view > best.view)) {
      best = replica;
    }
  }
  return best;
}

/** Commits one setting through the leader, as a client of its own; false when it was not within half a minute. */
function* commitThroughLeader(ctx: Context, setting: number, value: number): Generator<Wait, boolean, boolean> {
  const { fleet } = ctx;
  const from = here(ctx).id;
  fleet.sessions++;
  const client = clientId(from, fleet.sessions);
  const body = new Uint8Array(8);
  write32(body, 0, setting);
  write32(body, 4, value);
  const endUs = fleet.world.nowUs + COMMIT_TIMEOUT_US;
  for (const request of [0, 1]) {
    const done = (): boolean => (leaderSeen(ctx)?.sessions.get(client)?.request ?? -1) >= request;
    for (;;) {
      const message = draft('request', 0, 0);
      message.client = client;
      message.request = request;
      message.operation = request === 0 ? OPERATION.register : OPERATION.config;
      if (request === 1) {
        message.nonce = leaderSeen(ctx)?.sessions.get(client)?.session ?? 0;
        message.body = body;
      }
      const leader = leaderSeen(ctx);
      if (leader !== null) fleet.world.network.send(from, leader.replica, seal(message, client, request));
      if (yield { kind: 'until', poll: done, everyUs: 20_000, timeoutUs: RESEND_US }) break;
      if (fleet.world.nowUs >= endUs) return false;
    }
  }
  return true;
}

function* addStandby(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const id = parsed.flags.integer('replica-id') as number;
  const host = fleet.hostOfReplica(id);
  const refuse = (text: string) => failed(1, `${USAGE.command}: refused: ${text}\n`);
  if (host < 0) return refuse(`there is no host for replica ${id}`);
  yield* askAll(ctx);
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  const leader = leaderSeen(ctx);
  if (leader === null) return refuse('no leader answers');
  if (leader.isMember(host) || isStandby(leader, host)) return refuse(`id ${id} is in use`);
  const machine = fleet.machineOfReplica(host);
  if (machine.isUp || machine.disk.fileExists(FILE.superblock)) return refuse(`${machine.name} holds data`);
  format(machine, fleet.cluster.config, host, { members: leader.members, epoch: leader.epoch });
  const mask = leader.machine.standbyMask ?? 0;
  if (!(yield* commitThroughLeader(ctx, SETTING_STANDBYS, mask | (1 << host)))) {
    return failed(1, `${USAGE.command}: not committed within 30 s: whether it will take effect is unknown\n`);
  }
  machine.enabled = true;
  machine.start();
  fleet.world.mark('standby-added', host);
  const size = leader.members.length;
  const lag = leader.op;
  return ok(
    `standby ${shownId(fleet.cluster, host)} on ${machine.name}: copying, ${lag} ops behind\nvoters: ${size}, quorum ${Math.floor(size / 2) + 1} as before\n`,
  );
}

export const ADD_STANDBY: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'reconfig', 'add-standby'], about: USAGE.about, run: addStandby },
];
