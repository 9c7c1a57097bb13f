import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DiskOp } from '../../src/sim/api.ts';
import { drain } from '../support/core.ts';
import { bench, type DiskBench, filled, prepared, readNow, syncNow, writeNow } from '../support/disk.ts';

const S = 4096;
const UNIT = 512;
const SECTORS = 3;
const SIZE = SECTORS * S;

interface Shadow {
  cached: Uint8Array;
  durable: Uint8Array;
  /** Number of writes that the last completed fsync covers. */
  covered: number;
  /** Sectors of each write, in the order of issue. */
  readonly writes: number[][];
  readonly snapshots: Map<number, { covers: number; bytes: Uint8Array }>;
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        offset: fc.nat(SIZE - 1),
        length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 5000 })),
        value: fc.integer({ min: 1, max: 255 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fsync' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
);

/** Runs random writes, fsyncs and completions, and keeps what R3 needs to know beside it. */
function play(
  b: DiskBench,
  list: readonly { kind: string; offset?: number; length?: number; value?: number }[],
): Shadow {
  const shadow: Shadow = {
    cached: new Uint8Array(SIZE),
    durable: new Uint8Array(SIZE),
    covered: 0,
    writes: [],
    snapshots: new Map(),
  };
  b.disk.createFile('zone', SIZE);
  syncNow(b, 'zone');
  let token = 0;
  for (const step of list) {
    token++;
    if (step.kind === 'write') {
      const bytes = filled(Math.min(step.length!, SIZE - step.offset!), step.value!);
      b.disk.write(1, 'zone', step.offset!, bytes, token, 0);
      shadow.cached.set(bytes, step.offset!);
      const sectors: number[] = [];
      for (let at = Math.floor(step.offset! / S); at * S < step.offset! + bytes.length; at++) sectors.push(at);
      shadow.writes.push(sectors);
    } else if (step.kind === 'fsync') {
      shadow.snapshots.set(token, { covers: shadow.writes.length, bytes: shadow.cached.slice() });
      b.disk.fsync(1, 'zone', token, 0);
    } else {
      const op = b.core.next()?.ref as DiskOp | undefined;
      if (op === undefined) continue;
      b.disk.complete(op);
      const snapshot = shadow.snapshots.get(op.token);
      if (snapshot === undefined) continue;
      shadow.snapshots.delete(op.token);
      if (snapshot.covers < shadow.covered) continue;
      shadow.covered = snapshot.covers;
      shadow.durable = snapshot.bytes;
    }
  }
  return shadow;
}

function unsyncedSectors(shadow: Shadow): Set<number> {
  return new Set(shadow.writes.slice(shadow.covered).flat());
}

describe('what R3 protects', () => {
  test('mix: every 512 B unit is one of its states since the last sync, and synced sectors are untouched', () => {
    let torn = 0;
    fc.assert(
      fc.property(fc.integer(), fc.string({ maxLength: 4 }), steps, (seed, label, list) => {
        const b = bench(seed, { fsyncLatencyUsMin: 1, fsyncLatencyUsMean: 400 });
        const shadow = play(b, list);
        const dirty = unsyncedSectors(shadow);
        b.disk.powerLoss(label, 'mix', 10_000, 40_000);
        const left = b.disk.peekDurable('zone', 0, SIZE)!;
        expect(left).toEqual(b.disk.peekCached('zone', 0, SIZE));
        const states = [shadow.durable, shadow.cached, ...[...shadow.snapshots.values()].map((one) => one.bytes)];
        for (let sector = 0; sector < SECTORS; sector++) {
          const whole = left.subarray(sector * S, (sector + 1) * S);
          if (!dirty.has(sector)) {
            expect(whole).toEqual(shadow.durable.subarray(sector * S, (sector + 1) * S));
            continue;
          }
          let sectorTorn = true;
          for (const state of states) if (same(whole, state, sector * S)) sectorTorn = false;
          if (sectorTorn) torn++;
          for (let at = sector * S; at < (sector + 1) * S; at += UNIT) {
            const unit = left.subarray(at, at + UNIT);
            expect(states.some((state) => same(unit, state, at))).toBe(true);
          }
        }
        expect(b.core.ledger.entries).toEqual([]);
        expect(b.disk.dirtySectors()).toBe(0);
      }),
      { seed: 7, numRuns: 300 },
    );
    expect(torn).toBeGreaterThan(20);
  });

  test('unreadable: only sectors with un-synced writes are lost, each with a class B entry', () => {
    let lost = 0;
    fc.assert(
      fc.property(fc.integer(), fc.string({ maxLength: 4 }), steps, (seed, label, list) => {
        const b = bench(seed, { fsyncLatencyUsMin: 1, fsyncLatencyUsMean: 400 });
        const shadow = play(b, list);
        const dirty = unsyncedSectors(shadow);
        b.disk.powerLoss(label, 'unreadable', 0, 65_536);
        for (let sector = 0; sector < SECTORS; sector++) {
          const left = b.disk.peekDurable('zone', sector * S, S);
          const entry = b.core.ledger.find(0, 'zone', sector);
          if (dirty.has(sector)) {
            lost++;
            expect(left).toBeNull();
            expect(readNow(b, 'zone', sector * S, 1)).toBe('EIO');
            expect(entry).toMatchObject({ faultClass: 'B', label });
          } else {
            expect(left).toEqual(shadow.durable.slice(sector * S, (sector + 1) * S));
            expect(entry).toBeNull();
          }
        }
      }),
      { seed: 8, numRuns: 200 },
    );
    expect(lost).toBeGreaterThan(50);
  });
});

function same(part: Uint8Array, whole: Uint8Array, at: number): boolean {
  return part.every((value, index) => value === whole[at + index]);
}

describe('what a power loss can do', () => {
  test('every subset of the un-synced sectors can survive', () => {
    const seen = new Set<number>();
    for (let label = 0; label < 600 && seen.size < 32; label++) {
      const b = prepared(5);
      for (let sector = 0; sector < 5; sector++) writeNow(b, 'zone', sector * S + 9, filled(20, 99));
      b.disk.powerLoss(`cut-${label}`, 'mix', 32_768, 0);
      let mask = 0;
      for (let sector = 0; sector < 5; sector++) {
        const value = b.disk.peekDurable('zone', sector * S + 9, 20)!;
        expect([99, sector + 1]).toContain(value[0]);
        expect(value).toEqual(filled(20, value[0]!));
        if (value[0] === 99) mask |= 1 << sector;
      }
      seen.add(mask);
    }
    expect(seen.size).toBe(32);
  });

  test('every subset of the units of a torn sector can survive, over seeds too', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 400 && seen.size < 16; seed++) {
      const b = prepared(1, seed);
      writeNow(b, 'zone', 0, filled(4 * UNIT, 99));
      b.disk.powerLoss('cut', 'mix', 0, 65_536);
      let mask = 0;
      for (let unit = 0; unit < 4; unit++) if (b.disk.peekDurable('zone', unit * UNIT, 1)![0] === 99) mask |= 1 << unit;
      seen.add(mask);
      expect(b.disk.peekDurable('zone', 4 * UNIT, S - 4 * UNIT)).toEqual(filled(S - 4 * UNIT, 1));
    }
    expect(seen.size).toBe(16);
  });

  test('of two un-synced states of a sector either, or neither, can be what is left', () => {
    const seen = new Set<number>();
    for (let label = 0; label < 200; label++) {
      const b = prepared(1);
      b.disk.write(1, 'zone', 0, filled(8, 50), 0, 0);
      b.disk.fsync(1, 'zone', 0, 0);
      b.disk.write(1, 'zone', 0, filled(8, 51), 0, 0);
      b.disk.powerLoss(`cut-${label}`, 'mix', 32_768, 0);
      seen.add(b.disk.peekDurable('zone', 0, 1)![0]!);
      // What was in flight is gone, and nothing of it arrives later.
      const before = b.disk.peekDurable('zone', 0, S);
      expect(drain(b.core, b.disk)).toEqual([]);
      expect(b.disk.peekDurable('zone', 0, S)).toEqual(before);
    }
    expect(seen).toEqual(new Set([1, 50, 51]));
  });

  test('the fate of a sector does not depend on other sectors', () => {
    for (let label = 0; label < 40; label++) {
      const alone = prepared(3);
      writeNow(alone, 'zone', S, filled(UNIT * 2, 9));
      alone.disk.powerLoss(`cut-${label}`);
      const crowd = prepared(3);
      for (const sector of [2, 1, 0]) writeNow(crowd, 'zone', sector * S, filled(UNIT * 2, 9));
      crowd.disk.powerLoss(`cut-${label}`);
      expect(crowd.disk.peekDurable('zone', S, S)).toEqual(alone.disk.peekDurable('zone', S, S));
    }
  });

  test('an unreadable sector is readable again after the whole of it was rewritten, and the entry closes with the sync', () => {
    const b = prepared(2);
    writeNow(b, 'zone', 0, filled(10, 9));
    b.disk.powerLoss('cut', 'unreadable', 0, 65_536);
    expect(b.fired).toEqual(['cut']);
    expect(writeNow(b, 'zone', 0, filled(10, 9))).toBe('EIO');
    expect(writeNow(b, 'zone', 0, filled(S, 9))).toBe('');
    expect(readNow(b, 'zone', 0, S)).toEqual(filled(S, 9));
    expect(b.core.ledger.openOf(0)).toHaveLength(1);
    syncNow(b, 'zone');
    expect(b.core.ledger.openOf(0)).toHaveLength(0);
    expect(b.disk.peekDurable('zone', 0, S)).toEqual(filled(S, 9));
  });
});

