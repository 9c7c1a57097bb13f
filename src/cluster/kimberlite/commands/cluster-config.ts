import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok, type Wait } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { OPERATION } from '../../storage/prepare.ts';
import { write32 } from '../../storage/record.ts';
import { clientId } from '../../vsr/commit.ts';
import { draft, seal, type VsrMessage } from '../../vsr/message.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { SETTING, type SettingName } from '../machine.ts';
import { isHealthy, type ReplicaView } from '../replica-view.ts';
import { askAll, type Context, here, ofMembers, type Run } from './ask.ts';

const GET: CommandUsage = {
  command: 'kimberlite-cli cluster config get',
  about: 'Prints the value of a cluster setting that is in force.',
  flags: [],
  positionals: ['KEY'],
  positionalsMin: 1,
};

const SET: CommandUsage = {
  command: 'kimberlite-cli cluster config set',
  about:
    'Changes a cluster setting through the log: committed by a quorum, applied on every replica. Prints the former value, which nothing restores by itself. Refused without a quorum, and when heartbeat and election timeout would not fit together.',
  flags: [],
  positionals: ['KEY', 'VALUE'],
  positionalsMin: 2,
};

/** Settings with their values in a cluster where nothing was set, and the range of the simulation (catalogue, config). */
const SETTINGS: readonly { readonly name: SettingName; readonly min: number; readonly max: number }[] = [
  { name: 'election-timeout-ms', min: 100, max: 20_000 },
  { name: 'heartbeat-interval-ms', min: 10, max: 2_000 },
  { name: 'max-batch-size', min: 1, max: 10_000 },
  { name: 'batching-enabled', min: 0, max: 1 },
];

const COMMIT_TIMEOUT_US: Us = 30 * SECOND;
const RESEND_US: Us = SECOND;
const POLL_US: Us = 20_000;

function initialValue(fleet: KimberliteFleet, name: SettingName): number {
  const { config } = fleet.cluster;
  switch (name) {
    case 'election-timeout-ms':
      return Math.floor(config.electionTimeoutUs / 1_000);
    case 'heartbeat-interval-ms':
      return Math.floor(config.heartbeatUs / 1_000);
    case 'max-batch-size':
      return fleet.cluster.batching?.initialMax ?? 1_000;
    case 'batching-enabled':
      return 1;
  }
}

/** Value of a setting in force on a replica that answers. */
function valueOn(fleet: KimberliteFleet, view: ReplicaView, name: SettingName): number {
  const set = view.node?.machine.settings.get(SETTING[name]);
  return set === undefined || (set === 0 && name !== 'batching-enabled') ? initialValue(fleet, name) : set;
}

function shown(name: SettingName, value: number): string {
  return name === 'batching-enabled' ? String(value !== 0) : String(value);
}

function parseValue(name: SettingName, text: string): number | null {
  if (name === 'batching-enabled') return text === 'true' ? 1 : text === 'false' ? 0 : null;
  const range = SETTINGS.find((setting) => setting.name === name);
  if (range === undefined || !/^\d{1,6}$/.test(text)) return null;
  const value = Number(text);
  return value >= range.min && value <= range.max ? value : null;
}

function settingNamed(text: string): SettingName | null {
  return SETTINGS.find((setting) => setting.name === text)?.name ?? null;
}

function unknownKey(command: string, key: string) {
  return failed(2, `${command}: unknown setting ${key} (${SETTINGS.map((setting) => setting.name).join(', ')})\n`);
}

function newest(views: readonly ReplicaView[]): ReplicaView | null {
  let best: ReplicaView | null = null;
  for (const view of views) if (view.node !== null && (best === null || view.commit > best.commit)) best = view;
  return best;
}

/** p99.9 of a round trip between members plus one fsync, from the present options of links and disks (INV-CONFIG-SANE). */
function slowestRoundUs(fleet: KimberliteFleet, members: readonly number[]): Us {
  // The excess over the minimum is exponential: its 99.9th percentile is 6.91 times its mean.
  const tail = (min: Us, mean: Us): Us => min + Math.floor((Math.max(0, mean - min) * 691) / 100);
  let worst: Us = 0;
  for (const from of members) {
    for (const to of members) {
      if (from === to) continue;
      const link = fleet.world.network.link(from, to);
      worst = Math.max(worst, 2 * tail(link.latencyUsMin, link.latencyUsMean));
    }
  }
  let sync: Us = 0;
  for (const host of members) {
    const { disk } = fleet.machineOfReplica(host);
    const us = tail(disk.options.fsyncLatencyUsMin, disk.options.fsyncLatencyUsMean);
    sync = Math.max(sync, Math.floor((us * disk.queue.slowFactorPermille) / 1_000));
  }
  return worst + sync;
}

/** What is wrong with heartbeat and election timeout once a setting has its new value, or ''. */
function insane(fleet: KimberliteFleet, view: ReplicaView, name: SettingName, value: number): string {
  if (name !== 'election-timeout-ms' && name !== 'heartbeat-interval-ms') return '';
  const electionMs = name === 'election-timeout-ms' ? value : valueOn(fleet, view, 'election-timeout-ms');
  const heartbeatMs = name === 'heartbeat-interval-ms' ? value : valueOn(fleet, view, 'heartbeat-interval-ms');
  if (heartbeatMs * 5 > electionMs) {
    return `heartbeat-interval-ms ${heartbeatMs} is more than a fifth of election-timeout-ms ${electionMs}`;
  }
  const roundMs = Math.ceil(
    slowestRoundUs(fleet, view.node?.vsr.replica.members ?? fleet.cluster.replicaHosts) / 1_000,
  );
  if (electionMs <= roundMs)
    return `election-timeout-ms ${electionMs} is not above p99.9 of RTT + fsync, ${roundMs} ms`;
  return '';
}

