import { type Message, SimulatorBug, type Tap } from './api.ts';
import { EVENT, type WorldCore } from './core.ts';
import type { Decisions, PacketDeviation } from './decisions.ts';
import { latencyUs } from './latency.ts';
import { checkLinkOptions, type DirectedLink, Link, type LinkOptions } from './link.ts';
import { chance, DOMAIN, mix1, mix6, scale } from './mix.ts';
import type { Scheduling } from './scheduling.ts';
import { TIME_US_MAX, type Us } from './time.ts';
import { RECORD } from './trace.ts';

/** Latency of a message that a host sends to itself; it meets no fault and no rule. */
export const LOOPBACK_US: Us = 5;

/** Why a message vanished: `b` of a drop's trace record. The numbers enter the hash. */
export const DROP = { loss: 1, cut: 2, queue: 3, rule: 4, checksum: 5, cutInFlight: 6 } as const;

/** What a rule says of a message: no opinion, drop it, or deliver it this many µs later than otherwise. */
export type Fate = 'pass' | 'drop' | Us;

/** A deterministic rule; `attempt` is the number of earlier sends of this identity on this link (R20). */
export type FateRule = (from: number, to: number, message: Message, attempt: number) => Fate;

/**
 * Turns a damaged message into the one that is delivered although it was altered (class C, R1); `draw` is keyed by the
 * packet. Null: the checksum catches it after all.
 */
export type Alter = (from: number, to: number, message: Message, draw: number) => Message | null;

/** Stands in the queue for a message that will fail its checksum on arrival. */
class DamagedMessage implements Message {
  readonly kind: string;
  readonly tag: number;
  readonly id0: number;
  readonly id1: number;
  readonly digest: number;
  readonly sizeBytes: number;

  constructor(message: Message) {
    this.kind = message.kind;
    this.tag = message.tag;
    this.id0 = message.id0;
    this.id1 = message.id1;
    this.digest = message.digest;
    this.sizeBytes = message.sizeBytes;
  }
}

interface Degradation {
  readonly label: string;
  readonly links: ReadonlySet<number>;
  readonly changes: Partial<LinkOptions>;
}

/**
 * The network of a world: directed links between hosts, each with its own options, and the cuts, clogs and rules laid
 * over them. All decisions about a packet are keyed by (from, to, tag, id0, id1, attempt) (R20), and nothing is drawn
 * for a rate of 0. A message in flight does not care whether its sender is still alive.
 */
export class Network {
  /** Observer of the wire: `onSend` before the fate is decided, `onDeliver` when a message reaches its host. */
  tap: Tap | null;
  /** Rules in installation order, consulted before anything random; the first that does not pass decides. */
  readonly rules: FateRule[];
  /** When set, damaged messages are delivered altered instead of being dropped. */
  alter: Alter | null;
  /** Readable text of a message for recorded traces; its `kind` when null. */
  describe: ((message: Message) => string) | null;
  readonly hostCount: number;
  protected readonly core: WorldCore;
  private readonly decisions: Decisions | null;
  private readonly scheduling: Scheduling | null;
  private readonly defaults: LinkOptions;
  private readonly links: (Link | null)[];
  /** Options set by `configure`, by link number; the defaults apply otherwise. */
  private readonly configured: Map<number, LinkOptions>;
  private readonly cuts: Map<string, Set<number>>;
  private readonly clogs: Map<string, Map<number, Us>>;
  private degradations: Degradation[];
  /** Damaged messages under way in the whole world: the arrival path looks for them only when there are any. */
  private damagedInFlight: number;

  /** Throws when `defaults` are out of range. Links come into being at their first use. */
  constructor(core: WorldCore, hostCount: number, defaults: LinkOptions) {
    checkLinkOptions('network defaults', defaults);
    this.tap = null;
    this.rules = [];
    this.alter = null;
    this.describe = null;
    this.hostCount = hostCount;
    this.core = core;
    this.decisions = core.decisions ?? null;
    this.scheduling = core.scheduling ?? null;
    this.defaults = defaults;
    this.links = new Array(hostCount * hostCount).fill(null);
    this.configured = new Map();
    this.cuts = new Map();
    this.clogs = new Map();
    this.degradations = [];
    this.damagedInFlight = 0;
  }

