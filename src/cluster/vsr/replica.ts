import { type Host, ProcessAssertion } from '../../sim/api.ts';
import type { Us } from '../../sim/time.ts';
import { type Header, type Prepare, type Sum, ZERO_SUM } from '../storage/prepare.ts';
import { ClockSync } from './clock-sync.ts';
import { primaryOf, TIMER, type VsrConfig } from './config.ts';
import type { Electorate } from './electorate.ts';
import { InPipeline } from './in-pipeline.ts';
import { Journal } from './journal.ts';
import { formattedMembership, type Membership } from './membership.ts';
import { type CheckpointBlob, type Draft, draft, seal, type VsrKind, type VsrMessage } from './message.ts';
import type { ReplicaObservation, VsrObserver, VsrStatus } from './observe.ts';
import { formatMembership, toldMemberships } from './reconfiguration.ts';
import { ReleaseBook } from './release-book.ts';
import { popcount } from './rules.ts';
import { Sessions } from './sessions.ts';
import type { Following } from './standby.ts';
import type { StateMachine } from './state-machine.ts';
import type { SuperblockState } from './superblock.ts';
import { SuperblockWriter } from './superblock-writer.ts';

/** Who watches, what a product counts where it happens, and its intake: true when it takes a request that is ready for later. */
export interface ReplicaHooks {
  readonly observer: VsrObserver;
  intake?(message: VsrMessage): boolean;
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
  /** Voters, of both memberships while a change is under way; `peers` are they and those who only follow. */
  members: number[] = [];
  peers: number[] = [];
  /** Views go round the seats: one for each host that can be a voter. */
  seats: number = 0;
  membership: Membership = formattedMembership([]);
  former: Membership = this.membership;
  /** A newer one that a peer told of, and the view of that peer's log; op of the newest one known to be committed. */
  heard: Membership | null = null;
  heardView: number = 0;
  settledOp: number = 0;
  partedOp: number = 0;
  electorates: readonly Electorate[] = [];
  /** Removed from the membership: silent for good. */
  retired: boolean = false;
  status: VsrStatus = 'recovering';
  epoch: number = 0;
  view: number = 0;
  logView: number = 0;
  op: number = 0;
  commitMax: number = 0;
  commit: number = 0;
  checkpointOp: number = 0;
  checkpointOpSum: Sum = ZERO_SUM;
  /** What the superblock says of the checkpoint's file, also where the file cannot be read. */
  checkpointSum: Sum = ZERO_SUM;
  checkpointBytes: number = 0;
  checkpointBlob: CheckpointBlob | null = null;
  checkpointFile: 0 | 1 = 0;
  /** Op up to which checkpoints are durable on a replication quorum: slots up to it may be overwritten (R7). */
  checkpointQuorumOp: number = 0;
  /** Headers of the log of `logView` when it began, above the checkpoint: kept durable with it (R7). */
  viewHeaders: Header[] = [];
  durableView: number = 0;
  durableLogView: number = 0;
  mustRecover: boolean = false;
  isolated: boolean = false;
  /** Shown as `recovering` until the commit number has reached this op. */
  catchUpTo: number = 0;
  /** Last op of the gapless durable prefix. */
  durableOp: number = 0;
  /** The superblock is as it was formatted: this replica has never led a view. */
  fresh: boolean = false;
  /** True once the disk has been read. */
  opened: boolean = false;

  // Primary
  /** Per slot: one bit per replica whose copy is durable in this view, and the number of messages that said so. */
  readonly okMasks: Int32Array;
  readonly okCounts: Int32Array;
  readonly preparedUs: Float64Array;
  readonly ackedOps: Float64Array = new Float64Array(64);
  readonly peerCheckpoints: Float64Array = new Float64Array(64);
  readonly peerCommits: Float64Array = new Float64Array(64);
  readonly peerHeardUs: Float64Array = new Float64Array(64).fill(-1);
  readonly queue: VsrMessage[] = [];
  readonly inPipeline: InPipeline = new InPipeline();
  lastQuorumHeardUs: Us = 0;
  /** Backup: client -> request that was passed on to the primary; the backup answers it, too, once it is applied. */
  readonly passedOn: Map<number, number> = new Map();

