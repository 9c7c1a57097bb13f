import { type Header, type Prepare, type Sum, sameSum } from '../storage/prepare.ts';
import type { Electorate } from './electorate.ts';
import type { VsrStatus } from './observe.ts';
import type { Session, Sessions } from './sessions.ts';

/**
 * The protocol's small decisions, one function each, injected by constructor. A mutant overrides one of them to plant
 * a bug; a guard of the simulated product is one of them, too (R18). Each default says where it comes from.
 */
export interface Rules {
  /** Copies that make an op committed: floor(n/2)+1 (catalogue, model.quorum_rule). */
  commitQuorum(replicaCount: number): number;
  /** Votes that a view change needs: floor(n/2)+1. */
  viewQuorum(replicaCount: number): number;
  /** Denials that prove that an op was never committed: n - Qr + 1 (correctness.md, head). */
  nackQuorum(replicaCount: number): number;
  /** Whether prepare_ok waits for the sync of what it promises. */
  ackNeedsSync(): boolean;
  /** Whether a vote waits until the superblock holds the view (R7). */
  voteNeedsDurableView(): boolean;
  /** The log view that a vote is weighed by (R7, R8). */
  voteLogView(logView: number): number;
  /** Whether a replica that cannot trust its journal stays without a vote until the nonce protocol ends (R7). */
  lostJournalLosesVote(): boolean;
  /** Whether a slot whose record fails its checksum is refused at start. */
  refusesDamagedRecord(): boolean;
  /** Whether a prepare that came as an answer to a repair request is the one that was wanted. */
  repairAccepts(wanted: Sum, got: Prepare): boolean;
  /** Whether a prepare that is already there is acknowledged again. */
  reacksDuplicate(): boolean;
  /** Whether the client table survives a view change. */
  keepsSessions(): boolean;
  /** The highest op that may be applied, given what is known committed and the own head. */
  clampCommit(commitMax: number, op: number): number;
  /** Whether a failed fsync stops the replica (R4). */
  stopsOnSyncError(): boolean;
  /** How many acknowledgements an op has: `mask` has a bit per replica, `count` counts messages. */
  countOks(mask: number, count: number): number;
  /** Whether a restarted replica reads its durable state (guard `durable-restart`, AMB-AMNESIA). */
  restartsFromDisk(): boolean;
  /** Whether a new view re-acknowledges before anything commits (R7). */
  newViewResetsOks(): boolean;
  /** Whether a request that is in the client table is answered from there (R13). */
  answersFromTable(): boolean;
  /** Whether the primary's timestamps are clamped to their predecessor's. */
  clampsTimestamp(): boolean;
  /** Whether a replica that was the primary starts a new view after a restart instead of going on in its view (R7). */
  restartedPrimaryYields(): boolean;
  /** Whether the replica asserts its invariants before each handler (R15). */
  asserts(): boolean;
  /** Whether a replica without a trusted journal keeps silent until the nonce protocol is through (R7). */
  recoveringIsSilent(): boolean;
  /** Position up to which projections may be built, given the commit number and the head. */
  projectionLimit(commit: number, op: number): number;
  /** How often an op is projected by a process that took its projection over at op `restoredAt`: once. */
  projectionTimes(op: number, restoredAt: number): number;
  /** Whether a faulty slot counts as a denial (it must not, R7). */
  faultyDenies(): boolean;

  // Quorums and acknowledgements
  /** Whether a standby acknowledges prepares and the primary counts it: it never does (catalogue, INV-STANDBY-NO-VOTE). */
  standbyVotes(): boolean;
  /** How many voters quorums are counted from: the members, however many of them can be reached. */
  voterCount(memberCount: number, reach: () => number): number;
  /** Op up to which a prepare_ok reaches: the gapless durable prefix (R7). `highest` skips what is missing. */
  durableUpTo(gapless: number, highest: () => number): number;
  /** Whether an entry first prepared in an older view is committed like any other once it is re-acknowledged. */
  commitsEntryOf(entryView: number, view: number): boolean;
  /** The commit number after another replica told its own: it never goes back. */
  knownCommit(known: number, told: number): number;
  /** What a heartbeat says is committed. */
  heartbeatCommit(commitMax: number): number;
  /** The entry that the primary sends, given the one whose record it has just sealed. */
  sealedEntry(prepare: Prepare): Prepare;
  /** Whether a prepare from the network is verified against its record. */
  verifies(): boolean;

