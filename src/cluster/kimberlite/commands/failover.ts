import type { Machine } from '../../../sim/machine.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok, type Wait } from '../../host/command.ts';
import { syncDisk } from '../../host/device-work.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { Replica } from '../../vsr/replica.ts';
import { diskSource, scanDataDirectory, writeSuperblock } from '../data-directory.ts';
import { eligibilityProblem, RPO_US } from '../eligibility.ts';
import { DR_REGION, type KimberliteFleet } from '../fleet.ts';
import { runningNode, shownId } from '../replica-view.ts';
import { ask, type Context, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli cluster failover',
  about:
    'Makes a standby the only voter and leader of a new configuration in its region; the old one is abandoned, and what the standby had not received is lost. Refused without --approve-data-loss-risk, while members of the old configuration are not fenced (fence HOST), and for a standby that is not eligible, unless --accept-loss-ms names a lag at least as large as the one that is printed.',
  flags: [
    { name: 'target-region', kind: 'text', help: 'us-west-2', required: true },
    { name: 'promote-standby', kind: 'integer', help: 'id of the standby, 100 is the first', required: true },
    { name: 'approve-data-loss-risk', kind: 'switch', help: 'somebody answers for the loss' },
    { name: 'accept-loss-ms', kind: 'integer', help: 'lag that was read and approved' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const STOP_US: Us = 100_000;
const LEAD_TIMEOUT_US: Us = 30 * SECOND;

/** Why this standby may not be promoted now, or ''. */
function refusalOf(fleet: KimberliteFleet, replica: Replica, acceptedUs: Us): string {
  if (fleet.guard('failover-needs-fencing')) {
    const open = replica.members.filter((member) => !fleet.fenced.has(member));
    if (open.length > 0) {
      const ids = open.map((member) => shownId(fleet.cluster, member)).join(', ');
      return `replicas ${ids} of the old configuration are not fenced and may come back: fence HOST`;
    }
  }
  if (!fleet.guard('failover-needs-eligible')) return '';
  const problem = eligibilityProblem(fleet, replica);
  if (problem === '') return '';
  const lagUs = replica.following?.lag(replica).us ?? Number.MAX_SAFE_INTEGER;
  return acceptedUs >= lagUs ? '' : `the standby is not eligible: ${problem}`;
}

/** How old at most the oldest operation is that the standby lacks: its lag, which counts the silence of the primary, and two heartbeats. */
function declaredUs(fleet: KimberliteFleet, replica: Replica): Us {
  const lag = replica.following?.lag(replica);
  if (!fleet.guard('failover-needs-eligible') || lag === undefined) return RPO_US;
  // What was prepared after the newest heartbeat left is not known to the standby: at most until the next one was due.
  return lag.us + 2 * replica.heartbeatUs();
}

function lossText(fleet: KimberliteFleet, replica: Replica): string {
  const lag = replica.following?.lag(replica);
  if (lag === undefined) return 'nothing was ever heard of a primary';
  const silentMs = Math.floor((replica.following?.silentUs(replica) ?? 0) / 1_000);
  const declaredMs = Math.floor(declaredUs(fleet, replica) / 1_000);
  return `last op ${replica.durableOp}, primary last heard ${silentMs} ms ago at op ${replica.following?.head}: lag ${Math.floor(lag.us / 1_000)} ms, ${lag.ops} ops; declared loss: at most the last ${declaredMs} ms`;
}

function* failover(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const host = replicaFlag(ctx, flags, USAGE.command, 'promote-standby');
  if (typeof host !== 'number') return host;
  const refuse = (text: string) => failed(1, `${USAGE.command}: refused: ${text}\n`);
  if (!flags.has('approve-data-loss-risk')) return refuse('no approval of the loss: --approve-data-loss-risk');
  if (flags.text('target-region') !== DR_REGION || !fleet.cluster.standbyHosts.includes(host)) {
    return refuse(`no standby ${shownId(fleet.cluster, host)} in region ${flags.text('target-region')}`);
  }
  const view = yield* ask(ctx, host);
  if (view.status === 'unreachable') return yield* unreachable(ctx, USAGE.command, host);
  if (view.status !== 'standby') return refuse(`replica ${view.id} is ${view.status}, no standby`);
  const replica = (runningNode(fleet.cluster, host) as NonNullable<ReturnType<typeof runningNode>>).vsr.replica;
  const loss = lossText(fleet, replica);
  const acceptedUs = (flags.integer('accept-loss-ms') ?? 0) * 1_000;
  const refusal = refusalOf(fleet, replica, acceptedUs);
  if (refusal !== '') return failed(1, `${loss}\n${USAGE.command}: refused: ${refusal}\n`);
  const declared = Math.max(declaredUs(fleet, replica), acceptedUs);
  yield { kind: 'sleep', us: STOP_US };
  const problem = yield* promote(fleet, host, declared);
  if (problem !== '') return failed(1, `${USAGE.command}: ${problem}\n`);
  const leads = yield {
    kind: 'until',
    poll: () => serves(fleet, host),
    everyUs: 20_000,
    timeoutUs: LEAD_TIMEOUT_US,
  };
  if (!leads) return failed(1, `${loss}\n${USAGE.command}: replica ${view.id} does not lead after 30 s\n`);
  const now = fleet.cluster.nodes[host]?.vsr.replica;
  return ok(
    `${loss}\nreplica ${view.id}: standby -> ${fleet.cluster.nodes[host]?.status}, leader of epoch ${now?.epoch} in ${DR_REGION}, op ${now?.op}\nmembers dropped: ${replica.members.map((member) => shownId(fleet.cluster, member)).join(', ')}\nvoters left: 1\n`,
  );
}

function serves(fleet: KimberliteFleet, host: number): boolean {
  const replica = runningNode(fleet.cluster, host)?.vsr.replica;
  return replica?.isPrimary === true && replica.clock.isSynchronised(replica.host.monotonicUs());
}

/** Ends the standby's server, writes the new configuration into its superblock and starts it. Returns a problem or ''. */
function* promote(fleet: KimberliteFleet, host: number, declared: Us): Generator<Wait, string, boolean> {
  const machine: Machine = fleet.machineOfReplica(host);
  fleet.stopping(machine, USAGE.command);
  machine.stop('stop');
  // What the server had written stays in the page cache (R2) and its next start reads it: that is no loss.
  yield* syncDisk(fleet, machine);
  const scan = scanDataDirectory(diskSource(machine.disk), fleet.cluster.config);
  const state = scan.superblock;
  if (state === null) return 'superblock of the standby is unreadable';
  const epoch = fleet.guard('failover-new-epoch') ? state.epoch + 1 : state.epoch;
  // What was committed beyond the own log, and only heard of, is given up with the old configuration.
  const next = {
    ...state,
    epoch,
    members: [host],
    commit: Math.min(state.commit, scan.chainHead),
    viewHeaders: state.viewHeaders.filter((header) => header.op <= scan.chainHead),
    peerIncarnations: [],
    mustRecover: false,
    isolated: false,
  };
  fleet.changing(machine, USAGE.command);
  const problem = writeSuperblock(machine.disk, next, scan.opened, 1);
  if (problem !== '') return problem;
  fleet.promoted.add(host);
  fleet.onForced({
    host,
    epoch,
    newEpoch: epoch > state.epoch,
    approved: true,
    head: scan.chainHead,
    sumAt: (op) => scan.entries.get(op)?.sum ?? null,
    declaredUs: declared,
  });
  machine.enabled = true;
  machine.start();
  return '';
}

export const FAILOVER: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'failover'], about: USAGE.about, run: failover },
];
