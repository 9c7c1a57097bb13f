import { expect } from 'vitest';
import type { Checks } from '../../src/checkers/always-on.ts';
import { PropertySet } from '../../src/checkers/set.ts';
import { KimberliteCluster } from '../../src/cluster/kimberlite/cluster.ts';
import { KIMBERLITE_OPERATION, streamKey } from '../../src/cluster/kimberlite/machine.ts';
import { operationBody, type VsrClient } from '../../src/cluster/vsr/client.ts';
import type { VsrKind, VsrMessage } from '../../src/cluster/vsr/message.ts';
import type { Replica } from '../../src/cluster/vsr/replica.ts';
import { HONEST_RULES, type Rules } from '../../src/cluster/vsr/rules.ts';
import { EVENT } from '../../src/sim/core.ts';
import type { Machine } from '../../src/sim/machine.ts';
import type { FateRule } from '../../src/sim/network.ts';
import { isolateOne, oneWay } from '../../src/sim/partition.ts';
import { SECOND, type Us } from '../../src/sim/time.ts';
import { attachChecks, type ClusterOptions, ELECTION_US, KNOWN_MARKS, Relay, scenarioPlan } from './cluster-parts.ts';

export { ELECTION_US } from './cluster-parts.ts';

/** What a property reported, as text. */
export interface Finding {
  readonly property: string;
  readonly site: string;
  readonly text: string;
}

/** A message as it left a host, for {@link TestCluster.deliverAgain}. */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly message: VsrMessage;
}

export type Direction = 'both' | 'in' | 'out';

/** Which copy of what is to be damaged: by op of the log, or by number of the superblock's copy. */
export type Place =
  | { readonly header: number }
  | { readonly prepare: number }
  | { readonly checkpoint: true }
  | { readonly superblockCopy: number };

const DEFAULTS: ClusterOptions = {
  replicas: 3,
  clients: 1,
  seed: 1,
  sessionsMax: 16,
  wallOffsetUs: [],
  recordOnly: false,
  recording: false,
};

/**
 * A cluster under all checks, driven step by step: a finding fails the test with its text (or is kept, `recordOnly`).
 * Hosts 0..n-1 are the replicas, those after them the clients. Clients issue only what a test asks for.
 */
export class TestCluster {
  readonly cluster: KimberliteCluster;
  readonly findings: Finding[];
  /** Every message that was sent, while {@link record} is on. */
  readonly sent: Sent[];
  private readonly checks: Checks;
  private readonly properties: PropertySet;
  private readonly counts: Map<string, number>;
  private readonly issued: number[];
  private readonly cuts: Set<string>;
  private recordOnly: boolean;
  private recorded: ((sent: Sent) => boolean) | null;
  private disturbedUs: Us;
  private labels: number;

  constructor(options: Partial<ClusterOptions> = {}, rules: Partial<Rules> = {}) {
    const chosen = { ...DEFAULTS, ...options };
    const relay = new Relay();
    const { recording } = chosen;
    const plan = scenarioPlan(chosen);
    this.cluster = new KimberliteCluster(plan, { ...HONEST_RULES, ...rules }, relay, relay, {
      recording,
      logging: false,
    });
    this.findings = [];
    this.sent = [];
    this.counts = new Map();
    this.issued = new Array(chosen.clients).fill(0);
    this.cuts = new Set();
    this.recordOnly = chosen.recordOnly;
    this.recorded = null;
    this.disturbedUs = 0;
    this.labels = 0;
    this.checks = attachChecks(
      this.cluster,
      (property, site, args) => {
        const text = `${property} ${site} ${JSON.stringify(args)} at ${this.world.nowUs} µs`;
        if (this.findings.length < 64) this.findings.push({ property, site, text });
      },
      () => this.isStable(),
    );
    this.properties = new PropertySet(this.checks.properties);
    relay.set = this.properties;
    this.listen();
  }

  private listen(): void {
    const { world, replicaHosts } = this.cluster;
    const isReplica = (host: number): boolean => host >= 0 && host < replicaHosts.length;
    world.network.tap = {
      onSend: (from, to, message) => {
        const sent = { from, to, message: message as VsrMessage };
        if (this.recorded?.(sent)) this.sent.push(sent);
        this.properties.onSend(from, to, sent.message);
      },
      onDeliver: () => {},
    };
    world.afterEvent = (host) => {
      const seen = isReplica(host) ? this.cluster.observation(host) : null;
      if (seen !== null) this.properties.onState(seen);
    };
    world.onStart = (machine) => {
      this.disturb();
      if (isReplica(machine.id)) this.properties.onStart(machine.id, machine.incarnation);
    };
    world.onStop = (machine, cause) => {
      this.disturb();
      if (isReplica(machine.id)) this.properties.onStop(machine.id, machine.incarnation, cause);
    };
    world.onMark = (mark, host) => {
      for (const key of [mark, `${mark}@${host}`]) this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    };
  }

