import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DiskOp } from '../../src/sim/api.ts';
import { digestBytes } from '../../src/sim/disk-digest.ts';
import { drain } from '../support/core.ts';
import { bench, filled, prepared, readNow, syncNow, writeNow } from '../support/disk.ts';

const S = 4096;
const GOLDEN = [-146_460_991, -136_978_162];

describe('reads and writes', () => {
  test('never-written bytes are zero, and a read stops at the end of the file', () => {
    const b = bench();
    b.disk.createFile('zone', 3 * S);
    expect(writeNow(b, 'zone', 100, filled(10, 7))).toBe('');
    expect(readNow(b, 'zone', 98, 4)).toEqual(Uint8Array.of(0, 0, 7, 7));
    expect(readNow(b, 'zone', 3 * S - 2, 10)).toEqual(new Uint8Array(2));
    expect(readNow(b, 'absent', 0, 1)).toBe('ENOENT');
    expect(writeNow(b, 'absent', 0, filled(1, 1))).toBe('ENOENT');
  });

  test('the caller may reuse its buffer after the call', () => {
    const b = bench();
    b.disk.createFile('zone', S);
    const bytes = filled(8, 1);
    b.disk.write(1, 'zone', 0, bytes, 0, 0);
    bytes.fill(9);
    drain(b.core, b.disk);
    expect(b.disk.peekCached('zone', 0, 8)).toEqual(filled(8, 1));
  });

  test('tokens, tags and incarnation come back; completions carry the time of the queue', () => {
    const b = bench();
    b.disk.createFile('zone', S);
    b.disk.write(3, 'zone', 0, filled(8, 1), 17, 23);
    const event = b.core.next()!;
    const op = event.ref as DiskOp;
    expect([event.a, op.token, op.tag, op.kind]).toEqual([3, 17, 23, 'write']);
    expect(event.atUs).toBeGreaterThanOrEqual(b.disk.options.writeLatencyUsMin);
  });
});

type Step =
  | { kind: 'write'; file: number; offset: number; length: number; value: number }
  | { kind: 'fsync'; file: number }
  | { kind: 'direct'; file: number; offset: number; length: number; value: number }
  | { kind: 'step' };

const FILES = ['a', 'b'];
const SIZE = 2048;

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('write' as const, 'write' as const, 'write' as const, 'direct' as const),
        file: fc.nat(1),
        offset: fc.nat(SIZE - 1),
        length: fc.integer({ min: 1, max: 1400 }),
        value: fc.integer({ min: 1, max: 255 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fsync' as const), file: fc.nat(1) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
  ),
  { maxLength: 60, size: 'max' },
);

/** The naive model: whole files, and a copy of the file for every fsync in flight. */
interface ModelFile {
  cached: Uint8Array;
  durable: Uint8Array;
  applied: number;
  issued: number;
  readonly snapshots: Map<number, { sequence: number; bytes: Uint8Array }>;
}

