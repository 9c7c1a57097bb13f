import type { Machine } from '../../sim/machine.ts';
import type { Us } from '../../sim/time.ts';
import type { World } from '../../sim/world.ts';
import { type BucketObject, type Evidence, type HostFleet, type HttpAnswer, wallMsOf } from '../host/host-fleet.ts';
import type { Sum } from '../storage/prepare.ts';
import type { Replica } from '../vsr/replica.ts';
import { isStandby } from '../vsr/standby.ts';
import { ARCHIVE_BUCKET, BackupStore, BUCKET, type Snapshot } from './backups.ts';
import type { KimberliteCluster } from './cluster.ts';
import { Compaction } from './compaction.ts';
import { type CommandGuard, guardIsOn } from './guards.ts';
import { STANDBY_ID_MIN } from './hosts.ts';
import { httpPage } from './http.ts';
import type { IncidentFacts, IncidentReport } from './incident.ts';
import { LocalBackups } from './local-backups.ts';
import { Metrics } from './metrics.ts';
import { PeopleLog } from './people-log.ts';
import { hostOfId, type ReplicaView, runningNode, viewOf } from './replica-view.ts';
import { StatefulSet } from './stateful-set.ts';
import type { TokenRecord } from './support-tokens.ts';
import { Volumes } from './volumes.ts';
import { refuseWipe } from './wipe-guard.ts';

/** Ports of a replica's host (catalogue, ports_and_paths). */
export const CLUSTER_PORT = 7001;
export const HTTP_PORT = 9090;
export const SSH_PORT = 22;
/** Region of the standbys (catalogue, topologies T3S). */
export const DR_REGION = 'us-west-2';

/** A node that force-leader has made the only member, or one of those that were restored from one snapshot. */
export interface ForcedLeader {
  readonly host: number;
  /** Everybody in the new configuration; `host` alone where it is absent. */
  readonly members?: readonly number[];
  readonly epoch: number;
  readonly newEpoch: boolean;
  /** Whether a loss of data had been approved at that moment (R16). */
  readonly approved: boolean;
  /** Last op of the log that it leads from. */
  readonly head: number;
  /** Sum of its entry at `op`; null where its journal has none (under its checkpoint). */
  readonly sumAt: (op: number) => Sum | null;
  /** Of a promoted standby: how old the oldest lost operation may be, by what was declared (INV-PROMOTE-CONSISTENT). */
  readonly declaredUs?: Us;
}

/**
 * A Kimberlite cluster as its operators meet it: hosts by name, who reaches whom, the backup store, and what people
 * said and kept. Commands act through it; it never decides by itself.
 */
