import type { DiskOp, Host } from '../../sim/api.ts';
import { hash128 } from '../storage/checksum.ts';
import { type Sum, ZERO_SUM } from '../storage/prepare.ts';
import { read32, write32 } from '../storage/record.ts';
import { FILE } from './config.ts';
import { HONEST_RULES, type Rules } from './rules.ts';
import {
  CONTENT_FROM,
  COPY_AT,
  encodeSuperblock,
  type OpenedSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_COPY_BYTES,
  type SuperblockState,
} from './superblock.ts';

const TOKEN_WRITE = 1;
const TOKEN_SYNC = 2;

/**
 * Writes superblocks: one copy after the other, each synced before the next (R5). Copies that were found damaged are
 * repaired first. An update that comes while another is under way waits; of several waiting the newest is written.
 */
export class SuperblockWriter {
  /** Told when all copies hold `state`. */
  onDone: (state: SuperblockState) => void;
  onFailed: (error: string) => void;
  private readonly host: Host;
  private readonly rules: Pick<Rules, 'repairsCopies' | 'syncsCopy'>;
  private sequence: number;
  private sum: Sum;
  private repairs: number[];
  private current: SuperblockState | null;
  private writing: SuperblockState | null;
  private waiting: SuperblockState | null;
  private copy: number;
  private bytesParent: Sum;
  /** What is written is copied at once, and one copy is under way at a time. */
  private readonly bytes: Uint8Array;

  constructor(host: Host, rules: Pick<Rules, 'repairsCopies' | 'syncsCopy'> = HONEST_RULES) {
    this.host = host;
    this.rules = rules;
    this.onDone = () => {};
    this.onFailed = () => {};
    this.sequence = 0;
    this.sum = ZERO_SUM;
    this.repairs = [];
    this.current = null;
    this.writing = null;
    this.waiting = null;
    this.copy = 0;
    this.bytesParent = ZERO_SUM;
    this.bytes = new Uint8Array(SUPERBLOCK_COPY_BYTES);
  }

  /** Goes on from what was read at start. */
  resume(opened: OpenedSuperblock & { kind: 'open' }): void {
    this.sequence = opened.sequence;
    this.sum = opened.sum;
    this.bytesParent = opened.parent;
    this.current = opened.state;
    this.repairs = this.rules.repairsCopies(opened.damagedCopies.length) ? [...opened.damagedCopies] : [];
  }

  update(state: SuperblockState): void {
    const copied = { ...state, members: [...state.members], viewHeaders: [...state.viewHeaders] };
    if (this.writing !== null) {
      this.waiting = copied;
      return;
    }
    this.begin(copied);
  }

  private begin(state: SuperblockState): void {
    this.writing = state;
    if (this.repairs.length > 0) {
      this.repairCopy();
      return;
    }
    this.sequence++;
    this.bytesParent = this.sum;
    this.copy = 0;
    this.writeCopy();
  }

  /**
   * Damaged copies get the present state, sequence and all, so that each write only adds to what was read at start; an
   * update in place would first take one of the good copies away.
   */
  private repairCopy(): void {
    const copy = this.repairs[0] as number;
    const { bytes } = this;
    encodeSuperblock(this.current as SuperblockState, this.sequence, this.bytesParent, copy, bytes);
    this.host.write(FILE.superblock, copy * SUPERBLOCK_COPY_BYTES, bytes, TOKEN_WRITE, copy);
  }

  private writeCopy(): void {
    const { bytes } = this;
    if (this.copy === 0) {
      encodeSuperblock(this.writing as SuperblockState, this.sequence, this.bytesParent, 0, bytes);
      this.sum = hash128(bytes, CONTENT_FROM, read32(bytes, CONTENT_FROM), ZERO_SUM);
    } else write32(bytes, COPY_AT, this.copy);
    this.host.write(FILE.superblock, this.copy * SUPERBLOCK_COPY_BYTES, bytes, TOKEN_WRITE, this.copy);
  }

  /** A completion; false when it was not one of the superblock's. */
  onDisk(op: DiskOp): boolean {
    if (op.token !== TOKEN_WRITE && op.token !== TOKEN_SYNC) return false;
    if (op.error !== '') this.onFailed(`${op.kind} of ${op.file}: ${op.error}`);
    if (op.token === TOKEN_WRITE && this.rules.syncsCopy(op.tag, SUPERBLOCK_COPIES)) {
      this.host.fsync(FILE.superblock, TOKEN_SYNC, op.tag);
      return true;
    }
    if (this.repairs.length > 0) {
      this.repairs.shift();
      this.begin(this.writing as SuperblockState);
      return true;
    }
    this.copy++;
    if (this.copy < SUPERBLOCK_COPIES) {
      this.writeCopy();
      return true;
    }
    const done = this.writing as SuperblockState;
    this.current = done;
    this.writing = null;
    const next = this.waiting;
    this.waiting = null;
    if (next !== null) this.begin(next);
    this.onDone(done);
    return true;
  }
}
