import { describe, expect, it } from 'vitest';
import type { Header, Sum } from '../../src/cluster/storage/prepare.ts';
import { ZERO_SUM } from '../../src/cluster/storage/prepare.ts';
import {
  encodeSuperblock,
  formatSuperblock,
  openSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_COPY_BYTES,
  type SuperblockState,
} from '../../src/cluster/vsr/superblock.ts';
import { SuperblockWriter } from '../../src/cluster/vsr/superblock-writer.ts';
import type { DiskOp, Host } from '../../src/sim/api.ts';

type Copies = (Uint8Array | null)[];

const sumOf = (value: number): Sum => ({ a: value, b: -value - 1, c: value * 3, d: 1 });
const headerAt = (op: number, view: number): Header => ({ op, view, sum: sumOf(op), parent: sumOf(op - 1) });

/** Every field moves with `commit`; the content of 30 headers spans three units of 512 bytes, the sizes differ. */
function stateAt(commit: number): SuperblockState {
  return {
    cluster: 7,
    replica: 2,
    epoch: commit >> 4,
    members: [0, 1, 2],
    view: commit * 2,
    logView: commit,
    commit,
    checkpointOp: commit - 1,
    checkpointOpSum: sumOf(commit + 1),
    checkpointSum: sumOf(commit + 2),
    checkpointFile: commit % 2 === 0 ? 0 : 1,
    checkpointBytes: commit * 100,
    viewHeaders: Array.from({ length: 30 + (commit % 3) }, (_, n) => headerAt(commit + n, commit)),
    mustRecover: commit % 3 === 0,
    incarnation: commit + 5,
    peerIncarnations: [commit, 1, 2],
    isolated: commit % 5 === 0,
  };
}

function split(bytes: Uint8Array): Copies {
  const copies: Copies = [];
  for (let copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
    copies.push(bytes.slice(copy * SUPERBLOCK_COPY_BYTES, (copy + 1) * SUPERBLOCK_COPY_BYTES));
  }
  return copies;
}

/** A disk that keeps what was synced and knows the one write that is not yet. */
class FakeDisk {
  readonly synced: Copies;
  /** Requests that were handed over and not completed. */
  readonly queue: DiskOp[] = [];
  unsynced: { copy: number; bytes: Uint8Array } | null = null;
  readonly host: Host;

  constructor(copies: Copies) {
    this.synced = copies.map((copy) => copy?.slice() ?? null);
    const request = (
      kind: 'write' | 'fsync',
      file: string,
      offsetBytes: number,
      bytes: Uint8Array | null,
      token: number,
      tag: number,
    ) => {
      expect(file).toBe('superblock');
      expect(this.queue).toHaveLength(0);
      if (bytes !== null) {
        // One copy in flight at any time, whole and in place (R5).
        expect(this.unsynced).toBeNull();
        expect([offsetBytes % SUPERBLOCK_COPY_BYTES, bytes.length]).toEqual([0, SUPERBLOCK_COPY_BYTES]);
        this.unsynced = { copy: offsetBytes / SUPERBLOCK_COPY_BYTES, bytes: bytes.slice() };
      }
      const lengthBytes = bytes?.length ?? 0;
      this.queue.push({ kind, file, offsetBytes, lengthBytes, token, tag, bytes, error: '' } as DiskOp);
    };
    this.host = {
      write: (file: string, offset: number, bytes: Uint8Array, token: number, tag: number) =>
        request('write', file, offset, bytes, token, tag),
      fsync: (file: string, token: number, tag: number) => request('fsync', file, 0, null, token, tag),
    } as unknown as Host;
  }

  /** Completes the oldest request; false when there is none. */
  step(writer: SuperblockWriter, error: DiskOp['error'] = ''): boolean {
    const op = this.queue.shift();
    if (op === undefined) return false;
    op.error = error;
    if (op.kind === 'fsync' && this.unsynced !== null) {
      this.synced[this.unsynced.copy] = this.unsynced.bytes;
      this.unsynced = null;
    }
    expect(writer.onDisk(op)).toBe(true);
    return true;
  }