  /** Sends a message now: decides its fate and schedules its arrival. */
  send(from: number, to: number, message: Message): void {
    const core = this.core;
    const trace = core.trace;
    const link = this.links[from * this.hostCount + to] ?? this.link(from, to);
    if (link.to !== to) this.indexOf(from, to); // throws: the number of a host that does not exist met another link
    trace.fold(core.nowUs, RECORD.send, from, to * 256 + message.tag, message.id0, message.digest);
    if (trace.recording) this.record(RECORD.send, link, message, message.id0, message.digest, '');
    if (this.tap !== null) this.tap.onSend(from, to, message);
    link.sent++;
    if (from === to) {
      link.inFlight++;
      core.schedule(core.nowUs + LOOPBACK_US, EVENT.message, to, from, 0, message);
      return;
    }
    const attempt = link.attempts.next(message.tag, message.id0, message.id1);
    let extraUs = 0;
    if (this.rules.length > 0) {
      const fate = this.ruleFor(from, to, message, attempt);
      if (fate === 'drop') {
        link.ruleDrops++;
        this.drop(link, message, DROP.rule, 'rule');
        return;
      }
      if (fate !== 'pass') extraUs = fate;
    }
    if (link.cutCount > 0) {
      link.cutDrops++;
      this.drop(link, message, DROP.cut, 'cut');
      return;
    }
    if (link.queueMax > 0 && link.inFlight >= link.queueMax) {
      link.queueDrops++;
      this.drop(link, message, DROP.queue, 'queue full');
      return;
    }
    if (this.scheduling !== null) extraUs += this.scheduling.delayUs(from, to);
    this.carry(link, message, attempt, extraUs);
  }

  /**
   * A scheduled message reaches its host: true when it is to be handed over. It is not when the link has been cut
   * meanwhile, when the checksum fails (both counted), or when the link is clogged (then it will come again).
   */
  arrive(from: number, to: number, message: Message): boolean {
    const link = this.links[from * this.hostCount + to] ?? this.link(from, to);
    if (link.cutCount > 0) {
      link.landed();
      if (this.damagedInFlight > 0 && message instanceof DamagedMessage) this.damagedInFlight--;
      link.cutDrops++;
      this.drop(link, message, DROP.cutInFlight, 'cut in flight');
      return false;
    }
    if (link.clogUntilUs > this.core.nowUs) {
      this.core.schedule(link.clogUntilUs, EVENT.message, to, from, 0, message);
      return false;
    }
    link.landed();
    if (this.damagedInFlight > 0 && message instanceof DamagedMessage) {
      this.damagedInFlight--;
      link.corruptDrops++;
      this.drop(link, message, DROP.checksum, 'checksum');
      return false;
    }
    link.delivered++;
    if (this.tap !== null) this.tap.onDeliver(from, to, message);
    return true;
  }

  /** The link from one host to another, with its options and counters. Throws when a host does not exist. */
  link(from: number, to: number): Link {
    const index = this.indexOf(from, to);
    let link = this.links[index] as Link | null;
    if (link === null) {
      link = new Link(from, to, this.defaults);
      this.links[index] = link;
    }
    return link;
  }

  /** Sets the ordinary options of a link, on which degradations are laid. Throws when they are out of range. */
  configure(from: number, to: number, changes: Partial<LinkOptions>): void {
    const index = this.indexOf(from, to);
    const options = { ...(this.configured.get(index) ?? this.defaults), ...changes };
    checkLinkOptions(`link ${from}->${to}`, options);
    this.configured.set(index, options);
    this.recompute(index);
  }

  /**
   * Lays changes of options over links until {@link restore}. Several may overlap: the later one wins where they name
   * the same option, and a minimum latency raised above the mean makes the latency constant. A label that is active is
   * replaced. Throws when a change is out of range.
   */
  degrade(label: string, links: readonly DirectedLink[], changes: Partial<LinkOptions>): void {
    checkLinkOptions(`degradation ${label}`, changes);
    this.restore(label);
    const indices = new Set(links.map((link) => this.indexOf(link.from, link.to)));
    this.degradations.push({ label, links: indices, changes });
    for (const index of indices) this.recompute(index);
  }

