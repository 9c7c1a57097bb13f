import { MS } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { type Queries, type Session, sqlOf } from '../queries.ts';
import { shownId } from '../replica-view.ts';
import { type Context, here } from './ask.ts';

type Run = Subcommand<KimberliteFleet>['run'];

const SLOW: CommandUsage = {
  command: 'kimberlite-cli query slow-queries',
  about:
    'Statements of all replicas that run now, or ran last, for the longest; the duration of one that runs counts until now.',
  flags: [
    { name: 'top', kind: 'integer', help: 'so many of them (10)' },
    { name: 'threshold-ms', kind: 'integer', help: 'only those that took at least so long (100)' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const KILL: CommandUsage = {
  command: 'kimberlite-cli query kill',
  about:
    'Ends a statement with an error; its application does not repeat it. Refused for tasks of replication and recovery.',
  flags: [],
  positionals: ['QUERY-ID'],
  positionalsMin: 1,
};

const LIST_US = 50 * MS;
const THRESHOLD_MS = 100;
const TOP = 10;

interface Row {
  readonly replica: number;
  readonly session: Session;
  readonly ms: number;
  readonly rows: number;
}

/** How long a statement takes: the execution that runs counts once it is longer than the last one was. */
function durationMs(fleet: KimberliteFleet, { startedUs, lastUs }: Session): number {
  const runsUs = startedUs < 0 ? 0 : fleet.world.nowUs - startedUs;
  return Math.floor(Math.max(runsUs, lastUs) / MS);
}

/** Hosts whose server a command on this host can ask. */
function askable(ctx: Context): readonly number[] {
  const { fleet } = ctx;
  return fleet.cluster.replicaHosts.filter(
    (host) => fleet.isRunning(host) && fleet.reaches(here(ctx), fleet.machineOfReplica(host)),
  );
}

function rowsOf(fleet: KimberliteFleet, host: number, queries: Queries): Row[] {
  return queries.sessions.map((session) => ({
    replica: shownId(fleet.cluster, host),
    session,
    ms: durationMs(fleet, session),
    rows: queries.rowsOf(session),
  }));
}

const slow: Run = function* (argv, _stdin, ctx): ReturnType<Run> {
  const parsed = parseFlags(SLOW, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  yield { kind: 'sleep', us: LIST_US };
  const threshold = parsed.flags.integer('threshold-ms') ?? THRESHOLD_MS;
  const top = parsed.flags.integer('top') ?? TOP;
  const rows = askable(ctx)
    .flatMap((host) => {
      const queries = fleet.cluster.queries[host];
      return queries === undefined ? [] : rowsOf(fleet, host, queries);
    })
    .filter(({ ms }) => ms >= threshold)
    .sort((left, right) => right.ms - left.ms || (left.session.id < right.session.id ? -1 : 1))
    .slice(0, top);
  const lines = rows.map(({ replica, session, ms, rows: count }) => {
    const state = session.startedUs < 0 ? 'idle' : 'running';
    return `${session.id.padEnd(10)} ${String(replica).padStart(7)} ${String(ms).padStart(11)} ${String(count).padStart(10)} ${state.padEnd(8)} ${session.spec.user.padEnd(16)} ${sqlOf(session.spec)}\n`;
  });
  return ok(`QUERY-ID   REPLICA DURATION-MS       ROWS STATE    USER             STATEMENT\n${lines.join('')}`);
};

const kill: Run = function* (argv, _stdin, ctx): ReturnType<Run> {
  const parsed = parseFlags(KILL, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const id = parsed.flags.positionals[0] as string;
  yield { kind: 'sleep', us: LIST_US };
  if (/^(repl|rec)-/.test(id))
    return failed(1, `${KILL.command}: refused: ${id} is a task of replication or recovery\n`);
  const asked = askable(ctx);
  if (asked.some((each) => fleet.cluster.queries[each]?.kill(id) === true)) return ok(`killed: ${id}\n`);
  const silent = fleet.cluster.replicaHosts.filter((each) => !asked.includes(each));
  const rest = silent.map((each) => `; replica ${shownId(fleet.cluster, each)} does not answer`).join('');
  return failed(1, `${KILL.command}: no query ${id}${rest}\n`);
};

export const QUERY: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['query', 'slow-queries'], about: SLOW.about, run: slow },
  { words: ['query', 'kill'], about: KILL.about, run: kill },
];
