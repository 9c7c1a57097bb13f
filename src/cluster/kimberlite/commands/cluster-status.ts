import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { msText } from '../../host/sizes.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { releaseText } from '../../vsr/releases.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { isHealthy, lagOf, type ReplicaView } from '../replica-view.ts';
import { askAll, type Context, here, type Run } from './ask.ts';

const STATUS: CommandUsage = {
  command: 'kimberlite-cli cluster status',
  about:
    'Prints every replica, whether a quorum is available, and the leader. Changes nothing; works without a leader.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const VERSION: CommandUsage = {
  command: 'kimberlite-cli cluster version',
  about: 'Prints the release of the cluster and of each replica that answers.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const LAG: CommandUsage = {
  command: 'kimberlite-cli replication lag',
  about: "Prints how far each backup is behind, by the leader's books. Changes nothing.",
  flags: [{ name: 'all', kind: 'switch', help: 'every replica (always so)' }],
  positionals: [],
  positionalsMin: 0,
};

function epochOf(view: ReplicaView): number {
  return view.node?.vsr.replica.epoch ?? -1;
}

/** The leader of the newest view of the newest epoch. */
function leaderOf(views: readonly ReplicaView[]): ReplicaView | null {
  let best: ReplicaView | null = null;
  for (const view of views) {
    if (!view.isLeader) continue;
    const newer = best === null || epochOf(view) > epochOf(best);
    if (newer || (best !== null && epochOf(view) === epochOf(best) && view.view > best.view)) best = view;
  }
  return best;
}

/** One answering replica of the newest epoch: its membership is the cluster's; null when no replica answers. */
function spokesman(views: readonly ReplicaView[]): ReplicaView | null {
  let best: ReplicaView | null = null;
  for (const view of views) {
    if (view.node !== null && (best === null || epochOf(view) > epochOf(best))) best = view;
  }
  return best;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] as readonly string[]).map((_, column) => {
    let width = 0;
    for (const row of rows) width = Math.max(width, (row[column] as string).length);
    return width;
  });
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] as number))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function lagCells(leader: ReplicaView | null, view: ReplicaView): readonly [string, string] {
  const books = leader?.node?.vsr.replica;
  if (books === undefined || view.status === 'unreachable') return ['-', '-'];
  if (view.host === leader?.host) return ['0', '0'];
  if (epochOf(view) !== books.epoch) return ['-', '-'];
  const lag = lagOf(books, view.host);
  return [String(lag.ops), msText(lag.us, 0)];
}

function* clusterStatus(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(STATUS, argv);
  if (!parsed.ok) return parsed.result;
  const views = yield* askAll(ctx);
  const speaker = spokesman(views);
  const members = speaker?.node?.vsr.replica.members ?? ctx.fleet.cluster.replicaHosts;
  const size = members.length;
  const quorum = Math.floor(size / 2) + 1;
  if (speaker === null) {
    return { stdout: `quorum: unknown (no replica answers; ${quorum} of ${size} needed)\n`, stderr: '', code: 1 };
  }
  const epoch = epochOf(speaker);
  const ours = (view: ReplicaView): boolean => members.includes(view.host) && epochOf(view) === epoch;
  const healthy = views.filter((view) => isHealthy(view) && ours(view)).length;
  const leader = leaderOf(views);
  // Replicas that are normal by their own lights form no quorum while nobody leads them.
  const quorumState = healthy < quorum ? 'lost' : leader === null ? 'without a leader' : 'available';
  const head = [
    `cluster: size ${size}, epoch ${epoch}`,
    `quorum: ${quorumState} (${healthy} of ${size} healthy, ${quorum} needed)`,
    `leader: ${leader === null ? 'none' : `replica ${leader.id}, view ${leader.view}`}`,
  ];
  const foreign = views.filter((view) => view.node !== null && !ours(view)).map((view) => view.id);
  if (foreign.length > 0) head.push(`warning: replicas ${foreign.join(', ')} answer but belong to another epoch`);
  const rows: string[][] = [['REPLICA', 'STATUS', 'VIEW', 'OP', 'COMMIT', 'LAG_OPS', 'LAG_MS', 'VERSION']];
  for (const view of views) {
    const dead = view.status === 'unreachable';
    const numbers = dead ? ['-', '-', '-'] : [view.view, view.op, view.commit].map(String);
    rows.push([String(view.id), view.status, ...numbers, ...lagCells(leader, view), dead ? '-' : view.version]);
  }
  for (const view of ctx.fleet.seeStandbys(here(ctx))) {
    const dead = view.status === 'unreachable';
    const numbers = dead ? ['-', '-', '-'] : [view.view, view.op, view.commit].map(String);
    rows.push([String(view.id), view.status, ...numbers, ...lagCells(leader, view), dead ? '-' : view.version]);
  }
  return ok(`${head.join('\n')}\n${table(rows)}`);
}

/** The lowest release that a member answers for; one that does not answer counts with what the newest leader heard last. */
function clusterVersionOf(views: readonly ReplicaView[]): string {
  const books = (leaderOf(views) ?? spokesman(views))?.node?.vsr.replica;
  if (books === undefined) return 'unknown (no replica answers)';
  if (books.releases.own === 0) return (views[0] as ReplicaView).version;
  const lowest = books.members.reduce((release, member) => {
    const seen = views.find((view) => view.host === member)?.node?.vsr.replica.releases.own;
    return Math.min(release, seen ?? (books.releases.peers[member] as number));
  }, books.releases.own);
  return lowest === 0 ? 'unknown (a member was never heard)' : releaseText(lowest);
}

function* clusterVersion(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(VERSION, argv);
  if (!parsed.ok) return parsed.result;
  const views = yield* askAll(ctx);
  const lines = views.map((view) => `replica ${view.id}: ${view.node === null ? 'unreachable' : view.version}\n`);
  return ok(`cluster_version: ${clusterVersionOf(views)}\n${lines.join('')}`);
}

function* replicationLag(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(LAG, argv);
  if (!parsed.ok) return parsed.result;
  const views = yield* askAll(ctx);
  const leader = leaderOf(views);
  if (leader === null) return failed(1, 'kimberlite-cli replication lag: no leader answers\n');
  const rows: string[][] = [['REPLICA', 'STATUS', 'LAG_OPS', 'LAG_MS']];
  for (const view of [...views, ...ctx.fleet.seeStandbys(here(ctx))]) {
    rows.push([String(view.id), view.status, ...lagCells(leader, view)]);
  }
  return ok(table(rows));
}

export const CLUSTER_STATUS: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'status'], about: STATUS.about, run: clusterStatus },
  { words: ['cluster', 'version'], about: VERSION.about, run: clusterVersion },
  { words: ['replication', 'lag'], about: LAG.about, run: replicationLag },
];
