import type { Machine } from '../../../sim/machine.ts';
import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';

const IDS = { name: 'instance-ids', kind: 'text', help: 'such as i-0001', required: true } as const;

const STOP: CommandUsage = {
  command: 'aws ec2 stop-instances',
  about: 'Shuts a host down in order: the server stops, the disk is synced, the power goes.',
  flags: [IDS],
  positionals: [],
  positionalsMin: 0,
};

const START: CommandUsage = {
  command: 'aws ec2 start-instances',
  about: 'Starts a stopped host; its services start with it.',
  flags: [IDS],
  positionals: [],
  positionalsMin: 0,
};

const MODIFY: CommandUsage = {
  command: 'aws ec2 modify-instance-attribute',
  about: 'Gives a stopped host another size: m6i.large has 2 cores, xlarge 4, 2xlarge 8, 4xlarge 16, each with 4 GiB.',
  flags: [
    { name: 'instance-id', kind: 'text', help: 'such as i-0001', required: true },
    { name: 'instance-type', kind: 'text', help: 'such as m6i.2xlarge', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const DESCRIBE: CommandUsage = {
  command: 'aws ec2 describe-instances',
  about: 'Lists the hosts of replicas and standbys with instance, type and state.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const TYPES: ReadonlyMap<string, number> = new Map([
  ['m6i.large', 2],
  ['m6i.xlarge', 4],
  ['m6i.2xlarge', 8],
  ['m6i.4xlarge', 16],
]);
const BYTES_PER_CORE = 4_294_967_296;
const STOP_US = 20 * SECOND;
const BOOT_US = 45 * SECOND;

/** Words of `aws ec2` that this file knows. */
export const INSTANCE_VERBS: readonly string[] = [
  'describe-instances',
  'stop-instances',
  'start-instances',
  'modify-instance-attribute',
];

function idOf(machine: Machine): string {
  return `i-${String(machine.id + 1).padStart(4, '0')}`;
}

function find(fleet: KimberliteFleet, id: string): Machine | null {
  const host = fleet.cluster.serverHosts.find((each) => idOf(fleet.machineOfReplica(each)) === id);
  return host === undefined ? null : fleet.machineOfReplica(host);
}

function describe(fleet: KimberliteFleet): CommandResult {
  const lines = fleet.cluster.serverHosts.map((host) => {
    const machine = fleet.machineOfReplica(host);
    const cores = machine.cpu.model?.threads.cores;
    const type = [...TYPES].find(([, count]) => count === cores)?.[0] ?? `${cores ?? 'unmodelled'} cores`;
    return `${idOf(machine)} ${machine.name} ${type} ${machine.powered ? 'running' : 'stopped'}\n`;
  });
  return ok(lines.join(''));
}

/** `aws ec2 describe-instances | stop-instances | modify-instance-attribute | start-instances`. */
export const awsInstances: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const { fleet } = ctx;
  const [verb, ...rest] = argv;
  const usage = { 'stop-instances': STOP, 'start-instances': START, 'modify-instance-attribute': MODIFY }[verb ?? ''];
  const parsed = parseFlags(usage ?? DESCRIBE, rest);
  if (!parsed.ok) return parsed.result;
  yield { kind: 'sleep', us: SECOND };
  if (usage === undefined) return describe(fleet);
  const id = (parsed.flags.text('instance-ids') ?? parsed.flags.text('instance-id')) as string;
  const machine = find(fleet, id);
  const fail = (text: string): CommandResult => failed(254, `An error occurred when calling ${verb}: ${text}\n`);
  if (machine === null) return fail(`(InvalidInstanceID.NotFound) The instance '${id}' does not exist`);
  if (verb === 'stop-instances') {
    if (!machine.powered) return ok(`${id}: stopped\n`);
    fleet.stopping(machine, STOP.command);
    const { enabled } = machine;
    if (machine.paused) machine.resume(true);
    if (machine.isUp) machine.stop('stop');
    machine.disk.syncAll();
    machine.powerLoss('operator:stop-instances', 'mix');
    machine.enabled = enabled;
    yield { kind: 'sleep', us: STOP_US };
    return ok(`${id}: stopped\n`);
  }
  if (verb === 'start-instances') {
    machine.powerOn(BOOT_US);
    return ok(`${id}: pending\n`);
  }
  const { model } = machine.cpu;
  const cores = TYPES.get(parsed.flags.text('instance-type') as string);
  if (machine.powered) return fail(`(IncorrectInstanceState) The instance '${id}' is not in the 'stopped' state`);
  if (cores === undefined || model === null) return fail('(InvalidParameterValue) not a type that is modelled');
  model.threads.settle();
  model.threads.cores = cores;
  model.memory.totalBytes = cores * BYTES_PER_CORE;
  return ok(`${id}: ${cores} cores\n`);
};
