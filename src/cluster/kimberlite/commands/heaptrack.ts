import type { Machine } from '../../../sim/machine.ts';
import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand, ok } from '../../host/command.ts';
import { serverPid } from '../../host/tools/processes.ts';
import { diskSource, readSuperblock, writeSuperblock } from '../data-directory.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { here } from './ask.ts';

const HELP = `usage: heaptrack kimberlite-server --config /etc/kimberlite/config.toml

Starts the server of this host under a heap profiler, in the foreground: it ends with the command (timeout), which then
writes heaptrack.kimberlite-server.txt. The server that it starts is another one: a data directory in use is refused.
`;
const FILE = 'heaptrack.kimberlite-server.txt';
const OPEN_US = 2 * SECOND;
const MIB = 1_048_576;

/** `heaptrack kimberlite-server --config FILE`. */
export const heaptrack: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const { fleet } = ctx;
  const machine = here(ctx);
  if (argv[0] !== fleet.program || !argv.includes('--config')) return argv[0] === '--help' ? ok(HELP) : failed(1, HELP);
  if (!fleet.hasService(machine)) return failed(1, `heaptrack: no ${fleet.program} on ${machine.name}\n`);
  yield { kind: 'sleep', us: OPEN_US };
  if (machine.isUp) return second(fleet, machine);
  machine.start();
  ctx.print(`heaptrack output will be written to "${FILE}"\n`);
  const before = residentBytes(machine, fleet);
  try {
    for (;;) yield { kind: 'sleep', us: 60 * SECOND };
  } finally {
    const grown = residentBytes(machine, fleet) - before;
    const us = Math.max(1, fleet.world.nowUs - machine.startedUs);
    ctx.writeFile(
      FILE,
      `peak RSS: ${Math.floor((before + grown) / MIB)} MiB\ngrown while profiled: ${Math.floor(grown / MIB)} MiB, ${Math.floor((grown * SECOND) / us / 1_024)} KiB/s\n`,
    );
    if (machine.isUp) machine.stop('stop');
  }
};

/**
 * A second server on a data directory that is in use. Before it binds its port it opens the directory, as every start
 * does: it reads the superblock and writes it back with an incarnation of its own, under the server that runs.
 */
function second(fleet: KimberliteFleet, machine: Machine): CommandResult {
  if (fleet.guard('data-directory-lock')) {
    return failed(
      1,
      `${fleet.program}: refused: data directory ${fleet.dataDirectory} is in use by process ${serverPid(machine)}\n`,
    );
  }
  const found = readSuperblock(diskSource(machine.disk));
  if (found.kind !== 'open') return failed(1, `${fleet.program}: superblock cannot be read\n`);
  const incarnation = found.state.incarnation + 1;
  const problem = writeSuperblock(machine.disk, { ...found.state, incarnation }, found, 0);
  fleet.onSecondServer(machine.id, incarnation);
  return failed(1, `${fleet.program}: ${problem === '' ? 'bind 0.0.0.0:7001: Address already in use' : problem}\n`);
}

function residentBytes(machine: Machine, fleet: KimberliteFleet): number {
  return machine.cpu.model?.memory.resident(fleet.program)[0]?.bytes ?? 0;
}
