import type { Message, Tap } from '../../../sim/api.ts';
import { SECOND } from '../../../sim/time.ts';
import { type CommandContext, failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import { type HostFleet, ownMachine } from '../host-fleet.ts';
import { tenthsText } from '../sizes.ts';

const TCPDUMP: CommandUsage = {
  command: 'tcpdump',
  about:
    'Writes what this host sends and receives on a port into a file, one line a packet: heads only, bodies are never kept. Without -c and -G it does not end.',
  flags: [
    { name: 'interface', short: 'i', kind: 'text', help: 'eth0', required: true },
    { name: 'write', short: 'w', kind: 'text', help: 'the file', required: true },
    { name: 'count', short: 'c', kind: 'integer', help: 'stop after N packets' },
    { name: 'rotate', short: 'G', kind: 'integer', help: 'stop after N seconds (one file)' },
    { name: 'snaplen', short: 's', kind: 'integer', help: 'bytes of each packet that count towards the file' },
  ],
  positionals: ['port', 'PORT'],
  positionalsMin: 2,
};

const WIRESHARK: CommandUsage = {
  command: 'wireshark',
  about:
    'Reads a capture and lists for each peer: entries of the log that were sent, how many went out again, and how many the peer had to ask for.',
  flags: [],
  positionals: ['FILE'],
  positionalsMin: 1,
};

/** Bytes of a packet's head in the file beside its own. */
const RECORD_BYTES = 16;
const LOOK_US = 100_000;

/** Listens on the wire beside whoever listens already; ends with {@link Capture.close}. */
class Capture {
  readonly lines: string[];
  bytes: number;
  private readonly fleet: HostFleet;
  private readonly before: Tap | null;
  private readonly snaplen: number;

  constructor(fleet: HostFleet, own: number, listening: boolean, snaplen: number) {
    this.lines = [];
    this.bytes = 0;
    this.fleet = fleet;
    this.snaplen = snaplen;
    const { network } = fleet.world;
    this.before = network.tap;
    const { before } = this;
    network.tap = {
      onSend: (from, to, message) => {
        before?.onSend(from, to, message);
        if (listening && from === own) this.add(from, to, message);
      },
      onDeliver: (from, to, message) => {
        before?.onDeliver(from, to, message);
        if (listening && to === own) this.add(from, to, message);
      },
    };
  }

  close(): void {
    this.fleet.world.network.tap = this.before;
  }

  private add(from: number, to: number, message: Message): void {
    const { machines, nowUs } = this.fleet.world;
    const { kind, id0, id1, sizeBytes } = message;
    this.bytes += RECORD_BYTES + Math.min(this.snaplen, sizeBytes);
    this.lines.push(`${nowUs} ${machines[from]?.name} ${machines[to]?.name} ${kind} ${id0} ${id1} ${sizeBytes}`);
  }
}

/** `tcpdump -i eth0 -c 400 -w cluster-traffic.pcap port 7001`. */
export const tcpdump: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(TCPDUMP, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const { fleet } = ctx;
  const device = flags.text('interface') as string;
  if (device !== 'eth0') return failed(1, `tcpdump: ${device}: No such device exists\n`);
  const [word, portText] = flags.positionals as [string, string];
  if (word !== 'port' || !/^\d{1,5}$/.test(portText))
    return failed(1, 'tcpdump: only the filter `port N` is modelled\n');
  const own = ownMachine(fleet, ctx.onHost);
  // The traffic of the service is all on the port that it listens on; another port has none.
  const listening = fleet.listens(own, Number(portText));
  const capture = new Capture(fleet, own.id, listening, flags.integer('snaplen') ?? 262_144);
  const [most, seconds] = [flags.integer('count') ?? 0, flags.integer('rotate') ?? 0];
  const untilUs = seconds > 0 ? fleet.world.nowUs + seconds * SECOND : Number.MAX_SAFE_INTEGER;
  try {
    while (fleet.world.nowUs < untilUs && (most === 0 || capture.lines.length < most)) {
      yield { kind: 'sleep', us: LOOK_US };
    }
  } finally {
    capture.close();
    if (most > 0) capture.lines.length = Math.min(capture.lines.length, most);
    ctx.writeFile(flags.text('write') as string, capture.lines.map((line) => `${line}\n`).join(''));
  }
  return { stdout: '', stderr: `${capture.lines.length} packets captured, ${capture.bytes} bytes\n`, code: 0 };
};

interface Peer {
  sent: number;
  /** Packets of one identity that went out again: the sender had no answer. */
  repeated: number;
  /** Questions of the peer for an entry that never reached it. */
  asked: number;
  readonly seen: Set<string>;
}

/** What a capture taken on a leader's host shows of each peer: its entries, those sent again, those asked for. */
export function readCapture(text: string): ReadonlyMap<string, Peer> {
  const peers = new Map<string, Peer>();
  for (const line of text.split('\n')) {
    const [, from, to, kind, id0, id1] = line.split(' ');
    if (from === undefined || to === undefined || kind === undefined) continue;
    if (kind !== 'prepare' && kind !== 'getPrepare') continue;
    const name = kind === 'prepare' ? to : from;
    const peer = peers.get(name) ?? { sent: 0, repeated: 0, asked: 0, seen: new Set() };
    peers.set(name, peer);
    if (kind === 'getPrepare') {
      peer.asked++;
      continue;
    }
    const identity = `${from} ${to} ${id0} ${id1}`;
    peer.sent++;
    if (peer.seen.has(identity)) peer.repeated++;
    peer.seen.add(identity);
  }
  return peers;
}

/** `wireshark cluster-traffic.pcap`. */
// biome-ignore lint/correctness/useYield: takes no time
export const wireshark: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx: CommandContext<HostFleet>) {
  const parsed = parseFlags(WIRESHARK, argv);
  if (!parsed.ok) return parsed.result;
  const path = parsed.flags.positionals[0] as string;
  const text = ctx.readFile(path);
  if (text === null) return failed(2, `wireshark: The file "${path}" doesn't exist\n`);
  const packets = text.split('\n').length - 1;
  const lines = [`${packets} packets\n`];
  for (const [name, { sent, repeated, asked }] of readCapture(text)) {
    const share = tenthsText(((repeated + asked) * 100) / Math.max(1, sent));
    lines.push(`${name}: ${sent} prepares, ${repeated} retransmitted, ${asked} asked for again (${share}%)\n`);
  }
  return ok(lines.join(''));
};
