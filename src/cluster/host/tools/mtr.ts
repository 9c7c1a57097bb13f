import { latencyUs } from '../../../sim/latency.ts';
import type { Machine } from '../../../sim/machine.ts';
import { chance, DOMAIN, hi32, mix6, mixString } from '../../../sim/mix.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { HOPS } from '../../../sim/topology.ts';
import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { msText, tenthsText } from '../sizes.ts';

const MTR: CommandUsage = {
  command: 'mtr',
  about:
    'Loss and round trip of each hop on the way to a host: the switch of the own rack, the core between the racks or zones, the switch there, the host.',
  flags: [
    { name: 'report', short: 'r', kind: 'switch', help: 'print one report and end (without it: one after another)' },
    { name: 'report-cycles', short: 'c', kind: 'integer', help: 'probes of each hop, 10 unless told' },
    { name: 'no-dns', short: 'n', kind: 'switch', help: 'no effect: hops have names only' },
  ],
  positionals: ['HOST'],
  positionalsMin: 1,
};

const ETHTOOL: CommandUsage = {
  command: 'ethtool',
  about: 'Speed and state of the network card of this host; with -S its counters: frames lost and frames held back.',
  flags: [{ name: 'statistics', short: 'S', kind: 'switch', help: 'counters' }],
  positionals: ['DEVICE'],
  positionalsMin: 1,
};

/** Draws of one probe of a hop. */
const PART = { lossThere: 1, lossBack: 2, latencyThere: 3, latencyBack: 4 } as const;
const KEY = mixString(0, 'mtr');

/** Round trip of a probe to a hop, or -1 when it is lost; keyed by (hosts, hop, time, part). */
function probeUs(fleet: HostFleet, from: Machine, to: Machine, hop: number): Us {
  const { world } = fleet;
  // The way is cut before the host: the switches of the own side still answer.
  if (hop >= 2 && !fleet.reaches(from, to)) return -1;
  const draw = (part: number): number => {
    const value = mix6(
      world.seed,
      DOMAIN.shell,
      KEY,
      from.id * 64 + to.id,
      hop,
      world.nowUs | 0,
      hi32(world.nowUs),
      part,
    );
    world.trace.foldDraw(value);
    return value;
  };
  const there = world.topology.optionsUpTo(from.id, to.id, hop);
  const back = world.topology.optionsUpTo(to.id, from.id, hop);
  if (there.lossPer65536 > 0 && chance(draw(PART.lossThere), there.lossPer65536)) return -1;
  if (back.lossPer65536 > 0 && chance(draw(PART.lossBack), back.lossPer65536)) return -1;
  const latency = (part: number, options: typeof there): Us =>
    latencyUs(draw(part), options.latencyUsMin, Math.max(options.latencyUsMin, options.latencyUsMean));
  return latency(PART.latencyThere, there) + latency(PART.latencyBack, back);
}

function hopNames(fleet: HostFleet, from: Machine, to: Machine): readonly string[] {
  const [here, there] = [fleet.world.topology.siteOf(from.id), fleet.world.topology.siteOf(to.id)];
  const core = here.zone === there.zone ? `spine.${here.zone}` : `gateway.${there.zone}`;
  return [`leaf.${here.rack}`, core, `leaf.${there.rack}`, to.name];
}

/** `mtr -r -c 20 replica-1.kimberlite.prod`. */
export const mtr: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(MTR, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const name = flags.positionals[0] as string;
  const from = ownMachine(fleet, ctx.onHost);
  const to = fleet.machineOf(name, ctx.onHost);
  if (to === null) return failed(1, `mtr: Failed to resolve host: ${name}\n`);
  const cycles = Math.max(1, flags.integer('report-cycles') ?? 10);
  for (;;) {
    const samples: Us[][] = Array.from({ length: HOPS }, () => []);
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (let hop = 1; hop <= HOPS; hop++) {
        const us = probeUs(fleet, from, to, hop);
        if (us >= 0) (samples[hop - 1] as Us[]).push(us);
      }
      yield { kind: 'sleep', us: SECOND };
    }
    const lines = hopNames(fleet, from, to).map((hopName, index) => {
      const got = samples[index] as readonly Us[];
      const loss = `${tenthsText(((cycles - got.length) * 100) / cycles)}%`;
      const average = got.length === 0 ? 0 : Math.floor(got.reduce((sum, us) => sum + us, 0) / got.length);
      const cells = [loss, String(cycles), msText(average, 1)].map((cell) => cell.padStart(8)).join('');
      return `${String(index + 1).padStart(3)}.|-- ${hopName.padEnd(30)}${cells}\n`;
    });
    ctx.print(`HOST: ${from.name.padEnd(31)}${['Loss%', 'Snt', 'Avg'].map((text) => text.padStart(8)).join('')}\n`);
    ctx.print(lines.join(''));
    if (flags.has('report')) return ok('');
  }
};

/** `ethtool eth0` and `ethtool -S eth0` on the host of the shell. */
export const ethtool: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(ETHTOOL, argv);
  if (!parsed.ok) return parsed.result;
  const device = parsed.flags.positionals[0] as string;
  if (device !== 'eth0') return failed(75, `ethtool: ${device}: No such device\n`);
  const { world } = ctx.fleet;
  const own = ownMachine(ctx.fleet, ctx.onHost);
  let [sent, lost, held, bytesPerMs] = [0, 0, 0, 0];
  for (const { id } of world.machines) {
    if (id === own.id) continue;
    const [out, back] = [world.network.link(own.id, id), world.network.link(id, own.id)];
    sent += out.sent;
    lost += back.lost;
    held += world.topology.heldFrames(own.id, id);
    bytesPerMs = Math.max(bytesPerMs, out.bytesPerMs);
  }
  if (!parsed.flags.has('statistics')) {
    const speed = bytesPerMs === 0 ? 'Unknown!' : `${Math.floor((bytesPerMs * 8) / 1_000)}Mb/s`;
    return ok(
      `Settings for ${device}:\n\tSpeed: ${speed}\n\tDuplex: Full\n\tLink detected: ${own.powered ? 'yes' : 'no'}\n`,
    );
  }
  const lines = [`tx_packets: ${sent}`, `rx_crc_errors: ${lost}`, `rx_pause_frames: ${held}`];
  return ok(`NIC statistics:\n${lines.map((line) => `     ${line}\n`).join('')}`);
};
