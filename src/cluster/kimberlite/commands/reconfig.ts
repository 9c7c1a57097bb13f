import { MS, SECOND, type Us } from '../../../sim/time.ts';
import { type CommandResult, failed, ok } from '../../host/command.ts';
import { type CommandUsage, type Flags, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { Membership } from '../../vsr/membership.ts';
import { cancelChange, changeMembership } from '../../vsr/reconfiguration.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { type ReplicaView, shownId } from '../replica-view.ts';
import { askAll, type Context, type Run } from './ask.ts';

/** How long the command watches a change that is under way; the change itself goes on without it. */
const WATCH_US: Us = 600 * SECOND;
const LOOK_US: Us = 500 * MS;

const REMOVE: CommandUsage = {
  command: 'kimberlite-cli cluster reconfig remove-replica',
  about:
    'Changes the membership to one without a replica, through joint consensus. Refused when the size would become even (2f+1 is the rule), when the replica is no member, and while another change is under way.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const ADD: CommandUsage = {
  command: 'kimberlite-cli cluster reconfig add-replica',
  about:
    'Changes the membership to one with a further replica, whose server must run: it follows the log until it holds it, then votes. Refused when the size would become even, and when the replica is a member already.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const REPLACE: CommandUsage = {
  command: 'kimberlite-cli cluster reconfig replace',
  about:
    'Removes and adds replicas in one joint change, so that the size may stay odd (our verb; it also shrinks and grows by two).',
  flags: [
    { name: 'remove', kind: 'text', help: 'replicas to remove: 2 or 3,4' },
    { name: 'add', kind: 'text', help: 'replicas to add, their servers running' },
    { name: 'cancel', kind: 'switch', help: 'give up the change whose newcomers do not catch up' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** The replica numbers of a list such as `3,4`; null when it is none. */
function idsOf(text: string | null): number[] | null {
  if (text === null || text === '') return [];
  const parts = text.split(',');
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : null;
}

function newestLeader(views: readonly ReplicaView[]): ReplicaView | null {
  let best: ReplicaView | null = null;
  for (const view of views) {
    if (view.isLeader && (best === null || rank(view) > rank(best))) best = view;
  }
  return best;
}

/** Epoch before view. */
function rank(view: ReplicaView): number {
  return (view.node?.vsr.replica.epoch ?? 0) * 4_294_967_296 + view.view;
}

/** Why the change may not begin, or ''. */
function refusal(
  ctx: Context,
  now: Membership,
  views: readonly ReplicaView[],
  remove: readonly number[],
  add: readonly number[],
): string {
  const { fleet } = ctx;
  const known = (id: number): number => fleet.hostOfReplica(id);
  const members = now.voters.map((host) => shownId(fleet.cluster, host)).join(', ');
  for (const id of remove) {
    if (!now.voters.includes(known(id))) return `replica ${id}: replica not in cluster (members: ${members})`;
  }
  for (const id of add) {
    if (now.voters.includes(known(id))) return `replica ${id}: replica already in cluster (members: ${members})`;
    if (known(id) < 0 || !fleet.isRunning(known(id))) return `replica ${id} does not answer: start its server first`;
    if (views.some(({ host, node }) => host === known(id) && node?.vsr.replica.retired === true))
      return `replica ${id} was removed before and takes part no more: start it anew, without its data`;
  }
  const size = now.voters.length - remove.length + add.length;
  if (size % 2 === 0 && fleet.guard('odd-membership')) return `cluster size must be odd (2f+1), not ${size}`;
  return '';
}

function* change(ctx: Context, command: string, remove: readonly number[], add: readonly number[]): Run {
  const { fleet } = ctx;
  const views = yield* askAll(ctx);
  const leader = newestLeader(views);
  if (leader === null || leader.node === null) return failed(1, `${command}: no leader: a quorum is needed\n`);
  const { replica } = leader.node.vsr;
  const refused = refusal(ctx, replica.membership, views, remove, add);
  if (refused !== '') {
    fleet.machineOfReplica(leader.host).act(() => {
      replica.host.log('warn', () => `membership change refused: ${refused}`);
    });
    return failed(1, `${command}: rejected: ${refused}\n`);
  }
  const gone = remove.map((id) => fleet.hostOfReplica(id));
  const voters = replica.membership.voters.filter((host) => !gone.includes(host));
  for (const id of add) voters.push(fleet.hostOfReplica(id));
  voters.sort((left, right) => left - right);
  let problem = '';
  fleet.machineOfReplica(leader.host).act(() => {
    problem = changeMembership(replica, voters, replica.membership.standbys);
  });
  if (problem !== '') return failed(1, `${command}: rejected: ${problem}\n`);
  return yield* watch(ctx, command, voters, replica.membership.op);
}

/** Gives up what waits for a newcomer. */
function* cancel(ctx: Context, command: string): Run {
  const { fleet } = ctx;
  const leader = newestLeader(yield* askAll(ctx));
  if (leader === null || leader.node === null) return failed(1, `${command}: no leader: a quorum is needed\n`);
  const { replica } = leader.node.vsr;
  const { voters, op } = replica.membership;
  let problem = '';
  fleet.machineOfReplica(leader.host).act(() => {
    problem = cancelChange(replica);
  });
  if (problem !== '') return failed(1, `${command}: rejected: ${problem}\n`);
  return yield* watch(ctx, command, voters, op + 1);
}

/** Follows a change from phase to phase until it is stable and committed, whoever leads. */
function* watch(ctx: Context, command: string, voters: readonly number[], firstOp: number): Run {
  const { fleet } = ctx;
  const untilUs = fleet.world.nowUs + WATCH_US;
  const lines: string[] = [];
  const names = (hosts: readonly number[]): string => hosts.map((host) => shownId(fleet.cluster, host)).join(', ');
  while (fleet.world.nowUs < untilUs) {
    const replica = newestLeader(yield* askAll(ctx))?.node?.vsr.replica;
    if (replica !== undefined && replica.membership.op >= firstOp) {
      const { phase, op } = replica.membership;
      // The joint phase is shorter than the watch: the log tells of it afterwards.
      for (const each of [replica.former, replica.membership]) {
        if (each.op < firstOp) continue;
        const told = `${each.phase}: ${names(each.voters)}${each.next.length > 0 ? ` to ${names(each.next)}` : ''} (op ${each.op})`;
        if (!lines.includes(told)) lines.push(told);
      }
      const isDone = phase === 'stable' && replica.commitMax >= op;
      if (isDone && names(replica.membership.voters) === names(voters)) return ok(`${lines.join('\n')}\n`);
      if (isDone && op > firstOp) return failed(1, `${lines.join('\n')}\n${command}: another membership was made\n`);
    }
    yield { kind: 'sleep', us: LOOK_US };
  }
  return failed(1, `${lines.join('\n')}\n${command}: still under way after ${WATCH_US / SECOND} s\n`);
}

function* one(usage: CommandUsage, argv: readonly string[], ctx: Context, adds: boolean): Run {
  const parsed = parseFlags(usage, argv);
  if (!parsed.ok) return parsed.result;
  const id = parsed.flags.integer('replica-id') as number;
  return yield* change(ctx, usage.command, adds ? [] : [id], adds ? [id] : []);
}

function listFlag(flags: Flags, name: string): number[] | CommandResult {
  return idsOf(flags.text(name) ?? '') ?? failed(2, `${REPLACE.command}: --${name}: not a list of replica numbers\n`);
}

function* replace(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(REPLACE, argv);
  if (!parsed.ok) return parsed.result;
  const remove = listFlag(parsed.flags, 'remove');
  const add = listFlag(parsed.flags, 'add');
  if (!Array.isArray(remove)) return remove as CommandResult;
  if (!Array.isArray(add)) return add as CommandResult;
  if (parsed.flags.has('cancel')) return yield* cancel(ctx, REPLACE.command);
  if (remove.length + add.length === 0) return failed(2, `${REPLACE.command}: nothing to remove or to add\n`);
  return yield* change(ctx, REPLACE.command, remove, add);
}

export const RECONFIG: readonly Subcommand<KimberliteFleet>[] = [
  {
    words: ['cluster', 'reconfig', 'remove-replica'],
    about: REMOVE.about,
    run: (argv, _stdin, ctx) => one(REMOVE, argv, ctx, false),
  },
  {
    words: ['cluster', 'reconfig', 'add-replica'],
    about: ADD.about,
    run: (argv, _stdin, ctx) => one(ADD, argv, ctx, true),
  },
  { words: ['cluster', 'reconfig', 'replace'], about: REPLACE.about, run: replace },
];
