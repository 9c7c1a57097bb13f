import { type Host, ProcessAssertion } from '../../sim/api.ts';
import type { Us } from '../../sim/time.ts';
import { type Header, type Prepare, type Sum, ZERO_SUM } from '../storage/prepare.ts';
import { ClockSync } from './clock-sync.ts';
import { primaryOf, TIMER, type VsrConfig } from './config.ts';
import { Journal } from './journal.ts';
import type { CheckpointBlob, Draft, VsrKind, VsrMessage } from './message.ts';
import { draft, seal } from './message.ts';
import type { ReplicaObservation, VsrObserver, VsrStatus } from './observe.ts';
import { Sessions } from './sessions.ts';
import type { StateMachine } from './state-machine.ts';
import { type SuperblockState, SuperblockWriter } from './superblock.ts';

/** What surrounds a replica: who watches, and what its product adds. */
export interface ReplicaHooks {
  readonly observer: VsrObserver;
  /** Counters for metrics; each is called where the thing happens. */
  onViewChange(view: number, reason: string): void;
  onCommitLatency(latencyUs: Us): void;
}

/** One vote of a view change as the new primary keeps it. */
export type DoViewChange = VsrMessage;

/**
 * The state of one replica and the steps that every part of the protocol shares. The protocol itself is in the
 * functions of `normal`, `view-change`, `repair`, `recovery`, `checkpoint`, each taking the replica first.
 *
 * Invariants: commit <= op; checkpointOp <= commit once started; logView <= view; a message that promises something
 * about (view, logView) leaves only when the superblock holds both (`durableView`, `durableLogView`).
 */
export class Replica implements ReplicaObservation {
  readonly host: Host;
  readonly config: VsrConfig;
  readonly hooks: ReplicaHooks;
  readonly replica: number;
  readonly incarnation: number;
  readonly journal: Journal;
  readonly superblock: SuperblockWriter;
  readonly sessions: Sessions;
  readonly clock: ClockSync;
  readonly machine: StateMachine;
  /** Host numbers of the voters; leader = members[view mod size]. */
  members: number[];
  status: VsrStatus;
  epoch: number;
  view: number;
  logView: number;
  op: number;
  commitMax: number;
  commit: number;
  checkpointOp: number;
  checkpointOpSum: Sum;
  /** What the superblock says of the checkpoint's file, also where the file cannot be read. */
  checkpointSum: Sum;
  checkpointBytes: number;
  checkpointBlob: CheckpointBlob | null;
  checkpointFile: 0 | 1;
  /** Op up to which checkpoints are durable on a replication quorum: slots up to it may be overwritten (R7). */
  checkpointQuorumOp: number;
  /** Headers of the log of `logView` when it began, above the checkpoint: kept durable with it (R7). */
  viewHeaders: Header[];
  durableView: number;
  durableLogView: number;
  mustRecover: boolean;
  isolated: boolean;
  /** Shown as `recovering` until the commit number has reached this op. */
  catchUpTo: number;
  /** Last op of the gapless durable prefix. */
  durableOp: number;
  /** The superblock is as it was formatted: this replica has never led a view. */
  fresh: boolean;
  /** True once the disk has been read. */
  opened: boolean;

  // Primary
  /** Per slot: one bit per replica whose copy is durable in this view, and the number of messages that said so. */
  readonly okMasks: Int32Array;
  readonly okCounts: Int32Array;
  readonly preparedUs: Float64Array;
  readonly ackedOps: Float64Array;
  readonly peerCheckpoints: Float64Array;
  readonly peerCommits: Float64Array;
  readonly peerHeardUs: Float64Array;
  readonly queue: VsrMessage[];
  /** Client -> request that is in the pipeline. */
  readonly inPipeline: Map<number, number>;
  lastQuorumHeardUs: Us;
  /** Backup: client -> request that was passed on to the primary; the backup answers it, too, once it is applied. */
  readonly passedOn: Map<number, number>;

  // View change
  /** View that this replica proposes, 0 for none, and who proposes which. */
  proposed: number;
  readonly proposals: Map<number, number>;
  readonly votes: Map<number, DoViewChange>;
  voteSent: boolean;
  /** The log of the new view has been chosen; entries may still have to be fetched. */
  chosen: boolean;
  chosenSources: Map<number, number[]>;
  installing: boolean;
  viewChangeRound: number;
  /** When each peer last answered a ping: a link that works both ways. */
  readonly peerPongUs: Float64Array;
  /** Since when a well-connected peer has been complaining that it does not hear the primary; 0: it does not. */
  readonly complaintUs: Float64Array;
  /** Complaints given in to: each makes the next wait twice as long. */
  complaintRound: number;

