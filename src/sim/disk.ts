import type { DiskOp } from './api.ts';
import { EVENT, type WorldCore } from './core.ts';
import { digestBytes } from './disk-digest.ts';
import { DiskQueue, latencyUs } from './disk-latency.ts';
import type { DiskOptions } from './disk-options.ts';
import { losePower, POWER_LOSS_THIRD } from './disk-power-loss.ts';
import { DiskRequest } from './disk-request.ts';
import { DiskVolume } from './disk-volume.ts';
import { DOMAIN, mix5 } from './mix.ts';
import type { Us } from './time.ts';
import { RECORD } from './trace.ts';

export type { DiskOptions } from './disk-options.ts';

const KIND_KEY = { read: 1, write: 2, fsync: 3 } as const;

/** Counters as `iostat` reads them, since the disk was built. */
export interface DiskCounters {
  reads: number;
  writes: number;
  fsyncs: number;
  bytesRead: number;
  bytesWritten: number;
  /** Sum of the times from issue to completion. */
  awaitUs: Us;
}

/**
 * The disk of one host: files of sectors under a page cache (R2, R3). Requests are issued by the host, take time in the
 * device's queue, and end in {@link Disk.complete}, which the world calls when the event is due. Directory operations
 * and the `peek`/`poke` family take no time.
 */
export class Disk extends DiskVolume {
  readonly queue: DiskQueue;
  readonly counters: DiskCounters;
  /** Told of each write as it is issued, for faults that strike at the n-th of a zone. */
  onWrite: ((file: string) => void) | null;
  /** Counts power losses: requests of an earlier epoch are gone. */
  private epoch: number;

  constructor(core: WorldCore, host: number, options: DiskOptions) {
    super(core, host, options);
    this.queue = new DiskQueue(options.queueDepth, options.bytesPerMs);
    this.counters = { reads: 0, writes: 0, fsyncs: 0, bytesRead: 0, bytesWritten: 0, awaitUs: 0 };
    this.epoch = 1;
    this.onWrite = null;
  }

  /** Returns the bytes as they are at completion. */
  read(incarnation: number, file: string, offsetBytes: number, lengthBytes: number, token: number, tag: number): void {
    const request = this.request('read', incarnation, file, offsetBytes, lengthBytes, token, tag, null);
    this.enqueue(request, this.options.readLatencyUsMin, this.options.readLatencyUsMean, lengthBytes);
  }

  /** As {@link read}, past the page cache: writes the dirty pages of the range back first, then reads the device. */
  readDirect(
    incarnation: number,
    file: string,
    offsetBytes: number,
    lengthBytes: number,
    token: number,
    tag: number,
  ): void {
    const request = this.request('read', incarnation, file, offsetBytes, lengthBytes, token, tag, null);
    request.direct = true;
    this.enqueue(request, this.options.readLatencyUsMin, this.options.readLatencyUsMean, lengthBytes);
  }

  /** Copies the bytes into the page cache now; the completion is the end of the system call. */
  write(incarnation: number, file: string, offsetBytes: number, bytes: Uint8Array, token: number, tag: number): void {
    const { core } = this;
    const request = this.request('write', incarnation, file, offsetBytes, bytes.length, token, tag, bytes);
    const target = request.target;
    if (target !== null) {
      request.error = this.store(target, offsetBytes, bytes);
      core.trace.fold(core.nowUs, RECORD.write, this.host, target.hash, offsetBytes, digestBytes(bytes));
    }
    this.enqueue(request, this.options.writeLatencyUsMin, this.options.writeLatencyUsMean, bytes.length);
    if (this.onWrite !== null) this.onWrite(file);
  }

  /** Covers exactly the writes of that file, and the directory operations on its name, that were issued before. */
  fsync(incarnation: number, file: string, token: number, tag: number): void {
    const request = this.request('fsync', incarnation, file, 0, 0, token, tag, null);
    if (request.target !== null) request.syncSequence = request.target.beginSync();
    else if (this.directory.concerns(file)) request.error = '';
    request.directoryBelow = this.directory.beginSync();
    this.enqueue(request, this.options.fsyncLatencyUsMin, this.options.fsyncLatencyUsMean, 0);
  }

