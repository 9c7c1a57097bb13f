import type { Thread } from '../../sim/host-threads.ts';
import type { Machine } from '../../sim/machine.ts';
import { MS, SECOND, type Us } from '../../sim/time.ts';
import type { World } from '../../sim/world.ts';

/** What one of the clients that read asks for, again and again. */
export interface QuerySpec {
  /** Application that asks, and the table that it reads. */
  readonly user: string;
  /** CPU time of one execution as a full scan. */
  readonly scanUs: Us;
  /** Bytes that a full scan reads from the disk, past any cache. */
  readonly readBytes: number;
  /** Pause between an answer and the next execution. */
  readonly thinkUs: Us;
  /** Whether it holds the projection's lock (shared) while it runs. */
  readonly locks: boolean;
}

/** A client's statement: its id stays the same however often it is executed. */
export interface Session {
  readonly id: string;
  readonly spec: QuerySpec;
  /** Start of the execution that runs; -1 between two. */
  startedUs: Us;
  /** How long the last finished execution took; 0 before. */
  lastUs: Us;
  ended: boolean;
  thread: Thread | null;
  incarnation: number;
}

/** Statements from this on stand in the slow query log (catalogue, config: slow query threshold). */
export const SLOW_QUERY_US: Us = 100 * MS;
/** An index leaves this part of the rows to be read. */
const INDEX_DIVISOR = 1_000;
/** Rows that a scan examines in a millisecond of CPU time. */
const ROWS_PER_MS = 1_000;
/** Size of one read of a scan. */
const CHUNK_BYTES = 262_144;
const RECONNECT_US: Us = 5 * SECOND;

/** Which tables have an index for the queries on them: part of the schema, so the same on every replica. */
export interface Schema {
  readonly indexed: Set<string>;
}

/**
 * Queries on one replica: clients outside the simulated hosts that read its projections. They take cores, disk requests
 * and the projection's lock of the host for real; they change no state and never pass through the log.
 */
export class Queries {
  sessions: Session[];
  /** Executions that were answered, and those that were killed or died with the server. */
  answered: number;
  failed: number;
  /** Sum of the times of answered executions. */
  sumUs: Us;
  private readonly world: World;
  private readonly machine: Machine;
  private readonly schema: Schema;
  private readonly shownId: number;
  private count: number;

  constructor(world: World, machine: Machine, schema: Schema, shownId: number) {
    this.sessions = [];
    this.answered = 0;
    this.failed = 0;
    this.sumUs = 0;
    this.world = world;
    this.machine = machine;
    this.schema = schema;
    this.shownId = shownId;
    this.count = 0;
  }

  /** Executions in progress, oldest first. */
  get running(): readonly Session[] {
    return this.sessions.filter((session) => this.isRunning(session));
  }

  /** Whether nothing holds the projection's lock: a writer gets it only then (readers go first). */
  get lockFree(): boolean {
    return !this.sessions.some((session) => session.spec.locks && this.isRunning(session));
  }

  /** A client connects; its first execution begins after `delayUs`. */
  connect(spec: QuerySpec, delayUs: Us): Session {
    this.count++;
    const session: Session = {
      id: `q-${this.shownId}-${this.count}`,
      spec,
      startedUs: -1,
      lastUs: 0,
      ended: false,
      thread: null,
      incarnation: 0,
    };
    this.sessions.push(session);
    this.later(session, delayUs);
    return session;
  }

  /** The client goes away: what it runs ends with it. */
  disconnect(session: Session): void {
    if (session.ended) return;
    session.ended = true;
    if (session.thread !== null) this.machine.cpu.model?.threads.end(session.thread);
    session.thread = null;
    session.startedUs = -1;
    this.sessions = this.sessions.filter((each) => each !== session);
  }

  /** `query kill`: the statement ends with an error, and an application that gets one does not repeat it. */
  kill(id: string): boolean {
    const session = this.sessions.find((each) => each.id === id);
    if (session === undefined) return false;
    if (session.startedUs >= 0) this.failed++;
    this.disconnect(session);
    this.machine.reached('query-killed');
    return true;
  }

