import { Agreement } from './agreement.ts';
import { CommitLeOp } from './commit-le-op.ts';
import { CommitMonotonic } from './commit-monotonic.ts';
import { CommittedOps } from './committed-ops.ts';
import { DurableAck } from './durable-ack.ts';
import { DurableCopies, type Excuse } from './durable-copies.ts';
import { ExactlyOnce } from './exactly-once.ts';
import { HashChain } from './hash-chain.ts';
import { Linearizable, type SearchOptions, type StreamRules } from './linearizable.ts';
import { MembershipKept } from './membership.ts';
import { NoAssert } from './no-assert.ts';
import { NoCorruptServe } from './no-corrupt-serve.ts';
import { NoNeedlessViewChange } from './no-needless-view-change.ts';
import { NoSplitBrain } from './no-split-brain.ts';
import { OneLeader } from './one-leader.ts';
import { Prefix } from './prefix.ts';
import { Projection } from './projection.ts';
import { PromoteConsistent } from './promote-consistent.ts';
import type { GroundTruth, Property, Report } from './property.ts';
import { QuorumRefuse } from './quorum-refuse.ts';
import { RecoverySafe } from './recovery-safe.ts';
import { SingleInstance } from './single-instance.ts';
import { StandbyNoVote } from './standby-no-vote.ts';
import { StateEqual } from './state-equal.ts';
import { SuperblockKept } from './superblock-kept.ts';
import { TimestampMonotonic } from './timestamp-monotonic.ts';
import { ViewMonotonic } from './view-monotonic.ts';
import { VoterTable } from './voters.ts';

/** What the properties must be told of the run besides the ground truth. */
export interface CheckOptions {
  /** Sessions in the client table. */
  readonly sessionsMax: number;
  readonly sectorBytes: number;
  readonly streams: StreamRules;
  readonly search: SearchOptions;
  /** Whether the run has corrupted that replica's memory (R15). */
  readonly assertionInjected: (replica: number) => boolean;
  /** Inside a fault-free core for the last 10 election timeouts. Asked often: O(1). */
  readonly isStable: () => boolean;
  /** How long an op may be pending in such a core: 4 round trips and 2 prepare timeouts (R10). */
  readonly pendingUsMax: number;
  /** The digest of a reply's bytes as replicas announce it with an apply; null when it is not known. */
  readonly replyDigestOf: ((body: Uint8Array) => number) | null;
  /**
   * An injected fault that took bytes away without an open ledger entry yet: an fsync that lied becomes damage only at
   * the power loss.
   */
  readonly excuse: Excuse;
}

/** The properties of a run, and those of them that the engine talks to by name. */
export interface Checks {
  readonly properties: readonly Property[];
  readonly committed: CommittedOps;
  readonly durableAck: DurableAck;
  readonly linearizable: Linearizable;
  readonly voters: VoterTable;
  readonly promotions: PromoteConsistent;
}

/**
 * Every property of this layer, in judging order: agreement first, because it writes the ledger of committed ops that
 * others read.
 */
export function alwaysOn(truth: GroundTruth, report: Report, options: CheckOptions): Checks {
  const committed = new CommittedOps(truth.journalSlots, options.sessionsMax);
  const voters = new VoterTable(truth.voterCount ?? truth.replicaCount);
  const copies = new DurableCopies(truth, committed, options.sectorBytes, options.excuse);
  const durableAck = new DurableAck(truth, committed, copies, voters, report);
  const linearizable = new Linearizable(committed, options.streams, options.search, report);
  const promotions = new PromoteConsistent(committed, report);
  const properties: Property[] = [
    new Agreement(committed, report),
    new MembershipKept(copies, voters, report),
    new Prefix(truth, committed, report),
    new CommitLeOp(report),
    new ViewMonotonic(truth, report),
    new CommitMonotonic(truth, report),
    new OneLeader(voters, report),
    new NoSplitBrain(truth, voters, report),
    new QuorumRefuse(truth, committed, voters, report),
    durableAck,
    new RecoverySafe(truth, report),
    new SuperblockKept(truth, report),
    new HashChain(report),
    new StateEqual(committed, report),
    new ExactlyOnce(truth, committed, report),
    new TimestampMonotonic(committed, report),
    new NoCorruptServe(truth, committed, options.replyDigestOf, report),
    linearizable,
    new NoNeedlessViewChange(truth, voters, options.isStable, options.pendingUsMax, report),
    new Projection(truth, report, (replica, op) => committed.isLost(replica, op)),
    new SingleInstance(truth, report),
    new NoAssert(options.assertionInjected, report),
    ...(truth.voterCount === undefined || truth.voterCount === truth.replicaCount
      ? []
      : [new StandbyNoVote(truth, voters, report), promotions]),
  ];
  return { properties, committed, durableAck, linearizable, voters, promotions };
}
