import type { Host } from '../../sim/api.ts';
import type { Us } from '../../sim/time.ts';
import { OPERATION_USER_MIN } from '../storage/prepare.ts';
import { write32 } from '../storage/record.ts';
import type { VsrMessage } from '../vsr/message.ts';
import { hasRoom, nextTimestampUs, prepareEntry, prepareRequest } from '../vsr/normal.ts';
import type { Replica } from '../vsr/replica.ts';
import { type BackgroundLoad, Backlog, type Parcel } from './background-load.ts';
import { KIMBERLITE_OPERATION } from './machine.ts';

/** Timer of a node's batcher. */
export const TIMER_BATCH = 33;
/** A batch that finds no room in the pipeline or no clock tries again after this. */
const RETRY_US: Us = 2_000;
/** While a batch is in flight, and on backups, the batcher looks up this often. */
const WATCH_US: Us = 50_000;
/** Stretches into which the waiting times of a batch are divided for the latency histogram. */
const SLICES = 4;

/** What a batcher needs to know of its cluster and its host. */
export interface BatchingEnvironment {
  readonly load: BackgroundLoad;
  readonly lingerUs: Us;
  /** Operations that a batch may hold now, by the settings in force: 0 when not even one fits, 1 without batching. */
  opsMax(): number;
  /** Bytes of a request that a batch takes at most. */
  bodyBytesMax(): number;
  /** CPU time that turning one operation into its part of the batch takes on this host, in ns. */
  cpuNsPerOp(): number;
  /** Bytes of room for log segments on this host's data disk. */
  freeBytes(): number;
  /** The host's CPU was busy for that long with serialising. */
  spent(us: Us): void;
}

interface Waiting {
  readonly message: VsrMessage;
  readonly atUs: Us;
}

interface Batch {
  readonly parcels: Parcel[];
  readonly requests: Waiting[];
  readonly count: number;
  background: number;
}

/**
 * How a primary groups what it takes in. Requests wait until a batch is full or its oldest operation has waited for
 * `lingerUs`; the batch is serialised by one thread, operation by operation; then its entries are written and sent
 * together, so that they share the journal's syncs and the round trip. The next batch is closed when this one has
 * committed. Operations of the background load are one entry of the log, with their number in it.
 */
export class Batcher {
  private readonly r: Replica;
  private readonly host: Host;
  private readonly environment: BatchingEnvironment;
  private readonly onLatency: (latencyUs: Us, count: number) => void;
  private backlog: Backlog;
  private waiting: Waiting[];
  private serialising: Batch | null;
  private inFlight: Batch | null;
  /** Op that ends the batch in flight. */
  private lastOp: number;
  private view: number;
  private turns: number;

  constructor(r: Replica, environment: BatchingEnvironment, onLatency: (latencyUs: Us, count: number) => void) {
    this.r = r;
    this.host = r.host;
    this.environment = environment;
    this.onLatency = onLatency;
    this.backlog = new Backlog(environment.load, 0);
    this.waiting = [];
    this.serialising = null;
    this.inFlight = null;
    this.lastOp = 0;
    this.view = -1;
    this.turns = 0;
  }

  onStart(): void {
    this.wakeIn(1_000);
  }

  /** A request that the primary would prepare now; false: not one for a batch. */
  takes(message: VsrMessage): boolean {
    if (message.operation < OPERATION_USER_MIN) return false;
    if (!this.leads()) return false;
    const known = (each: Waiting): boolean =>
      each.message.client === message.client && each.message.request === message.request;
    const held = [...this.waiting, ...(this.serialising?.requests ?? []), ...(this.inFlight?.requests ?? [])];
    if (held.some(known)) return true;
    if ((message.body?.length ?? 0) > this.environment.bodyBytesMax()) {
      this.host.reached('request-refused-batch-size');
      this.host.log('warn', () => 'request refused: larger than max-batch-size');
      return true;
    }
    this.arrive();
    this.waiting.push({ message, atUs: this.host.monotonicUs() });
    this.next();
    return true;
  }

  /** An entry was applied here. The next batch begins in a turn of its own. */
  onApplied(op: number): void {
    const batch = this.inFlight;
    if (batch === null || op < this.lastOp) return;
    const nowUs = this.host.monotonicUs();
    for (const parcel of batch.parcels) this.noteParcel(parcel, nowUs);
    this.inFlight = null;
    this.wakeIn(0);
  }

  onTimer(): void {
    if (!this.leads()) {
      this.wakeIn(WATCH_US);
      return;
    }
    if (this.serialising !== null) this.release(this.serialising);
    else this.next();
  }

  /** Whether this replica leads; a view that it did not lead yet begins with nothing in its hands. */
  private leads(): boolean {
    const leads = this.r.isPrimary && !this.r.isolated;
    if (leads && this.view !== this.r.view) {
      this.view = this.r.view;
      this.backlog = new Backlog(this.environment.load, this.host.monotonicUs());
      this.waiting = [];
      this.serialising = null;
      this.inFlight = null;
    }
    return leads;
  }

