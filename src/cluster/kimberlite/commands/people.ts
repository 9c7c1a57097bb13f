import type { DirectedLink } from '../../../sim/link.ts';
import { SECOND } from '../../../sim/time.ts';
import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';
import type { PeopleAct } from '../people-log.ts';

type Command = OperatorCommand<KimberliteFleet>;

/** An act that is recorded with its time and has no other effect; `about` names the flag or argument it concerns. */
function recorded(usage: CommandUsage, act: PeopleAct, about: string, text: string): Command {
  // biome-ignore lint/correctness/useYield: saying something takes no virtual time of the cluster
  return function* (argv, _stdin, ctx): ReturnType<Command> {
    const parsed = parseFlags(usage, argv);
    if (!parsed.ok) return parsed.result;
    const { flags } = parsed;
    const words = flags.positionals.join(' ');
    const subject = about === '' ? words : (flags.text(about) as string);
    ctx.fleet.people.add(act, subject, flags.text(text) ?? words);
    return ok(`${act} recorded: ${subject}\n`);
  };
}

function flag(name: string, help: string, required: boolean) {
  return { name, kind: 'text', help, required } as const;
}

const ESCALATE: CommandUsage = {
  command: 'escalate',
  about: 'Calls a role of the escalation table and records when.',
  flags: [flag('to', 'role: CTO, Compliance Officer, Kimberlite Engineering, network operations, ...', true)],
  positionals: ['WORDS'],
  positionalsMin: 0,
  rest: true,
};

const APPROVE: CommandUsage = {
  command: 'approve',
  about: 'Records an approval by a named person: data-loss, rejoin.',
  flags: [flag('what', 'data-loss or rejoin', true), flag('by', 'who takes the responsibility', true)],
  positionals: [],
  positionalsMin: 0,
};

const TICKET: CommandUsage = {
  command: 'open-ticket',
  about: 'Opens an incident ticket; the words and files behind it are its contents.',
  flags: [flag('title', 'what happened', true)],
  positionals: ['CONTENTS'],
  positionalsMin: 0,
  rest: true,
};

const UPDATE: CommandUsage = {
  command: 'post-update',
  about: 'Posts a message in a channel.',
  flags: [flag('channel', '#kimberlite-incidents', true)],
  positionals: ['WORDS'],
  positionalsMin: 1,
  rest: true,
};

const STATUS_PAGE: CommandUsage = {
  command: 'set-status-page',
  about: 'Sets the public status page, for example to "Major Outage".',
  flags: [],
  positionals: ['STATE'],
  positionalsMin: 1,
  rest: true,
};

const ACK: CommandUsage = {
  command: 'ack-alert',
  about: 'Acknowledges an alert.',
  flags: [],
  positionals: ['ALERT'],
  positionalsMin: 1,
};

const DECIDE: CommandUsage = {
  command: 'decide',
  about: 'Records which branch of a procedure was taken.',
  flags: [],
  positionals: ['BRANCH'],
  positionalsMin: 1,
  rest: true,
};

const MEND: CommandUsage = {
  command: 'mend',
  about: 'People mend what a fault broke (network operations, data centre): ends the fault with this label now.',
  flags: [],
  positionals: ['FAULT-LABEL'],
  positionalsMin: 1,
};

const FENCE: CommandUsage = {
  command: 'fence',
  about: 'Data-centre staff cut a host off from every other host, also when it comes back, until unfence.',
  flags: [flag('by', 'who confirmed it', false)],
  positionals: ['HOST'],
  positionalsMin: 1,
};

const UNFENCE: CommandUsage = {
  command: 'unfence',
  about: 'Ends what fence did.',
  flags: [],
  positionals: ['HOST'],
  positionalsMin: 1,
};

const mend: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(MEND, argv);
  if (!parsed.ok) return parsed.result;
  const label = parsed.flags.positionals[0] as string;
  yield { kind: 'sleep', us: SECOND };
  if (!ctx.fleet.mend(label)) return failed(1, `mend: no fault ${label} that people could mend is active\n`);
  ctx.fleet.people.add('mend', label, '');
  return ok(`mended: ${label}\n`);
};

const fence: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(FENCE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const name = parsed.flags.positionals[0] as string;
  const machine = fleet.machineOf(name, ctx.onHost);
  if (machine === null || !fleet.hasService(machine)) return failed(1, `fence: ${name} is no host of a replica\n`);
  yield { kind: 'sleep', us: SECOND };
  const links: DirectedLink[] = [];
  for (const other of fleet.world.machines) {
    if (other.id === machine.id) continue;
    links.push({ from: machine.id, to: other.id }, { from: other.id, to: machine.id });
  }
  fleet.world.network.cut(`operator:fence:${machine.id}`, links);
  fleet.fenced.set(machine.id, fleet.world.nowUs);
  fleet.people.add('fence', machine.name, parsed.flags.text('by') ?? '');
  return ok(`fenced: ${machine.name}\n`);
};

const unfence: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(UNFENCE, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const name = parsed.flags.positionals[0] as string;
  const machine = fleet.machineOf(name, ctx.onHost);
  if (machine === null || !fleet.fenced.has(machine.id)) return failed(1, `unfence: ${name} is not fenced\n`);
  yield { kind: 'sleep', us: SECOND };
  fleet.world.network.heal(`operator:fence:${machine.id}`);
  fleet.fenced.delete(machine.id);
  fleet.people.add('unfence', machine.name, '');
  return ok(`unfenced: ${machine.name}\n`);
};

/** What people do besides typing commands, as commands of their own so that a step can say it. */
export const PEOPLE: readonly (readonly [string, Command])[] = [
  ['ack-alert', recorded(ACK, 'ack-alert', '', '')],
  ['approve', recorded(APPROVE, 'approve', 'what', 'by')],
  ['decide', recorded(DECIDE, 'decide', '', '')],
  ['escalate', recorded(ESCALATE, 'escalate', 'to', '')],
  ['fence', fence],
  ['mend', mend],
  ['open-ticket', recorded(TICKET, 'open-ticket', 'title', '')],
  ['post-update', recorded(UPDATE, 'post-update', 'channel', '')],
  ['set-status-page', recorded(STATUS_PAGE, 'set-status-page', '', '')],
  ['unfence', unfence],
];
