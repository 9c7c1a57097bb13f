import type { DiskOp } from './api.ts';
import type { DiskFile } from './disk-file.ts';
import type { Us } from './time.ts';

/** A request in flight: the process's {@link DiskOp} and what the disk needs to complete it. */
export class DiskRequest implements DiskOp {
  readonly kind: 'read' | 'write' | 'fsync';
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly token: number;
  readonly tag: number;
  bytes: Uint8Array | null;
  error: '' | 'EIO' | 'ENOSPC' | 'ENOENT';
  readonly incarnation: number;
  readonly epoch: number;
  readonly issuedUs: Us;
  /** The file at issue, so that a rename or removal meanwhile does not redirect the request. */
  target: DiskFile | null;
  /** Reads only: past the page cache. */
  direct: boolean;
  /** Fsync only: which of the file's sync sets and directory operations it covers. */
  syncSequence: number;
  directoryBelow: number;

  constructor(
    kind: 'read' | 'write' | 'fsync',
    file: string,
    offsetBytes: number,
    lengthBytes: number,
    token: number,
    tag: number,
    bytes: Uint8Array | null,
    incarnation: number,
    epoch: number,
    issuedUs: Us,
    target: DiskFile | null,
  ) {
    this.kind = kind;
    this.file = file;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.token = token;
    this.tag = tag;
    this.bytes = bytes;
    this.error = '';
    this.incarnation = incarnation;
    this.epoch = epoch;
    this.issuedUs = issuedUs;
    this.target = target;
    this.direct = false;
    this.syncSequence = 0;
    this.directoryBelow = 0;
  }
}