  // ---- Hosts by role ----

  get world(): KimberliteCluster['world'] {
    return this.cluster.world;
  }

  get all(): readonly number[] {
    return this.cluster.replicaHosts;
  }

  /** Hosts of the replicas whose process runs. */
  get up(): number[] {
    return this.all.filter((host) => this.machine(host).process !== null);
  }

  /** The acting primary of the newest view; fails the test when there is none. */
  get primary(): number {
    const host = this.cluster.primaryHost();
    if (host < 0) throw new Error(`no primary acts\n${this.text()}`);
    return host;
  }

  /** The k-th backup (from 1) by distance in the ring of views: backup 1 leads the next view. */
  backup(k: number): number {
    return (this.primary + k) % this.all.length;
  }

  others(host: number): number[] {
    return this.all.filter((other) => other !== host);
  }

  machine(host: number): Machine {
    return this.world.machines[host] as Machine;
  }

  /** The protocol's state of the last process on `host`, running or not. */
  replica(host: number): Replica {
    return this.cluster.nodes[host]?.vsr.replica as Replica;
  }

  client(index = 0): VsrClient {
    return this.cluster.clients[index] as VsrClient;
  }

  clientHost(index = 0): number {
    return this.cluster.clientHosts[index] as number;
  }

  // ---- Time ----

  /** Takes one event; fails the test on a finding. False when nothing is queued. */
  step(): boolean {
    const stepped = this.world.step();
    const found = this.findings[0];
    if (found !== undefined && !this.recordOnly) throw new Error(`${found.text}\n${this.text()}`);
    return stepped;
  }

  runFor(us: Us): void {
    const untilUs = this.world.nowUs + us;
    for (;;) {
      const nextUs = this.world.queue.peekUs();
      if (nextUs < 0 || nextUs > untilUs) break;
      this.step();
    }
    this.world.nowUs = untilUs;
  }

  /** Runs until `done`, looked at after each event; false when `withinUs` of virtual time passed first. */
  reaches(done: () => boolean, withinUs: Us = 30 * SECOND): boolean {
    const untilUs = this.world.nowUs + withinUs;
    while (!done()) {
      const nextUs = this.world.queue.peekUs();
      if (nextUs < 0 || nextUs > untilUs) {
        this.world.nowUs = untilUs;
        return done();
      }
      this.step();
    }
    return true;
  }

  /** As {@link reaches}, and fails the test when it does not come. */
  runUntil(what: string, done: () => boolean, withinUs: Us = 30 * SECOND): void {
    if (!this.reaches(done, withinUs)) throw new Error(`not within ${withinUs} µs: ${what}\n${this.text()}`);
  }

  /** Starts every host and waits until all are normal in the first view and their clocks agree. */
  boot(): this {
    this.cluster.start();
    for (const client of this.cluster.clients) if (client !== null) client.active = false;
    const ready = (host: number): boolean => {
      const { status, clock } = this.replica(host);
      return status === 'normal' && clock.isSynchronised(this.machine(host).monotonicUs());
    };
    this.runUntil('the cluster boots', () => this.all.every(ready));
    return this;
  }

  // ---- Clients ----

  /** Lets a client issue `count` appends to its own stream, one after the other. */
  submit(count: number, index = 0): void {
    for (let each = 0; each < count; each++) {
      const key = streamKey(1, index);
      const value = 0x1000 * (index + 1) + ++(this.issued as number[])[index]!;
      const body = operationBody(key, value, 24);
      this.client(index).plan({ operation: KIMBERLITE_OPERATION.append, key, value, body });
    }
  }

  /** {@link submit} and wait for the answers. */
  write(count: number, index = 0, withinUs: Us = 30 * SECOND): void {
    this.submit(count, index);
    this.runUntil(`${count} answers for client ${index}`, () => this.client(index).idle, withinUs);
  }

  /** Answers that client `index` gets within `us`. */
  answersWithin(us: Us, index = 0): number {
    const before = this.client(index).acknowledged;
    this.reaches(() => this.client(index).idle, us);
    return this.client(index).acknowledged - before;
  }

  // ---- Hosts' faults ----

