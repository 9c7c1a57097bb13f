import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';

/** From the order to a host that starts its services again; our own round figure. */
const BOOT_US = 45 * SECOND;
const INSTALL_US = 30 * SECOND;

/** `reboot`: stops the service, syncs the disk, and starts the host anew; an enabled service starts with it. */
export const reboot: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  if (argv.length > 0)
    return failed(1, 'usage: reboot\n\nStops the services of this host, syncs its disk and starts it anew.\n');
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  if (!fleet.hasService(machine)) return failed(1, `reboot: ${machine.name} is not modelled as a host that boots\n`);
  yield { kind: 'sleep', us: SECOND };
  fleet.stopping?.(machine, 'reboot');
  if (machine.paused) machine.resume(true);
  if (machine.isUp) machine.stop('stop');
  machine.disk.syncAll();
  machine.powerLoss('operator:reboot', 'mix');
  machine.powerOn(BOOT_US);
  return ok('');
};

/** `apt install PACKAGE`: takes its time and changes nothing that is modelled; a new kernel runs after a reboot. */
export const apt: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const [verb, ...packages] = argv.filter((word) => !word.startsWith('-'));
  if (verb !== 'install' || packages.length === 0) return failed(1, 'usage: apt install [-y] PACKAGE...\n');
  ctx.print('Reading package lists... Done\n');
  yield { kind: 'sleep', us: INSTALL_US };
  return ok(packages.map((name) => `Setting up ${name} ...\n`).join(''));
};
