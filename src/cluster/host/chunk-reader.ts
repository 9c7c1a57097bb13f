import type { DiskOp, Host } from '../../sim/api.ts';

interface ChunkJob {
  readonly file: string;
  readonly chunkBytes: number;
  readonly chunks: (Uint8Array | null)[];
  readonly done: (chunks: (Uint8Array | null)[]) => void;
  open: number;
}

/**
 * Reads a file as equal chunks past the page cache, at a process's start: first as one request; when the device
 * reports an error for that, chunk by chunk, so that one bad sector costs one chunk (null) and not the file.
 */
export class ChunkReader {
  private readonly host: Host;
  private readonly token: number;
  private readonly readsPastCache: () => boolean;
  private readonly jobs: ChunkJob[];

  /** `token` must be used by nobody else on this process. */
  constructor(host: Host, token: number, readsPastCache: () => boolean = () => true) {
    this.host = host;
    this.readsPastCache = readsPastCache;
    this.token = token;
    this.jobs = [];
  }

  /** Calls `done` with `count` chunks; null for one that cannot be read. A missing file gives only nulls. */
  read(file: string, chunkBytes: number, count: number, done: (chunks: (Uint8Array | null)[]) => void): void {
    const job: ChunkJob = { file, chunkBytes, chunks: new Array(count).fill(null), done, open: 1 };
    this.jobs.push(job);
    const tag = (this.jobs.length - 1) * 65_536;
    if (this.readsPastCache()) this.host.readDirect(file, 0, chunkBytes * count, this.token, tag);
    else this.host.read(file, 0, chunkBytes * count, this.token, tag);
  }

  /** A completion; false when it was not one of this reader's. */
  onDisk(op: DiskOp): boolean {
    if (op.token !== this.token) return false;
    const job = this.jobs[op.tag >>> 16] as ChunkJob;
    const chunk = op.tag & 65_535;
    if (chunk === 0) this.whole(job, op);
    else job.chunks[chunk - 1] = op.error === '' ? op.bytes : null;
    job.open--;
    if (job.open === 0) job.done(job.chunks);
    return true;
  }

  private whole(job: ChunkJob, op: DiskOp): void {
    if (op.error === '' && op.bytes !== null) {
      for (let chunk = 0; chunk < job.chunks.length; chunk++) {
        job.chunks[chunk] = op.bytes.subarray(chunk * job.chunkBytes, (chunk + 1) * job.chunkBytes);
      }
      return;
    }
    if (op.error === 'ENOENT') return;
    for (let chunk = 0; chunk < job.chunks.length; chunk++) {
      job.open++;
      this.host.readDirect(
        job.file,
        chunk * job.chunkBytes,
        job.chunkBytes,
        this.token,
        (op.tag & ~65_535) + chunk + 1,
      );
    }
  }
}
