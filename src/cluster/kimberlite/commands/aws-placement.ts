import type { Machine } from '../../../sim/machine.ts';
import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, type Flags, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';

const CREATE: CommandUsage = {
  command: 'aws ec2 create-placement-group',
  about: 'Makes a placement group: spread puts each host of it into a rack of its own, cluster all into one rack.',
  flags: [
    { name: 'group-name', kind: 'text', help: 'name of the group', required: true },
    { name: 'strategy', kind: 'text', help: 'spread or cluster', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const MOVE: CommandUsage = {
  command: 'aws ec2 modify-instance-placement',
  about:
    'Says where a stopped host stands when it is started again: in a zone, in a placement group, or both. Its volume goes with it.',
  flags: [
    { name: 'instance-id', kind: 'text', help: 'such as i-0001', required: true },
    { name: 'availability-zone', kind: 'text', help: 'such as us-east-1b; us-east-1a unless told' },
    { name: 'group-name', kind: 'text', help: 'a placement group' },
  ],
  positionals: [],
  positionalsMin: 0,
};

const TOPOLOGY: CommandUsage = {
  command: 'aws ec2 describe-instance-topology',
  about: 'Lists the hosts of the replicas with the zone and the rack that they stand in.',
  flags: [],
  positionals: [],
  positionalsMin: 0,
};

const USAGES: ReadonlyMap<string, CommandUsage> = new Map([
  ['create-placement-group', CREATE],
  ['modify-instance-placement', MOVE],
  ['describe-instance-topology', TOPOLOGY],
]);

/** Words of `aws ec2` that this file knows. */
export const PLACEMENT_VERBS: readonly string[] = [...USAGES.keys()];

/** Instance id of a replica's host. */
function idOf(machine: Machine): string {
  return `i-${String(machine.id + 1).padStart(4, '0')}`;
}

function create(fleet: KimberliteFleet, flags: Flags): CommandResult {
  const [name, strategy] = [flags.text('group-name') as string, flags.text('strategy') as string];
  if (strategy !== 'spread' && strategy !== 'cluster') {
    return failed(254, `An error occurred: (InvalidParameterValue) strategy ${strategy}: use spread or cluster\n`);
  }
  fleet.world.topology.groups.set(name, strategy);
  return ok(`${name}: available, strategy ${strategy}\n`);
}

function move(fleet: KimberliteFleet, flags: Flags): CommandResult {
  const { topology } = fleet.world;
  const fail = (text: string): CommandResult =>
    failed(254, `An error occurred when calling the ModifyInstancePlacement operation: ${text}\n`);
  const id = flags.text('instance-id') as string;
  const host = fleet.cluster.replicaHosts.find((each) => idOf(fleet.machineOfReplica(each)) === id);
  if (host === undefined) return fail(`(InvalidInstanceID.NotFound) The instance '${id}' does not exist`);
  if (fleet.machineOfReplica(host).powered) {
    return fail(`(IncorrectInstanceState) The instance '${id}' is not in the 'stopped' state`);
  }
  const zone = flags.text('availability-zone') ?? 'us-east-1a';
  if (!/^[a-z]+-[a-z]+-\d[a-z]$/.test(zone)) return fail(`(InvalidParameterValue) ${zone} is no availability zone`);
  const group = flags.text('group-name');
  const strategy = group === undefined ? 'spread' : topology.groups.get(group);
  if (strategy === undefined) return fail(`(InvalidPlacementGroup.Unknown) The group '${group}' does not exist`);
  const rack = strategy === 'cluster' ? `${zone}-${group}` : `${zone}-r${host + 1}`;
  topology.place(host, { zone, rack });
  topology.moved.add(host);
  return ok(`${id}: zone ${zone}, rack ${rack}\n`);
}

function describe(fleet: KimberliteFleet): CommandResult {
  const lines = fleet.cluster.replicaHosts.map((host) => {
    const machine = fleet.machineOfReplica(host);
    const { zone, rack } = fleet.world.topology.siteOf(host);
    return `${idOf(machine)} ${machine.name} zone ${zone} rack ${rack}\n`;
  });
  return ok(lines.join(''));
}

/** `aws ec2 create-placement-group | modify-instance-placement | describe-instance-topology`. */
export const awsPlacement: OperatorCommand<KimberliteFleet> = function* (argv, _stdin, ctx) {
  const [verb, ...rest] = argv;
  const parsed = parseFlags(USAGES.get(verb as string) as CommandUsage, rest);
  if (!parsed.ok) return parsed.result;
  yield { kind: 'sleep', us: SECOND };
  if (verb === 'create-placement-group') return create(ctx.fleet, parsed.flags);
  return verb === 'modify-instance-placement' ? move(ctx.fleet, parsed.flags) : describe(ctx.fleet);
};
