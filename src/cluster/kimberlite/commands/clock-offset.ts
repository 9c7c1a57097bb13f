import type { Us } from '../../../sim/time.ts';
import { ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { roundTripUs } from '../../host/host-fleet.ts';
import { msText } from '../../host/sizes.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { marzullo, type OffsetInterval } from '../../vsr/clock-sync.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { agentAnswers, askAll, type Context, here, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli replica clock-offset',
  about:
    "Prints how far a replica's wall clock is from cluster time: the centre of the interval that most replicas' clocks share (Marzullo), or from this host where no quorum of them agrees. Changes nothing.",
  flags: [{ name: 'replica-id', kind: 'integer', help: 'which replica', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** Half the width that a clock's claim is given at least, so that good clocks agree although each drifts a little. */
const MARGIN_US: Us = 10_000;

/** Cluster time relative to true time as a quorum of the answering hosts' clocks has it; null where none agrees. */
function clusterOffsetUs(ctx: Context): Us | null {
  const { fleet } = ctx;
  const from = here(ctx);
  const claims: OffsetInterval[] = [];
  for (const host of fleet.cluster.replicaHosts) {
    if (!agentAnswers(ctx, host)) continue;
    const machine = fleet.machineOfReplica(host);
    const errorUs = Math.ceil(roundTripUs(fleet, from, machine) / 2) + MARGIN_US;
    const offsetUs = machine.clock.offsetUs();
    claims.push({ lowUs: offsetUs - errorUs, highUs: offsetUs + errorUs });
  }
  const agreed = marzullo(claims);
  const quorum = Math.floor(fleet.cluster.replicaHosts.length / 2) + 1;
  return agreed === null || agreed.sources < quorum ? null : Math.floor((agreed.lowUs + agreed.highUs) / 2);
}

function* clockOffset(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, USAGE.command);
  if (typeof host !== 'number') return host;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  yield* askAll(ctx);
  const clusterUs = clusterOffsetUs(ctx);
  const us = ctx.fleet.machineOfReplica(host).clock.offsetUs() - (clusterUs ?? here(ctx).clock.offsetUs());
  const note = clusterUs === null ? ' (to the clock of this host: no quorum of replica clocks agrees)' : '';
  return ok(`replica ${parsed.flags.integer('replica-id')}: offset ${msText(us, 1)} ms${note}\n`);
}

export const CLOCK_OFFSET: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['replica', 'clock-offset'], about: USAGE.about, run: clockOffset },
];