  // Membership
  /** Whose quorums a joint membership needs: the old voters' and the new ones' (catalogue, model.reconfig_rule). */
  jointElectorates(electorates: readonly Electorate[]): readonly Electorate[];
  /** Whether an operator command heeds the product's guard of this name (R18); the protocol itself knows no commands. */
  guardHolds(guard: string): boolean;
  /** Whether newcomers hold the log before they vote (guard `newcomers-catch-up`, AMB-NO-LEARNER). */
  newcomersCatchUp(): boolean;
  /** Whether a membership counts; `isRepair`: it came by repair, state transfer or with a view, not as a prepare. */
  learnsMembership(isRepair: boolean): boolean;

  // View change
  /** Whether the votes collected for a view are forgotten when it is over; `count` of them are there. */
  forgetsVotes(count: number): boolean;
  /** Whether a DoViewChange of a view that is past is refused. */
  refusesOldVote(voteView: number, view: number): boolean;
  /** The head that a replica cuts its log to when it joins a view whose primary has `head`. */
  adoptedHead(head: number, commit: number): number;
  /** The headers of the view's log as the superblock keeps them (R7). */
  keptHeaders(headers: readonly Header[]): readonly Header[];
  /** Whether so many proposals make a replica join a view: a quorum does (R7: half-connected replicas). */
  joins(proposals: number, quorum: number): boolean;
  /** Whether a view that does not begin is followed by a proposal for the next one. */
  goesOnToNextView(): boolean;

  // Sessions and the state machine
  /** Whether reads go through the log (R14); otherwise the primary answers from its present state. */
  readsThroughLog(): boolean;
  /** Whether a request without its session is refused (R13). */
  needsSession(): boolean;
  /** Time of execution as the client table keeps it: the entry's stamp, never the own clock. */
  executionTimeUs(stampedUs: number, clock: { wallUs(): number }): number;
  /** Whose reply in the client table a client is told: its own. */
  keptReply(sessions: Sessions, session: Session): Session;
  /** Whether the apply loop waits for an entry that is missing. */
  waitsForMissing(): boolean;

  // Repair and state transfer
  /** Number by which a round chooses whom to ask: another one each time. */
  repairTurn(attempt: number): number;
  /** Whether a replica that cannot help says so. */
  answersMissing(): boolean;
  /** Whether a checkpoint is worth sending, or installing, for a replica that stands at `commit`, `checkpointOp`. */
  transfers(op: number, commit: number, checkpointOp: number): boolean;
  /** Whether a checkpoint's bytes are synced before the superblock names it. */
  syncsCheckpoint(): boolean;
  /** Whether the state of a checkpoint holds the last op up to which it lets the log be cut. */
  snapshotHoldsLast(): boolean;
  /** Whether a segment of the log may leave the disk for the archive now; `verified`: its object was read back. */
  segmentMayGo(verified: boolean): boolean;
  /** Whether the client table comes with a transferred checkpoint. */
  keepsSessionsOfTransfer(): boolean;

  // Releases
  /** The release that the cluster may be raised to, given those of its members: the lowest (catalogue, version_rule). */
  clusterRelease(releases: readonly number[]): number;
  /** Whether a binary of release `own` can read a form that `needed` introduced. */
  readsForm(needed: number, own: number): boolean;
  /** As what release's form a binary of release `own` takes an entry whose form `written` introduced. */
  formTaken(written: number, own: number): number;

