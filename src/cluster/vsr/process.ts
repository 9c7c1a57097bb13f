import type { DiskOp, Host, Message, Process } from '../../sim/api.ts';
import { ChunkReader } from '../host/chunk-reader.ts';
import { verifyPrepare } from '../storage/record.ts';
import {
  onCheckpoint,
  onCheckpointDisk,
  onCheckpointPersisted,
  onCheckpointRetry,
  onGetCheckpoint,
} from './checkpoint.ts';
import { advanceCommit } from './commit.ts';
import { TIMER, TOKEN, type VsrConfig } from './config.ts';
import type { VsrMessage } from './message.ts';
import {
  acknowledge,
  clockReason,
  drainPending,
  drainQueue,
  learnCommit,
  onDurableAdvance,
  onHeartbeat,
  onHeartbeatAck,
  onPrepare,
  onPrepareOk,
  onRequest,
  prepareOwn,
  sendHeartbeat,
  takeRepaired,
  updateCheckpointQuorum,
} from './normal.ts';
import {
  onAbdicateTimer,
  onDoViewChange,
  onElectionTimeout,
  onStartViewChange,
  onViewChangeTimer,
} from './proposals.ts';
import { bidFarewell, hearMemberships, isKnown, onFarewell } from './reconfiguration.ts';
import { onLossPersisted, onRecovery, onRecoveryResponse, onRecoveryTimer, open, regainVote } from './recovery.ts';
import { hearRelease, refuseUnreadable } from './releases.ts';
import { onGetPrepare, onRepairMissing, repairRound, startRepair } from './repair.ts';
import { Replica, type ReplicaHooks } from './replica.ts';
import { onPrepareRetry } from './retransmit.ts';
import { isFromStandby } from './standby.ts';
import type { StateMachine } from './state-machine.ts';
import type { SuperblockState } from './superblock.ts';
import { proposeRelease } from './upgrade.ts';
import { askForView, beginViewIfReady, onGetView, onLogViewDurable, onStartView, sendVote } from './view-change.ts';

/**
 * A replica as a process: one gate for every input (invariants, epoch, incarnation, view), then the function of the
 * protocol that handles it.
 */
export class VsrProcess implements Process {
  readonly replica: Replica;
  private readonly host: Host;
  private readonly config: VsrConfig;
  private readonly reader: ChunkReader;
  /** Whether an epoch of cluster time was in force at the last ping. */
  private synchronised: boolean;

  constructor(host: Host, config: VsrConfig, machine: StateMachine, hooks: ReplicaHooks) {
    this.host = host;
    this.config = config;
    this.reader = new ChunkReader(host, TOKEN.open);
    this.synchronised = false;
    const replica = new Replica(host, config, machine, hooks);
    this.replica = replica;
    replica.prepareOwn = (operation, timestampUs, body) => prepareOwn(replica, operation, timestampUs, body);
    replica.journal.onDurable = () => {
      onDurableAdvance(replica);
      regainVote(replica);
    };
    replica.journal.onFailure = (error) => this.diskFailed(error);
    replica.superblock.onDone = (state) => this.persisted(state);
    replica.superblock.onFailed = (error) => this.diskFailed(error);
  }

  onStart(): void {
    open(this.replica, this.reader);
    this.host.setTimer(TIMER.ping, 0, Math.min(this.config.pingUs, 20_000), 0);
    if (this.config.scrubUs > 0) this.host.setTimer(TIMER.scrub, this.config.scrubUs, this.config.scrubUs, 0);
    this.replica.clock.start(this.host.monotonicUs());
  }

  onMessage(from: number, incoming: Message): void {
    const message = incoming as VsrMessage;
    const r = this.replica;
    r.assertInvariants();
    if (!r.opened) return;
    if (message.kind === 'request') {
      onRequest(r, message);
      return;
    }
    if (message.epoch !== r.epoch || !(isKnown(r, from) || isFromStandby(r, from, message.kind))) {
      this.host.reached('foreign-message-refused');
      if (message.epoch === r.epoch && message.kind !== 'farewell') bidFarewell(r, from);
      return;
    }
    if (r.retired) {
      if (message.kind !== 'farewell') bidFarewell(r, from);
      return;
    }
    hearMemberships(r, message);
    if (message.incarnation < (r.peerIncarnations[from] as number)) {
      this.host.reached('stale-incarnation-dropped');
      return;
    }
    r.peerIncarnations[from] = message.incarnation;
    hearRelease(r, from, message);
    if (message.prepare !== null) refuseUnreadable(r, message.prepare);
    if (message.view > r.viewSeen) r.viewSeen = message.view;
    this.dispatch(r, from, message);
  }

