import type { Message } from '../../sim/api.ts';
import type { WorldCore } from '../../sim/core.ts';
import type { DirectedLink, Link, LinkOptions } from '../../sim/link.ts';
import { mix2 } from '../../sim/mix.ts';
import { Network } from '../../sim/network.ts';
import { CLOG, KEYED_FATES, type NetworkMaker, OVERLAP, RATES, REACH } from './network-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

class LeakyPartition extends Network {
  override cut(label: string, links: readonly DirectedLink[]): void {
    super.cut(label, links.slice(0, -1));
  }
}

class ReversedCut extends Network {
  override cut(label: string, links: readonly DirectedLink[]): void {
    super.cut(
      label,
      links.map(({ from, to }) => ({ from: to, to: from })),
    );
  }
}

class CutSparesFlight extends Network {
  override arrive(from: number, to: number, message: Message): boolean {
    const link = this.link(from, to);
    const cuts = link.cutCount;
    link.cutCount = 0;
    const arrived = super.arrive(from, to, message);
    link.cutCount = cuts;
    return arrived;
  }
}

class FirstHealOpens extends Network {
  private readonly labels = new Set<string>();

  override cut(label: string, links: readonly DirectedLink[]): void {
    this.labels.add(label);
    super.cut(label, links);
  }

  override heal(label: string): boolean {
    const known = super.heal(label);
    for (const other of this.labels) super.heal(other);
    this.labels.clear();
    return known;
  }
}

/** Fates by the number of the question on the link. */
class CountedFates extends Network {
  private questions = 0;

  protected override draw(domain: number, link: Link): number {
    this.questions++;
    return mix2(this.core.seed, domain, link.from * this.hostCount + link.to, this.questions);
  }
}

class ClogDrops extends Network {
  override arrive(from: number, to: number, message: Message): boolean {
    const link = this.link(from, to);
    if (link.clogUntilUs <= this.core.nowUs) return super.arrive(from, to, message);
    link.landed();
    return false;
  }
}

const honest: NetworkMaker = (core, hostCount, link) => new Network(core, hostCount, link);

function without(option: 'lossPer65536' | 'duplicatePer65536' | 'corruptPer65536'): NetworkMaker {
  return (core: WorldCore, hostCount: number, link: LinkOptions) =>
    new Network(core, hostCount, { ...link, [option]: 0 });
}

function row(id: string, what: string, source: string, check: Check<NetworkMaker>, planted: NetworkMaker) {
  return plant({ id, what, source, part: 'simulator' }, check, honest, planted);
}

const PARTITION = 'fault model, partitions: any set of directed links';
const RATE = 'fault model, class A: decided for each packet by key';

/** Bugs planted in the network. */
export const NETWORK_MUTANTS: readonly HarnessMutant[] = [
  row('partition-leaks', 'a partition leaves the last of its links open', PARTITION, REACH, (core, count, link) => {
    return new LeakyPartition(core, count, link);
  }),
  row('cut-reversed', 'a one-way cut stops the other direction', `R27; ${PARTITION}`, REACH, (core, count, link) => {
    return new ReversedCut(core, count, link);
  }),
  row('cut-spares-flight', 'what is on its way passes a cut', PARTITION, REACH, (core, count, link) => {
    return new CutSparesFlight(core, count, link);
  }),
  row(
    'first-heal-opens',
    'the first of two overlapping cuts to heal opens the link',
    PARTITION,
    OVERLAP,
    (core, count, link) => {
      return new FirstHealOpens(core, count, link);
    },
  ),
  row('loss-disabled', 'no packet is ever lost', RATE, RATES, without('lossPer65536')),
  row('duplicates-never', 'no packet ever comes twice', RATE, RATES, without('duplicatePer65536')),
  row('corruption-never', 'no packet is ever damaged', RATE, RATES, without('corruptPer65536')),
  row(
    'fates-by-counter',
    'the fate of a packet is drawn by its number on the link',
    'R20',
    KEYED_FATES,
    (core, count, link) => {
      return new CountedFates(core, count, link);
    },
  ),
  row(
    'clog-drops',
    'a clogged link drops instead of holding',
    'fault model, clogged link',
    CLOG,
    (core, count, link) => {
      return new ClogDrops(core, count, link);
    },
  ),
];