describe('against a naive model', () => {
  test.each([512, 1024, 4096])('cache and device agree after every step (sectors of %i bytes)', (sectorBytes) => {
    fc.assert(
      fc.property(fc.integer(), steps, (seed, list) => {
        // Wide fsync latencies let fsyncs overtake one another.
        const b = bench(seed, { sectorBytes, fsyncLatencyUsMin: 1, fsyncLatencyUsMean: 400 });
        const models: ModelFile[] = FILES.map((name) => {
          b.disk.createFile(name, SIZE);
          syncNow(b, name);
          const zero = (): Uint8Array => new Uint8Array(SIZE);
          return { cached: zero(), durable: zero(), applied: 0, issued: 0, snapshots: new Map() };
        });
        let token = 0;
        for (const step of list as Step[]) {
          if (step.kind === 'write') {
            const bytes = filled(Math.min(step.length, SIZE - step.offset), step.value);
            b.disk.write(1, FILES[step.file]!, step.offset, bytes, token++, 0);
            models[step.file]!.cached.set(bytes, step.offset);
          } else if (step.kind === 'direct') {
            b.disk.readDirect(1, FILES[step.file]!, step.offset, step.length, token++, 0);
          } else if (step.kind === 'fsync') {
            const model = models[step.file]!;
            model.snapshots.set(token, { sequence: ++model.issued, bytes: model.cached.slice() });
            b.disk.fsync(1, FILES[step.file]!, token++, 0);
          } else {
            const event = b.core.next();
            if (event === null) continue;
            const op = event.ref as DiskOp;
            expect(b.disk.complete(op)).toBe(true);
            const model = models[FILES.indexOf(op.file)]!;
            if (op.kind === 'read') {
              expect(op.bytes).toEqual(model.cached.slice(op.offsetBytes, op.offsetBytes + op.lengthBytes));
              const from = Math.floor(op.offsetBytes / sectorBytes) * sectorBytes;
              const to = Math.ceil((op.offsetBytes + op.lengthBytes) / sectorBytes) * sectorBytes;
              const flushed = model.cached.subarray(from, to);
              for (const bytes of [model.durable, ...[...model.snapshots.values()].map((one) => one.bytes)]) {
                bytes.set(flushed, from);
              }
            }
            const snapshot = model.snapshots.get(op.token);
            if (snapshot !== undefined && snapshot.sequence > model.applied) {
              model.applied = snapshot.sequence;
              model.durable = snapshot.bytes;
            }
          }
          for (const [index, model] of models.entries()) {
            expect(b.disk.peekCached(FILES[index]!, 0, SIZE)).toEqual(model.cached);
            expect(b.disk.peekDurable(FILES[index]!, 0, SIZE)).toEqual(model.durable);
          }
        }
        expect(b.core.ledger.entries).toEqual([]);
      }),
      { seed: 20_260_206, numRuns: 150 },
    );
  });
});

describe('fsync', () => {
  test('covers the write before it and not the one after it, on the same sector', () => {
    const b = bench();
    b.disk.createFile('zone', S);
    b.disk.write(1, 'zone', 0, filled(8, 1), 0, 0);
    b.disk.fsync(1, 'zone', 1, 0);
    b.disk.write(1, 'zone', 4, filled(8, 2), 2, 0);
    drain(b.core, b.disk);
    expect(b.disk.peekDurable('zone', 0, 12)).toEqual(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    expect(b.disk.peekCached('zone', 0, 12)).toEqual(Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2));
    expect(b.disk.dirtySectors()).toBe(1);
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, 12)).toEqual(b.disk.peekCached('zone', 0, 12));
    expect(b.disk.dirtySectors()).toBe(0);
  });

  test('is of one file', () => {
    const b = bench();
    for (const file of ['a', 'b']) {
      b.disk.createFile(file, S);
      b.disk.write(1, file, 0, filled(4, 5), 0, 0);
    }
    expect(syncNow(b, 'a')).toBe('');
    expect(b.disk.peekDurable('a', 0, 4)).toEqual(filled(4, 5));
    expect(b.disk.peekDurable('b', 0, 4)).toBeNull();
    expect(syncNow(b, 'absent')).toBe('ENOENT');
  });

  test('a direct read writes every un-synced state of its range back, and a later fsync does not undo it', () => {
    const b = prepared(2);
    b.disk.write(1, 'zone', 0, filled(8, 50), 0, 0);
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.write(1, 'zone', 0, filled(8, 51), 0, 0);
    b.disk.write(1, 'zone', S, filled(8, 52), 0, 0);
    b.disk.readDirect(1, 'zone', 0, 8, 0, 0);
    const ops = drain(b.core, b.disk);
    expect(ops.find((op) => op.kind === 'read')!.bytes).toEqual(filled(8, 51));
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 51));
    expect(b.disk.peekDurable('zone', S, 8)).toEqual(filled(8, 2));
  });
});

