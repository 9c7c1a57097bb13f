import type { Us } from '../../sim/time.ts';
import type { Rules } from './rules.ts';

/** Everything that a replica is told about its cluster. Hosts 0..replicaCount-1 of the world are the replicas. */
export interface VsrConfig {
  readonly cluster: number;
  readonly replicaCount: number;
  /** Hosts that follow from the start without being members; absent in clusters without standbys. */
  readonly standbys?: readonly number[];
  /** The last so many of these hosts are no members as formatted: machines that may become replicas. Default 0. */
  readonly spares?: number;
  /** Slots of the journal ring; an op lives in slot `op % journalSlots`. */
  readonly journalSlots: number;
  /** Bytes of a journal slot: header and body of the largest record. */
  readonly slotBytes: number;
  /** A checkpoint is taken whenever the commit number reaches a multiple of this. */
  readonly checkpointOps: number;
  /** Ops that the primary keeps in flight. */
  readonly pipelineMax: number;
  /** Sessions in the client table. */
  readonly sessionsMax: number;
  readonly heartbeatUs: Us;
  readonly electionTimeoutUs: Us;
  readonly prepareRetryUs: Us;
  /** How long a primary goes without an answer from a quorum before it abdicates. */
  readonly abdicateUs: Us;
  readonly repairUs: Us;
  readonly recoveryRetryUs: Us;
  /** Clock synchronisation: a ping to each peer, width of an agreeable interval, expiry of an epoch (catalogue, clock_rule). */
  readonly pingUs: Us;
  readonly clockWindowUs: Us;
  readonly clockToleranceUs: Us;
  readonly clockEpochUs: Us;
  /** Time between two scrubbed slots; 0: no scrubber. */
  readonly scrubUs: Us;
  readonly rules: Rules;
  /** Release of this replica's binary (`releases.ts`); absent where releases are not modelled. */
  readonly release?: number;
}

/** Timers of a replica: numbers for `Host.setTimer`. */
export const TIMER = {
  election: 0,
  heartbeat: 1,
  prepareRetry: 2,
  abdicate: 3,
  viewChange: 4,
  repair: 5,
  recovery: 6,
  ping: 7,
  scrub: 8,
  checkpointRetry: 9,
} as const;

/** Tokens of a replica's disk requests. The superblock driver uses 1..9. */
export const TOKEN = {
  prepareWrite: 10,
  prepareSync: 11,
  headerWrite: 12,
  headerSync: 13,
  checkpointWrite: 20,
  checkpointSync: 21,
  open: 30,
  create: 31,
  scrub: 40,
} as const;

export const FILE = {
  superblock: 'superblock',
  headers: 'log/headers',
  prepares: 'log/prepares',
  checkpoint: ['checkpoint/0', 'checkpoint/1'],
} as const;

/** A header sector: one journal header each, so that a torn header never takes a neighbour along (R3). */
export const HEADER_SECTOR_BYTES = 4096;
export const HEADER_BYTES = 128;

export function primaryOf(view: number, replicaCount: number): number {
  return view % replicaCount;
}
