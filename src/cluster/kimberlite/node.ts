import type { DiskOp, Host, Message, Process } from '../../sim/api.ts';
import type { Us } from '../../sim/time.ts';
import { OPERATION } from '../storage/prepare.ts';
import type { VsrConfig } from '../vsr/config.ts';
import type { VsrMessage } from '../vsr/message.ts';
import type { VsrObserver } from '../vsr/observe.ts';
import { VsrProcess } from '../vsr/process.ts';
import { abdicate } from '../vsr/proposals.ts';
import { releaseText } from '../vsr/releases.ts';
import { isStandby } from '../vsr/standby.ts';
import { Batcher, TIMER_BATCH } from './batcher.ts';
import type { Batching } from './batching.ts';
import type { ReleaseDefect } from './defects.ts';
import type { JoinGate } from './join-gate.ts';
import { KIMBERLITE_OPERATION, KimberliteMachine } from './machine.ts';
import { Projection } from './projection.ts';
import { ReadService } from './read-service.ts';

/** Timer numbers from 32 on are the product's own. */
const TIMER_PROJECTION = 32;
const TIMER_DEFECT = 34;
/** Projections catch up this often, by at most this many ops: they lag behind the commit number by design. */
const PROJECTION_US: Us = 50_000;
const PROJECTION_OPS_MAX = 512;
/** Ops that are projected under one lock, where projecting costs CPU time. */
const PROJECTION_BATCH = 64;
/** A backlog of so many ops is logged, no more often than that. */
const BACKLOG_OPS = 100;
const BACKLOG_LOG_US: Us = 30_000_000;
/** Upper bounds of the latency histogram's buckets, in µs. */
export const LATENCY_BUCKETS_US: readonly number[] = [
  1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
];

/** One view change as `cluster view-changes` lists it. */
export interface ViewChangeRecord {
  readonly atWallUs: number;
  readonly view: number;
  readonly reason: string;
}

/** The work of projecting, where a plan gives hosts a CPU: another thread does it, under the projection's lock. */
export interface ProjectionWork {
  /** Whether no query holds the lock. */
  lockFree(): boolean;
  /** Lets a thread of the server project `ops` ops; `done` follows unless the process ends before. */
  run(ops: number, done: () => void): void;
}

/** A Kimberlite server process: the replicated log and what the product adds to it. */
export class KimberliteNode implements Process {
  readonly vsr: VsrProcess;
  readonly machine: KimberliteMachine;
  readonly projection: Projection;
  /** Reads that it answers by itself. */
  readonly reads: ReadService;
  /** null: projecting costs nothing. */
  work: ProjectionWork | null;
  viewChanges: ViewChangeRecord[];
  viewChangesTotal: number;
  commitsTotal: number;
  readonly latencyCounts: Float64Array;
  latencySumUs: number;
  latencyCount: number;
  /** Whether it logs debug lines, decided when it starts. */
  debug: boolean;
  /** Told of each step of the projections: replica, incarnation, projection, position, commit number, digest. */
  onProjection: (
    replica: number,
    incarnation: number,
    projection: number,
    applied: number,
    commit: number,
    digest: number,
  ) => void;
  private projecting: boolean;
  private backlogLoggedUs: Us;
  /** What is wrong with its release, when it starts. */
  defects: readonly ReleaseDefect[];
  /** Told how much CPU each event costs from now on because of a defect. */
  onSlow: (cpuUs: Us) => void;
  private defect: ReleaseDefect | null;
  /** The handshake with other servers; null where servers have no identities. */
  gate: JoinGate | null;
  private readonly host: Host;
  private readonly config: VsrConfig;
  private readonly batcher: Batcher | null;