describe('process crash (R2)', () => {
  test('keeps the page cache; an fsync in flight still takes effect', () => {
    const b = bench();
    b.disk.createFile('zone', S);
    b.disk.write(1, 'zone', 0, filled(8, 1), 0, 0);
    b.disk.fsync(1, 'zone', 1, 0);
    b.disk.write(1, 'zone', 8, filled(8, 2), 2, 0);
    b.disk.processCrash();
    expect(b.disk.peekCached('zone', 8, 8)).toEqual(filled(8, 2));
    drain(b.core, b.disk);
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 1));
    expect(b.disk.peekDurable('zone', 8, 8)).toEqual(new Uint8Array(8));
  });
});

describe('room', () => {
  test('a file that does not fit is refused; writes inside an allocated file never fail', () => {
    const b = bench(1, { capacityBytes: 10 * S });
    expect(b.disk.createFile('zone', 8 * S)).toBe('');
    expect(b.disk.createFile('more', 3 * S)).toBe('ENOSPC');
    expect(b.disk.fileExists('more')).toBe(false);
    b.disk.faults.disarm();
    b.disk.setFull('full', 100);
    expect(b.fired).toEqual(['full']);
    expect(b.disk.usedBytes()).toBe(10 * S);
    expect(writeNow(b, 'zone', 7 * S, filled(S, 1))).toBe('');
    expect(writeNow(b, 'zone', 7 * S, filled(S + 1, 1))).toBe('ENOSPC');
    expect(b.disk.fileSizeBytes('zone')).toBe(8 * S);
    b.disk.setFill(0);
    expect(writeNow(b, 'zone', 8 * S, filled(2, 1))).toBe('');
    expect(b.disk.fileSizeBytes('zone')).toBe(8 * S + 2);
  });

  test('sparse files fail where they were never written', () => {
    const b = bench(1, { capacityBytes: 4 * S });
    b.disk.sparse = true;
    expect(b.disk.createFile('zone', 100 * S)).toBe('');
    expect(writeNow(b, 'zone', 50 * S, filled(3 * S, 1))).toBe('');
    expect(writeNow(b, 'zone', 0, filled(2 * S, 1))).toBe('ENOSPC');
    expect(writeNow(b, 'zone', 51 * S, filled(S, 2))).toBe('');
    expect(b.disk.usedBytes()).toBe(3 * S);
  });

  test('buffers are charged once and reused', () => {
    const b = prepared(4);
    const before = b.disk.allocatedBytes;
    for (let round = 0; round < 50; round++) {
      writeNow(b, 'zone', 0, filled(4 * S, round));
      syncNow(b, 'zone');
    }
    expect(b.disk.allocatedBytes).toBeLessThanOrEqual(before + 4 * S);
  });
});

