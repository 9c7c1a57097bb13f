import { MINUTE } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { unreadableSectors } from '../../host/tools/hardware.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { refuseWipe } from '../wipe-guard.ts';

const USAGE: CommandUsage = {
  command: 'replace-disk',
  about:
    'Data-centre staff put an empty disk in the place of the data disk of a host (catalogue, replace-hardware). The server must be stopped. Refused as rm of the log is: what was on the old disk is gone.',
  flags: [],
  positionals: ['HOST'],
  positionalsMin: 1,
};

/** How long staff take; our own round figure. */
const WORK_US = 5 * MINUTE;

/** `replace-disk HOST`: the host comes back with the same name and number and an empty data directory. */
export const replaceDisk: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const name = parsed.flags.positionals[0] as string;
  const machine = fleet.machineOf(name, ctx.onHost);
  if (machine === null || !fleet.hasService(machine)) {
    return failed(1, `${USAGE.command}: ${name} is no host of a replica\n`);
  }
  if (machine.isUp) return failed(1, `${USAGE.command}: the server runs on ${machine.name}: stop it first\n`);
  const refusal = refuseWipe(fleet, machine.id, 'rm');
  if (refusal !== '') return failed(1, `${USAGE.command}: refused: ${refusal}\n`);
  yield { kind: 'sleep', us: WORK_US };
  if (machine.isUp) return failed(1, `${USAGE.command}: the server on ${machine.name} was started meanwhile\n`);
  const unreadable = unreadableSectors(machine);
  fleet.changing(machine, USAGE.command);
  for (const file of machine.disk.files()) machine.disk.removeFile(file);
  fleet.removeAccounted(machine, [...fleet.accounted(machine).keys()]);
  fleet.people.add('mend', `disk of ${machine.name}`, 'replaced');
  return ok(`replaced: ${machine.name} has an empty disk; the old one had ${unreadable} unreadable sectors\n`);
};