  private request(
    kind: 'read' | 'write' | 'fsync',
    incarnation: number,
    file: string,
    offsetBytes: number,
    lengthBytes: number,
    token: number,
    tag: number,
    bytes: Uint8Array | null,
  ): DiskRequest {
    const target = this.directory.cached.get(file) ?? null;
    const { epoch } = this;
    const nowUs = this.core.nowUs;
    const request = new DiskRequest(
      kind,
      file,
      offsetBytes,
      lengthBytes,
      token,
      tag,
      bytes,
      incarnation,
      epoch,
      nowUs,
      target,
    );
    if (target === null) request.error = 'ENOENT';
    return request;
  }

  private enqueue(request: DiskRequest, minUs: Us, meanUs: Us, bytes: number): void {
    const { core, host } = this;
    const target = request.target;
    let serviceUs = minUs;
    if (target !== null) {
      const sector = Math.floor(request.offsetBytes / this.options.sectorBytes);
      const version = request.kind === 'fsync' ? target.version : (target.sectors[sector]?.version ?? 0);
      const kind = KIND_KEY[request.kind];
      const draw = mix5(core.seed, DOMAIN.diskLatency, host, target.hash, sector, version, kind);
      core.trace.foldDraw(draw);
      serviceUs = latencyUs(draw, minUs, meanUs);
    }
    const endUs = this.queue.admit(core.nowUs, serviceUs, bytes);
    core.schedule(endUs, EVENT.disk, host, request.incarnation, 0, request);
  }

  /**
   * Ends a request: applies its effect and sets `error` and `bytes`. Returns true when the process may hear of it;
   * false when the request was lost with the power, or has been put back because the device stalls.
   */
  complete(op: DiskOp): boolean {
    const request = op as DiskRequest;
    const { core } = this;
    if (request.epoch !== this.epoch) return false;
    if (core.nowUs < this.queue.stallUntilUs) {
      core.schedule(this.queue.stallUntilUs, EVENT.disk, this.host, request.incarnation, 0, request);
      return false;
    }
    if (request.target?.lost === true) request.error = 'EIO';
    const counters = this.counters;
    counters.awaitUs += core.nowUs - request.issuedUs;
    switch (request.kind) {
      case 'write':
        counters.writes++;
        counters.bytesWritten += request.lengthBytes;
        return true;
      case 'read':
        counters.reads++;
        counters.bytesRead += request.lengthBytes;
        this.completeRead(request);
        return true;
      case 'fsync':
        counters.fsyncs++;
        this.completeSync(request);
        return true;
    }
  }

  private completeRead(request: DiskRequest): void {
    const target = request.target;
    if (target === null || target.lost) return;
    if (request.direct) target.flushRange(request.offsetBytes, request.lengthBytes);
    if (this.faults.armed > 0 && this.faults.beforeRead(target, request)) return;
    request.bytes = target.read(request.offsetBytes, request.lengthBytes, request.direct);
    if (request.bytes === null) request.error = 'EIO';
  }

  private completeSync(request: DiskRequest): void {
    const target = request.target;
    if (target === null) {
      this.directory.finishSync(request.file, request.directoryBelow);
      return;
    }
    if (target.lost) return;
    if (this.faults.armed > 0 && this.faults.beforeSync(target, request)) return;
    target.finishSync(request.syncSequence);
    this.directory.finishSync(request.file, request.directoryBelow);
  }

  /** A process died: its requests stay in the kernel and the page cache stays as it is (R2), so nothing happens. */
  processCrash(): void {}

  /**
   * The host lost power or was rebooted: pages and requests are gone; each un-synced sector survives, tears (in `mode`,
   * R3) or vanishes with the given probabilities and by keys of its own, `label` being the fault's (R2, R20).
   */
  powerLoss(
    label: string,
    mode: 'mix' | 'unreadable' = 'mix',
    survivePer65536: number = POWER_LOSS_THIRD,
    tearPer65536: number = POWER_LOSS_THIRD,
  ): void {
    this.epoch++;
    this.queue.reset();
    losePower(this.context, this.directory, label, { mode, survivePer65536, tearPer65536 });
  }
}