  /** What may lie on the disk after a power loss: the copy in flight old, new, any mixture of units, or unreadable. */
  *afterPowerLoss(tears: readonly number[]): Generator<Copies> {
    if (this.unsynced === null) {
      yield this.synced;
      return;
    }
    const { copy, bytes } = this.unsynced;
    for (const units of tears) {
      const copies = [...this.synced];
      copies[copy] = units < 0 ? null : mixture(this.synced[copy] ?? new Uint8Array(bytes.length), bytes, units);
      yield copies;
    }
  }
}

/** Unit n (512 bytes) is new where bit n of `units` is set; the last bit stands for all the rest. */
function mixture(before: Uint8Array, after: Uint8Array, units: number): Uint8Array {
  const bytes = before.slice();
  for (let unit = 0; unit * 512 < bytes.length; unit++) {
    if ((units >> Math.min(unit, 4)) & 1) bytes.set(after.subarray(unit * 512, unit * 512 + 512), unit * 512);
  }
  return bytes;
}

const ALL_TEARS = [-1, ...Array.from({ length: 32 }, (_, units) => units)];
const SOME_TEARS = [-1, 0, 1, 30, 31];

/** The copies with one of them damaged, in each of the ways; and without damage. */
function* damaged(copies: Copies, spared: number): Generator<Copies> {
  yield copies;
  for (let victim = 0; victim < copies.length; victim++) {
    const bytes = copies[victim];
    if (victim === spared || bytes === null || bytes === undefined) continue;
    const flipped = bytes.slice();
    flipped[100]! ^= 32;
    for (const damage of [null, flipped, new Uint8Array(bytes.length)]) {
      const changed = [...copies];
      changed[victim] = damage;
      yield changed;
    }
  }
}

function opened(copies: Copies): Extract<ReturnType<typeof openSuperblock>, { kind: 'open' }> {
  const found = openSuperblock(copies);
  if (found.kind !== 'open') throw new Error(`lost: ${found.reason}`);
  return found;
}

function writerOn(disk: FakeDisk, copies: Copies): { writer: SuperblockWriter; done: SuperblockState[] } {
  const writer = new SuperblockWriter(disk.host);
  const done: SuperblockState[] = [];
  writer.onDone = (state) => done.push(state);
  writer.resume(opened(copies));
  return { writer, done };
}

/** Writes state `commit` over `copies` up to completion number `steps`; tells whether it was reported done. */
function interrupted(copies: Copies, commit: number, steps: number): { disk: FakeDisk; done: boolean } {
  const disk = new FakeDisk(copies);
  const { writer, done } = writerOn(disk, copies);
  writer.update(stateAt(commit));
  for (let step = 0; step < steps; step++) disk.step(writer);
  return { disk, done: done.length > 0 };
}

const before = split(formatSuperblock(stateAt(10), 6, sumOf(9)));

