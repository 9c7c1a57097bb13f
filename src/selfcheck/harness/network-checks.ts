import type { Message } from '../../sim/api.ts';
import type { WorldCore } from '../../sim/core.ts';
import type { DirectedLink, LinkOptions } from '../../sim/link.ts';
import type { Network } from '../../sim/network.ts';
import { isolateOne, oneWay, symmetric } from '../../sim/partition.ts';
import type { Stream } from '../../sim/random.ts';
import { type Arrival, QueueCore } from './queue-core.ts';
import type { Check } from './row.ts';

export type NetworkMaker = (core: WorldCore, hostCount: number, defaults: LinkOptions) => Network;

/** Links without any misfortune. */
export const CALM: LinkOptions = {
  latencyUsMin: 100,
  latencyUsMean: 500,
  lossPer65536: 0,
  duplicatePer65536: 0,
  reorderPer65536: 0,
  reorderUsMax: 0,
  corruptPer65536: 0,
  bytesPerMs: 0,
  queueMax: 0,
};

/** One in eight: the rate of every misfortune that these checks count. */
const EIGHTH = 8_192;
const MESSAGES = 800;
/** More than six standard deviations of a binomial count over {@link MESSAGES} at one in eight. */
const SLACK = 60;

function messageOf(id: number): Message {
  return { kind: 'check', tag: 1, id0: id, id1: 0, digest: id * 7, sizeBytes: 128 };
}

interface Shape {
  readonly name: string;
  readonly links: readonly DirectedLink[];
  readonly open: (from: number, to: number) => boolean;
}

function shapeOf(draw: Stream, hosts: readonly number[]): Shape {
  const side = hosts.map(() => draw.int(0, 1));
  const left = hosts.filter((host) => side[host] === 0);
  const right = hosts.filter((host) => side[host] === 1);
  const lone = draw.pick(hosts);
  switch (draw.int(0, 3)) {
    case 0:
      return { name: 'symmetric', links: symmetric([left, right]), open: (from, to) => side[from] === side[to] };
    case 1:
      return {
        name: 'one-way',
        links: oneWay(left, right),
        open: (from, to) => !(side[from] === 0 && side[to] === 1),
      };
    case 2:
      return { name: 'deaf', links: isolateOne(lone, hosts, 'in'), open: (_from, to) => to !== lone };
    default:
      return { name: 'mute', links: isolateOne(lone, hosts, 'out'), open: (from) => from !== lone };
  }
}

/** A partition stops exactly the messages that its shape says, on their way or sent while it is there; none after it. */
export const REACH: Check<NetworkMaker> = {
  name: 'partition-reach',
  judge(make, draw) {
    const size = draw.int(2, 6);
    const hosts = Array.from({ length: size }, (_, host) => host);
    const { name, links, open } = shapeOf(draw, hosts);
    const core = new QueueCore(draw.int(1, 1_000_000));
    const network = make(core, size, CALM);
    const pairs = hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })));
    const broadcast = (): void => {
      for (const { from, to } of pairs) network.send(from, to, messageOf(1));
    };
    const wrong = (when: string, arrivals: readonly Arrival[], isOpen: Shape['open']): string | null => {
      for (const { from, to } of pairs) {
        const arrived = arrivals.some((each) => each.from === from && each.to === to);
        if (arrived !== isOpen(from, to)) return `${name}: ${from}->${to} ${arrived ? 'arrived' : 'is lost'} ${when}`;
      }
      return null;
    };
    network.cut('partition', links);
    broadcast();
    const during = wrong('while cut', core.arrivals(network), open);
    if (during !== null) return during;
    network.heal('partition');
    broadcast();
    network.cut('partition', links);
    const caught = wrong('when cut on its way', core.arrivals(network), open);
    if (caught !== null) return caught;
    network.heal('partition');
    broadcast();
    return wrong('after the partition', core.arrivals(network), () => true);
  },
};

