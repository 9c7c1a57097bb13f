import { latencyUs } from '../../../sim/latency.ts';
import type { Link } from '../../../sim/link.ts';
import type { Machine } from '../../../sim/machine.ts';
import { chance, DOMAIN, hi32, mix6, mixString } from '../../../sim/mix.ts';
import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, type OperatorCommand } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { CONNECT_TIMEOUT_US, type HostFleet, ownMachine, roundTripUs } from '../host-fleet.ts';
import { msText } from '../sizes.ts';

const PING: CommandUsage = {
  command: 'ping',
  about: 'Sends echo requests to a host and prints round trips and loss: whether the host answers, not its service.',
  flags: [
    { name: 'count', short: 'c', kind: 'integer', help: 'stop after N requests (without it: never)' },
    { name: 'interval', short: 'i', kind: 'text', help: 'seconds between requests, 1 unless told' },
    { name: 'timeout', short: 'W', kind: 'text', help: 'seconds to wait for an answer, 10 unless told' },
    { name: 'quiet', short: 'q', kind: 'switch', help: 'only the summary' },
  ],
  positionals: ['HOST'],
  positionalsMin: 1,
};

const NC: CommandUsage = {
  command: 'nc',
  about: 'With -z: connects to a port and says whether something listens there.',
  flags: [
    { name: 'zero', short: 'z', kind: 'switch', help: 'only connect (the one mode that is offered)', required: true },
    { name: 'verbose', short: 'v', kind: 'switch', help: 'say what happened' },
    { name: 'wait', short: 'w', kind: 'integer', help: 'give up after N seconds' },
  ],
  positionals: ['HOST', 'PORT'],
  positionalsMin: 2,
};

/** Draws of one echo: which part of its way they decide. */
const PART = { lossThere: 1, lossBack: 2, latencyThere: 3, latencyBack: 4 } as const;
const KEY = mixString(0, 'ping');

/** Time that an echo stands behind the traffic of other processes in the buffers of a link and of the way back. */
function queuedUs(fleet: HostFleet, there: Link, back: Link): Us {
  const { nowUs } = fleet.world;
  const wait = (link: Link): Us => (link.otherBytes > 0 ? Math.max(0, link.busyUntilUs - nowUs) : 0);
  return wait(there) + wait(back);
}

/** Round trip of one echo sent now, or -1 when it is lost; keyed by (hosts, time, part), so that a repetition is another. */
function echoUs(fleet: HostFleet, from: Machine, to: Machine): Us {
  const { world } = fleet;
  if (!fleet.reaches(from, to)) return -1;
  if (from.id === to.id) return 20;
  const there = world.network.link(from.id, to.id);
  const back = world.network.link(to.id, from.id);
  const draw = (part: number): number => {
    const value = mix6(world.seed, DOMAIN.shell, KEY, from.id, to.id, world.nowUs | 0, hi32(world.nowUs), part);
    world.trace.foldDraw(value);
    return value;
  };
  if (there.lossPer65536 > 0 && chance(draw(PART.lossThere), there.lossPer65536)) return -1;
  if (back.lossPer65536 > 0 && chance(draw(PART.lossBack), back.lossPer65536)) return -1;
  const heldUs =
    Math.max(0, there.clogUntilUs - world.nowUs, back.clogUntilUs - world.nowUs) + queuedUs(fleet, there, back);
  return (
    heldUs +
    latencyUs(draw(PART.latencyThere), there.latencyUsMin, there.latencyUsMean) +
    latencyUs(draw(PART.latencyBack), back.latencyUsMin, back.latencyUsMean)
  );
}

function secondsUs(text: string | undefined, defaultUs: Us): Us {
  if (text === undefined) return defaultUs;
  return /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Math.floor(Number(text) * 1_000_000) : -1;
}

/** Integer square root of a mean of squares, for `mdev`. */
function deviationUs(samples: readonly Us[], averageUs: Us): Us {
  let squares = 0;
  for (const us of samples) squares += us * us;
  return Math.floor(Math.sqrt(Math.max(0, squares / samples.length - averageUs * averageUs)));
}

