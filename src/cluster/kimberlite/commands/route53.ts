import { SECOND } from '../../../sim/time.ts';
import { type CommandResult, failed, ok, type Wait } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { READ_NAME } from '../readers.ts';
import { type Context, here } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'aws route53 change-resource-record-sets',
  about: `Changes what the service's name stands for, or that of those who only read (${READ_NAME}). Clients go on using the answer that they have until it expires (TTL).`,
  flags: [
    { name: 'hosted-zone-id', kind: 'text', help: 'Z1234567890ABC', required: true },
    {
      name: 'change-batch',
      kind: 'text',
      help: 'file://NAME.json in the form of the AWS documentation',
      required: true,
    },
  ],
  positionals: [],
  positionalsMin: 0,
};

/** The only zone, as the runbook writes it. */
export const HOSTED_ZONE = 'Z1234567890ABC';
/** The service's name that clients resolve. */
export const SERVICE_NAME = 'db.kimberlite.prod';

interface Change {
  readonly name: string;
  readonly values: readonly string[];
}

/** Name and values of the one UPSERT in a change batch, or what is wrong with it. */
function changeOf(text: string): Change | string {
  try {
    const batch = JSON.parse(text) as {
      Changes?: { Action?: string; ResourceRecordSet?: { Name?: string; ResourceRecords?: { Value?: string }[] } }[];
    };
    const [change] = batch.Changes ?? [];
    const name = change?.ResourceRecordSet?.Name ?? '';
    if (change?.Action !== 'UPSERT' || (name !== SERVICE_NAME && name !== READ_NAME)) {
      return `expected one UPSERT of ${SERVICE_NAME} or ${READ_NAME}`;
    }
    return { name, values: (change.ResourceRecordSet?.ResourceRecords ?? []).map((record) => record.Value ?? '') };
  } catch {
    return 'Error parsing parameter: the change batch is no JSON';
  }
}

/** `aws route53 change-resource-record-sets`. */
export function* route53(argv: readonly string[], ctx: Context): Generator<Wait, CommandResult, boolean> {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const fail = (text: string) => failed(254, `An error occurred when calling ChangeResourceRecordSets: ${text}\n`);
  if (parsed.flags.text('hosted-zone-id') !== HOSTED_ZONE)
    return fail('(NoSuchHostedZone) no hosted zone with this id');
  const batch = parsed.flags.text('change-batch') as string;
  const text = batch.startsWith('file://') ? ctx.readFile(batch.slice('file://'.length)) : null;
  if (text === null) return failed(255, `Error parsing parameter '--change-batch': Unable to load ${batch}\n`);
  const change = changeOf(text);
  if (typeof change === 'string') return fail(`(InvalidChangeBatch) ${change}`);
  const { name, values } = change;
  const hosts: number[] = [];
  for (const value of values) {
    const machine = fleet.machineOf(value, here(ctx).name);
    if (machine === null || !fleet.hasService(machine)) return fail(`(InvalidInput) ${value} does not resolve`);
    hosts.push(machine.id);
  }
  if (hosts.length === 0) return fail('(InvalidChangeBatch) no records');
  yield { kind: 'sleep', us: SECOND };
  if (name === READ_NAME) fleet.cluster.readers.route(hosts);
  else fleet.cluster.serviceHosts = hosts;
  fleet.world.mark(name === READ_NAME ? 'reads-routed' : 'dns-changed', -1);
  return ok(
    `{"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING", "Comment": "${name} -> ${values.join(', ')}"}}\n`,
  );
}
