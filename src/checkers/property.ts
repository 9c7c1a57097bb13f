import type { Prepare } from '../cluster/storage/prepare.ts';
import type { VsrMessage } from '../cluster/vsr/message.ts';
import type { ReplicaObservation } from '../cluster/vsr/observe.ts';
import type { Ledger } from '../sim/ledger.ts';
import type { Us } from '../sim/time.ts';

/**
 * What a property may look at besides what it is told: durable bytes (never the memory of a process), the ledger of
 * injected damage, true time, and which replicas exist.
 */
export interface GroundTruth {
  nowUs(): Us;
  /** Hosts that run the server: voters first, then standbys. */
  readonly replicaCount: number;
  /** How many of them vote as the cluster begins; all where it is not given. */
  readonly voterCount?: number;
  readonly ledger: Ledger;
  readonly journalSlots: number;
  readonly slotBytes: number;
  /**
   * Bytes that would survive a power loss of the host at this moment; null where a sector is unreadable or absent. They
   * may be written to `into`, of that length, where it is given.
   */
  peekDurable(
    replica: number,
    file: string,
    offsetBytes: number,
    lengthBytes: number,
    into?: Uint8Array,
  ): Uint8Array | null;
  /** Write version of a sector's durable content, for memoisation. */
  durableVersion(replica: number, file: string, offsetBytes: number): number;
  /** Whether the host's process runs at this moment. */
  isUp(replica: number): boolean;
}

/** Where properties put what they found. Recording is the engine's business: the first finding ends a normal run. */
export type Report = (property: string, site: string, args: Readonly<Record<string, number | string>>) => void;

/**
 * A property: an observer that is told what happened and reports what must not. Every hook is optional; each must cost
 * O(1) amortised, and keep a bounded window of state.
 */
export interface Property {
  /** Catalogue id, `INV-...`. */
  readonly id: string;
  /** A message left a host (also one that the network then drops). */
  onSend?(from: number, to: number, message: VsrMessage): void;
  /** A replica applied an entry. */
  onApply?(
    replica: number,
    incarnation: number,
    prepare: Prepare,
    hash0: number,
    hash1: number,
    replyDigest: number,
  ): void;
  /** A replica's commit number jumped to a checkpoint. */
  onInstall?(
    replica: number,
    incarnation: number,
    op: number,
    hash0: number,
    hash1: number,
    cause: 'start' | 'transfer',
  ): void;
  onCheckpoint?(replica: number, incarnation: number, op: number, digest: number): void;
  /** Sampled after an event on the replica's host, when a field changed since the last sample. */
  onState?(now: ReplicaObservation): void;
  /** The process of a replica stopped (crash, power loss, stop); `cause` as the machine names it. */
  onStop?(replica: number, incarnation: number, cause: string): void;
  onStart?(replica: number, incarnation: number): void;
  onInvoke?(client: number, session: number, request: number, operation: number, key: number, value: number): void;
  onReturn?(client: number, session: number, request: number, length: number, chain0: number, chain1: number): void;
  onEvicted?(client: number, session: number): void;
  onUnknown?(client: number, session: number, request: number): void;
  /**
   * Acknowledged ops above `op` are lost with a recorded approval (R16): what they left behind is judged no more. Of the
   * replicas only `keepers` go on; the others may still hold lost ops.
   */
  onDeclaredLoss?(op: number, keepers: readonly number[]): void;
  /** Once, after the epilogue. */
  onEnd?(): void;
}