  constructor(host: Host, config: VsrConfig, observer: VsrObserver, batching: Batching | null = null) {
    this.host = host;
    this.config = config;
    this.onProjection = () => {};
    this.debug = false;
    this.machine = new KimberliteMachine(config.release ?? 0, config.rules);
    this.projection = new Projection();
    this.reads = new ReadService();
    this.machine.onApplied = (op, key, value) => this.projection.note(op, key, value);
    this.machine.onReplaced = () => this.projection.install(this.machine);
    this.work = null;
    this.projecting = false;
    this.backlogLoggedUs = -BACKLOG_LOG_US;
    this.defects = [];
    this.onSlow = () => {};
    this.defect = null;
    this.gate = null;
    this.viewChanges = [];
    this.viewChangesTotal = 0;
    this.commitsTotal = 0;
    this.latencyCounts = new Float64Array(LATENCY_BUCKETS_US.length + 1);
    this.latencySumUs = 0;
    this.latencyCount = 0;
    const node = this;
    this.vsr = new VsrProcess(host, config, this.machine, {
      observer: {
        onApply(replica, incarnation, prepare, hash0, hash1, replyDigest) {
          const bulk = batching !== null && prepare.operation === KIMBERLITE_OPERATION.bulk;
          node.commitsTotal += bulk ? batching.applied(host.id, prepare) : 1;
          if (prepare.operation === OPERATION.release) node.noteUpgrade();
          observer.onApply(replica, incarnation, prepare, hash0, hash1, replyDigest);
          node.batcher?.onApplied(prepare.op);
        },
        onInstall: (replica, incarnation, op, hash0, hash1, cause) =>
          observer.onInstall(replica, incarnation, op, hash0, hash1, cause),
        onCheckpoint: (replica, incarnation, op, digest) => observer.onCheckpoint(replica, incarnation, op, digest),
      },
      ...(batching === null ? {} : { intake: (message: VsrMessage) => node.batcher?.takes(message) === true }),
      onViewChange: (view, reason) => this.noteViewChange(view, reason),
      onCommitLatency: (latencyUs) => this.noteLatency(latencyUs, 1),
    });
    this.batcher = batching === null ? null : this.batches(batching);
  }

  /** Status as the catalogue names it: `recovering` until this replica holds everything committed. */
  get status(): 'normal' | 'view-change' | 'recovering' | 'isolated' | 'standby' | 'removed' {
    const replica = this.vsr.replica;
    if (replica.retired) return 'removed';
    if (replica.isolated) return 'isolated';
    if (isStandby(replica, replica.replica)) return 'standby';
    // A newcomer that follows the log until it may vote.
    if (!replica.isMember(replica.replica)) return 'recovering';
    if (replica.mustRecover || replica.status === 'recovering' || replica.catchUpTo > replica.commit)
      return 'recovering';
    return replica.status;
  }

  /** A defect of the own release shows, at once or after its time. */
  feel(defect: ReleaseDefect): void {
    if (defect.kind === 'crash-on-start') {
      this.host.reached('release-defect-hit');
      this.host.exit(`panic: ${releaseText(defect.release)} cannot start: index out of bounds`);
    }
    this.defect = defect;
    this.host.setTimer(TIMER_DEFECT, defect.afterUs, defect.afterUs, 0);
  }

  /** The defect is mended. */
  recover(): void {
    this.defect = null;
  }

  onStart(): void {
    for (const defect of this.defects) this.feel(defect);
    this.vsr.onStart();
    this.host.setTimer(TIMER_PROJECTION, PROJECTION_US, PROJECTION_US, 0);
    this.batcher?.onStart();
  }

  private batches(batching: Batching): Batcher {
    const { replica } = this.vsr;
    const environment = batching.environment(this.host.id, this.machine);
    return new Batcher(replica, environment, (latencyUs, count) => this.noteLatency(latencyUs, count));
  }

  onMessage(from: number, message: Message): void {
    if (this.debug) this.host.log('debug', () => `kimberlite::vsr: ${message.kind} from host ${from}`);
    if (this.gate !== null && !this.gate.admits(this.vsr.replica, from, message)) return;
    this.vsr.onMessage(from, message);
  }