export class KimberliteFleet implements HostFleet {
  readonly cluster: KimberliteCluster;
  readonly world: World;
  readonly startWallMs: number;
  readonly unit: string;
  readonly program: string;
  readonly dataDirectory: string;
  readonly backups: BackupStore;
  readonly people: PeopleLog;
  readonly metrics: Metrics;
  /** Artefacts kept so far, in order of time. */
  readonly evidence: Evidence[];
  /** Reasons of `replica isolate`, by host, until it rejoins. */
  readonly isolations: Map<number, string>;
  /** Hosts that data-centre staff have cut off on request. */
  readonly fenced: Map<number, Us>;
  /** By host: true time of the last successful compaction. */
  readonly compactedUs: Map<number, Us>;
  /** What the accounted bytes of a disk are where they are not old log segments. */
  readonly fillKinds: Map<number, 'log/segments' | 'backup'>;
  /** By host: percent of its old log segments that were written before 2025. */
  readonly coldPercents: Map<number, number>;
  /** Segments that lie in the archive bucket. */
  readonly archived: BucketObject[];
  readonly volumes: Volumes;
  /** Snapshots on the replicas' own disks, and the job that writes them. */
  readonly localBackups: LocalBackups;
  /** What servers compact by themselves; null where the plan has no such thing. */
  readonly compaction: Compaction | null;
  /** Hosts of standbys that were promoted: they belong to the replicas from then on. */
  readonly promoted: Set<number>;
  /** Where Kubernetes runs the replicas: their stateful set; null elsewhere. */
  readonly statefulSet: StatefulSet | null;
  /** Where Docker runs them: tags of the images on each host. */
  readonly images: Map<number, Set<string>>;
  /** Text of /etc/kimberlite/environment, by host: the unit reads it when it starts the server (EnvironmentFile=). */
  readonly environmentFiles: Map<number, string>;
  /** Variables of `systemctl set-environment`, by host: every unit that starts later inherits them. */
  private readonly managerEnvironments: Map<number, { readonly bootedUs: Us; readonly variables: Map<string, string> }>;
  /** Documents about the incident that operators had written. */
  readonly reports: IncidentReport[];
  /** What became of support tokens. */
  readonly tokens: TokenRecord[];
  /** What the run knows of the incident: set by the engine. */
  incident: () => IncidentFacts;
  /** Sessions that commands have opened in the log so far. */
  sessions: number;
  /** People mend what a fault broke (network operations, power): set by the engine; false when there is no such fault. */
  mend: (label: string) => boolean;
  /** Told of evidence that was kept, and of commands that change a replica's files: set by the engine. */
  onEvidence: (host: number, kind: Evidence['kind']) => void;
  onChange: (host: number, command: string) => void;
  /** Told of commands that have replaced a replica's files: set by the engine. */
  onChanged: (host: number, command: string) => void;
  /** Told when a command is about to end a server that runs: set by the engine. */
  onStopping: (host: number, command: string) => void;
  /** Told when so many bytes of the log left a replica's disk for the archive: set by the engine. */
  onArchived: (host: number, bytes: number) => void;
  /** Told when snapshots were removed from a replica's disk: set by the engine. */
  onBackupsRemoved: (host: number) => void;
  /** Told of a second server that has opened a data directory in use: set by the engine. */
  onSecondServer: (host: number, incarnation: number) => void;
  /** Told of a verification that found damage: set by the engine. */
  onCorruption: (host: number) => void;
  /** Told when an operator has made one node the only member: set by the engine. */
  onForced: (forced: ForcedLeader) => void;
  private readonly guardsOff: ReadonlySet<string>;

  /** `guardsOff` names the guards that the plan switches off (see guards.ts). */
  constructor(cluster: KimberliteCluster, guardsOff: ReadonlySet<string>) {
    this.cluster = cluster;
    this.world = cluster.world;
    this.startWallMs = cluster.plan.startWallMs;
    this.unit = 'kimberlite';
    this.program = 'kimberlite-server';
    this.dataDirectory = '/var/lib/kimberlite';
    this.backups = new BackupStore();
    this.people = new PeopleLog(this.world);
    this.evidence = [];
    this.isolations = new Map();
    this.fenced = new Map();
    this.compactedUs = new Map();
    this.fillKinds = new Map();
    this.coldPercents = new Map();
    this.archived = [];
    this.volumes = new Volumes(cluster);
    this.localBackups = new LocalBackups(this);
    this.promoted = new Set();
    this.environmentFiles = new Map();
    this.images = new Map();
    this.statefulSet = this.deploy();
    this.managerEnvironments = new Map();
    cluster.logsDebug = (host) => logsDebug(this.serverEnvironment(host));
    this.reports = [];
    this.tokens = [];
    this.incident = () => ({ scenario: '', variant: '', seed: 0, alerts: [], events: [], acknowledged: 0 });
    this.sessions = 0;
    this.mend = () => false;
    this.onEvidence = () => {};
    this.onChange = () => {};
    this.onChanged = () => {};
    this.onStopping = () => {};
    this.onSecondServer = () => {};
    this.onCorruption = () => {};
    this.onBackupsRemoved = () => {};
    this.onArchived = () => {};
    this.onForced = () => {};
    this.guardsOff = guardsOff;
    this.metrics = new Metrics(this);
    const { compaction } = cluster.plan;
    this.compaction = compaction === undefined ? null : new Compaction(compaction, this);
  }

