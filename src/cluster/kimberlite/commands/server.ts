import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { RELEASE } from '../replica-view.ts';
import { startNode } from './server-node.ts';

const USAGE: CommandUsage = {
  command: 'kimberlite-server',
  about:
    'Prints the release, or the configuration that this invocation would run with. With --node-id, starts the server of a new, empty node, which joins the cluster of the peers that it is given. Refused where the directory holds data, and for the id of a node that was a member before the configuration was forced.',
  flags: [
    { name: 'version', kind: 'switch', help: 'print the release' },
    { name: 'config', kind: 'text', help: '/etc/kimberlite/config.toml' },
    { name: 'show-config', kind: 'switch', help: 'print the configuration' },
    { name: 'node-id', kind: 'integer', help: 'id of the new node, which this host is named for' },
    { name: 'cluster-peers', kind: 'text', help: 'node1:7001,...: who is asked to let it in' },
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

/** `kimberlite-server --version`, `--config FILE --show-config`, and `--node-id N --cluster-peers PEERS`. */
export const server: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  if (flags.has('version')) return ok(`kimberlite-server ${installed(ctx)}\n`);
  const id = flags.integer('node-id');
  if (id !== undefined) return yield* startNode(ctx, USAGE.command, id, flags.text('cluster-peers') ?? '');
  if (!flags.has('show-config')) {
    return failed(1, 'kimberlite-server: only --version, --show-config and --node-id are modelled\n');
  }
  const path = flags.text('config') ?? '/etc/kimberlite/config.toml';
  const text = ctx.readFile(path);
  return text === null ? failed(1, `kimberlite-server: ${path}: No such file or directory\n`) : ok(text);
};