describe('time', () => {
  test('latencies follow minimum and mean', () => {
    const b = bench(1, { readLatencyUsMin: 50, readLatencyUsMean: 150, queueDepth: 4096 });
    b.disk.createFile('zone', 4096 * S);
    for (let sector = 0; sector < 4096; sector++) b.disk.read(1, 'zone', sector * S, 0, 0, 0);
    let sumUs = 0;
    for (const event of b.core.queue) {
      expect(event.atUs).toBeGreaterThanOrEqual(50);
      sumUs += event.atUs;
    }
    expect(sumUs / 4096).toBeGreaterThan(145);
    expect(sumUs / 4096).toBeLessThan(155);
  });

  test('a full queue makes later requests wait, and bandwidth is shared', () => {
    const constant = { writeLatencyUsMin: 100, writeLatencyUsMean: 100 };
    const b = bench(1, { ...constant, queueDepth: 2 });
    b.disk.createFile('zone', S);
    for (let request = 0; request < 6; request++) b.disk.write(1, 'zone', 0, filled(8, 1), request, 0);
    expect(b.core.queue.map((event) => event.atUs)).toEqual([100, 100, 200, 200, 300, 300]);
    const slow = bench(1, { ...constant, queueDepth: 8, bytesPerMs: 8 * S });
    slow.disk.createFile('zone', 8 * S);
    for (let request = 0; request < 4; request++) slow.disk.write(1, 'zone', 0, filled(S, 1), request, 0);
    expect(slow.core.queue.map((event) => event.atUs)).toEqual([125, 250, 375, 500]);
  });

  test('slow disk, IOPS cap and stall', () => {
    const b = bench(1, { writeLatencyUsMin: 100, writeLatencyUsMean: 100 });
    b.disk.createFile('zone', S);
    b.disk.queue.slowFactorPermille = 3000;
    b.disk.write(1, 'zone', 0, filled(8, 1), 0, 0);
    expect(b.core.queue[0]!.atUs).toBe(300);
    drain(b.core, b.disk);
    b.disk.queue.slowFactorPermille = 1000;
    b.disk.queue.iopsMax = 1000;
    for (let request = 0; request < 3; request++) b.disk.write(1, 'zone', 0, filled(8, 1), request, 0);
    expect(b.core.queue.map((event) => event.atUs)).toEqual([400, 1400, 2400]);
    // A stall holds back what is in flight already.
    b.disk.queue.stallUntilUs = 5000;
    b.disk.fsync(1, 'zone', 9, 0);
    const done = drain(b.core, b.disk);
    expect(done.map((op) => op.token)).toHaveLength(4);
    expect(b.core.nowUs).toBeGreaterThanOrEqual(5000);
    expect(b.disk.counters.writes).toBe(4);
    expect(b.disk.counters.awaitUs).toBeGreaterThan(3 * 4000);
  });

  test('equal seeds give equal hashes, other bytes another one', () => {
    const run = (seed: number, value: number): string => {
      const b = prepared(4, seed);
      writeNow(b, 'zone', 10, filled(100, value));
      b.disk.powerLoss('cut');
      return b.core.trace.hash();
    };
    expect(run(4, 1)).toBe(run(4, 1));
    expect(run(4, 1)).not.toBe(run(4, 2));
    expect(run(4, 1)).not.toBe(run(5, 1));
  });
});

describe('digest', () => {
  test('is of the bytes and their number, at any alignment, long or short', () => {
    for (const length of [0, 3, 8, 255, 511, 512, 4096, 5001]) {
      const bytes = filled(length + 3, 0).map((_, index) => (index * 37) & 255);
      const digest = digestBytes(bytes.subarray(3));
      expect(digestBytes(bytes.slice(3))).toBe(digest);
      expect(digestBytes(bytes.subarray(2))).not.toBe(digest);
      for (let at = 0; at < length; at += 97) {
        const other = bytes.slice(3);
        other[at] = other[at]! ^ 1;
        expect(digestBytes(other)).not.toBe(digest);
      }
    }
    // Both ways of reading words: golden values, so that a change of either shows.
    expect([filled(256, 5), filled(4096, 5)].map((bytes) => digestBytes(bytes))).toEqual(GOLDEN);
  });
});

describe('sector versions (R29)', () => {
  test('any change of what a process reads gives another version', () => {
    const b = prepared(2);
    const seen: number[] = [];
    const look = (): void => void seen.push(b.disk.sectorVersion('zone', 0));
    look();
    writeNow(b, 'zone', 0, filled(4, 90));
    look();
    b.disk.powerLoss('cut', 'mix', 0, 0);
    look();
    b.disk.faults.rot('rot', 'zone', 0, 3);
    look();
    b.disk.removeFile('zone');
    b.disk.createFile('zone', S);
    writeNow(b, 'zone', 0, filled(4, 1));
    look();
    expect([...new Set(seen)].sort((x, y) => x - y)).toEqual(seen);
    expect(seen).toHaveLength(5);
  });
});