  // View change
  /** View that this replica proposes, 0 for none, and who proposes which. */
  proposed: number = 0;
  readonly proposals: Map<number, number> = new Map();
  readonly votes: Map<number, DoViewChange> = new Map();
  voteSent: boolean = false;
  /** The log of the new view has been chosen; entries may still have to be fetched. */
  chosen: boolean = false;
  chosenSources: Map<number, number[]> = new Map();
  installing: boolean = false;
  viewChangeRound: number = 0;
  /** Highest view that any member was heard to be in. */
  viewSeen: number = 0;
  /** When each peer last answered a ping: a link that works both ways. */
  readonly peerPongUs: Float64Array = new Float64Array(64).fill(-1);
  /** Since when a well-connected peer has been complaining that it does not hear the primary; 0: it does not. */
  readonly complaintUs: Float64Array = new Float64Array(64);
  /** Complaints given in to: each makes the next wait twice as long. */
  complaintRound: number = 0;

  // Repair
  readonly pending: Map<number, Prepare> = new Map();
  repairAttempt: number = 0;
  /** Whether anything between the checkpoint and the head is missing or faulty. */
  dirty: boolean = false;
  transferring: boolean = false;
  transferFrom: number = -1;
  pendingCheckpoint: CheckpointBlob | null = null;
  pendingCause: 'own' | 'transfer' | '' = '';
  pendingSuffix: readonly (Header | null)[] = [];
  pendingHead: number = 0;
  pendingLogView: number = 0;
  /** The pending checkpoint's blob is synced: the next superblock update takes it over. */
  pendingSynced: boolean = false;
  /** Highest op that the primary of this view was heard to have. */
  primaryOp: number = 0;

  /** What a replica that is no member notes of how well it follows; null on members. */
  following: Following | null = null;

  // Recovery
  nonce: number = 0;
  readonly recoveryAnswers: Map<number, VsrMessage> = new Map();
  readonly peerIncarnations: Float64Array = new Float64Array(64);
  /** What of `peerIncarnations` the superblock holds. */
  readonly durableIncarnations: Float64Array = new Float64Array(64);
  /** The journal is gone and may be made anew once the superblock says that this replica must recover. */
  journalLost: boolean = false;
  lastTimestampUs: number = 0;
  checksumFailures: number = 0;
  readonly releases: ReleaseBook;
  /** Handshake that goes along with every message; null where servers have no identities. */
  hello: string | null = null;

  constructor(host: Host, config: VsrConfig, machine: StateMachine, hooks: ReplicaHooks) {
    const slots = config.journalSlots;
    this.host = host;
    this.config = config;
    this.hooks = hooks;
    this.replica = host.id;
    this.incarnation = host.incarnation;
    this.releases = new ReleaseBook(config.release ?? 0);
    this.journal = new Journal(host, slots, config.slotBytes);
    this.superblock = new SuperblockWriter(host, config.rules);
    this.sessions = new Sessions(config.sessionsMax);
    const voterCount = config.replicaCount - (config.spares ?? 0);
    this.clock = new ClockSync(
      Math.floor(voterCount / 2) + 1,
      config.clockToleranceUs,
      config.clockWindowUs,
      config.clockEpochUs,
    );
    this.machine = machine;
    formatMembership(
      this,
      Array.from({ length: voterCount }, (_none, id) => id),
    );
    this.okMasks = new Int32Array(slots);
    this.okCounts = new Int32Array(slots);
    this.preparedUs = new Float64Array(slots);
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
    return this.leaderOf(this.view) === this.replica && this.isMember(this.replica);
  }

  /** By seats, so that all memberships agree on who may lead a view. */
  leaderOf(view: number): number {
    return primaryOf(view, this.seats);
  }

  isMember(host: number): boolean {
    return this.members.includes(host);
  }