  /** Sets up what the plan says of how servers are installed: the fleet decides which release starts on a host. */
  private deploy(): StatefulSet | null {
    const { cluster } = this;
    const { deployment } = cluster.plan;
    if (deployment === undefined || deployment.platform === 'systemd') return null;
    const { releases } = deployment;
    if (deployment.platform === 'docker') {
      for (const host of cluster.replicaHosts) {
        this.images.set(host, new Set([releases[host] as string]));
        this.environmentFiles.set(host, `KIMBERLITE_TAG=${releases[host]}\n`);
      }
      cluster.releases.toStart = (host) => this.variableInFile(host, 'KIMBERLITE_TAG') ?? (releases[host] as string);
      return null;
    }
    const hosts = {
      machineOfReplica: (host: number) => this.machineOfReplica(host),
      isReady: (host: number) => httpPage(this, host, '/ready').code === 200,
      stopping: (machine: Machine, command: string) => this.stopping(machine, command),
      nowUs: () => this.world.nowUs,
    };
    const set = new StatefulSet(hosts, releases, deployment.volume);
    cluster.releases.toStart = (host) => set.pods[host]?.tag ?? (releases[host] as string);
    return set;
  }

  guard(name: CommandGuard): boolean {
    return guardIsOn(this.guardsOff, name) && this.cluster.config.rules.guardHolds(name);
  }

  // ---- Hosts ----

  machineOf(name: string, onHost: string): Machine | null {
    const wanted = name === 'localhost' || name === '127.0.0.1' ? onHost : name;
    const own = this.world.machine(wanted);
    if (own !== null) return own;
    const match = /^(replica-|node)(\d{1,3})(\.kimberlite\.prod)?$/.exec(wanted);
    if (match !== null) {
      if (Number(match[2]) >= STANDBY_ID_MIN) {
        const standby = this.cluster.standbyHosts[Number(match[2]) - STANDBY_ID_MIN];
        return standby === undefined ? null : (this.world.machines[standby] as Machine);
      }
      const host = match[1] === 'node' ? Number(match[2]) - 1 : Number(match[2]);
      return this.cluster.replicaHosts.includes(host) ? (this.world.machines[host] as Machine) : null;
    }
    return wanted === 'bastion' ? (this.world.machines[this.cluster.operatorHost] as Machine) : null;
  }

  /** The host's own name for a name or alias, for the shell; null when it does not resolve. */
  resolve(name: string): string | null {
    return this.machineOf(name, name)?.name ?? null;
  }

  /** {@link reaches} by name, for the shell. */
  canReach(from: string, to: string): boolean {
    const [here, there] = [this.machineOf(from, from), this.machineOf(to, from)];
    return here !== null && there !== null && this.reaches(here, there);
  }

  reaches(from: Machine, to: Machine): boolean {
    if (!to.powered || to.paused) return false;
    if (from.id === to.id) return true;
    if (this.world.nowUs < to.boot.answersUs) return false;
    const { network } = this.world;
    return !network.isCut(from.id, to.id) && !network.isCut(to.id, from.id);
  }

  hasService(machine: Machine): boolean {
    return this.cluster.serverHosts.includes(machine.id);
  }

  listens(machine: Machine, port: number): boolean {
    if (port === SSH_PORT) return machine.powered && this.world.nowUs >= machine.boot.answersUs;
    return this.hasService(machine) && machine.isUp && (port === CLUSTER_PORT || port === HTTP_PORT);
  }

  httpGet(machine: Machine, port: number, path: string): HttpAnswer | null {
    if (port !== HTTP_PORT || !this.listens(machine, port)) return null;
    return httpPage(this, machine.id, path);
  }

  managerEnvironment(machine: Machine): Map<string, string> {
    const known = this.managerEnvironments.get(machine.id);
    if (known !== undefined && known.bootedUs === machine.boot.atUs) return known.variables;
    const variables = new Map<string, string>();
    this.managerEnvironments.set(machine.id, { bootedUs: machine.boot.atUs, variables });
    return variables;
  }

  /** RUST_LOG as the server on a host would get it if it started now: the file stands before the manager. */
  private serverEnvironment(host: number): string {
    return (
      this.variableInFile(host, 'RUST_LOG') ??
      this.managerEnvironment(this.machineOfReplica(host)).get('RUST_LOG') ??
      ''
    );
  }

