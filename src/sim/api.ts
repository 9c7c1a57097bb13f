import type { Us } from './time.ts';

/**
 * What the world and a process know of each other. A process is a state machine that runs to completion: one input,
 * one handler call, and everything that it does to the world goes through its {@link Host}.
 */

/**
 * The part of a message that the network reads. A system builds all its messages with one object shape that begins
 * with these fields. Messages are immutable once sent.
 */
export interface Message {
  readonly kind: string;
  /** Small integer that stands for `kind` in keys and hashes; never renumbered. */
  readonly tag: number;
  /** Identity of what the message is about (view and op, or client and request): two 32-bit key words (R20). */
  readonly id0: number;
  readonly id1: number;
  /** Digest of the content, folded into the trace hash: a 32-bit integer. */
  readonly digest: number;
  /** Size on the wire, for bandwidth. */
  readonly sizeBytes: number;
}

/** What a disk request asked for and how it ended. The kernel hands this very object to `Process.onDisk`. */
export interface DiskOp {
  readonly kind: 'read' | 'write' | 'fsync';
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Chosen by the process; tells its completions apart. */
  readonly token: number;
  /** Second free word of the process. */
  readonly tag: number;
  /** Bytes to be written (write), bytes that were read (read, after success; a fresh array). */
  bytes: Uint8Array | null;
  /** Empty after success. `ENOENT`: the file is gone; `EIO`: reported device error; `ENOSPC`: no room. */
  error: '' | 'EIO' | 'ENOSPC' | 'ENOENT';
}

/** Log levels as the journal of the host shows them. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The capability through which a process acts. Nothing else of the world may be reached from protocol code: no other
 * node, no true time, no generator.
 */
export interface Host {
  /** Number of this host in the world. */
  readonly id: number;
  /** How often a process was started on this host, from 1. */
  readonly incarnation: number;
  /** Sends to another host, or to itself (delivered as a message of its own, never within the handler). */
  send(to: number, message: Message): void;
  /**
   * Arms timer `timer` (0..63) to fire once after a delay in [delayUsMin, delayUsMax] of this host's monotonic clock;
   * the kernel draws by (host, incarnation, timer, key, attempt). Arming again replaces the earlier deadline.
   */
  setTimer(timer: number, delayUsMin: Us, delayUsMax: Us, key: number): void;
  cancelTimer(timer: number): void;
  isArmed(timer: number): boolean;
  /** This host's monotonic clock: drifts, never steps, never goes back (R6). */
  monotonicUs(): Us;
  /** This host's wall clock, in µs since virtual time 0: may drift, step both ways, freeze (R6). */
  wallUs(): Us;
  /** Asynchronous disk requests; each ends in one `onDisk` call unless the process dies first. */
  read(file: string, offsetBytes: number, lengthBytes: number, token: number, tag: number): void;
  write(file: string, offsetBytes: number, bytes: Uint8Array, token: number, tag: number): void;
  fsync(file: string, token: number, tag: number): void;
  /** Directory operations take effect in the cache at once and are durable after the next `fsync` of the file (R2). */
  createFile(file: string, sizeBytes: number): '' | 'ENOSPC';
  removeFile(file: string): void;
  fileExists(file: string): boolean;
  fileSizeBytes(file: string): number;
  /** As `read`, past the page cache: dirty pages of the range are written first, then the device is read (R2). */
  readDirect(file: string, offsetBytes: number, lengthBytes: number, token: number, tag: number): void;
  /** Ends this process in an orderly way (a refused disk, R4): nothing of the present handler leaves the host. */
  exit(reason: string): never;
  /** A line in the host's journal: (level, text). The text is a closure so that a muted log costs nothing. */
  log(level: LogLevel, text: () => string): void;
  /** Marks that a place was reached (R17). The name is a literal of the call site. */
  reached(mark: string): void;
  /**
   * A legal rarity (R9): for `name`, the run either has the site inactive, or active and then true in some calls by
   * (name, host, key). Always false in runs without rarities.
   */
  may(name: string, key: number): boolean;
}

/** A program that runs on a host. Each start builds a new one: memory does not survive, the disk does. */
export interface Process {
  onStart(): void;
  onMessage(from: number, message: Message): void;
  onTimer(timer: number): void;
  onDisk(op: DiskOp): void;
}

export type ProcessFactory = (host: Host) => Process;

/**
 * Thrown by a process whose own assertion failed. The kernel stops that process before anything that the handler did
 * leaves the host (R15), writes the log line and counts it. `site` is a literal of the source (R23).
 */
export class ProcessAssertion extends Error {
  readonly code: 'process-assertion';
  readonly site: string;

  constructor(site: string, text: string) {
    super(text);
    this.code = 'process-assertion';
    this.site = site;
  }
}

/** Thrown by `Host.exit`: the process ends itself with an error message, without an assertion having failed. */
export class ProcessExit extends Error {
  readonly code: 'process-exit';

  constructor(text: string) {
    super(text);
    this.code = 'process-exit';
  }
}

/** Listeners on the wire and on the disks, for checkers and recorders. They never change anything. */
export interface Tap {
  onSend(from: number, to: number, message: Message): void;
  onDeliver(from: number, to: number, message: Message): void;
}

/** Thrown when firedrill itself is at fault: never a verdict about the system under test (exit code 70). */
export class SimulatorBug extends Error {
  readonly code: 'simulator-bug';

  constructor(text: string) {
    super(text);
    this.code = 'simulator-bug';
  }
}