  // Repair
  readonly pending: Map<number, Prepare>;
  repairAttempt: number;
  /** Whether anything between the checkpoint and the head is missing or faulty. */
  dirty: boolean;
  transferring: boolean;
  transferFrom: number;
  pendingCheckpoint: CheckpointBlob | null;
  pendingCause: 'own' | 'transfer' | '';
  pendingSuffix: readonly (Header | null)[];
  pendingHead: number;
  pendingLogView: number;
  /** The pending checkpoint's blob is synced: the next superblock update takes it over. */
  pendingSynced: boolean;
  /** Highest op that the primary of this view was heard to have. */
  primaryOp: number;

  // Recovery
  nonce: number;
  readonly recoveryAnswers: Map<number, VsrMessage>;
  readonly peerIncarnations: Float64Array;
  lastTimestampUs: number;
  checksumFailures: number;

  constructor(host: Host, config: VsrConfig, machine: StateMachine, hooks: ReplicaHooks) {
    const slots = config.journalSlots;
    this.host = host;
    this.config = config;
    this.hooks = hooks;
    this.replica = host.id;
    this.incarnation = host.incarnation;
    this.journal = new Journal(host, slots, config.slotBytes);
    this.superblock = new SuperblockWriter(host);
    this.sessions = new Sessions(config.sessionsMax);
    this.clock = new ClockSync(
      Math.floor(config.replicaCount / 2) + 1,
      config.clockToleranceUs,
      config.clockWindowUs,
      config.clockEpochUs,
    );
    this.machine = machine;
    this.members = [];
    for (let id = 0; id < config.replicaCount; id++) this.members.push(id);
    this.status = 'recovering';
    this.epoch = 0;
    this.view = 0;
    this.logView = 0;
    this.op = 0;
    this.commitMax = 0;
    this.commit = 0;
    this.checkpointOp = 0;
    this.checkpointOpSum = ZERO_SUM;
    this.checkpointSum = ZERO_SUM;
    this.checkpointBytes = 0;
    this.checkpointBlob = null;
    this.checkpointFile = 0;
    this.checkpointQuorumOp = 0;
    this.viewHeaders = [];
    this.durableView = 0;
    this.durableLogView = 0;
    this.mustRecover = false;
    this.isolated = false;
    this.catchUpTo = 0;
    this.durableOp = 0;
    this.fresh = false;
    this.opened = false;
    this.okMasks = new Int32Array(slots);
    this.okCounts = new Int32Array(slots);
    this.preparedUs = new Float64Array(slots);
    this.ackedOps = new Float64Array(64);
    this.peerCheckpoints = new Float64Array(64);
    this.peerCommits = new Float64Array(64);
    this.peerHeardUs = new Float64Array(64).fill(-1);
    this.queue = [];
    this.inPipeline = new Map();
    this.passedOn = new Map();
    this.lastQuorumHeardUs = 0;
    this.proposed = 0;
    this.proposals = new Map();
    this.votes = new Map();
    this.voteSent = false;
    this.chosen = false;
    this.chosenSources = new Map();
    this.installing = false;
    this.viewChangeRound = 0;
    this.peerPongUs = new Float64Array(64).fill(-1);
    this.complaintUs = new Float64Array(64);
    this.complaintRound = 0;
    this.pending = new Map();
    this.repairAttempt = 0;
    this.dirty = false;
    this.transferring = false;
    this.transferFrom = -1;
    this.pendingCheckpoint = null;
    this.pendingCause = '';
    this.pendingSuffix = [];
    this.pendingHead = 0;
    this.pendingLogView = 0;
    this.pendingSynced = false;
    this.primaryOp = 0;
    this.nonce = 0;
    this.recoveryAnswers = new Map();
    this.peerIncarnations = new Float64Array(64);
    this.lastTimestampUs = 0;
    this.checksumFailures = 0;
  }

  // ---- Observation ----

  get stateHash0(): number {
    return this.machine.hash0;
  }

  get stateHash1(): number {
    return this.machine.hash1;
  }

  get isPrimary(): boolean {
    return this.status === 'normal' && this.isLeader();
  }

  get settled(): boolean {
    return (
      this.opened &&
      !this.dirty &&
      !this.transferring &&
      !this.mustRecover &&
      this.durableOp >= this.op &&
      this.clock.isSynchronised(this.host.monotonicUs())
    );
  }

  /** Whether this replica leads `view` by number; it acts as primary only in status normal. */
  isLeader(): boolean {
    return this.members.length > 0 && this.leaderOf(this.view) === this.replica;
  }

  leaderOf(view: number): number {
    return this.members[primaryOf(view, this.members.length)] as number;
  }

  isMember(host: number): boolean {
    return this.members.includes(host);
  }

