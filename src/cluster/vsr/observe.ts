import type { Prepare } from '../storage/prepare.ts';

/** Statuses of a replica as the protocol knows them. */
export type VsrStatus = 'recovering' | 'normal' | 'view-change';

/**
 * What checkers may see of a replica: plain fields of its present state, sampled after each event on its host. The
 * replica object itself implements it; checkers never call into it.
 */
export interface ReplicaObservation {
  readonly replica: number;
  readonly incarnation: number;
  readonly status: VsrStatus;
  readonly epoch: number;
  readonly view: number;
  readonly logView: number;
  readonly op: number;
  /** Highest op known to be committed. */
  readonly commitMax: number;
  /** Highest op applied to the state machine here: the commit number of the replica. */
  readonly commit: number;
  readonly checkpointOp: number;
  /** Two words of the state machine's hash at `commit`. */
  readonly stateHash0: number;
  readonly stateHash1: number;
  /** Acts as primary of `view`: accepts requests. */
  readonly isPrimary: boolean;
  readonly isolated: boolean;
  /** True until a replica without a trusted journal has finished the nonce protocol. */
  readonly mustRecover: boolean;
  /** No missing or faulty slot between checkpoint and head, no transfer running, clock epoch installed. */
  readonly settled: boolean;
  /** Op of the newest membership entry of its log, 0 for none. */
  readonly membership?: { readonly op: number };
  /** Removed from the membership, and silent. */
  readonly retired?: boolean;
}

/** What replicas announce as it happens, for checkers and recorders. */
export interface VsrObserver {
  /** `prepare` was applied at `replica`; state hash after it; `replyDigest` of the reply that it produced. */
  onApply(
    replica: number,
    incarnation: number,
    prepare: Prepare,
    hash0: number,
    hash1: number,
    replyDigest: number,
  ): void;
  /** A checkpoint was installed by state transfer, or loaded at start: the commit number jumps to `op`. */
  onInstall(
    replica: number,
    incarnation: number,
    op: number,
    hash0: number,
    hash1: number,
    cause: 'start' | 'transfer',
  ): void;
  /** A durable checkpoint at `op`, with the digest of its bytes. */
  onCheckpoint(replica: number, incarnation: number, op: number, digest: number): void;
}

/** What clients announce: the history (R13, R14). Times are the event order itself. */
export interface ClientObserver {
  onInvoke(client: number, session: number, request: number, operation: number, key: number, value: number): void;
  /** A reply: the outcome of `request`; (length, chain hash) for appends and reads. */
  onReturn(client: number, session: number, request: number, length: number, chain0: number, chain1: number): void;
  /** The client's session was evicted: the outcome of its request in flight, if any, stays unknown. */
  onEvicted(client: number, session: number): void;
  /** The client gave up (crash, end of run): the outcome stays unknown. */
  onUnknown(client: number, session: number, request: number): void;
}
