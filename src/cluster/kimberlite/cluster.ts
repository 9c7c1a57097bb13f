import type { HostsPlan, RunPlan } from '../../plan/plan.ts';
import type { Host, ProcessFactory } from '../../sim/api.ts';
import { PERFECT_CLOCK } from '../../sim/clock.ts';
import { CpuModel } from '../../sim/cpu-model.ts';
import type { Decisions } from '../../sim/decisions.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import { type MachineSpec, World } from '../../sim/world.ts';
import { chooseInt, operationBody, VsrClient } from '../vsr/client.ts';
import type { VsrConfig } from '../vsr/config.ts';
import type { VsrMessage } from '../vsr/message.ts';
import type { ClientObserver, ReplicaObservation, VsrObserver } from '../vsr/observe.ts';
import type { Rules } from '../vsr/rules.ts';
import { type Batching, batchingOf } from './batching.ts';
import { describeMessage } from './describe.ts';
import { Enrolment } from './enrolment.ts';
import { STANDBY_ID_MIN, serverCount } from './hosts.ts';
import { helloText } from './identity.ts';
import { InstalledReleases } from './installed-releases.ts';
import { JoinGate } from './join-gate.ts';
import { format, range, vsrConfig } from './layout.ts';
import { KIMBERLITE_OPERATION, parseOutcome, streamKey } from './machine.ts';
import { KimberliteNode, type ProjectionWork } from './node.ts';
import type { PoisonOp } from './poison-op.ts';
import { Queries, type Schema } from './queries.ts';
import { Readers } from './readers.ts';

/** Cluster id of every simulated Kimberlite cluster. */

/** Resident bytes of a server, and of each query that it executes. Our own round figures. */
const SERVER_BYTES = 805_306_368;
const QUERY_BYTES = 16_777_216;

/** A Kimberlite cluster in a world of its own: replicas, then standbys (if any), then clients, then the operator's host, then the monitor. */
export class KimberliteCluster {
  readonly plan: RunPlan;
  readonly world: World;
  readonly config: VsrConfig;
  readonly replicaHosts: readonly number[];
  /** Hosts of standbys, those that are still empty included. */
  readonly standbyHosts: readonly number[];
  /** Replicas and standbys: every host that runs the server. */
  readonly serverHosts: readonly number[];
  readonly clientHosts: readonly number[];
  readonly operatorHost: number;
  readonly monitorHost: number;
  /** The program that runs on each replica host at this moment, null while none does. */
  readonly nodes: (KimberliteNode | null)[];
  readonly clients: (VsrClient | null)[];
  /** Whether clients that start may choose operations by themselves; {@link quietClients} ends that. */
  private clientsActive: boolean;
  /** What the service's name stands for at present; clients keep an answer for its TTL. Only where there are standbys. */
  serviceHosts: readonly number[];
  private poisonOp: PoisonOp | null;
  /** Batches and background load; null in clusters without. */
  readonly batching: Batching | null;
  /** Latencies of answered requests since the start, for the clients' own metrics. */
  latencies: number;
  /** As `KimberliteNode.onProjection`, of all nodes. */
  onProjection: KimberliteNode['onProjection'];
  /** Queries by replica, where the plan gives hosts a CPU; empty otherwise. */
  readonly queries: Queries[];
  /** By client host: its pause between two operations, where a load that is no part of the plan's sets another. */
  readonly paces: Map<number, Us>;
  readonly readers: Readers;
  /** Which tables have an index: the same on all replicas. */
  readonly schema: Schema;

  /** Which release runs where, and what is wrong with it. */
  readonly releases: InstalledReleases;
  /** Who each server is configured to be; null where no node joins. */
  readonly enrolment: Enrolment | null;

  /** Whether a server that starts on a host now logs debug lines: set by whoever keeps the hosts' environment. */
  logsDebug: (host: number) => boolean;