describe('opening', () => {
  it('gives back every field', () => {
    const found = opened(before);
    expect(found.state).toEqual(stateAt(10));
    expect([found.sequence, found.parent, found.damagedCopies]).toEqual([6, sumOf(9), []]);
    for (const commit of [11, 12, 15]) {
      expect(opened(split(formatSuperblock(stateAt(commit)))).state).toEqual(stateAt(commit));
    }
  });

  it('does not trust the index that a copy carries', () => {
    const swapped = [before[2]!, before[2]!, before[0]!, before[1]!];
    expect(opened(swapped).damagedCopies).toEqual([]);
  });

  it('needs two copies, whichever they are', () => {
    for (let mask = 0; mask < 16; mask++) {
      const copies = before.map((copy, index) => ((mask >> index) & 1 ? copy : null));
      const intact = [0, 1, 2, 3].filter((index) => (mask >> index) & 1);
      const found = openSuperblock(copies);
      expect(found.kind).toBe(intact.length >= 2 ? 'open' : 'lost');
      if (found.kind === 'open') {
        expect(found.damagedCopies).toEqual([0, 1, 2, 3].filter((index) => !intact.includes(index)));
      }
    }
  });

  it('notices every flipped bit but those of the index', () => {
    const copy = before[1]!.slice();
    for (let byte = 0; byte < 400; byte++) {
      copy[byte]! ^= 1 << (byte % 8);
      const found = opened([before[0]!, copy, before[2]!, before[3]!]);
      expect(found.damagedCopies).toEqual(byte >= 8 && byte < 12 ? [] : [1]);
      copy[byte]! ^= 1 << (byte % 8);
    }
  });

  it('finds nothing in zeros', () => {
    const zeros = [0, 1, 2, 3].map(() => new Uint8Array(SUPERBLOCK_COPY_BYTES));
    expect(openSuperblock(zeros)).toEqual({ kind: 'lost', reason: 'no copy is readable' });
  });

  const { sum } = opened(before);
  const at = (commit: number, sequence: number, parent: Sum) => encodeSuperblock(stateAt(commit), sequence, parent, 0);
  const [old] = before as [Uint8Array];
  const next = at(11, 7, sum);

  it('falls back to the quorum when the newer copy is a lone child of it, and repairs that one last', () => {
    const found = opened([next, null, old, old]);
    expect([found.state.commit, found.damagedCopies]).toEqual([10, [1, 0]]);
  });

  it('rolls forward when one copy of each is left, but never without the link', () => {
    const found = opened([next, null, old, null]);
    expect([found.state.commit, found.damagedCopies]).toEqual([11, [1, 3, 2]]);
    expect(openSuperblock([at(11, 7, ZERO_SUM), null, old, null]).kind).toBe('lost');
    expect(openSuperblock([at(12, 8, sum), null, old, null]).kind).toBe('lost');
    expect(openSuperblock([next, null, null, null]).kind).toBe('lost');
  });

  it('refuses a quorum below an update that it does not know', () => {
    expect(openSuperblock([at(12, 8, sumOf(1)), old, old, old])).toMatchObject({
      kind: 'lost',
      reason: 'skipped: a copy of sequence 8 does not follow 6',
    });
    expect(openSuperblock([at(11, 7, sumOf(1)), old, old, old])).toMatchObject({ kind: 'lost' });
    expect(opened([at(3, 5, sumOf(1)), old, old, old]).damagedCopies).toEqual([0]);
  });

  it('refuses a fork', () => {
    const fork = at(12, 6, sumOf(9));
    expect(openSuperblock([fork, fork, old, old])).toMatchObject({ reason: 'fork: copies of sequence 6 differ' });
    expect(openSuperblock([fork, old, old, old])).toMatchObject({ reason: 'fork: copies of sequence 6 differ' });
    expect(openSuperblock([fork, null, null, old])).toMatchObject({ kind: 'lost' });
  });
});

describe('an update', () => {
  it('writes the copies in order, each synced before the next, and is done after the last', () => {
    const disk = new FakeDisk(before);
    const { writer, done } = writerOn(disk, before);
    writer.update(stateAt(11));
    const requests: string[] = [];
    while (disk.queue.length > 0) {
      requests.push(`${disk.queue[0]!.kind} ${disk.queue[0]!.tag}`);
      expect(done).toEqual([]);
      disk.step(writer);
    }
    expect(requests).toEqual([0, 1, 2, 3].flatMap((copy) => [`write ${copy}`, `fsync ${copy}`]));
    expect(done).toEqual([stateAt(11)]);
    const found = opened(disk.synced);
    expect([found.state, found.sequence, found.parent]).toEqual([stateAt(11), 7, opened(before).sum]);
  });

  it('that comes during another waits, and the newest of those that wait is written', () => {
    const disk = new FakeDisk(before);
    const { writer, done } = writerOn(disk, before);
    for (const commit of [11, 12, 13]) writer.update(stateAt(commit));
    while (disk.step(writer));
    expect(done).toEqual([stateAt(11), stateAt(13)]);
    expect(opened(disk.synced).sequence).toBe(8);
    writer.update(stateAt(14));
    while (disk.step(writer));
    expect(opened(disk.synced).state).toEqual(stateAt(14));
  });

  it('writes the state as it was when it was asked for', () => {
    const disk = new FakeDisk(before);
    const { writer } = writerOn(disk, before);
    const viewHeaders = [headerAt(1, 1)];
    writer.update({ ...stateAt(11), viewHeaders });
    viewHeaders.push(headerAt(2, 1));
    while (disk.step(writer));
    expect(opened(disk.synced).state.viewHeaders).toEqual([headerAt(1, 1)]);
  });

  it('repairs damaged copies before it touches an intact one', () => {
    const copies = [before[0]!, null, before[2]!, new Uint8Array(SUPERBLOCK_COPY_BYTES)];
    const disk = new FakeDisk(copies);
    const { writer, done } = writerOn(disk, copies);
    writer.update(stateAt(11));
    for (let step = 0; step < 4; step++) disk.step(writer);
    expect(disk.synced.map((copy) => opened([copy, copy]).state.commit)).toEqual([10, 10, 10, 10]);
    expect(opened(disk.synced).damagedCopies).toEqual([]);
    expect(done).toEqual([]);
    while (disk.step(writer));
    expect(opened(disk.synced).state).toEqual(stateAt(11));
  });

  it.each(['write', 'fsync'] as const)('tells an error of its %s', (kind) => {
    const disk = new FakeDisk(before);
    const { writer, done } = writerOn(disk, before);
    const errors: string[] = [];
    writer.onFailed = (error) => errors.push(error);
    writer.update(stateAt(11));
    if (kind === 'fsync') disk.step(writer);
    disk.step(writer, 'EIO');
    expect(errors).toEqual([`${kind} of superblock: EIO`]);
    expect(done).toEqual([]);
  });

  it('leaves completions of others alone, and refuses a state that does not fit', () => {
    const disk = new FakeDisk(before);
    const { writer } = writerOn(disk, before);
    expect(writer.onDisk({ kind: 'write', file: 'log/prepares', token: 10 } as DiskOp)).toBe(false);
    const viewHeaders = Array.from({ length: 600 }, (_, n) => headerAt(n, 1));
    expect(() => writer.update({ ...stateAt(1), viewHeaders })).toThrow('does not fit 16384 bytes a copy');
  });
});

