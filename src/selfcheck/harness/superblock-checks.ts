import type { Header, Sum } from '../../cluster/storage/prepare.ts';
import type { Rules } from '../../cluster/vsr/rules.ts';
import {
  formatSuperblock,
  openSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_COPY_BYTES,
  type SuperblockState,
} from '../../cluster/vsr/superblock.ts';
import { SuperblockWriter } from '../../cluster/vsr/superblock-writer.ts';
import type { DiskOp, Host } from '../../sim/api.ts';
import type { Stream } from '../../sim/random.ts';
import type { Check } from './row.ts';

/** The decisions about copies of a superblock (R5). */
export type CopyRules = Pick<Rules, 'copiesSuffice' | 'repairsCopies' | 'syncsCopy'>;

const UNIT_BYTES = 512;
/** Histories of a case, and lives of a process in each. */
const HISTORIES = 12;
const LIVES = 3;
/** Completions that repairing three copies and writing four can take, and one more. */
const STEPS_MAX = 15;

function sumOf(value: number): Sum {
  return { a: value, b: -value, c: value * 3, d: 1 };
}

/** A state whose content spans two units, so that a tear can break it. */
function stateOf(commit: number): SuperblockState {
  const viewHeaders: Header[] = [];
  for (let op = commit; op < commit + 16; op++) {
    viewHeaders.push({ op, view: commit, sum: sumOf(op), parent: sumOf(op - 1) });
  }
  return {
    cluster: 1,
    replica: 0,
    epoch: 0,
    members: [0, 1, 2],
    view: commit,
    logView: commit,
    commit,
    checkpointOp: 0,
    checkpointOpSum: sumOf(0),
    checkpointSum: sumOf(0),
    checkpointFile: 0,
    checkpointBytes: 0,
    viewHeaders,
    mustRecover: false,
    incarnation: 1,
    peerIncarnations: [0, 0, 0],
    isolated: false,
  };
}

/** A file of four copies: what is synced, and the writes that are not. */
class CopyFile {
  readonly synced: (Uint8Array | null)[];
  readonly host: Host;
  private readonly unsynced: Map<number, Uint8Array>;
  private readonly queue: DiskOp[];

  constructor(bytes: Uint8Array) {
    this.synced = [];
    this.unsynced = new Map();
    this.queue = [];
    for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
      this.synced.push(bytes.slice(copy * SUPERBLOCK_COPY_BYTES, (copy + 1) * SUPERBLOCK_COPY_BYTES));
    }
    const request = (kind: 'write' | 'fsync', token: number, tag: number): void => {
      this.queue.push({ kind, file: 'superblock', token, tag, error: '' } as DiskOp);
    };
    this.host = {
      write: (_file: string, offsetBytes: number, bytes: Uint8Array, token: number, tag: number) => {
        this.unsynced.set(offsetBytes / SUPERBLOCK_COPY_BYTES, bytes.slice());
        request('write', token, tag);
      },
      fsync: (_file: string, token: number, tag: number) => request('fsync', token, tag),
    } as unknown as Host;
  }

  /** Completes the oldest request; false when there is none. */
  step(writer: SuperblockWriter): boolean {
    const op = this.queue.shift();
    if (op === undefined) return false;
    if (op.kind === 'fsync') {
      for (const [copy, bytes] of this.unsynced) this.synced[copy] = bytes;
      this.unsynced.clear();
    }
    writer.onDisk(op);
    return true;
  }

  /** Power fails: each unit of a write that is not synced is old or new, or its copy cannot be read any more (R3). */
  powerLoss(draw: Stream): void {
    for (const [copy, bytes] of this.unsynced) {
      const before = this.synced[copy]?.slice() ?? new Uint8Array(SUPERBLOCK_COPY_BYTES);
      for (let at = 0; at < bytes.length; at += UNIT_BYTES) {
        if (draw.chance(1, 2)) before.set(bytes.subarray(at, at + UNIT_BYTES), at);
      }
      this.synced[copy] = draw.chance(1, 5) ? null : before;
    }
    this.unsynced.clear();
    this.queue.length = 0;
  }
}

/** One life: opens, repairs what it must before it promises anything, then updates until the power fails. */
function live(file: CopyFile, rules: CopyRules, promised: number, draw: Stream): number | string {
  const opened = openSuperblock(file.synced, rules);
  if (opened.kind !== 'open') return `a superblock is lost although power failures alone have struck: ${opened.reason}`;
  const { state } = opened;
  if (state.commit < promised) return `opens at ${state.commit} although ${promised} was promised`;
  let kept = promised;
  const writer = new SuperblockWriter(file.host, rules);
  writer.onDone = (done) => {
    kept = Math.max(kept, done.commit);
  };
  writer.resume(opened);
  const damaged = opened.damagedCopies.length;
  if (damaged > 0 && rules.repairsCopies(damaged)) writer.update(state);
  else kept = Math.max(kept, state.commit);
  writer.update(stateOf(state.commit + 1));
  for (let steps = draw.int(0, STEPS_MAX); steps > 0 && file.step(writer); steps--);
  file.powerLoss(draw);
  return kept;
}

/**
 * Whatever a power failure leaves of a superblock, the next life opens it, and never below what an earlier one was
 * told to be durable (R5).
 */
export const SUPERBLOCK_KEEPS: Check<CopyRules> = {
  name: 'superblock-keeps-its-promises',
  judge(rules, draw) {
    for (let history = 0; history < HISTORIES; history++) {
      const file = new CopyFile(formatSuperblock(stateOf(10), 6, sumOf(9)));
      let promised = 10;
      for (let life = 0; life <= LIVES; life++) {
        const kept = live(file, rules, promised, draw);
        if (typeof kept === 'string') return kept;
        promised = kept;
      }
    }
    return null;
  },
};