  constructor(
    plan: RunPlan,
    rules: Rules,
    observer: VsrObserver,
    clientObserver: ClientObserver,
    options: { readonly recording: boolean; readonly logging: boolean; readonly decisions?: Decisions | null },
  ) {
    const { replicaCount, clientCount } = plan.cluster;
    const servers = serverCount(plan.cluster);
    this.plan = plan;
    this.config = vsrConfig(plan, rules);
    this.replicaHosts = range(0, replicaCount);
    this.standbyHosts = range(replicaCount, servers - replicaCount);
    this.serverHosts = range(0, servers);
    this.clientHosts = range(servers, clientCount);
    this.operatorHost = servers + clientCount;
    this.monitorHost = this.operatorHost + 1;
    this.nodes = new Array(servers).fill(null);
    this.clients = new Array(clientCount).fill(null);
    this.clientsActive = true;
    this.serviceHosts = this.replicaHosts;
    this.poisonOp = null;
    this.latencies = 0;
    this.onProjection = () => {};
    this.queries = [];
    this.paces = new Map();
    this.readers = new Readers(this);
    this.schema = { indexed: new Set() };
    this.logsDebug = () => false;
    this.batching = batchingOf(plan, servers, () => this.world);
    this.releases = new InstalledReleases(plan);
    this.enrolment = this.enrol();
    const machines: MachineSpec[] = [];
    const build = (host: Host): KimberliteNode =>
      new KimberliteNode(host, this.configOf(host.id), observer, this.batching);
    for (const id of this.serverHosts) {
      machines.push(this.machine(hostName(plan, id), id, (host) => this.buildNode(host.id, build(host))));
    }
    for (const id of this.clientHosts) {
      machines.push(
        this.machine(`client-${id - servers}`, id, (host) =>
          this.buildClient(id, new VsrClient(host, this.clientConfig(clientObserver, id - servers, id))),
        ),
      );
    }
    machines.push(this.machine('operator', this.operatorHost, null), this.machine('monitor', this.monitorHost, null));
    this.world = new World({
      seed: plan.seed,
      recording: options.recording,
      logging: options.logging,
      rarities: plan.rarities,
      decisions: options.decisions ?? null,
      link: plan.network,
      scheduling: plan.scheduling ?? null,
      machines,
    });
    this.world.describe = (message) => describeMessage(message as VsrMessage);
    for (const id of this.serverHosts) this.install(this.world.machines[id] as Machine);
    if (this.standbyHosts.length > 0) layRegions(this.world, plan, this);
  }

  /** Makes a host one of the server's: what systemd does with it, what its disk holds, what it is built of. */
  private install(machine: Machine): void {
    const { restart, restartDelayUs } = this.plan.cluster;
    machine.supervisor.policy = restart;
    machine.supervisor.delayUs = restartDelayUs;
    if (this.isSpare(machine.id)) machine.enabled = false;
    else format(machine, this.config, machine.id);
    if (this.plan.hosts !== undefined) this.equip(machine, this.plan.hosts);
  }

  /** Whether a host is one that `add-standby` or `add-replica` may take: without data, and its server has not been started. */
  isSpare(host: number): boolean {
    const { replicaCount, spares = 0, standbys } = this.plan.cluster;
    if (host >= replicaCount - spares && host < replicaCount) return true;
    return standbys !== undefined && host >= replicaCount + standbys.count && host < serverCount(this.plan.cluster);
  }

  /** Gives a replica's host the CPU and the memory of the plan. */
  private equip(machine: Machine, options: HostsPlan): void {
    const model = new CpuModel(this.world, machine.id, options);
    machine.cpu.model = model;
    const { naming } = this.plan.cluster;
    const queries = new Queries(this.world, machine, this.schema, naming === 'node' ? machine.id + 1 : machine.id);
    this.queries[machine.id] = queries;
    model.memory.serverBytes = () => (machine.isUp ? SERVER_BYTES + queries.running.length * QUERY_BYTES : 0);
  }

  /** Starts every process: replicas, then clients. */
  start(): void {
    for (const id of [...this.serverHosts, ...this.clientHosts]) {
      if (!this.isSpare(id)) (this.world.machines[id] as Machine).start();
    }
  }

  /** The observation of a replica whose process runs, or null. */
  observation(replica: number): ReplicaObservation | null {
    const machine = this.world.machines[replica] as Machine;
    const found = machine.process === null ? null : (this.nodes[replica]?.vsr.replica ?? null);
    // Before it has read its disk a replica has no state to speak of.
    return found?.opened ? found : null;
  }

  /** The host that acts as primary of the newest view, or -1. */
  primaryHost(): number {
    let best = -1;
    let bestView = -1;
    for (const id of this.serverHosts) {
      const seen = this.observation(id);
      if (seen?.isPrimary && seen.view > bestView) {
        best = id;
        bestView = seen.view;
      }
    }
    return best;
  }

  /** Every server has a build with this defect; null: those that start from now on have a corrected one. */
  poison(poisonOp: PoisonOp | null): void {
    this.poisonOp = poisonOp;
    for (const [id, node] of this.nodes.entries()) if (node !== null) poisonOp?.enter(id, node.machine);
  }

  /** From now on clients issue only what is planned for them, those that start later included. */
  quietClients(): void {
    this.clientsActive = false;
    if (this.batching !== null) this.batching.load.offeredPerS = 0;
    for (const client of this.clients) if (client !== null) client.active = false;
  }

  private machine(name: string, id: number, factory: ProcessFactory | null): MachineSpec {
    const driftPpm = this.plan.clock.driftPpm[id] ?? 0;
    const wallOffsetUs = this.plan.clock.wallOffsetUs[id] ?? 0;
    return { name, disk: this.plan.disk, clock: { ...PERFECT_CLOCK, driftPpm, wallOffsetUs }, factory };
  }

  /** Configuration of a server that starts on a host now. */
  private configOf(host: number): VsrConfig {
    const config = this.releases.configOf(host, this.config);
    return this.enrolment?.configOf(host, config) ?? config;
  }

  private enrol(): Enrolment | null {
    const { plan } = this;
    const joining = plan.deployment?.joining ?? -1;
    if (joining < 0) return null;
    return new Enrolment(
      { plan, idOf: (host) => numberOf(plan, host), nameOf: (host) => hostName(plan, host) },
      joining,
    );
  }