/** A link that two labels cut opens when the last of them heals. */
export const OVERLAP: Check<NetworkMaker> = {
  name: 'overlapping-cuts',
  judge(make, draw) {
    const core = new QueueCore(draw.int(1, 1_000_000));
    const network = make(core, 2, CALM);
    const labels = draw.shuffle(['a', 'b', 'c']);
    for (const label of labels) network.cut(label, [{ from: 0, to: 1 }]);
    for (const [healed, label] of draw.shuffle(labels).entries()) {
      network.send(0, 1, messageOf(healed));
      if (core.arrivals(network).length > 0) return `a message passed with ${labels.length - healed} cuts on its link`;
      network.heal(label);
    }
    network.send(0, 1, messageOf(9));
    return core.arrivals(network).length === 1 ? null : 'the link stays cut without a label';
  },
};

/** Arrivals of {@link MESSAGES} distinct messages on a link with these options, by message. */
function counted(make: NetworkMaker, draw: Stream, changes: Partial<LinkOptions>): Map<number, number> {
  const core = new QueueCore(draw.int(1, 1_000_000));
  const network = make(core, 2, { ...CALM, ...changes });
  for (let id = 0; id < MESSAGES; id++) core.at(id * 10, () => network.send(0, 1, messageOf(id)));
  const counts = new Map<number, number>();
  for (const { message } of core.arrivals(network)) counts.set(message.id0, (counts.get(message.id0) ?? 0) + 1);
  return counts;
}

function offRate(what: string, count: number): string | null {
  const expected = MESSAGES / 8;
  return Math.abs(count - expected) <= SLACK ? null : `${count} of ${MESSAGES} ${what}, about ${expected} expected`;
}

/** Loss and corruption take as many messages as their rate says, and duplication doubles as many. */
export const RATES: Check<NetworkMaker> = {
  name: 'misfortune-rates',
  judge(make, draw) {
    const lost = offRate('lost', MESSAGES - counted(make, draw, { lossPer65536: EIGHTH }).size);
    if (lost !== null) return lost;
    const damaged = offRate('damaged', MESSAGES - counted(make, draw, { corruptPer65536: EIGHTH }).size);
    if (damaged !== null) return damaged;
    const twice = [...counted(make, draw, { duplicatePer65536: EIGHTH }).values()].filter((count) => count === 2);
    return offRate('came twice', twice.length);
  },
};

/** What becomes of a packet depends on what it is, not on how many went before (R20): fewer sendings, same fates. */
export const KEYED_FATES: Check<NetworkMaker> = {
  name: 'keyed-fates',
  judge(make, draw) {
    const seed = draw.int(1, 1_000_000);
    const gone = draw.int(0, 19);
    const fates = (without: number): Map<number, string> => {
      const core = new QueueCore(seed);
      const network = make(core, 2, { ...CALM, lossPer65536: EIGHTH, duplicatePer65536: EIGHTH });
      for (let id = 0; id < 40; id++) if (id !== without) core.at(id * 10, () => network.send(0, 1, messageOf(id)));
      const found = new Map<number, string>();
      for (const { atUs, message } of core.arrivals(network)) {
        found.set(message.id0, `${found.get(message.id0) ?? ''} ${atUs}`);
      }
      return found;
    };
    const all = fates(-1);
    const fewer = fates(gone);
    for (let id = 0; id < 40; id++) {
      if (id !== gone && all.get(id) !== fewer.get(id)) return `without packet ${gone}, packet ${id} fares otherwise`;
    }
    return null;
  },
};

/** A clog holds everything until its end and loses nothing (fault model, class A). */
export const CLOG: Check<NetworkMaker> = {
  name: 'clog-holds',
  judge(make, draw) {
    const core = new QueueCore(draw.int(1, 1_000_000));
    const network = make(core, 2, CALM);
    const untilUs = draw.int(20_000, 90_000);
    network.send(0, 1, messageOf(1));
    network.clog('clog', 0, 1, untilUs);
    network.send(0, 1, messageOf(2));
    const arrivals = core.arrivals(network);
    if (arrivals.length !== 2) return `${2 - arrivals.length} of 2 messages are lost in the clog`;
    const early = arrivals.find(({ atUs }) => atUs < untilUs);
    return early === undefined ? null : `message ${early.message.id0} came at ${early.atUs} before ${untilUs}`;
  },
};
