import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { RELEASE } from '../replica-view.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-server',
  about:
    'Prints the release, or the configuration that this invocation would run with. Starting a server by hand is not modelled.',
  flags: [
    { name: 'version', kind: 'switch', help: 'print the release' },
    { name: 'config', kind: 'text', help: '/etc/kimberlite/config.toml' },
    { name: 'show-config', kind: 'switch', help: 'print the configuration' },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** Release that a server has which starts on this host now. */
function installed(ctx: Parameters<OperatorCommand<KimberliteFleet>>[2]): string {
  const { cluster } = ctx.fleet;
  const host = ctx.fleet.machineOf(ctx.onHost, ctx.onHost)?.id ?? -1;
  return cluster.plan.deployment === undefined || host < 0 ? RELEASE : cluster.releases.toStart(host);
}

/** `kimberlite-server --version` and `--config FILE --show-config`. */
// biome-ignore lint/correctness/useYield: takes no time
export const server: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  if (flags.has('version')) return ok(`kimberlite-server ${installed(ctx)}\n`);
  if (!flags.has('show-config')) return failed(1, 'kimberlite-server: only --version and --show-config are modelled\n');
  const path = flags.text('config') ?? '/etc/kimberlite/config.toml';
  const text = ctx.readFile(path);
  return text === null ? failed(1, `kimberlite-server: ${path}: No such file or directory\n`) : ok(text);
};
