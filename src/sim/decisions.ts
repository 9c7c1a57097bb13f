import { mix6 } from './mix.ts';
import type { Us } from './time.ts';

/** What a rate may do to a packet. The default is delivered once, in time and intact. */
export type PacketDeviation = 'loss' | 'duplicate' | 'reorder' | 'corrupt';

/** One packet that met a rate: the keys of R20. `message` is its kind in words; `tag` is what counts. */
export interface PacketDecision {
  readonly kind: 'packet';
  readonly what: PacketDeviation;
  readonly from: number;
  readonly to: number;
  readonly message: string;
  readonly tag: number;
  readonly id0: number;
  readonly id1: number;
  readonly attempt: number;
  /** Extra delay of a reordered packet; 0 for the others. */
  readonly delayUs: Us;
}

/** A legal rarity (R9) that happened. The default is that none does. */
export interface RarityDecision {
  readonly kind: 'rarity';
  readonly name: string;
  readonly host: number;
  readonly key: number;
}

/** Fates of an un-synced sector. `lost`, its old bytes, is the default and is never listed. */
export type SectorFate = 'lost' | 'written' | 'torn';

/** An un-synced sector that a power loss, or a failed fsync, did not simply lose. `label` is the fault's. */
export interface SectorDecision {
  readonly kind: 'sector';
  readonly cause: 'power-loss' | 'fsync-error';
  readonly label: string;
  readonly host: number;
  readonly file: string;
  readonly sector: number;
  readonly version: number;
  readonly fate: Exclude<SectorFate, 'lost'>;
}

/** Directory operations that survived a power loss although nothing had synced them. The default is none. */
export interface DirectoryDecision {
  readonly kind: 'directory';
  readonly label: string;
  readonly host: number;
  /** Number of the disk's next directory operation at that moment. */
  readonly sequence: number;
  readonly kept: number;
}

/** A chance decision of a run that differed from its default (R26). */
export type Decision = PacketDecision | RarityDecision | SectorDecision | DirectoryDecision;

export interface TakenDecision {
  readonly decision: Decision;
  readonly atUs: Us;
}

const WHAT_KEY: Readonly<Record<PacketDeviation, number>> = { loss: 1, duplicate: 2, reorder: 3, corrupt: 4 };

/** Parts of a packet's key that come from the message. */
interface PacketIdentity {
  readonly kind: string;
  readonly tag: number;
  readonly id0: number;
  readonly id1: number;
}

/**
 * What is asked wherever chance decides by a rate. Recording: what was drawn stands, and deviations are remembered.
 * With a list: the list stands, whatever was drawn (draws still enter the trace, so that a run and its materialised
 * replay have equal hashes). Latencies, timer jitter and the pattern of a tear are keyed draws, no rates: they stay.
 */
export class Decisions {
  /** Deviations that happened, in their order. A listed decision that nothing asked for is not among them. */
  readonly taken: TakenDecision[];
  private readonly packets: ReadonlyMap<number, readonly PacketDecision[]> | null;
  private readonly others: ReadonlyMap<string, Decision>;

  constructor(listed: readonly Decision[] | null) {
    this.taken = [];
    this.packets = listed === null ? null : byPacket(listed);
    this.others = new Map((listed ?? []).map((decision) => [keyOf(decision), decision]));
  }

  /** Returns `drawn` or what the list says: 0 for the default, else 1 or (reorder) the delay in µs. */
  packet(
    nowUs: Us,
    what: PacketDeviation,
    from: number,
    to: number,
    message: PacketIdentity,
    attempt: number,
    drawn: number,
  ): number {
    const { packets } = this;
    const { tag, id0, id1 } = message;
    if (packets === null) {
      if (drawn === 0) return 0;
      const delayUs = what === 'reorder' ? drawn : 0;
      const decision = {
        kind: 'packet',
        what,
        from,
        to,
        message: message.kind,
        tag,
        id0,
        id1,
        attempt,
        delayUs,
      } as const;
      this.taken.push({ decision, atUs: nowUs });
      return drawn;
    }
    if (packets.size === 0) return 0;
    const found = packets
      .get(packetKey(what, from, to, tag, id0, id1, attempt))
      ?.find(
        (listed) =>
          listed.what === what &&
          listed.from === from &&
          listed.to === to &&
          listed.tag === tag &&
          listed.id0 === id0 &&
          listed.id1 === id1 &&
          listed.attempt === attempt,
      );
    if (found === undefined) return 0;
    this.taken.push({ decision: found, atUs: nowUs });
    return what === 'reorder' ? found.delayUs : 1;
  }

  rarity(nowUs: Us, name: string, host: number, key: number, drawn: boolean): boolean {
    return this.other(nowUs, drawn, { kind: 'rarity', name, host, key }) !== null;
  }

  sector(
    nowUs: Us,
    cause: SectorDecision['cause'],
    label: string,
    host: number,
    file: string,
    sector: number,
    version: number,
    drawn: SectorFate,
  ): SectorFate {
    const fate = drawn === 'lost' ? 'written' : drawn;
    const asked: SectorDecision = { kind: 'sector', cause, label, host, file, sector, version, fate };
    return this.other(nowUs, drawn !== 'lost', asked)?.fate ?? 'lost';
  }

  /** Number of directory operations that survive, of `pending` that were not synced. */
  directory(nowUs: Us, label: string, host: number, sequence: number, drawn: number, pending: number): number {
    const asked: DirectoryDecision = { kind: 'directory', label, host, sequence, kept: drawn };
    return Math.min(pending, this.other(nowUs, drawn > 0, asked)?.kept ?? 0);
  }

  /** The decision that holds for the key of `asked`: itself when it was drawn, the listed one, or none. */
  private other<D extends Decision>(nowUs: Us, drawn: boolean, asked: D): D | null {
    const decision = this.packets !== null ? this.others.get(keyOf(asked)) : drawn ? asked : undefined;
    if (decision === undefined) return null;
    this.taken.push({ decision, atUs: nowUs });
    return decision as D;
  }
}

/** The key of a decision as text: two decisions with the same one contradict each other or are the same. */
export function keyOf(decision: Decision): string {
  switch (decision.kind) {
    case 'packet': {
      const { what, from, to, tag, id0, id1, attempt } = decision;
      return `packet ${what} ${from} ${to} ${tag} ${id0} ${id1} ${attempt}`;
    }
    case 'rarity':
      return `rarity ${decision.host} ${decision.key} ${decision.name}`;
    case 'sector': {
      const { cause, label, host, file, sector, version } = decision;
      return `sector ${cause} ${host} ${sector} ${version} ${file} ${label}`;
    }
    case 'directory':
      return `directory ${decision.host} ${decision.sequence} ${decision.label}`;
  }
}

function byPacket(listed: readonly Decision[]): Map<number, PacketDecision[]> {
  const packets = new Map<number, PacketDecision[]>();
  for (const decision of listed) {
    if (decision.kind !== 'packet') continue;
    const { what, from, to, tag, id0, id1, attempt } = decision;
    const key = packetKey(what, from, to, tag, id0, id1, attempt);
    const same = packets.get(key);
    if (same === undefined) packets.set(key, [decision]);
    else same.push(decision);
  }
  return packets;
}

function packetKey(
  what: PacketDeviation,
  from: number,
  to: number,
  tag: number,
  id0: number,
  id1: number,
  attempt: number,
): number {
  return mix6(WHAT_KEY[what], from, to, tag, id0, id1, attempt, 0);
}
