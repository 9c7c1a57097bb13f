import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { aws } from '../../host/tools/aws.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { gibibytesOf } from '../volumes.ts';
import { here } from './ask.ts';
import { route53 } from './route53.ts';

const DEVICE = '/dev/nvme0n1';

const MODIFY: CommandUsage = {
  command: 'aws ec2 modify-volume',
  about:
    'Enlarges a cloud volume; the file system on it stays as it was until it is grown (resize2fs). Refused within six hours of the last change.',
  flags: [
    { name: 'volume-id', kind: 'text', help: 'such as vol-123', required: true },
    { name: 'size', kind: 'integer', help: 'new size in GiB', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const DESCRIBE: CommandUsage = {
  command: 'aws ec2 describe-volumes',
  about: 'Lists the cloud volumes with the host that each is attached to.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const RESIZE: CommandUsage = {
  command: 'resize2fs',
  about: 'Grows the file system of the data disk of this host to the size of its volume, while it is in use.',
  flags: [],
  positionals: ['DEVICE'],
  positionalsMin: 1,
};

/** `aws` with the services that a Kimberlite operator uses: `s3 ls` of every system, and the volumes. */
export const awsWithVolumes: OperatorCommand<KimberliteFleet> = function* (argv, stdin, ctx) {
  if (argv[0] === 'route53' && argv[1] === 'change-resource-record-sets') return yield* route53(argv.slice(2), ctx);
  if (argv[0] !== 'ec2') return yield* aws(argv, stdin, ctx);
  const { fleet } = ctx;
  if (argv[1] === 'describe-volumes') {
    const parsed = parseFlags(DESCRIBE, argv.slice(2));
    if (!parsed.ok) return parsed.result;
    yield { kind: 'sleep', us: SECOND };
    const lines = fleet.volumes.all.map((volume) => {
      const host = fleet.machineOfReplica(volume.host).name;
      return `${volume.id} ${gibibytesOf(volume)} GiB attached to ${host} as ${DEVICE}\n`;
    });
    return ok(lines.join(''));
  }
  if (argv[1] !== 'modify-volume') {
    return failed(2, `aws ec2 ${argv[1] ?? ''}: not modelled; only describe-volumes and modify-volume --size\n`);
  }
  const parsed = parseFlags(MODIFY, argv.slice(2));
  if (!parsed.ok) return parsed.result;
  const id = parsed.flags.text('volume-id') as string;
  const volume = fleet.volumes.find(id);
  yield { kind: 'sleep', us: SECOND };
  const fail = (text: string) => failed(254, `An error occurred when calling the ModifyVolume operation: ${text}\n`);
  if (volume === null) return fail(`(InvalidVolume.NotFound) The volume '${id}' does not exist`);
  const before = gibibytesOf(volume);
  const problem = fleet.volumes.modify(volume, parsed.flags.integer('size') as number, fleet.world.nowUs);
  if (problem !== '') return fail(problem);
  return ok(`${id}: modifying, original size ${before} GiB, target size ${gibibytesOf(volume)} GiB\n`);
};

/** `resize2fs /dev/nvme0n1` on the host whose file system is to grow. */
export const resize2fs: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(RESIZE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const machine = here(ctx);
  const volume = fleet.volumes.ofHost(machine.id);
  const device = parsed.flags.positionals[0] as string;
  if (volume === null || device !== DEVICE) {
    return failed(1, `resize2fs: No such file or directory while opening ${device}\n`);
  }
  yield { kind: 'sleep', us: 5 * SECOND };
  const before = machine.disk.capacityBytes;
  machine.disk.grow(volume.sizeBytes);
  const blocks = Math.floor(machine.disk.capacityBytes / 4_096);
  if (machine.disk.capacityBytes === before) return ok(`The filesystem is already ${blocks} (4k) blocks long.\n`);
  return ok(`The filesystem on ${DEVICE} is now ${blocks} (4k) blocks long.\n`);
};