  private dispatch(r: Replica, from: number, message: VsrMessage): void {
    switch (message.kind) {
      case 'prepare':
        if (message.prepare !== null && r.config.rules.verifies() && !verifyPrepare(message.prepare)) {
          r.checksumFailures++;
          this.host.reached('damaged-prepare-refused');
          return;
        }
        if (this.inView(r, from, message)) onPrepare(r, from, message);
        return;
      case 'heartbeat':
        if (this.inView(r, from, message)) onHeartbeat(r, from, message);
        if (r.mustRecover) regainVote(r);
        return;
      case 'prepareOk':
        if (message.view === r.view) onPrepareOk(r, from, message);
        return;
      case 'heartbeatAck':
        if (message.view === r.view) onHeartbeatAck(r, from, message);
        return;
      case 'startViewChange':
        onStartViewChange(r, from, message);
        return;
      case 'doViewChange':
        onDoViewChange(r, from, message);
        return;
      case 'startView':
        onStartView(r, from, message);
        return;
      case 'getView':
        onGetView(r, from);
        return;
      case 'recovery':
        onRecovery(r, from, message);
        return;
      case 'recoveryResponse':
        onRecoveryResponse(r, from, message);
        return;
      default:
        this.dispatchRepair(r, from, message);
    }
  }

  private dispatchRepair(r: Replica, from: number, message: VsrMessage): void {
    switch (message.kind) {
      case 'getPrepare':
        onGetPrepare(r, from, message);
        return;
      case 'repairPrepare':
        this.repaired(r, message);
        return;
      case 'repairMissing':
        onRepairMissing(r, from, message);
        return;
      case 'getCheckpoint':
        onGetCheckpoint(r, from, message);
        return;
      case 'checkpoint':
        onCheckpoint(r, from, message);
        return;
      case 'farewell': {
        const proven = onFarewell(r, message);
        if (proven === 0 || r.status !== 'normal') return;
        learnCommit(r, Math.min(proven, r.op));
        // What follows may have been acknowledged long since, and waited for what the message proves.
        r.durableOp = 0;
        onDurableAdvance(r);
        return;
      }
      case 'ping':
        this.pong(r, from, message);
        return;
      case 'pong':
        r.peerPongUs[from] = this.host.monotonicUs();
        r.clock.learn(from, message.nonce, this.host.monotonicUs(), message.timeUs, this.host.wallUs());
        return;
      default:
        return;
    }
  }

  /** Settles the view of a primary's message: older ones are dropped, newer ones make this replica ask for the view. */
  private inView(r: Replica, from: number, message: VsrMessage): boolean {
    if (message.view < r.view) return false;
    if (message.view === r.view && r.status === 'normal') return true;
    if (r.installing || from !== r.leaderOf(message.view)) return false;
    if (!(r.mustRecover && r.nonce !== 0) && !r.isolated) askForView(r, from, message.view);
    return false;
  }

  private repaired(r: Replica, message: VsrMessage): void {
    const prepare = message.prepare;
    if (prepare === null) return;
    if (!verifyPrepare(prepare)) {
      r.checksumFailures++;
      return;
    }
    if (prepare.op > r.op && message.view !== r.view) return;
    if (!takeRepaired(r, prepare)) return;
    this.host.reached('entry-repaired');
    if (r.status === 'normal') learnCommit(r, r.commitMax);
    beginViewIfReady(r);
    if (r.dirty && !this.host.isArmed(TIMER.repair)) startRepair(r);
  }

