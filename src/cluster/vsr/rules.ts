import { type Prepare, type Sum, sameSum } from '../storage/prepare.ts';

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
  /** Whether a faulty slot counts as a denial (it must not, R7). */
  faultyDenies(): boolean;
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
  faultyDenies: () => false,
};
