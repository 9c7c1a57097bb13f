import { PropertySet } from '../../src/checkers/set.ts';
import { KimberliteCluster } from '../../src/cluster/kimberlite/cluster.ts';
import type { VsrClient } from '../../src/cluster/vsr/client.ts';
import type { VsrMessage } from '../../src/cluster/vsr/message.ts';
import type { Replica } from '../../src/cluster/vsr/replica.ts';
import { HONEST_RULES, type Rules } from '../../src/cluster/vsr/rules.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { SECOND, type Us } from '../../src/sim/time.ts';
import { attachChecks, type ClusterOptions, ELECTION_US, KNOWN_MARKS, Relay, scenarioPlan } from './cluster-parts.ts';

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
 * Hosts 0..n-1 are the replicas, those after them the clients.
 */
export class ClusterCore {
  readonly cluster: KimberliteCluster;
  readonly findings: Finding[];
  /** Every message that was sent, while {@link record} is on. */
  readonly sent: Sent[];
  protected readonly properties: PropertySet;
  protected readonly counts: Map<string, number>;
  protected readonly issued: number[];
  protected readonly cuts: Set<string>;
  protected recordOnly: boolean;
  protected recorded: ((sent: Sent) => boolean) | null;
  protected disturbedUs: Us;
  protected labels: number;

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
    const checks = attachChecks(
      this.cluster,
      (property, site, args) => {
        const text = `${property} ${site} ${JSON.stringify(args)} at ${this.world.nowUs} µs`;
        if (this.findings.length < 64) this.findings.push({ property, site, text });
      },
      () => this.isStable(),
    );
    this.properties = new PropertySet(checks.properties);
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

  // ---- What can be seen ----

  /** How often `mark` was reached, on one host or on all; throws for a mark that no source can set. */
  marks(mark: string, host?: number): number {
    if (!KNOWN_MARKS.has(mark)) throw new Error(`no source of src/cluster/vsr reaches ${mark}`);
    return this.counts.get(host === undefined ? mark : `${mark}@${host}`) ?? 0;
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

  protected isStable(): boolean {
    if (this.cuts.size > 0 || this.world.network.rules.length > 0) return false;
    if (this.all.some((host) => this.machine(host).paused)) this.disturb();
    return this.up.length === this.all.length && this.world.nowUs - this.disturbedUs > 10 * ELECTION_US;
  }

  protected disturb(): void {
    this.disturbedUs = this.world.nowUs;
  }

  protected label(kind: string): string {
    this.disturb();
    return `${kind}-${++this.labels}`;
  }
}