  crash(...hosts: readonly number[]): void {
    for (const host of hosts) this.machine(host).stop('crash');
  }

  start(...hosts: readonly number[]): void {
    for (const host of hosts) {
      if (!this.machine(host).powered) this.machine(host).powerOn(0);
      else this.machine(host).start();
    }
  }

  powerLoss(hosts: readonly number[], mode: 'mix' | 'unreadable' = 'mix'): void {
    const label = this.label('power');
    for (const host of hosts) this.machine(host).powerLoss(label, mode);
  }

  /** The journal's files are gone; the process must be down. */
  wipeJournal(host: number): void {
    this.removeFiles(host, 'log/');
  }

  wipeSuperblock(host: number): void {
    this.removeFiles(host, 'superblock');
  }

  private removeFiles(host: number, prefix: string): void {
    const { disk } = this.machine(host);
    const label = this.label('wipe');
    const files = disk.files().filter((file) => file.startsWith(prefix));
    if (files.length === 0 || this.machine(host).isUp) throw new Error(`host ${host} runs, or has no ${prefix}`);
    for (const file of files) {
      disk.faults.truncateDamage(label, file, 0);
      disk.removeFile(file);
    }
    disk.syncAll();
  }

  loseDisk(host: number): void {
    if (!this.machine(host).disk.faults.loseDisk(this.label('lost')))
      throw new Error(`host ${host} has no disk to lose`);
  }

  /** Flips a bit of what the disk holds; fails the test when nothing is written there. */
  corrupt(host: number, place: Place): void {
    const [file, sector] = this.locate(host, place);
    // Bit 160 lies within the checksummed part of all four formats.
    if (!this.machine(host).disk.faults.rot(this.label('rot'), file, sector, 160)) {
      throw new Error(`host ${host}: nothing to damage at ${file} sector ${sector}`);
    }
  }

  /** Corrupts the record of `op`, leaving its header. */
  corruptPrepares(host: number, ...ops: readonly number[]): void {
    for (const op of ops) this.corrupt(host, { prepare: op });
  }

  private locate(host: number, place: Place): readonly [string, number] {
    const slots = this.cluster.config.journalSlots;
    if ('header' in place) return ['log/headers', place.header % slots];
    if ('prepare' in place) return ['log/prepares', place.prepare % slots];
    if ('superblockCopy' in place) return ['superblock', place.superblockCopy * 2];
    return [`checkpoint/${this.replica(host).checkpointFile}`, 0];
  }

  // ---- The network's faults ----

  /** Cuts a host off all others, clients included unless `among` names the ones it loses; returns the label. */
  isolate(host: number, direction: Direction = 'both', among?: readonly number[]): string {
    const hosts = among ?? [...this.all, ...this.cluster.clientHosts];
    return this.cut(
      isolateOne(
        host,
        hosts.filter((other) => other !== host),
        direction,
      ),
    );
  }

  /** Cuts all links between two groups, or only those out of or into the first. */
  split(left: readonly number[], right: readonly number[], direction: Direction = 'both'): string {
    const out = direction === 'in' ? [] : oneWay(left, right);
    return this.cut([...out, ...(direction === 'out' ? [] : oneWay(right, left))]);
  }

  private cut(links: ReturnType<typeof oneWay>): string {
    const label = this.label('cut');
    this.world.network.cut(label, links);
    this.cuts.add(label);
    this.disturb();
    return label;
  }

  /** Opens all cuts and takes away all rules about messages. */
  heal(): void {
    this.healCuts();
    this.world.network.rules.length = 0;
  }

  /** Opens the cut of that label, as {@link isolate} and {@link split} return it. */
  healCut(label: string): void {
    this.world.network.heal(label);
    this.cuts.delete(label);
    this.disturb();
  }

  /** Opens all cuts; rules about messages stay. */
  healCuts(): void {
    for (const label of this.cuts) this.world.network.heal(label);
    this.cuts.clear();
    this.disturb();
  }

  /** Drops messages of these kinds, between the named hosts (any when absent); returns how to stop it. */
  drop(kinds: readonly VsrKind[], where: { from?: number; to?: number } = {}): () => void {
    return this.rule((from, to, message) =>
      kinds.includes((message as VsrMessage).kind) && (where.from ?? from) === from && (where.to ?? to) === to
        ? 'drop'
        : 'pass',
    );
  }

  /** Lays a rule over the network; returns how to take it away. */
  rule(rule: FateRule): () => void {
    const { rules } = this.world.network;
    rules.push(rule);
    this.disturb();
    return () => {
      const at = rules.indexOf(rule);
      if (at >= 0) rules.splice(at, 1);
      this.disturb();
    };
  }

