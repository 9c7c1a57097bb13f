import { SECOND } from '../../../sim/time.ts';
import { type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';

const IFTOP: CommandUsage = {
  command: 'iftop',
  about:
    'Traffic of this host with each other one, in Mbit/s, the largest first: of the service, of other processes, and what the link can take.',
  flags: [
    { name: 'text', short: 't', kind: 'switch', help: 'no effect: output is always plain' },
    {
      name: 'single',
      short: 's',
      kind: 'integer',
      help: 'print one report after N seconds and end (without it: every 10)',
    },
  ],
  positionals: [],
  positionalsMin: 0,
};

interface Flow {
  readonly from: number;
  readonly to: number;
  readonly sentBytes: number;
  readonly otherBytes: number;
}

function flowsOf(fleet: HostFleet, own: number): Flow[] {
  const { machines, network } = fleet.world;
  const flows: Flow[] = [];
  for (const { id } of machines) {
    if (id === own) continue;
    for (const [from, to] of [
      [own, id],
      [id, own],
    ] as const) {
      const { sentBytes, otherBytes } = network.link(from, to);
      flows.push({ from, to, sentBytes, otherBytes });
    }
  }
  return flows;
}

/** `iftop -t -s 10` on the host of the shell. */
export const iftop: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(IFTOP, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const { machines, network } = fleet.world;
  const own = ownMachine(fleet, ctx.onHost).id;
  const seconds = Math.max(1, parsed.flags.integer('single') ?? 10);
  const megabits = (bytes: number): number => (bytes * 8) / 1_000_000 / seconds;
  for (;;) {
    const before = flowsOf(fleet, own);
    yield { kind: 'sleep', us: seconds * SECOND };
    const rates = flowsOf(fleet, own).map((flow, index) => ({
      ...flow,
      service: megabits(flow.sentBytes - (before[index] as Flow).sentBytes),
      other: megabits(flow.otherBytes - (before[index] as Flow).otherBytes),
    }));
    rates.sort((left, right) => right.service + right.other - left.service - left.other || left.from - right.from);
    ctx.print(`${'FROM => TO'.padEnd(56)}   SERVICE     OTHER      LINK  Mbit/s\n`);
    for (const { from, to, service, other } of rates) {
      if (service + other === 0) continue;
      const way = `${machines[from]?.name} => ${machines[to]?.name}`;
      const link = (network.link(from, to).bytesPerMs * 8) / 1_000;
      const cells = [service, other, link].map((value) => tenthsText(value).padStart(10)).join('');
      ctx.print(`${way.padEnd(56)}${cells}\n`);
    }
    if (parsed.flags.has('single')) return ok('');
  }
};