  /** A server reads who it is when it starts. */
  private introduce(host: number, node: KimberliteNode): void {
    const { enrolment, plan } = this;
    if (enrolment === null) return;
    const identity = enrolment.identityOf(host);
    if (identity === null) return;
    node.vsr.replica.hello = helloText(identity);
    node.gate = new JoinGate(node.vsr.replica.host, identity, {
      nameOf: (peer) => hostName(plan, peer),
      idOf: (peer) => numberOf(plan, peer),
      wallMs: (own) => plan.startWallMs + Math.floor((this.world.machines[own] as Machine).wallUs() / 1_000),
    });
  }

  private buildNode(id: number, node: KimberliteNode): KimberliteNode {
    this.nodes[id] = node;
    this.introduce(id, node);
    this.releases.equip(id, node, this.world.machines[id] as Machine);
    node.debug = this.logsDebug(id);
    this.poisonOp?.enter(id, node.machine);
    node.onProjection = (...args) => this.onProjection(...args);
    node.work = this.projectionWork(id);
    return node;
  }

  private projectionWork(id: number): ProjectionWork | null {
    const queries = this.queries[id];
    const model = this.world.machines[id]?.cpu.model ?? null;
    if (queries === undefined || model === null) return null;
    const spec = { owner: 'server', command: 'kimberlite-server', symbol: 'kimberlite_projection::apply' } as const;
    return {
      lockFree: () => queries.lockFree,
      run: (ops, done) => {
        model.threads.spawn(spec, ops * model.options.applyUs, done);
      },
    };
  }

  private buildClient(id: number, client: VsrClient): VsrClient {
    this.clients[id - this.serverHosts.length] = client;
    client.active = this.clientsActive;
    return client;
  }

  /** Clients of a cluster with standbys find it by name; their answers expire one after another. */
  private namesFor(index: number): Partial<ConstructorParameters<typeof VsrClient>[1]> {
    const { standbys, clientCount } = this.plan.cluster;
    if (standbys === undefined) return {};
    const { dnsTtlUs } = standbys;
    const firstUs = Math.floor((dnsTtlUs * (index + 1)) / clientCount);
    return { names: { resolve: () => this.serviceHosts, ttlUs: dnsTtlUs, firstUs } };
  }

  private clientConfig(
    observer: ClientObserver,
    index: number,
    host: number,
  ): ConstructorParameters<typeof VsrClient>[1] {
    const { workload, seed, cluster } = this.plan;
    const { paces } = this;
    return {
      seed: seed | 0,
      replicaCount: cluster.replicaCount,
      kind: workload.kind,
      get thinkUsMin(): Us {
        return paces.get(host) ?? workload.thinkUsMin;
      },
      get thinkUsMax(): Us {
        return paces.get(host) ?? workload.thinkUsMax;
      },
      retryUs: workload.retryUs,
      operationsMax: workload.operationsMax,
      observer,
      ...this.namesFor(index),
      parse: parseOutcome,
      onLatency: () => {
        this.latencies++;
      },
      choose: (client, request) => {
        const stream = chooseInt(seed | 0, client, request, 1, 0, workload.streamCount - 1);
        const key = streamKey(1 + (stream & 3), stream);
        const read = chooseInt(seed | 0, client, request, 2, 0, 65_535) < workload.readPer65536;
        const value = (Math.imul(client, 0x9e3779b1) ^ request) >>> 0;
        const size = chooseInt(seed | 0, client, request, 3, workload.bodyBytesMin, workload.bodyBytesMax);
        return {
          operation: read ? KIMBERLITE_OPERATION.read : KIMBERLITE_OPERATION.append,
          key,
          value: read ? 0 : value,
          body: operationBody(key, read ? 0 : value, read ? 8 : size),
        };
      },
    };
  }
}

/** Name of a replica's host, as its runbook calls it. */
export function hostName(plan: RunPlan, id: number): string {
  const { replicaCount } = plan.cluster;
  if (plan.deployment?.joining === id) return 'new-node';
  if (id >= replicaCount) return `replica-${STANDBY_ID_MIN + id - replicaCount}.kimberlite.prod`;
  return plan.cluster.naming === 'node' ? `node${id + 1}` : `replica-${id}.kimberlite.prod`;
}

/** Number of a replica on a host, as its runbook calls it. */
function numberOf(plan: RunPlan, host: number): number {
  return plan.cluster.naming === 'node' ? host + 1 : host;
}

/** The links between the standbys' region and everybody in the primary one. */
function layRegions(world: World, plan: RunPlan, cluster: KimberliteCluster): void {
  const { standbys } = plan.cluster;
  if (standbys === undefined) return;
  const { latencyUsMin, latencyUsMean } = standbys;
  for (const standby of cluster.standbyHosts) {
    for (const other of [...cluster.replicaHosts, ...cluster.clientHosts]) {
      world.network.configure(standby, other, { latencyUsMin, latencyUsMean });
      world.network.configure(other, standby, { latencyUsMin, latencyUsMean });
    }
  }
}