  onTimer(timer: number): void {
    const r = this.replica;
    r.assertInvariants();
    if (timer === TIMER.ping) {
      this.ping(r);
      return;
    }
    if (!r.opened || r.retired) return;
    switch (timer) {
      case TIMER.election:
        onElectionTimeout(r);
        return;
      case TIMER.heartbeat:
        sendHeartbeat(r);
        return;
      case TIMER.prepareRetry:
        onPrepareRetry(r);
        return;
      case TIMER.abdicate:
        onAbdicateTimer(r);
        return;
      case TIMER.viewChange:
        onViewChangeTimer(r);
        return;
      case TIMER.repair:
        this.repair(r);
        return;
      case TIMER.checkpointRetry:
        onCheckpointRetry(r);
        return;
      case TIMER.recovery:
        onRecoveryTimer(r);
        return;
      default:
        return;
    }
  }

  private repair(r: Replica): void {
    if (r.status === 'recovering') return;
    if (r.status === 'normal') drainPending(r);
    const missing = repairRound(r);
    if (r.status === 'normal') advanceCommit(r);
    if (!missing) {
      regainVote(r);
      if (r.isPrimary) drainQueue(r);
    }
    beginViewIfReady(r);
  }

  onDisk(op: DiskOp): void {
    const r = this.replica;
    r.assertInvariants();
    if (r.journal.onDisk(op)) return;
    if (r.superblock.onDisk(op)) return;
    if (onCheckpointDisk(r, op)) return;
    this.reader.onDisk(op);
  }

  /** The superblock holds `state` on all its copies: what waited for that goes on. */
  private persisted(state: SuperblockState): void {
    const r = this.replica;
    r.durableView = state.view;
    r.durableLogView = state.logView;
    for (const [index, member] of state.members.entries()) {
      r.durableIncarnations[member] = state.peerIncarnations[index] ?? 0;
    }
    if (r.journalLost) {
      onLossPersisted(r);
      return;
    }
    if (!r.opened) return;
    if (onCheckpointPersisted(r, state.checkpointOp)) {
      updateCheckpointQuorum(r);
      if (r.status === 'normal') {
        advanceCommit(r);
        onDurableAdvance(r);
        drainQueue(r);
      }
      if (r.dirty) startRepair(r);
      beginViewIfReady(r);
    }
    if (r.installing && r.durableView === r.view && r.durableLogView === r.view) {
      onLogViewDurable(r);
      regainVote(r);
    } else if (r.status === 'view-change' && r.durableView === r.view && !r.voteSent) {
      sendVote(r);
    } else if (r.status === 'normal' && !r.isLeader()) {
      acknowledge(r);
    }
  }

  /** A reported error of the disk: the replica stops and leaves the question of what is durable to its restart (R4). */
  private diskFailed(error: string): void {
    this.host.reached('disk-error-reported');
    if (!this.config.rules.stopsOnSyncError()) return;
    this.host.exit(`disk error: ${error}`);
  }

  // ---- Clock synchronisation ----

  private ping(r: Replica): void {
    if (!r.isMember(r.replica)) {
      // Cluster time is the members' own: a standby takes it up when it is promoted.
      this.host.setTimer(TIMER.ping, Math.floor(this.config.pingUs / 2), this.config.pingUs, 0);
      return;
    }
    const nowUs = this.host.monotonicUs();
    const wallUs = this.host.wallUs();
    if (r.clock.tick(nowUs, wallUs)) {
      this.host.reached('clock-epoch-installed');
    } else if (this.synchronised && !r.clock.isSynchronised(nowUs)) {
      this.host.log('warn', () => `cluster clock: epoch expired: ${clockReason(r)}`);
      this.host.reached('clock-epoch-expired');
    }
    this.synchronised = r.clock.isSynchronised(nowUs);
    if (r.retired) return;
    const message = r.message('ping');
    message.nonce = nowUs;
    for (const member of r.peers) {
      if (member !== r.replica) r.send(member, r.sealed({ ...message }, 0, Math.floor(nowUs / this.config.pingUs)));
    }
    proposeRelease(r);
    this.host.setTimer(TIMER.ping, Math.floor(this.config.pingUs / 2), this.config.pingUs, 0);
  }

  private pong(r: Replica, from: number, message: VsrMessage): void {
    const answer = r.message('pong');
    answer.nonce = message.nonce;
    answer.timeUs = this.host.wallUs();
    r.send(from, r.sealed(answer, 0, Math.floor(message.nonce / this.config.pingUs)));
  }
}