describe('a crash at any step of an update, the copy in flight old, new, mixed or unreadable, and one copy damaged', () => {
  it('never leads below the last completed update, and repairs go on from there through a second crash', () => {
    const seen = new Set<string>();
    for (let steps = 0; steps <= 8; steps++) {
      const { disk, done } = interrupted(before, 11, steps);
      expect(done).toBe(steps === 8);
      for (const torn of disk.afterPowerLoss(ALL_TEARS)) {
        for (const copies of damaged(torn, disk.unsynced?.copy ?? -1)) {
          const first = opened(copies);
          expect([10, 11]).toContain(first.state.commit);
          if (done) expect(first.state.commit).toBe(11);
          seen.add(`${steps}:${first.state.commit}`);
        }
      }
    }
    // Both outcomes occur where both are possible.
    expect([...seen].filter((each) => each.endsWith(':11')).length).toBeGreaterThan(4);
    expect([...seen].filter((each) => each.endsWith(':10')).length).toBeGreaterThan(2);
  });

  it('holds through the repair and the update after it', () => {
    for (let steps = 0; steps <= 8; steps++) {
      const { disk, done } = interrupted(before, 11, steps);
      for (const torn of disk.afterPowerLoss(SOME_TEARS)) {
        for (const copies of damaged(torn, disk.unsynced?.copy ?? -1)) {
          const first = opened(copies);
          const repairs = first.damagedCopies.length * 2;
          for (let again = 0; again <= repairs + 8; again++) {
            const second = interrupted(copies, 20, again);
            expect(second.done).toBe(again === repairs + 8);
            for (const left of second.disk.afterPowerLoss(SOME_TEARS)) {
              const { commit } = opened(left).state;
              // While copies of an unfinished update remain, that update may still come to light; afterwards not.
              if (again >= repairs) expect([first.state.commit, 20]).toContain(commit);
              else expect(done ? [11] : [10, 11]).toContain(commit);
              if (second.done) expect(commit).toBe(20);
            }
          }
        }
      }
    }
  });

  it('holds when the damage comes after the repair, during the next update', () => {
    for (let steps = 0; steps <= 8; steps++) {
      const { disk } = interrupted(before, 11, steps);
      for (const copies of disk.afterPowerLoss(SOME_TEARS)) {
        const first = opened(copies);
        const repairs = first.damagedCopies.length * 2;
        for (let again = repairs; again <= repairs + 8; again++) {
          const second = interrupted(copies, 20, again);
          for (const torn of second.disk.afterPowerLoss(SOME_TEARS)) {
            for (const left of damaged(torn, second.disk.unsynced?.copy ?? -1)) {
              expect(second.done ? [20] : [first.state.commit, 20]).toContain(opened(left).state.commit);
            }
          }
        }
      }
    }
  });
});