  /** Takes a degradation away; false when the label is not active. */
  restore(label: string): boolean {
    const found = this.degradations.find((degradation) => degradation.label === label);
    if (found === undefined) return false;
    this.degradations = this.degradations.filter((degradation) => degradation !== found);
    for (const index of found.links) this.recompute(index);
    return true;
  }

  /**
   * Cuts directed links. Cuts overlap: a link is open when no label cuts it. Cutting again with an active label adds
   * what that label does not yet cut. Messages under way are dropped if the link is still cut when they would arrive.
   */
  cut(label: string, links: readonly DirectedLink[]): void {
    const held = this.cuts.get(label) ?? new Set<number>();
    this.cuts.set(label, held);
    for (const { from, to } of links) {
      const index = this.indexOf(from, to);
      if (held.has(index) || from === to) continue;
      held.add(index);
      this.link(from, to).cutCount++;
    }
  }

  /** Takes one cut away; false when the label cuts nothing. */
  heal(label: string): boolean {
    const held = this.cuts.get(label);
    if (held === undefined) return false;
    this.cuts.delete(label);
    for (const index of held) (this.links[index] as Link).cutCount--;
    return true;
  }

  isCut(from: number, to: number): boolean {
    return this.link(from, to).cutCount > 0;
  }

  /**
   * Holds everything on a link until `untilUs`, what is under way too; then it flows again, nothing is lost. Throws
   * when the time is not an integer from now to half of TIME_US_MAX (a link that never opens again is a cut).
   */
  clog(label: string, from: number, to: number, untilUs: Us): void {
    if (!Number.isInteger(untilUs) || untilUs < this.core.nowUs || untilUs > TIME_US_MAX / 2) {
      throw new Error(
        `clog ${label} of link ${from}->${to}: untilUs ${untilUs} is not between now and 2^51; use a cut`,
      );
    }
    const held = this.clogs.get(label) ?? new Map<number, Us>();
    this.clogs.set(label, held);
    held.set(this.indexOf(from, to), untilUs);
    this.reclog(this.link(from, to));
  }

  /** Ends a clog early; false when the label is not known. What it already holds comes at the time announced. */
  unclog(label: string): boolean {
    const held = this.clogs.get(label);
    if (held === undefined) return false;
    this.clogs.delete(label);
    for (const index of held.keys()) this.reclog(this.links[index] as Link);
    return true;
  }

  /** The part of `send` behind rules, cuts and queue bound: bandwidth, draws, scheduling. */
  private carry(link: Link, message: Message, attempt: number, extraUs: Us): void {
    const core = this.core;
    link.sentBytes += message.sizeBytes;
    const leftUs = link.transmit(Math.max(core.nowUs, link.clogUntilUs), message.sizeBytes) + extraUs;
    let lost = link.lossPer65536 > 0 && chance(this.draw(DOMAIN.packetLoss, link, message, attempt), link.lossPer65536);
    if (this.decisions !== null) lost = this.decided('loss', link, message, attempt, lost ? 1 : 0) > 0;
    if (lost) {
      link.lost++;
      this.drop(link, message, DROP.loss, 'loss');
      return;
    }
    let delayUs = this.latency(DOMAIN.packetLatency, link, message, attempt);
    let laterUs = 0;
    if (link.reorderPer65536 > 0 && link.reorderUsMax > 0) {
      const draw = this.draw(DOMAIN.packetReorder, link, message, attempt);
      if (chance(draw, link.reorderPer65536)) {
        laterUs = scale(mix1(draw, DOMAIN.packetReorder, 1), 1, link.reorderUsMax);
      }
    }
    if (this.decisions !== null) laterUs = this.decided('reorder', link, message, attempt, laterUs);
    if (laterUs > 0) {
      link.reordered++;
      delayUs += laterUs;
    }
    let twice =
      link.duplicatePer65536 > 0 &&
      chance(this.draw(DOMAIN.packetDuplicate, link, message, attempt), link.duplicatePer65536);
    if (this.decisions !== null) twice = this.decided('duplicate', link, message, attempt, twice ? 1 : 0) > 0;
    if (twice) {
      link.duplicated++;
      link.inFlight++;
      const againUs = leftUs + this.latency(DOMAIN.packetDuplicateLatency, link, message, attempt);
      core.schedule(againUs, EVENT.message, link.to, link.from, 0, message);
    }
    let damaged =
      link.corruptPer65536 > 0 && chance(this.draw(DOMAIN.packetCorrupt, link, message, attempt), link.corruptPer65536);
    if (this.decisions !== null) damaged = this.decided('corrupt', link, message, attempt, damaged ? 1 : 0) > 0;
    if (damaged) message = this.damage(link, message, attempt);
    link.inFlight++;
    core.schedule(leftUs + delayUs, EVENT.message, link.to, link.from, 0, message);
  }

