import { SECOND } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { diskSource, readSuperblock, writeSuperblock } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { isCaughtUp, membersSeen } from '../replica-view.ts';
import { CAUGHT_UP_OPS } from '../wipe-guard.ts';
import { agentAnswers, askAll, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';

const ISOLATE: CommandUsage = {
  command: 'kimberlite-cli replica isolate',
  about:
    'Takes a replica out of service: no votes, no answers to clients. Membership, quorum size, process and disk stay; a leader hands over. Of a dead server it is recorded in the superblock. Refused when too few caught-up voters would remain.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'reason', kind: 'text', help: 'lag-exceeded, assertion-failure, ...' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const REJOIN: CommandUsage = {
  command: 'kimberlite-cli replica rejoin',
  about:
    'Ends the isolation of a replica: it recovers from its peers and votes again once it has caught up. After an assertion failure it needs `approve --what rejoin`.',
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

const PROOFS: CommandUsage = {
  command: 'kimberlite-cli replica test-all-kani-proofs',
  about: "Runs the proofs about the release's code. They say nothing about a replica's data or hardware (AMB-KANI).",
  flags: [{ name: 'replica-id', kind: 'integer', help: 'on whose host', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** Caught-up voters that answer, without one host, and how many a quorum of the members takes. */
function votersWithout(fleet: KimberliteFleet, ctx: Context, host: number): { voters: number[]; quorum: number } {
  const seen = fleet.seeAll(here(ctx));
  const members = membersSeen(seen, fleet.cluster.replicaHosts);
  const views = seen.filter((view) => members.includes(view.host));
  let commit = 0;
  for (const view of views) if (view.commit > commit) commit = view.commit;
  const left = views.filter((view) => view.host !== host && isCaughtUp(view, commit, CAUGHT_UP_OPS));
  return { voters: left.map((view) => view.id), quorum: Math.floor(members.length / 2) + 1 };
}

function* isolate(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(ISOLATE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, ISOLATE.command);
  if (typeof host !== 'number') return host;
  const { fleet } = ctx;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, ISOLATE.command, host);
  yield* askAll(ctx);
  const id = parsed.flags.integer('replica-id') as number;
  const { voters, quorum } = votersWithout(fleet, ctx, host);
  if (voters.length < quorum && fleet.guard('isolate-keeps-quorum')) {
    const left = `only ${voters.length} caught-up voters would remain, ${quorum} are needed`;
    return failed(1, `${ISOLATE.command}: refused: ${left}\n`);
  }
  const node = fleet.see(here(ctx), host).node;
  if (node === null) {
    const problem = isolateStopped(fleet, host);
    if (problem !== '') return failed(1, `${ISOLATE.command}: ${problem}\n`);
  } else fleet.machineOfReplica(host).act(() => node.isolate());
  fleet.isolations.set(host, parsed.flags.text('reason') ?? '');
  const where = node === null ? ' (server not running: recorded in its superblock)' : '';
  return ok(`replica ${id}: isolated${where}\nremaining voters: ${voters.join(', ') || 'none'}\n`);
}

/** Marks a replica whose server is dead; it will start isolated. */
function isolateStopped(fleet: KimberliteFleet, host: number): string {
  if (!fleet.guard('isolate-stopped')) return 'connection refused: the server does not run';
  const { disk } = fleet.machineOfReplica(host);
  const opened = readSuperblock(diskSource(disk));
  if (opened.kind === 'lost') return `superblock unreadable: ${opened.reason}`;
  return writeSuperblock(disk, { ...opened.state, isolated: true }, opened, 0);
}

function* rejoin(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(REJOIN, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, REJOIN.command);
  if (typeof host !== 'number') return host;
  const { fleet } = ctx;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, REJOIN.command, host);
  yield* askAll(ctx);
  const id = parsed.flags.integer('replica-id') as number;
  const needed = fleet.isolations.get(host) === 'assertion-failure' && fleet.guard('rejoin-needs-approval');
  if (needed && !fleet.people.approved('rejoin')) {
    return failed(1, `${REJOIN.command}: refused: no approval is recorded (approve --what rejoin --by NAME)\n`);
  }
  const node = fleet.see(here(ctx), host).node;
  if (node === null) {
    return failed(1, `${REJOIN.command}: the server of replica ${id} does not run: start it first (systemctl start)\n`);
  }
  if (node.status !== 'isolated')
    return failed(1, `${REJOIN.command}: replica ${id} is not isolated (${node.status})\n`);
  fleet.machineOfReplica(host).act(() => node.rejoin());
  fleet.isolations.delete(host);
  return ok(`replica ${id}: ${node.status}\n`);
}

function* proofs(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(PROOFS, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, PROOFS.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, PROOFS.command, host);
  yield { kind: 'sleep', us: 60 * SECOND };
  return ok('all proofs passed (about the code of this release; data and hardware were not looked at)\n');
}

export const REPLICA_ISOLATE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['replica', 'isolate'], about: ISOLATE.about, run: isolate },
  { words: ['replica', 'rejoin'], about: REJOIN.about, run: rejoin },
  { words: ['replica', 'test-all-kani-proofs'], about: PROOFS.about, run: proofs },
];
