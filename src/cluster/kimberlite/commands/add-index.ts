import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { tableOf } from '../queries.ts';

const USAGE: CommandUsage = {
  command: 'add-index',
  about:
    'Developers deploy an index for the statements on a table; executions that begin later use it and read a thousandth of the rows.',
  flags: [{ name: 'table', kind: 'text', help: 'such as report_events', required: true }],
  positionals: [],
  positionalsMin: 0,
};

/** How long a small deployment takes. Our own round figure. */
const DEPLOY_US = 20 * SECOND;

/** `add-index --table TABLE`: no text gives a command for it (Issue 3 cause 2, latency tree), people do it. */
export const addIndex: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { cluster } = ctx.fleet;
  const table = parsed.flags.text('table') as string;
  const known = cluster.queries.some((each) => each.sessions.some(({ spec }) => tableOf(spec) === table));
  yield { kind: 'sleep', us: DEPLOY_US };
  if (!known) return failed(1, `add-index: no statement reads a table ${table}\n`);
  cluster.schema.indexed.add(table);
  return ok(`index deployed: ${table}\n`);
};
