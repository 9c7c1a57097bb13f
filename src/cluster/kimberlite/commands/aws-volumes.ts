import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { aws } from '../../host/tools/aws.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { gibibytesOf } from '../volumes.ts';
import { here } from './ask.ts';
import { awsInstances, INSTANCE_VERBS } from './aws-instances.ts';
import { awsPlacement, PLACEMENT_VERBS } from './aws-placement.ts';
import { route53 } from './route53.ts';

const DEVICE = '/dev/nvme0n1';

const MODIFY: CommandUsage = {
  command: 'aws ec2 modify-volume',
  about:
    'Enlarges a cloud volume, whose file system stays as it was until it is grown (resize2fs), or raises its IOPS, which are there once the provider has moved the volume. One call may do both; the next is refused for six hours.',
  flags: [
    { name: 'volume-id', kind: 'text', help: 'such as vol-123', required: true },
    { name: 'size', kind: 'integer', help: 'new size in GiB' },
    { name: 'iops', kind: 'integer', help: 'new lasting requests per second' },
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

const BALANCE: CommandUsage = {
  command: 'aws cloudwatch get-metric-statistics',
  about: 'The burst credits that a volume with limited IOPS has left, in percent.',
  flags: [
    { name: 'metric-name', kind: 'text', help: 'BurstBalance', required: true },
    { name: 'dimensions', kind: 'text', help: 'Name=VolumeId,Value=vol-122', required: true },
  ],
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
  if (argv[0] === 'cloudwatch') return yield* burstBalance(argv, stdin, ctx);
  if (argv[0] !== 'ec2') return yield* aws(argv, stdin, ctx);
  if (INSTANCE_VERBS.includes(argv[1] ?? '')) return yield* awsInstances(argv.slice(1), stdin, ctx);
  const { fleet } = ctx;
  if (PLACEMENT_VERBS.includes(argv[1] ?? '')) return yield* awsPlacement(argv.slice(1), stdin, ctx);
  if (argv[1] === 'describe-volumes') {
    const parsed = parseFlags(DESCRIBE, argv.slice(2));
    if (!parsed.ok) return parsed.result;
    yield { kind: 'sleep', us: SECOND };
    const lines = fleet.volumes.all.map((volume) => {
      const host = fleet.machineOfReplica(volume.host).name;
      const limit = fleet.volumes.limitOf(volume);
      const iops = limit === null ? '' : ` ${limit.iopsAt(fleet.world.nowUs)} IOPS`;
      return `${volume.id} ${gibibytesOf(volume)} GiB${iops} attached to ${host} as ${DEVICE}\n`;
    });
    return ok(lines.join(''));
  }
  if (argv[1] !== 'modify-volume') {
    return failed(2, `aws ec2 ${argv[1] ?? ''}: not modelled; only describe-volumes and modify-volume\n`);
  }
  const parsed = parseFlags(MODIFY, argv.slice(2));
  if (!parsed.ok) return parsed.result;
  const id = parsed.flags.text('volume-id') as string;
  const volume = fleet.volumes.find(id);
  yield { kind: 'sleep', us: SECOND };
  const fail = (text: string) => failed(254, `An error occurred when calling the ModifyVolume operation: ${text}\n`);
  if (volume === null) return fail(`(InvalidVolume.NotFound) The volume '${id}' does not exist`);
  const [size, iops] = [parsed.flags.integer('size') ?? -1, parsed.flags.integer('iops') ?? -1];
  if (size < 0 && iops < 1) return failed(2, `${MODIFY.command}: give --size, --iops, or both\n`);
  const before = gibibytesOf(volume);
  const iopsBefore = fleet.volumes.limitOf(volume)?.iopsAt(fleet.world.nowUs) ?? -1;
  if (iops > 0 && iopsBefore < 0) return fail(`(InvalidParameterCombination) '${id}' is of a type without IOPS`);
  const problem = fleet.volumes.modify(volume, size, iops, fleet.world.nowUs);
  if (problem !== '') return fail(problem);
  const grown = size < 0 ? '' : `, original size ${before} GiB, target size ${gibibytesOf(volume)} GiB`;
  const raised = iops < 1 ? '' : `, original iops ${iopsBefore}, target iops ${iops}`;
  return ok(`${id}: modifying${grown}${raised}\n`);
};

/** `aws cloudwatch get-metric-statistics --metric-name BurstBalance --volume-id vol-122`: what is left of the credits. */
const burstBalance: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  if (argv[1] !== 'get-metric-statistics') {
    return failed(2, `aws cloudwatch ${argv[1] ?? ''}: not modelled; only ${BALANCE.command}\n`);
  }
  const parsed = parseFlags(BALANCE, argv.slice(2));
  if (!parsed.ok) return parsed.result;
  if (parsed.flags.text('metric-name') !== 'BurstBalance') {
    return failed(2, `${BALANCE.command}: only the metric BurstBalance is modelled\n`);
  }
  const { volumes, world } = ctx.fleet;
  const id = (parsed.flags.text('dimensions') as string).replace(/^Name=VolumeId,Value=/, '');
  yield { kind: 'sleep', us: SECOND };
  const volume = volumes.find(id);
  const limit = volume === null ? null : volumes.limitOf(volume);
  return ok(limit === null ? 'no datapoints\n' : `BurstBalance ${id} ${limit.balancePercent(world.nowUs)} Percent\n`);
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