  /** A variable of /etc/kimberlite/environment; null when it is not set there. The last line counts. */
  private variableInFile(host: number, name: string): string | null {
    const lines = (this.environmentFiles.get(host) ?? '').split('\n');
    return lines.findLast((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  }

  // ---- Replicas ----

  /** The host of a replica number as the runbook writes it, or -1. */
  hostOfReplica(id: number): number {
    return hostOfId(this.cluster, id);
  }

  machineOfReplica(host: number): Machine {
    return this.world.machines[host] as Machine;
  }

  /** Status page of a replica, asked for from a host. */
  see(from: Machine, host: number): ReplicaView {
    return viewOf(this.cluster, host, this.reaches(from, this.machineOfReplica(host)));
  }

  /** Status pages of all replicas, in order; standbys are none until they are promoted. */
  seeAll(from: Machine): ReplicaView[] {
    return this.replicas().map((host) => this.see(from, host));
  }

  /** Hosts of replicas: those that the cluster began with, and promoted standbys. */
  replicas(): readonly number[] {
    return this.promoted.size === 0 ? this.cluster.replicaHosts : [...this.cluster.replicaHosts, ...this.promoted];
  }

  /** Hosts that a replica knows as standbys, in order. */
  standbysOf(replica: Replica): readonly number[] {
    return this.cluster.serverHosts.filter((host) => isStandby(replica, host));
  }

  /** Status pages of the standbys that have data, in order. */
  seeStandbys(from: Machine): ReplicaView[] {
    const { cluster } = this;
    const hosts = cluster.standbyHosts.filter(
      (host) => !this.promoted.has(host) && (!cluster.isSpare(host) || this.machineOfReplica(host).isUp),
    );
    return hosts.map((host) => this.see(from, host));
  }

  isRunning(host: number): boolean {
    return runningNode(this.cluster, host) !== null;
  }

  // ---- Disks, backups, evidence ----

  fillName(machine: Machine): 'log/segments' | 'backup' {
    return this.fillKinds.get(machine.id) ?? 'log/segments';
  }

  accounted(machine: Machine): ReadonlyMap<string, number> {
    const { fillBytes } = machine.disk;
    const files = this.localBackups.filesOf(machine);
    const name = this.fillName(machine);
    if (fillBytes > 0 && (name !== 'backup' || files.size === 0)) files.set(name, fillBytes);
    return files;
  }

  removeAccounted(machine: Machine, files: readonly string[]): void {
    if (files.includes(this.fillName(machine))) machine.disk.setFill(0);
    const backups = new Set(files.map((file) => file.replace(/^backup\//, '')));
    if (this.localBackups.of(machine.id).some(({ name }) => backups.has(name)))
      this.localBackups.remove(machine, backups);
  }

  refuseRemoval(machine: Machine, files: readonly string[]): string {
    if (!this.hasService(machine) || !files.some((file) => file.startsWith('log/') || file === 'superblock')) return '';
    return refuseWipe(this, machine.id, 'rm');
  }

  /** Copies a replica's zones into the bucket, as the nightly backup does. */
  takeBackup(name: string, replicaHost: number): Snapshot {
    const machine = this.machineOfReplica(replicaHost);
    const wallMs = this.startWallMs + Math.floor(this.world.nowUs / 1_000);
    return this.backups.take(name, machine.disk, this.cluster.config, replicaHost, this.world.nowUs, wallMs);
  }

  keepEvidence(kind: Evidence['kind'], host: number, path: string): void {
    this.evidence.push({ atUs: this.world.nowUs, kind, host, path });
    this.onEvidence(host, kind);
  }

  stopping(machine: Machine, command: string): void {
    if (machine.isUp) this.onStopping(machine.id, command);
  }

  changing(machine: Machine, command: string): void {
    this.onChange(machine.id, command);
  }

  bucketObjects(bucket: string): readonly BucketObject[] | null {
    if (bucket === ARCHIVE_BUCKET) return this.archived;
    return bucket === BUCKET ? this.backups.list() : null;
  }

  /** Wall clock of a host in ms since 1970. */
  wallMs(machine: Machine): number {
    return wallMsOf(this, machine);
  }
}

/** Whether a filter such as `kimberlite=debug` lets the server's debug lines through. */
function logsDebug(filter: string): boolean {
  return filter.split(',').some((part) => part === 'debug' || part === 'kimberlite=debug');
}