/** What a replica goes by: each setting with its value, and what is wrong with them ('' when nothing is, INV-CONFIG-SANE). */
export function settingsOn(
  fleet: KimberliteFleet,
  view: ReplicaView,
): { readonly values: ReadonlyMap<SettingName, number>; readonly problem: string } {
  const values = new Map(SETTINGS.map(({ name }): [SettingName, number] => [name, valueOn(fleet, view, name)]));
  const electionMs = values.get('election-timeout-ms') as number;
  return { values, problem: insane(fleet, view, 'election-timeout-ms', electionMs) };
}

function* configGet(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(GET, argv);
  if (!parsed.ok) return parsed.result;
  const name = settingNamed(parsed.flags.positionals[0] as string);
  if (name === null) return unknownKey(GET.command, parsed.flags.positionals[0] as string);
  const view = newest(yield* askAll(ctx));
  if (view === null) return failed(1, `${GET.command}: no replica answers\n`);
  return ok(`${shown(name, valueOn(ctx.fleet, view, name))}\n`);
}

function* configSet(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(SET, argv);
  if (!parsed.ok) return parsed.result;
  const [key, text] = parsed.flags.positionals as [string, string];
  const name = settingNamed(key);
  if (name === null) return unknownKey(SET.command, key);
  const value = parseValue(name, text);
  if (value === null) return failed(2, `${SET.command}: ${text} is no value of ${name}\n`);
  const { fleet } = ctx;
  const views = ofMembers(ctx, yield* askAll(ctx));
  const quorum = Math.floor(views.length / 2) + 1;
  const healthy = views.filter((view) => isHealthy(view)).length;
  const view = newest(views);
  if (view === null || healthy < quorum) {
    return failed(1, `${SET.command}: refused: no quorum (${healthy} healthy, ${quorum} needed)\n`);
  }
  const problem = fleet.guard('config-sane') ? insane(fleet, view, name, value) : '';
  if (problem !== '') return failed(1, `${SET.command}: refused: ${problem}\n`);
  const before = valueOn(fleet, view, name);
  const op = yield* commitSetting(ctx, SETTING[name], value);
  if (op === null) {
    return failed(1, `${SET.command}: not committed within 30 s: whether it will take effect is unknown\n`);
  }
  const now = ofMembers(ctx, fleet.seeAll(here(ctx)));
  const applied = now.filter((each) => each.node !== null && each.commit >= op);
  return ok(
    `${name}: ${shown(name, before)} -> ${shown(name, value)} (op ${op}, applied on ${applied.length} of ${views.length} replicas)\n`,
  );
}

/**
 * Registers a session and sends the change as a client does, over the network, until every replica that answers has
 * applied it. Returns its op number, or null at the timeout (then the outcome is unknown).
 */
export function* commitSetting(ctx: Context, setting: number, value: number): Generator<Wait, number | null, boolean> {
  const { fleet } = ctx;
  const from = here(ctx);
  fleet.sessions++;
  const client = clientId(from.id, fleet.sessions);
  const endUs = fleet.world.nowUs + COMMIT_TIMEOUT_US;
  const body = new Uint8Array(8);
  write32(body, 0, setting);
  write32(body, 4, value);
  const done = (request: number): boolean => {
    const views = ofMembers(ctx, fleet.seeAll(from));
    const nodes = views.filter((view) => view.node !== null && view.status === 'normal');
    const has = nodes.filter((view) => (view.node?.vsr.replica.sessions.get(client)?.request ?? -1) >= request);
    return has.length >= Math.floor(views.length / 2) + 1 && has.length === nodes.length;
  };
  for (const request of [0, 1]) {
    const draftOf = draft('request', 0, 0);
    draftOf.client = client;
    draftOf.request = request;
    draftOf.operation = request === 0 ? OPERATION.register : OPERATION.config;
    if (request === 1) {
      draftOf.nonce = sessionNumber(ctx, client);
      draftOf.body = body;
    }
    const message = seal(draftOf, client, request);
    for (;;) {
      sendToAll(fleet, from.id, message);
      const came = yield { kind: 'until', poll: () => done(request), everyUs: POLL_US, timeoutUs: RESEND_US };
      if (came) break;
      if (fleet.world.nowUs >= endUs) return null;
    }
  }
  return ofMembers(ctx, fleet.seeAll(from)).reduce(
    (op, view) => Math.max(op, view.node?.vsr.replica.sessions.get(client)?.op ?? 0),
    0,
  );
}

/** Number of a registered session, as the reply to the registration carries it. */
function sessionNumber(ctx: Context, client: number): number {
  for (const view of ofMembers(ctx, ctx.fleet.seeAll(here(ctx)))) {
    const session = view.node?.vsr.replica.sessions.get(client);
    if (session !== null && session !== undefined) return session.session;
  }
  return 0;
}

/** To every replica, also the one of this host: backups pass a request on, and the table answers what came twice. */
function sendToAll(fleet: KimberliteFleet, from: number, message: VsrMessage): void {
  for (const host of fleet.replicas()) fleet.world.network.send(from, host, message);
}

export const CLUSTER_CONFIG: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'config', 'get'], about: GET.about, run: configGet },
  { words: ['cluster', 'config', 'set'], about: SET.about, run: configSet },
];