/** `ping -c N HOST`, printed as iputils does. Exit code 0 when anything came back, 1 when nothing did. */
export const ping: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(PING, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const name = flags.positionals[0] as string;
  const from = ownMachine(fleet, ctx.onHost);
  const to = fleet.machineOf(name, ctx.onHost);
  if (to === null) return failed(2, `ping: ${name}: Name or service not known\n`);
  const intervalUs = secondsUs(flags.text('interval'), SECOND);
  const timeoutUs = secondsUs(flags.text('timeout'), 10 * SECOND);
  const count = flags.integer('count') ?? Number.MAX_SAFE_INTEGER;
  if (intervalUs <= 0 || timeoutUs <= 0 || count < 1) return failed(2, 'ping: -c, -i and -W need positive numbers\n');
  const address = `10.0.0.${10 + to.id}`;
  ctx.print(`PING ${name} (${address}) 56(84) bytes of data.\n`);
  const samples: Us[] = [];
  const startedUs = fleet.world.nowUs;
  let lastUs: Us = 0;
  for (let sequence = 1; sequence <= count; sequence++) {
    const us = echoUs(fleet, from, to);
    const answered = us >= 0 && us <= timeoutUs;
    if (answered) samples.push(us);
    const waitUs = sequence === count ? (answered ? us : timeoutUs) : intervalUs;
    lastUs = waitUs;
    yield { kind: 'sleep', us: waitUs };
    if (answered && !flags.has('quiet')) {
      ctx.print(`64 bytes from ${name} (${address}): icmp_seq=${sequence} ttl=64 time=${msText(us, 3)} ms\n`);
    }
  }
  const sent = count;
  const lostPercent = Math.floor(((sent - samples.length) * 100) / sent);
  const timeMs = Math.floor((fleet.world.nowUs - startedUs - lastUs) / 1_000);
  ctx.print(`\n--- ${name} ping statistics ---\n`);
  ctx.print(`${sent} packets transmitted, ${samples.length} received, ${lostPercent}% packet loss, time ${timeMs}ms\n`);
  if (samples.length > 0) {
    let [least, most, sum] = [samples[0] as Us, 0, 0];
    for (const us of samples) {
      least = Math.min(least, us);
      most = Math.max(most, us);
      sum += us;
    }
    const average = Math.floor(sum / samples.length);
    const rtt = [least, average, most, deviationUs(samples, average)].map((us) => msText(us, 3));
    ctx.print(`rtt min/avg/max/mdev = ${rtt.join('/')} ms\n`);
  }
  return { stdout: '', stderr: '', code: samples.length > 0 ? 0 : 1 };
};

/** `nc -zv HOST PORT`: open, refused, or timed out. Its words go to stderr, as netcat's do. */
export const nc: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(NC, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const [name, portText] = flags.positionals as [string, string];
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) return failed(1, `nc: port number invalid: ${portText}\n`);
  const from = ownMachine(fleet, ctx.onHost);
  const to = fleet.machineOf(name, ctx.onHost);
  if (to === null) return failed(1, `nc: getaddrinfo for host "${name}" port ${port}: Name or service not known\n`);
  const say = (text: string): string => (flags.has('verbose') ? text : '');
  const seconds = flags.integer('wait') ?? 0;
  const limitUs = seconds > 0 ? Math.min(seconds * SECOND, CONNECT_TIMEOUT_US) : CONNECT_TIMEOUT_US;
  const tripUs = roundTripUs(fleet, from, to);
  if (!fleet.reaches(from, to) || tripUs > limitUs) {
    yield { kind: 'sleep', us: limitUs };
    return failed(1, say(`nc: connect to ${name} port ${port} (tcp) failed: Connection timed out\n`));
  }
  yield { kind: 'sleep', us: tripUs };
  if (!fleet.listens(to, port)) {
    return failed(1, say(`nc: connect to ${name} port ${port} (tcp) failed: Connection refused\n`));
  }
  return { stdout: '', stderr: say(`Connection to ${name} ${port} port [tcp/*] succeeded!\n`), code: 0 };
};