  /** The next view from `view` on that a voter leads. */
  ledView(view: number): number {
    let led = view;
    while (!this.isMember(this.leaderOf(led))) led++;
    return led;
  }

  readonly commitQuorum = (voterCount: number): number =>
    this.config.rules.commitQuorum(this.config.rules.voterCount(voterCount, this.reach));

  readonly viewQuorum = (voterCount: number): number => this.config.rules.viewQuorum(voterCount);

  prepareOwn: (operation: number, timestampUs: Us, body: Uint8Array) => boolean = () => false;

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
    message.memberships = toldMemberships(this);
    message.hello = this.hello;
    return message;
  }

  /** Newest incarnations known, by host: what a vote or a recovery answer tells along. */
  knownIncarnations(): number[] {
    const known: number[] = [];
    for (const member of this.peers) {
      known[member] = member === this.replica ? this.incarnation : (this.peerIncarnations[member] as number);
    }
    return known;
  }

  /** Takes over what a message tells of incarnations; votes of lives that are over are forgotten. */
  learnIncarnations(known: readonly number[] | null): void {
    if (known === null) return;
    for (const member of this.peers) {
      const told = known[member] ?? 0;
      if (told > (this.peerIncarnations[member] as number)) this.peerIncarnations[member] = told;
      const vote = this.votes.get(member);
      if (
        vote !== undefined &&
        member !== this.replica &&
        vote.incarnation < (this.peerIncarnations[member] as number)
      ) {
        this.votes.delete(member);
        this.host.reached('stale-vote-forgotten');
      }
    }
  }

  send(to: number, message: VsrMessage): void {
    this.host.send(to, message);
  }

  /** Sends to every other voter, and to those who follow. */
  broadcast(message: VsrMessage): void {
    for (const member of this.peers) if (member !== this.replica) this.host.send(member, message);
  }

  sealed(message: Draft, id0: number, id1: number): VsrMessage {
    return seal(message, id0, id1, this.releases.own);
  }

  /** How many members this replica exchanges messages with, itself included. */
  readonly reach = (): number => popcount(this.connected());

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
    if (this.durableOp < this.op) this.durableOp = this.config.rules.durableUpTo(this.durableOp, this.highestDurable);
    return this.durableOp > before;
  }

  /** Highest op that is durable here, whatever is missing below it. */
  readonly highestDurable = (): number => {
    let op = this.op;
    while (op > this.durableOp && !this.canAcknowledge(op)) op--;
    return op;
  };

  private canAcknowledge(op: number): boolean {
    if (this.config.rules.ackNeedsSync()) return this.journal.isDurable(op);
    return this.journal.entry(op) !== null;
  }

  superblockState(): SuperblockState {
    const pending = this.pendingCheckpoint;
    const installed = pending !== null && this.pendingSynced;
    return {
      cluster: this.config.cluster,
      replica: this.replica,
      epoch: this.epoch,
      members: this.peers,
      view: this.view,
      logView: this.logView,
      commit: this.commitMax,
      checkpointOp: installed ? pending.op : this.checkpointOp,
      checkpointOpSum: installed ? pending.opSum : this.checkpointOpSum,
      checkpointSum: installed ? pending.sum : this.checkpointSum,
      checkpointFile: installed ? (this.checkpointFile === 0 ? 1 : 0) : this.checkpointFile,
      checkpointBytes: installed ? pending.bytes.length : this.checkpointBytes,
      viewHeaders: this.config.rules.keptHeaders(this.viewHeaders),
      mustRecover: this.mustRecover,
      incarnation: this.incarnation,
      peerIncarnations: this.peers.map((member) => this.peerIncarnations[member] as number),
      isolated: this.isolated,
      memberships: toldMemberships(this),
      retired: this.retired,
    };
  }

  /** Writes the present state to the superblock; `onPersisted` of the process hears of it. */
  persist(): void {
    this.superblock.update(this.superblockState());
  }

  // ---- Assertions ----

  /** What must hold between any two handlers (R15), checked on entry: corrupt memory stops the replica before it acts. */
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