  private arrive(): void {
    const unanswered = (this.serialising?.background ?? 0) + (this.inFlight?.background ?? 0);
    this.backlog.arrive(this.host.monotonicUs(), unanswered);
  }

  /** Closes the next batch, or says when there will be one to close. */
  private next(): void {
    if (this.serialising !== null) return;
    if (this.inFlight !== null) {
      this.wakeIn(WATCH_US);
      return;
    }
    this.arrive();
    const { lingerUs, load } = this.environment;
    const max = this.environment.opsMax();
    const total = Math.min(max, this.backlog.count + this.waiting.length);
    if (total === 0) {
      this.wakeIn(load.offeredPerS > 0 && max > 0 ? Math.max(100, Math.ceil(1_000_000 / load.offeredPerS)) : WATCH_US);
      return;
    }
    const nowUs = this.host.monotonicUs();
    const dueUs = this.oldestUs(nowUs) + lingerUs;
    if (total < max && nowUs < dueUs) {
      const fullUs = load.offeredPerS > 0 ? Math.ceil(((max - total) * 1_000_000) / load.offeredPerS) : lingerUs;
      this.wakeIn(Math.max(1, Math.min(fullUs, dueUs - nowUs)));
      return;
    }
    this.serialising = this.close(max);
    const us = Math.ceil((this.serialising.count * this.environment.cpuNsPerOp()) / 1_000);
    this.environment.spent(us);
    this.wakeIn(us);
  }

  private oldestUs(nowUs: Us): Us {
    const request = this.waiting[0]?.atUs ?? nowUs;
    return this.backlog.count > 0 ? Math.min(request, this.backlog.oldestUs) : request;
  }

  /** Takes the oldest operations out of both queues, first come first served. */
  private close(max: number): Batch {
    const parcels: Parcel[] = [];
    const requests: Waiting[] = [];
    let background = 0;
    // One entry for the background, and the others must find room in the pipeline, too.
    const requestsMax = this.r.config.pipelineMax - 1;
    while (background + requests.length < max) {
      const request = this.waiting[0];
      const later = request === undefined || (this.backlog.count > 0 && this.backlog.headUs <= request.atUs);
      if (later && this.backlog.count > 0) {
        const parcel = this.backlog.take(max - background - requests.length);
        parcels.push(parcel);
        background += parcel.count;
      } else if (request !== undefined && requests.length < requestsMax) {
        requests.push(request);
        this.waiting.shift();
      } else break;
    }
    return { parcels, requests, count: background + requests.length, background };
  }

  /** Writes and sends what has been serialised, or tries again a little later. */
  private release(batch: Batch): void {
    const { r } = this;
    const entries = batch.requests.length + 1;
    const room =
      r.commit === r.commitMax && r.op - r.commitMax + entries <= r.config.pipelineMax && hasRoom(r, entries);
    const timestampUs = room ? nextTimestampUs(r) : -1;
    if (timestampUs < 0) {
      this.wakeIn(RETRY_US);
      return;
    }
    const bytes = batch.background * this.environment.load.bodyBytes;
    if (batch.background > 0 && this.environment.freeBytes() < bytes) {
      // What does not fit is refused, and its clients ask again: never truncated, never a panic (INV-GRACEFUL-FULL).
      this.host.reached('batch-refused-no-space');
      this.host.log('error', () => `no space left on device: ${batch.background} operations refused`);
      batch.background = 0;
      batch.parcels.length = 0;
    }
    this.serialising = null;
    if (batch.background > 0) {
      const body = new Uint8Array(8);
      write32(body, 0, batch.background);
      write32(body, 4, this.environment.load.bodyBytes);
      prepareEntry(r, KIMBERLITE_OPERATION.bulk, 0, 0, timestampUs, body);
    }
    for (const { message, atUs } of batch.requests) {
      const op = r.op;
      prepareRequest(r, message);
      // The client's wait for the batch is part of the commit's latency.
      if (r.op > op) r.preparedUs[r.journal.slotOf(r.op)] = Math.max(1, atUs);
    }
    this.lastOp = r.op;
    if (batch.background + batch.requests.length > 1) this.host.reached('batch-sent');
    if (batch.background + batch.requests.length === 0) this.wakeIn(RETRY_US);
    else if (r.op > r.commit) {
      this.inFlight = batch;
      this.wakeIn(WATCH_US);
    } else this.wakeIn(0);
  }

  private noteParcel(parcel: Parcel, nowUs: Us): void {
    const slices = Math.min(SLICES, parcel.count);
    for (let slice = 0; slice < slices; slice++) {
      const count = Math.floor(((slice + 1) * parcel.count) / slices) - Math.floor((slice * parcel.count) / slices);
      const arrivedUs = parcel.fromUs + Math.floor(((parcel.toUs - parcel.fromUs) * (2 * slice + 1)) / (2 * slices));
      this.onLatency(nowUs - arrivedUs, count);
    }
  }

  private wakeIn(us: Us): void {
    this.turns++;
    this.host.setTimer(TIMER_BATCH, us, us, this.turns);
  }
}