  /** Rows that an execution of this statement examines. */
  rowsOf({ spec }: Session): number {
    return Math.max(1, Math.floor(((spec.scanUs / MS) * ROWS_PER_MS) / this.divisor(spec)));
  }

  private divisor(spec: QuerySpec): number {
    return this.schema.indexed.has(tableOf(spec)) ? INDEX_DIVISOR : 1;
  }

  private isRunning(session: Session): boolean {
    return session.startedUs >= 0 && session.incarnation === this.machine.incarnation && this.machine.isUp;
  }

  private later(session: Session, delayUs: Us): void {
    this.machine.cpu.model?.threads.at(this.world.nowUs + delayUs, () => this.execute(session));
  }

  private execute(session: Session): void {
    if (session.ended) return;
    if (!this.machine.isUp || this.machine.paused) {
      session.startedUs = -1;
      this.later(session, RECONNECT_US);
      return;
    }
    session.startedUs = this.world.nowUs;
    session.incarnation = this.machine.incarnation;
    // The plan is made now: an index that comes later helps the next execution.
    const divisor = this.divisor(session.spec);
    const chunks = Math.max(1, Math.ceil(session.spec.readBytes / divisor / CHUNK_BYTES));
    this.burst(session, chunks, session.spec.scanUs / divisor / chunks, session.spec.readBytes > 0);
    this.watch(session, session.incarnation);
  }

  /** A part of a scan: a read where the table is not in memory, then the rows of it. */
  private burst(session: Session, left: number, us: number, reads: boolean): void {
    const { model } = this.machine.cpu;
    if (model === null || session.ended || !this.isRunning(session)) return;
    const compute = (): void => {
      if (session.ended || !this.isRunning(session)) return;
      const spec = { owner: 'server', command: 'kimberlite-server', symbol: 'kimberlite_query::scan_rows' } as const;
      session.thread = model.threads.spawn(spec, us, () => {
        session.thread = null;
        if (left > 1) this.burst(session, left - 1, us, reads);
        else this.answer(session);
      });
    };
    if (!reads) {
      compute();
      return;
    }
    const { disk } = this.machine;
    const { nowUs } = this.world;
    const endUs = disk.queue.admit(nowUs, disk.options.readLatencyUsMean, CHUNK_BYTES);
    disk.counters.reads++;
    disk.counters.bytesRead += CHUNK_BYTES;
    disk.counters.awaitUs += endUs - nowUs;
    model.threads.at(endUs, compute);
  }

  private answer(session: Session): void {
    session.lastUs = this.world.nowUs - session.startedUs;
    session.startedUs = -1;
    this.answered++;
    this.sumUs += session.lastUs;
    if (session.lastUs >= SLOW_QUERY_US) this.log(session);
    this.later(session, session.spec.thinkUs);
  }

  /** The server died under the execution: the client sees the broken connection and comes back. */
  private watch(session: Session, incarnation: number): void {
    this.machine.cpu.model?.threads.at(this.world.nowUs + RECONNECT_US, () => {
      if (session.ended || session.startedUs < 0 || session.incarnation !== incarnation) return;
      if (this.isRunning(session)) this.watch(session, incarnation);
      else {
        this.failed++;
        session.thread = null;
        this.execute(session);
      }
    });
  }

  private log(session: Session): void {
    if (!this.world.logging) return;
    const fields = {
      message: 'slow query',
      query_id: session.id,
      user: session.spec.user,
      table: tableOf(session.spec),
      rows_examined: this.rowsOf(session),
      query_duration_ms: Math.floor(session.lastUs / MS),
    };
    this.machine.logLine('kimberlite', 'warn', JSON.stringify(fields));
  }
}

/** The table that an application's statement reads. */
export function tableOf({ user }: QuerySpec): string {
  return `${user.replaceAll('-', '_')}_events`;
}

/** A statement as the list of queries shows it. */
export function sqlOf(spec: QuerySpec): string {
  return `SELECT * FROM ${tableOf(spec)} WHERE tenant = ?`;
}