describe('directory operations (R2)', () => {
  test('a file without an fsync of its own may vanish, bytes and all', () => {
    const seen = new Set<boolean>();
    for (let label = 0; label < 40; label++) {
      const b = prepared(1);
      b.disk.createFile('new', S);
      writeNow(b, 'new', 0, filled(8, 1));
      syncNow(b, 'zone');
      expect(b.disk.durableSizeBytes('new')).toBe(-1);
      b.disk.powerLoss(`cut-${label}`);
      seen.add(b.disk.fileExists('new'));
      expect(b.disk.fileExists('zone')).toBe(true);
    }
    expect(seen).toEqual(new Set([true, false]));
  });

  test('a prefix of the pending operations survives, every prefix can', () => {
    const seen = new Set<string>();
    for (let label = 0; label < 200; label++) {
      const b = prepared(1);
      b.disk.createFile('one', S);
      b.disk.renameFile('zone', 'old');
      b.disk.createFile('two', S);
      b.disk.removeFile('one');
      b.disk.powerLoss(`cut-${label}`);
      seen.add(b.disk.files().join(' '));
    }
    expect(seen).toEqual(new Set(['zone', 'one zone', 'old one', 'old one two', 'old two']));
  });

  test('fsync of a name makes its operations durable, with those that they build on', () => {
    const b = prepared(1);
    b.disk.createFile('other', S);
    b.disk.createFile('tmp', S);
    writeNow(b, 'tmp', 0, filled(8, 77));
    syncNow(b, 'tmp');
    b.disk.renameFile('tmp', 'zone');
    expect(b.disk.peekDurable('zone', 0, 1)).toEqual(filled(1, 1));
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 77));
    expect(b.disk.durableSizeBytes('tmp')).toBe(-1);
    expect(b.disk.durableSizeBytes('other')).toBe(-1);
    b.disk.removeFile('zone');
    expect(syncNow(b, 'zone')).toBe('');
    expect(syncNow(b, 'zone')).toBe('ENOENT');
    b.disk.powerLoss('cut');
    expect(b.disk.fileExists('zone')).toBe(false);
  });

  test('an fsync in flight does not cover a truncation issued after it; an un-synced one may come undone', () => {
    const seen = new Set<number>();
    for (let label = 0; label < 40; label++) {
      const b = prepared(3);
      b.disk.fsync(1, 'zone', 0, 0);
      b.disk.truncateFile('zone', S + 100);
      drain(b.core, b.disk);
      expect(b.disk.peekDurable('zone', 0, 3 * S)!.subarray(2 * S)).toEqual(filled(S, 3));
      expect(b.disk.peekCached('zone', 0, 3 * S)).toHaveLength(S + 100);
      b.disk.truncateFile('zone', 3 * S);
      expect(b.disk.peekCached('zone', S + 100, 2 * S - 100)).toEqual(new Uint8Array(2 * S - 100));
      b.disk.powerLoss(`cut-${label}`, 'mix', 0, 0);
      const size = b.disk.fileSizeBytes('zone');
      seen.add(size === 3 * S ? b.disk.peekDurable('zone', 2 * S, 1)![0]! : -size);
    }
    expect(seen).toEqual(new Set([3, 0, -(S + 100)]));
  });

  test('durability of a name takes the chain of renames behind it along', () => {
    const b = prepared(1);
    b.disk.createFile('one', S);
    writeNow(b, 'one', 0, filled(8, 9));
    b.disk.renameFile('one', 'two');
    b.disk.renameFile('two', 'three');
    b.disk.createFile('one', S);
    expect(syncNow(b, 'three')).toBe('');
    // The second `one` was created after the chain and nothing of it was synced.
    b.disk.powerLoss('cut-0', 'mix', 0, 0);
    expect(b.disk.peekDurable('three', 0, 8)).toEqual(filled(8, 9));
    expect(b.disk.fileExists('two')).toBe(false);
  });

  test('an extension issued while an fsync is in flight waits for the next one', () => {
    const b = prepared(1);
    b.disk.truncateFile('zone', 2 * S);
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.truncateFile('zone', 3 * S);
    drain(b.core, b.disk);
    expect(b.disk.durableSizeBytes('zone')).toBe(2 * S);
    syncNow(b, 'zone');
    expect(b.disk.durableSizeBytes('zone')).toBe(3 * S);
  });

  test('an extension is durable with the fsync of its file only', () => {
    const b = prepared(1);
    writeNow(b, 'zone', S, filled(8, 5));
    expect(b.disk.durableSizeBytes('zone')).toBe(S);
    syncNow(b, 'zone');
    expect(b.disk.durableSizeBytes('zone')).toBe(S + 8);
    b.disk.powerLoss('cut', 'mix', 0, 0);
    expect(readNow(b, 'zone', S, 100)).toEqual(filled(8, 5));
  });
});