  private decided(what: PacketDeviation, link: Link, message: Message, attempt: number, drawn: number): number {
    const { decisions, core } = this;
    return decisions === null ? drawn : decisions.packet(core.nowUs, what, link.from, link.to, message, attempt, drawn);
  }

  private damage(link: Link, message: Message, attempt: number): Message {
    link.corrupted++;
    if (this.alter !== null) {
      const draw = this.draw(DOMAIN.packetAlter, link, message, attempt);
      const altered = this.alter(link.from, link.to, message, draw);
      if (altered !== null) {
        link.altered++;
        return altered;
      }
    }
    this.damagedInFlight++;
    return new DamagedMessage(message);
  }

  /** The keyed draw of one question about one packet (R20). */
  protected draw(domain: number, link: Link, message: Message, attempt: number): number {
    const { tag, id0, id1 } = message;
    const draw = mix6(this.core.seed, domain, link.from, link.to, tag, id0, id1, attempt);
    this.core.trace.foldDraw(draw);
    return draw;
  }

  private latency(domain: number, link: Link, message: Message, attempt: number): Us {
    if (link.latencyUsMean <= link.latencyUsMin) return link.latencyUsMin;
    return latencyUs(this.draw(domain, link, message, attempt), link.latencyUsMin, link.latencyUsMean);
  }

  private ruleFor(from: number, to: number, message: Message, attempt: number): Fate {
    for (const rule of this.rules) {
      const fate = rule(from, to, message, attempt);
      if (fate !== 'pass') return fate;
    }
    return 'pass';
  }

  private drop(link: Link, message: Message, reason: number, text: string): void {
    link.dropped++;
    const trace = this.core.trace;
    trace.fold(this.core.nowUs, RECORD.drop, link.from, link.to * 256 + message.tag, reason, message.digest);
    if (trace.recording) this.record(RECORD.drop, link, message, reason, message.digest, `${text}: `);
  }

  private record(kind: number, link: Link, message: Message, b: number, c: number, prefix: string): void {
    const text = this.describe === null ? message.kind : this.describe(message);
    const a = link.to * 256 + message.tag;
    this.core.trace.record(this.core.nowUs, kind, link.from, a, b, c, `${prefix}->${link.to} ${text}`);
  }

  private recompute(index: number): void {
    let options: LinkOptions = this.configured.get(index) ?? this.defaults;
    const from = Math.floor(index / this.hostCount);
    const to = index % this.hostCount;
    for (const degradation of this.degradations) {
      if (degradation.links.has(index)) options = { ...options, ...degradation.changes };
    }
    this.link(from, to).setOptions(options);
  }

  private reclog(link: Link): void {
    const index = this.indexOf(link.from, link.to);
    let untilUs = 0;
    for (const held of this.clogs.values()) untilUs = Math.max(untilUs, held.get(index) ?? 0);
    link.clogUntilUs = untilUs;
  }

  private indexOf(from: number, to: number): number {
    const known = (host: number): boolean => Number.isInteger(host) && host >= 0 && host < this.hostCount;
    if (!known(from) || !known(to)) {
      throw new SimulatorBug(`no link ${from}->${to}: the hosts are 0 to ${this.hostCount - 1}`);
    }
    return from * this.hostCount + to;
  }
}
