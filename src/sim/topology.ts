import type { LinkOptions } from './link.ts';
import type { Network } from './network.ts';
import type { Us } from './time.ts';

/** Part of the way between two hosts in which something is wrong. */
export type WayPart = 'cable' | 'switch' | 'far';

/** The hops that a probe meets on its way to a host: its own rack's switch, the core, the other rack's switch, the host. */
export const HOPS = 4;
/** The first hop at which a probe feels what is wrong with a part. */
const FIRST_HOP: Readonly<Record<WayPart, number>> = { cable: 2, switch: 1, far: 2 };

interface Trouble {
  readonly part: WayPart;
  readonly from: number;
  readonly to: number;
  /** Options of the link without it. */
  readonly before: Pick<LinkOptions, 'lossPer65536' | 'latencyUsMin' | 'latencyUsMean'>;
  /** Messages that the link had taken when it began. */
  readonly sentBefore: number;
}

/** Where a host stands. Zones are named as the provider does: a region and a letter. */
export interface Site {
  readonly zone: string;
  readonly rack: string;
}

/** One-way latency between two sites: minimum and mean, our own round figures for a cloud provider. */
function nearUs(one: Site, other: Site): readonly [Us, Us] | null {
  if (one.rack === other.rack) return [50, 80];
  if (one.zone === other.zone) return [120, 180];
  return one.zone.slice(0, -1) === other.zone.slice(0, -1) ? [250, 350] : null;
}

/**
 * What a network is laid over: where hosts stand, and which part of a way is in trouble. Hosts that nobody has placed have
 * the links that the plan gives them, in zone `a`, `b`, `c` of one region by turns.
 */
export class Topology {
  /** Placement groups of the provider: whether their hosts share a rack or each has one of its own. */
  readonly groups: Map<string, 'spread' | 'cluster'>;
  /** Hosts that an operator has moved. */
  readonly moved: Set<number>;
  private readonly network: Network;
  private readonly troubles: Map<string, Trouble[]>;
  private readonly sites: Map<number, Site>;
  /** One-way latency between regions while hosts are placed: minimum and mean. */
  private farUs: readonly [Us, Us];

  constructor(network: Network) {
    this.groups = new Map();
    this.moved = new Set();
    this.network = network;
    this.troubles = new Map();
    this.sites = new Map();
    this.farUs = [0, 0];
  }

  siteOf(host: number): Site {
    const letter = 'abc'[host % 3] as string;
    return this.sites.get(host) ?? { zone: `us-east-1${letter}`, rack: `us-east-1${letter}-r${host + 1}` };
  }

  /** Stands a host somewhere else; its links to the other placed hosts follow. */
  place(host: number, site: Site): void {
    this.sites.set(host, site);
    for (const [other, there] of this.sites) {
      if (other === host) continue;
      const [latencyUsMin, latencyUsMean] = nearUs(site, there) ?? this.farUs;
      const [low, high] = [Math.min(host, other), Math.max(host, other)];
      const links = [
        { from: host, to: other },
        { from: other, to: host },
      ];
      this.network.degrade(`site:${low}-${high}`, links, { latencyUsMin, latencyUsMean });
    }
  }

  /** From now on the latency between regions is this. */
  setFar(latencyUsMin: Us, latencyUsMean: Us): void {
    this.farUs = [latencyUsMin, latencyUsMean];
  }

  /** All hosts stand where the plan has them. */
  clearSites(): void {
    for (const host of this.sites.keys()) {
      for (const other of this.sites.keys()) if (host < other) this.network.restore(`site:${host}-${other}`);
    }
    this.sites.clear();
  }

  /** Notes that a part of a link is in trouble, before its options are changed. */
  trouble(label: string, part: WayPart, from: number, to: number): void {
    const { lossPer65536, latencyUsMin, latencyUsMean, sent } = this.network.link(from, to);
    const list = this.troubles.get(label) ?? [];
    const before = { lossPer65536, latencyUsMin, latencyUsMean };
    this.troubles.set(label, [...list, { part, from, to, before, sentBefore: sent }]);
  }

  endTrouble(label: string): void {
    this.troubles.delete(label);
  }

  /** Loss and latency that a probe from one host to another meets up to a hop (1 to {@link HOPS}). */
  optionsUpTo(from: number, to: number, hop: number): Trouble['before'] {
    const link = this.network.link(from, to);
    const found = this.find(from, to);
    const far = found === null && nearUs(this.siteOf(from), this.siteOf(to)) === null;
    const troubled = found !== null && hop < FIRST_HOP[found.part];
    const { lossPer65536, latencyUsMin, latencyUsMean } = troubled ? found.before : link;
    // Within the own rack and to the core the way is a part of the whole; beyond a far core it is all there.
    const share = far ? (hop < FIRST_HOP.far ? 1 : 64) : troubled || found === null ? hop * 16 : 64;
    const part = (us: Us): Us => Math.floor((us * Math.min(64, share)) / 64);
    return { lossPer65536, latencyUsMin: part(latencyUsMin), latencyUsMean: part(latencyUsMean) };
  }

  /** Frames of a link that the switch has held back so far (its port is paused for each of them); 0 while it is well. */
  heldFrames(from: number, to: number): number {
    const found = this.find(from, to);
    return found?.part === 'switch' ? this.network.link(from, to).sent - found.sentBefore : 0;
  }

  private find(from: number, to: number): Trouble | null {
    for (const list of this.troubles.values()) {
      const found = list.find((each) => each.from === from && each.to === to);
      if (found !== undefined) return found;
    }
    return null;
  }
}
