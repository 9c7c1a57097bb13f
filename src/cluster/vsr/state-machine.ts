import type { Prepare } from '../storage/prepare.ts';

/** What the log drives. It must be a function of the log alone: no clock, no generator, no host. */
export interface StateMachine {
  /** Two words of a hash over the whole state, kept up to date in O(1). */
  readonly hash0: number;
  readonly hash1: number;
  /** Executes an entry and returns the reply's bytes (empty for the protocol's own entries). */
  apply(prepare: Prepare): Uint8Array;
  /** The reply to an operation that changes nothing, computed from the present state; null when it is not one. */
  query(operation: number, body: Uint8Array): Uint8Array | null;
  /** Forgets everything: the state before op 1. */
  reset(): void;
  /** Equal states have equal bytes. */
  snapshot(): Uint8Array;
  restore(bytes: Uint8Array): void;
  /** Timing that the log has set, or 0 where the configuration's default is in force. */
  readonly electionTimeoutUs: number;
  readonly heartbeatUs: number;
  /** Hosts that follow as standbys because an entry of the log says so, one bit each (hosts 0 to 30). */
  readonly standbyMask?: number;
  /** Release that the log has raised the cluster to; 0 or absent: none. */
  readonly activeRelease?: number;
  /** Oldest release that can read entries of an operation; absent: all can. */
  releaseOf?(operation: number): number;
  /** The form in which a request becomes an entry now, where that differs from the request's own. */
  formOf?(operation: number, body: Uint8Array): { readonly operation: number; readonly body: Uint8Array };
}