  commitQuorum(): number {
    return this.config.rules.commitQuorum(this.members.length);
  }

  viewQuorum(): number {
    return this.config.rules.viewQuorum(this.members.length);
  }

  electionTimeoutUs(): Us {
    return this.machine.electionTimeoutUs > 0 ? this.machine.electionTimeoutUs : this.config.electionTimeoutUs;
  }

  heartbeatUs(): Us {
    return this.machine.heartbeatUs > 0 ? this.machine.heartbeatUs : this.config.heartbeatUs;
  }

  // ---- Messages ----

  /** A draft that carries what every message says of its sender. */
  message(kind: VsrKind): Draft {
    const message = draft(kind, this.epoch, this.view);
    message.logView = this.logView;
    message.incarnation = this.incarnation;
    message.checkpointOp = this.checkpointOp;
    message.checkpointQuorumOp = this.checkpointQuorumOp;
    return message;
  }

  send(to: number, message: VsrMessage): void {
    this.host.send(to, message);
  }

  /** Sends to every other member. */
  broadcast(message: VsrMessage): void {
    for (const member of this.members) if (member !== this.replica) this.host.send(member, message);
  }

  sealed(message: Draft, id0: number, id1: number): VsrMessage {
    return seal(message, id0, id1);
  }

  /** One bit per member that this replica exchanges messages with both ways, itself included. */
  connected(): number {
    const since = this.host.monotonicUs() - 3 * this.config.pingUs;
    let mask = 1 << this.replica;
    for (const member of this.members) {
      const pongUs = this.peerPongUs[member] as number;
      if (pongUs >= 0 && pongUs >= since) mask |= 1 << member;
    }
    return mask;
  }

  // ---- Log ----

  headSum(): Sum {
    return this.sumAt(this.op);
  }

  /** The sum of the log at `op` (the checkpoint's own op included); ZERO_SUM where it is not known. */
  sumAt(op: number): Sum {
    if (op === this.checkpointOp) return this.checkpointOpSum;
    return this.journal.header(op)?.sum ?? ZERO_SUM;
  }

  /** Advances the gapless durable prefix; true when it moved. */
  advanceDurable(): boolean {
    const before = this.durableOp;
    if (this.durableOp < this.checkpointOp) this.durableOp = this.checkpointOp;
    while (this.durableOp < this.op && this.canAcknowledge(this.durableOp + 1)) this.durableOp++;
    return this.durableOp > before;
  }

  private canAcknowledge(op: number): boolean {
    if (this.config.rules.ackNeedsSync()) return this.journal.isDurable(op);
    return this.journal.entry(op) !== null;
  }

  // ---- Superblock ----

  superblockState(): SuperblockState {
    const pending = this.pendingCheckpoint;
    const installed = pending !== null && this.pendingSynced;
    return {
      cluster: this.config.cluster,
      replica: this.replica,
      epoch: this.epoch,
      members: this.members,
      view: this.view,
      logView: this.logView,
      commit: this.commitMax,
      checkpointOp: installed ? pending.op : this.checkpointOp,
      checkpointOpSum: installed ? pending.opSum : this.checkpointOpSum,
      checkpointSum: installed ? pending.sum : this.checkpointSum,
      checkpointFile: installed ? (this.checkpointFile === 0 ? 1 : 0) : this.checkpointFile,
      checkpointBytes: installed ? pending.bytes.length : this.checkpointBytes,
      viewHeaders: this.viewHeaders,
      mustRecover: this.mustRecover,
      incarnation: this.incarnation,
      isolated: this.isolated,
    };
  }

  /** Writes the present state to the superblock; `onPersisted` of the process hears of it. */
  persist(): void {
    this.superblock.update(this.superblockState());
  }

  // ---- Assertions ----

  /**
   * What must hold between any two handlers (R15): checked on entry, so that a state that memory corruption changed
   * stops the replica before it sends or writes anything.
   */
  assertInvariants(): void {
    if (!this.config.rules.asserts()) return;
    if (this.commit > this.op) throw new ProcessAssertion('commit-le-op', 'commit_number <= op_number');
    if (this.logView > this.view) throw new ProcessAssertion('log-view-le-view', 'log_view <= view_number');
    if (this.checkpointOp > this.op) throw new ProcessAssertion('checkpoint-le-op', 'checkpoint_op <= op_number');
  }

  armElection(): void {
    const timeoutUs = this.electionTimeoutUs();
    const backoff = this.viewChangeRound < 3 ? 1 << this.viewChangeRound : 8;
    this.host.setTimer(TIMER.election, timeoutUs * backoff, Math.floor((timeoutUs * backoff * 3) / 2), this.view);
  }
}
