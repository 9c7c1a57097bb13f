import type { Us } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { tenthsText } from '../../host/sizes.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { agentAnswers, type Context, type Run, replicaFlag, unreachable } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli debug profile',
  about:
    'Samples the server of one replica and writes a flame graph. The simulation knows the CPU time of two parts of it: serialising the entries of a batch, on one thread, and everything else. Sampling itself makes serialising a twentieth slower.',
  flags: [
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'duration', kind: 'text', help: 'how long, such as 60s', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** A function that keeps a thread busy for more than this share of the time is called hot. */
const HOT_PERCENT = 75;

function* profile(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const host = replicaFlag(ctx, parsed.flags, USAGE.command);
  if (typeof host !== 'number') return host;
  const match = /^([1-9]\d{0,3})s$/.exec(parsed.flags.text('duration') as string);
  if (match === null) return failed(2, `${USAGE.command}: --duration needs seconds such as 60s\n`);
  const { fleet } = ctx;
  if (!agentAnswers(ctx, host)) return yield* unreachable(ctx, USAGE.command, host);
  if (!fleet.isRunning(host)) return failed(1, `${USAGE.command}: the server does not run\n`);
  const { cpu } = fleet.machineOfReplica(host);
  const { batching } = fleet.cluster;
  const us: Us = Number(match[1]) * 1_000_000;
  const before = { busyUs: cpu.busyUs, serialisedUs: batching?.serialisedUs(host) ?? 0 };
  batching?.profile(host, true);
  try {
    yield { kind: 'sleep', us };
  } finally {
    batching?.profile(host, false);
  }
  const serialisedUs = (batching?.serialisedUs(host) ?? 0) - before.serialisedUs;
  const percent = (part: Us): number => Math.min(100, (part * 100) / us);
  const rows: [string, number][] = [
    ['kimberlite::log::serialize_entry', percent(serialisedUs)],
    ['everything else', percent(Math.max(0, cpu.busyUs - before.busyUs - serialisedUs))],
  ];
  const path = `/tmp/profile-replica-${parsed.flags.integer('replica-id') as number}.svg`;
  const table = rows.map(([name, share]) => `${tenthsText(share).padStart(6)}% of one core  ${name}\n`).join('');
  const hot = rows.filter(([name, share]) => share > HOT_PERCENT && name !== 'everything else');
  const verdict = hot.length === 0 ? 'no hot function' : hot.map(([name]) => `hot: ${name}, one thread`).join('\n');
  ctx.writeFile(path, `flame graph of ${us / 1_000_000} s\n${table}`);
  return ok(`${table}${verdict}\nflame graph: ${path}\n`);
}

export const DEBUG_PROFILE: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['debug', 'profile'], about: USAGE.about, run: profile },
];
