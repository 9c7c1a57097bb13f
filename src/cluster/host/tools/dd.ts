import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand } from '../command.ts';
import { countRequest } from '../device-work.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';
import { diskName, isFolder } from './disk-space.ts';

const HELP =
  'usage: dd if=/dev/zero of=FILE bs=SIZE count=N oflag=dsync\n\nWrites N blocks of zeros one after the other, each synced before the next, into a file of the data directory: the\ntest of a disk that the guide gives. The file stays. Nothing else of dd is modelled.\n';

/** Blocks that one test may write; the guide asks for 1000. */
const BLOCKS_MAX = 10_000;

/** Operands as `name=value`; null for one that is none. */
function operandsOf(argv: readonly string[]): Map<string, string> | null {
  const operands = new Map<string, string>();
  for (const word of argv) {
    const at = word.indexOf('=');
    if (at < 1) return null;
    operands.set(word.slice(0, at), word.slice(at + 1));
  }
  return operands;
}

function blockBytes(text: string | undefined): number {
  const match = /^(\d{1,7})([kM]?)$/.exec(text ?? '');
  if (match === null) return 0;
  return Number(match[1]) * (match[2] === 'k' ? 1_024 : match[2] === 'M' ? 1_048_576 : 1);
}

/** `dd if=/dev/zero of=/var/lib/kimberlite/test bs=4k count=1000 oflag=dsync`. Its words go to stderr, as dd's do. */
export const dd: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  if (argv[0] === '--help') return { stdout: HELP, stderr: '', code: 0 };
  const { fleet } = ctx;
  const machine = ownMachine(fleet, ctx.onHost);
  const operands = operandsOf(argv);
  const known = ['if', 'of', 'bs', 'count', 'oflag'];
  const strange = operands === null ? '' : ([...operands.keys()].find((name) => !known.includes(name)) ?? '');
  if (operands === null || strange !== '') return failed(1, `dd: unrecognized operand\n${HELP}`);
  const of = operands.get('of') ?? '';
  const name = diskName(fleet, ctx.resolvePath?.(of) ?? of);
  if (operands.get('if') !== '/dev/zero' || operands.get('oflag') !== 'dsync' || name === null || name === '') {
    return failed(1, `dd: only synced zeros into a file of ${fleet.dataDirectory} are modelled\n${HELP}`);
  }
  if (!fleet.hasService(machine)) return failed(1, `dd: failed to open '${of}': No such file or directory\n`);
  if (isFolder(fleet, machine, name)) return failed(1, `dd: failed to open '${of}': Is a directory\n`);
  if (machine.disk.fileExists(name)) return failed(1, `dd: ${of}: not offered over a file that is there\n`);
  const bytes = blockBytes(operands.get('bs'));
  const count = Number(operands.get('count') ?? 0);
  if (bytes < 1 || !Number.isInteger(count) || count < 1 || count > BLOCKS_MAX) {
    return failed(1, `dd: bs and count need positive integers, count at most ${BLOCKS_MAX}\n`);
  }
  const { disk } = machine;
  const startedUs = fleet.world.nowUs;
  let written = 0;
  while (written < count && disk.freeBytes() >= bytes) {
    if (disk.createFile(name, (written + 1) * bytes) !== '') break;
    written++;
    const { nowUs } = fleet.world;
    const serviceUs = disk.options.writeLatencyUsMean + disk.options.fsyncLatencyUsMean;
    const us = disk.queue.admit(nowUs, serviceUs, bytes) - nowUs;
    countRequest(disk, 'write', bytes, us);
    disk.counters.fsyncs++;
    yield { kind: 'sleep', us };
    // The blocks are zeros, which is what a file has that was only made longer.
    disk.syncFile(name);
  }
  return report(of, written, count, bytes, fleet.world.nowUs - startedUs);
};

function report(of: string, written: number, count: number, bytes: number, us: number): CommandResult {
  const full = written < count;
  const lines = [
    ...(full ? [`dd: error writing '${of}': No space left on device`] : []),
    `${written + (full ? 1 : 0)}+0 records in`,
    `${written}+0 records out`,
    `${written * bytes} bytes copied, ${tenthsText(us / SECOND)} s`,
  ];
  return { stdout: '', stderr: `${lines.join('\n')}\n`, code: full ? 1 : 0 };
}