  // Recovery and storage
  /** Whether a replica in this status answers a Recovery: in normal operation only (Michael et al., DISC 2017). */
  answersRecovery(status: VsrStatus): boolean;
  /** Whether the log of this replica is one to recover from: the primary's is. */
  tellsLog(isLeader: boolean): boolean;
  /** Answers that recovery needs: f + 1. */
  recoveryQuorum(quorum: number): number;
  /** Whether a slot that may have held an acknowledged op and fails its checksum is marked faulty. */
  marksDamagedSlot(): boolean;
  /** Whether so many equal copies of a superblock open it (R5: 2 of 4). */
  copiesSuffice(count: number, threshold: number): boolean;
  /** Whether damaged copies (`count` of them) are repaired before the next update (R5). */
  repairsCopies(count: number): boolean;
  /** Whether a copy is synced before the next one is written (R5). */
  syncsCopy(copy: number, copies: number): boolean;
}

export function popcount(mask: number): number {
  let bits = mask;
  let count = 0;
  while (bits !== 0) {
    bits &= bits - 1;
    count++;
  }
  return count;
}

/** The protocol as it should be. */
export const HONEST_RULES: Rules = {
  commitQuorum: (replicaCount) => Math.floor(replicaCount / 2) + 1,
  viewQuorum: (replicaCount) => Math.floor(replicaCount / 2) + 1,
  nackQuorum: (replicaCount) => replicaCount - Math.floor(replicaCount / 2),
  ackNeedsSync: () => true,
  voteNeedsDurableView: () => true,
  voteLogView: (logView) => logView,
  lostJournalLosesVote: () => true,
  refusesDamagedRecord: () => true,
  repairAccepts: (wanted, got) => sameSum(wanted, got.sum),
  reacksDuplicate: () => true,
  keepsSessions: () => true,
  clampCommit: (commitMax, op) => Math.min(commitMax, op),
  stopsOnSyncError: () => true,
  countOks: (mask) => popcount(mask),
  restartsFromDisk: () => true,
  newViewResetsOks: () => true,
  answersFromTable: () => true,
  clampsTimestamp: () => true,
  restartedPrimaryYields: () => true,
  asserts: () => true,
  recoveringIsSilent: () => true,
  projectionLimit: (commit) => commit,
  projectionTimes: () => 1,
  faultyDenies: () => false,
  standbyVotes: () => false,
  voterCount: (memberCount) => memberCount,
  durableUpTo: (gapless) => gapless,
  commitsEntryOf: () => true,
  knownCommit: (known, told) => Math.max(known, told),
  heartbeatCommit: (commitMax) => commitMax,
  sealedEntry: (prepare) => prepare,
  verifies: () => true,

  jointElectorates: (electorates) => electorates,
  guardHolds: () => true,
  newcomersCatchUp: () => true,
  learnsMembership: () => true,

  forgetsVotes: () => true,
  refusesOldVote: () => true,
  adoptedHead: (head) => head,
  keptHeaders: (headers) => headers,
  joins: (proposals, quorum) => proposals >= quorum,
  goesOnToNextView: () => true,

  readsThroughLog: () => true,
  needsSession: () => true,
  executionTimeUs: (stampedUs) => stampedUs,
  keptReply: (_sessions, session) => session,
  waitsForMissing: () => true,

  repairTurn: (attempt) => attempt,
  answersMissing: () => true,
  transfers: (op, commit, checkpointOp) => op > commit && op >= checkpointOp,
  syncsCheckpoint: () => true,
  snapshotHoldsLast: () => true,
  segmentMayGo: (verified) => verified,
  keepsSessionsOfTransfer: () => true,

  clusterRelease: (releases) => releases.reduce((lowest, each) => Math.min(lowest, each)),
  readsForm: (needed, own) => needed <= own,
  formTaken: (written, own) => Math.min(written, own),

  answersRecovery: (status) => status === 'normal',
  tellsLog: (isLeader) => isLeader,
  recoveryQuorum: (quorum) => quorum,
  marksDamagedSlot: () => true,
  copiesSuffice: (count, threshold) => count >= threshold,
  repairsCopies: () => true,
  syncsCopy: () => true,
};