  onTimer(timer: number): void {
    if (timer === TIMER_BATCH) {
      this.vsr.replica.assertInvariants();
      this.batcher?.onTimer();
      return;
    }
    if (timer === TIMER_DEFECT) {
      if (this.defect === null) return;
      this.host.reached('release-defect-hit');
      this.onSlow(this.defect.cpuUs);
      return;
    }
    if (timer !== TIMER_PROJECTION) {
      this.vsr.onTimer(timer);
      return;
    }
    this.vsr.replica.assertInvariants();
    if (this.work === null) this.project(PROJECTION_OPS_MAX);
    else this.projectInTurn(this.work);
    this.host.setTimer(TIMER_PROJECTION, PROJECTION_US, PROJECTION_US, 0);
  }

  /** Position up to which projections are built. */
  get projected(): number {
    return this.projection.position;
  }

  private get projectionLimit(): number {
    const { replica } = this.vsr;
    return this.config.rules.projectionLimit(replica.commit, replica.op);
  }

  private project(count: number): void {
    const { replica } = this.vsr;
    const { rules } = this.config;
    const show = (position: number, digest: number): void =>
      this.onProjection(replica.replica, replica.incarnation, 0, position, replica.commit, digest);
    this.projection.advance(this.projectionLimit, count, rules.projectionTimes, show);
    show(this.projection.position, this.projection.digest);
  }

  /** One batch at a time, when the lock is to be had; the next one follows at once. */
  private projectInTurn(work: ProjectionWork): void {
    const behind = this.projectionLimit - this.projected;
    if (behind > BACKLOG_OPS && this.host.monotonicUs() - this.backlogLoggedUs >= BACKLOG_LOG_US) {
      this.backlogLoggedUs = this.host.monotonicUs();
      this.host.log('warn', () => `projection apply backlog: ${behind} entries`);
      this.host.reached('projection-backlog');
    }
    if (this.projecting || behind <= 0 || !work.lockFree()) return;
    const ops = Math.min(behind, PROJECTION_BATCH);
    this.projecting = true;
    work.run(ops, () => {
      this.projecting = false;
      this.project(ops);
      this.projectInTurn(work);
    });
  }

  onDisk(op: DiskOp): void {
    this.vsr.onDisk(op);
  }

  /** `replica isolate`: no more votes and no more answers; membership and quorum size stay (catalogue, replica-isolate). */
  isolate(): void {
    const replica = this.vsr.replica;
    replica.assertInvariants();
    if (replica.isolated) return;
    if (replica.isPrimary) abdicate(replica, 'isolated by the operator');
    replica.isolated = true;
    replica.persist();
    this.host.log('warn', () => 'replica isolated by the operator');
  }

  /** `replica rejoin`: the replica recovers from its peers and takes part again. */
  rejoin(): void {
    const replica = this.vsr.replica;
    if (!replica.isolated) return;
    replica.isolated = false;
    replica.status = 'recovering';
    replica.persist();
    replica.armElection();
    this.host.setTimer(6, 0, 1_000, replica.view);
    this.host.log('info', () => 'replica rejoins');
  }

  private noteUpgrade(): void {
    this.host.log('info', () => `upgrade complete: cluster version ${releaseText(this.machine.activeRelease)}`);
    this.host.reached('release-activated');
  }

  private noteViewChange(view: number, reason: string): void {
    this.viewChangesTotal++;
    this.viewChanges.push({ atWallUs: this.host.wallUs(), view, reason });
    if (this.viewChanges.length > 4_096) this.viewChanges = this.viewChanges.slice(2_048);
  }

  private noteLatency(latencyUs: Us, count: number): void {
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS_US.length && latencyUs > (LATENCY_BUCKETS_US[bucket] as number)) bucket++;
    this.latencyCounts[bucket] = (this.latencyCounts[bucket] as number) + count;
    this.latencySumUs += latencyUs * count;
    this.latencyCount += count;
  }
}