  /** Keeps messages that match in {@link sent}, from now on. */
  record(wanted: (sent: Sent) => boolean): void {
    this.recorded = wanted;
  }

  /** Lets a message that was sent once arrive (again) now, past all cuts and rules: a late duplicate. */
  deliverAgain({ from, to, message }: Sent): void {
    this.world.schedule(this.world.nowUs, EVENT.message, to, from, 1, message);
    this.runFor(0);
  }

  // ---- What can be seen ----

  /** How often `mark` was reached, on one host or on all; throws for a mark that no source can set. */
  marks(mark: string, host?: number): number {
    if (!KNOWN_MARKS.has(mark)) throw new Error(`no source of src/cluster/vsr reaches ${mark}`);
    return this.counts.get(host === undefined ? mark : `${mark}@${host}`) ?? 0;
  }

  /** Whether all replicas (or those named) are up and normal in one view, with equal logs, nothing missing, clocks agreed. */
  isConverged(hosts: readonly number[] = this.all): boolean {
    const first = this.cluster.observation(hosts[0] as number);
    return hosts.every((host) => {
      const seen = this.cluster.observation(host);
      if (seen === null || first === null || seen.status !== 'normal' || !seen.settled) return false;
      const same = seen.view === first.view && seen.commit === first.commit && seen.stateHash0 === first.stateHash0;
      return same && seen.op === seen.commit && seen.commit === seen.commitMax;
    });
  }

  /** Expects the same of every host; only the named fields are compared. */
  expect(
    hosts: number | readonly number[],
    fields: Partial<
      Pick<Replica, 'status' | 'view' | 'logView' | 'op' | 'commit' | 'commitMax' | 'checkpointOp' | 'mustRecover'>
    >,
  ): void {
    for (const host of typeof hosts === 'number' ? [hosts] : hosts) {
      expect(this.replica(host), `replica ${host}\n${this.text()}`).toMatchObject(fields);
    }
  }

  /**
   * Heals everything, starts what is down, and waits until all replicas agree and every client is answered; then each
   * client reads its stream back: no append that was acknowledged may be missing, none may have happened twice.
   */
  finish(withinUs: Us = 60 * SECOND): void {
    this.heal();
    for (const host of this.all) this.start(host);
    // Enough of new writes for a checkpoint in the healed cluster (R12: a new write of each client commits).
    for (const index of this.issued.keys()) this.submit(this.cluster.config.checkpointOps, index);
    const idle = (): boolean => this.cluster.clients.every((client) => client?.idle);
    const together = (): boolean => this.isConverged() && idle();
    this.runUntil('the healed cluster converges', together, withinUs);
    for (const [index, count] of this.issued.entries()) {
      const key = streamKey(1, index);
      this.client(index).plan({ operation: KIMBERLITE_OPERATION.read, key, value: 0, body: operationBody(key, 0, 8) });
      this.runUntil(`client ${index} reads its stream`, idle, withinUs);
      const length = this.client(index).last?.length;
      // A client whose session was evicted cannot know whether its request was executed, and asks once more.
      if (this.marks('client-evicted', this.clientHost(index)) === 0) expect(length).toBe(count);
      else expect(length).toBeGreaterThanOrEqual(count);
    }
    this.runUntil('the cluster converges after the reads', together, withinUs);
    this.properties.onEnd();
    expect(this.findings.map((finding) => finding.text)).toEqual([]);
  }

  /** One line for each replica, for failures. */
  text(): string {
    return this.all
      .map((host) => {
        const r = this.replica(host);
        const state = `${r.status} view ${r.view}/${r.logView} op ${r.op} commit ${r.commit}/${r.commitMax}`;
        const more = `checkpoint ${r.checkpointOp} durable ${r.durableOp} dirty ${r.dirty} must-recover ${r.mustRecover}`;
        return `  ${host} ${this.machine(host).isUp ? 'up' : 'down'} ${state} ${more}`;
      })
      .join('\n');
  }

  private isStable(): boolean {
    if (this.cuts.size > 0 || this.world.network.rules.length > 0) return false;
    if (this.all.some((host) => this.machine(host).paused)) this.disturb();
    return this.up.length === this.all.length && this.world.nowUs - this.disturbedUs > 10 * ELECTION_US;
  }

  private disturb(): void {
    this.disturbedUs = this.world.nowUs;
  }

  private label(kind: string): string {
    this.disturb();
    return `${kind}-${++this.labels}`;
  }
}
