import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { Subcommand } from '../../host/subcommands.ts';
import { RELEASE_OF_UPGRADES, releaseText } from '../../vsr/releases.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { askAll, type Context, type Run } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-cli cluster features',
  about:
    'Prints which features are on. A feature is on once the log has raised the cluster to its release, which happens when every member runs it; from then on no older release can read the log. Changes nothing.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

/** Names of the catalogue (cluster-features); all of them need v0.4.0 in the checkout's code (AN-FEATURES). */
const FEATURES = [
  'clock_sync',
  'client_sessions',
  'repair_budgets',
  'ewma_repair',
  'log_scrubbing',
  'cluster_reconfig',
  'rolling_upgrades',
  'standby_replicas',
] as const;

function* clusterFeatures(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const views = yield* askAll(ctx);
  let active = -1;
  for (const view of views) if (view.node !== null) active = Math.max(active, view.node.machine.activeRelease);
  if (active < 0) return failed(1, `${USAGE.command}: no replica answers\n`);
  const on = active >= RELEASE_OF_UPGRADES;
  const lines = FEATURES.map((name) => `${name.padEnd(18)} ${on ? 'on' : 'off'}\n`);
  const since = on
    ? `activated: ${releaseText(active)}; the log can be read from ${releaseText(RELEASE_OF_UPGRADES)} on\n`
    : 'activated: none; every release can read the log\n';
  return ok(`${since}${lines.join('')}`);
}

export const CLUSTER_FEATURES: readonly Subcommand<KimberliteFleet>[] = [
  { words: ['cluster', 'features'], about: USAGE.about, run: clusterFeatures },
];
