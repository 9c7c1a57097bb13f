import { describe, expect, test } from 'vitest';
import { drain } from '../support/core.ts';
import { type DiskBench, filled, prepared, readNow, syncNow, writeNow } from '../support/disk.ts';

const S = 4096;

function open(b: DiskBench): string[] {
  return b.core.ledger.openOf(0).map((entry) => `${entry.faultClass} ${entry.label} ${entry.file}/${entry.sector}`);
}

/** Writes the whole sector again and syncs: every damage must be gone after it. */
function heals(b: DiskBench, sector: number): void {
  expect(writeNow(b, 'zone', sector * S, filled(S, 200))).toBe('');
  expect(syncNow(b, 'zone')).toBe('');
  expect(b.disk.peekDurable('zone', sector * S, S)).toEqual(filled(S, 200));
  expect(open(b).filter((line) => line.endsWith(`zone/${sector}`))).toEqual([]);
}

describe('reported errors (class A)', () => {
  test('EIO on the next matching read and write, once each; the write does not reach the cache', () => {
    const b = prepared(2);
    b.disk.faults.failNext('read', 'r', 'zo');
    b.disk.faults.failNext('write', 'w');
    b.disk.createFile('other', S);
    expect(readNow(b, 'other', 0, 4)).toEqual(new Uint8Array(4));
    expect(readNow(b, 'zone', 0, 4)).toBe('EIO');
    expect(readNow(b, 'zone', 0, 4)).toEqual(filled(4, 1));
    expect(writeNow(b, 'zone', 0, filled(4, 9))).toBe('EIO');
    expect(b.disk.peekCached('zone', 0, 4)).toEqual(filled(4, 1));
    expect(writeNow(b, 'zone', 0, filled(4, 9))).toBe('');
    expect(b.fired).toEqual(['r', 'w']);
    expect(open(b)).toEqual([]);
    expect(b.disk.faults.armed).toBe(0);
  });

  test.each(['ext4', 'xfs', 'btrfs'] as const)('a failing fsync on %s (R4)', (failure) => {
    const fates = new Set<string>();
    for (let label = 0; label < 60; label++) {
      const b = prepared(2);
      b.disk.faults.failNextFsync(`f${label}`, '', failure);
      writeNow(b, 'zone', 0, filled(2048, 50));
      expect(syncNow(b, 'zone')).toBe('EIO');
      expect(b.fired).toEqual([`f${label}`]);
      const left = b.disk.peekDurable('zone', 0, S)!;
      const units = [0, 512, 1024, 1536].map((at) => left[at]!);
      expect(left.subarray(2048)).toEqual(filled(2048, 1));
      const fate = units.every((one) => one === 50) ? 'new' : units.every((one) => one === 1) ? 'old' : 'torn';
      fates.add(fate);
      expect(open(b)).toEqual(fate === 'new' ? [] : [`A f${label} zone/0`]);
      // Marked clean: the next fsync succeeds, does nothing, and reads show what the file system says.
      expect(b.disk.dirtySectors()).toBe(0);
      expect(syncNow(b, 'zone')).toBe('');
      expect(b.disk.peekDurable('zone', 0, S)).toEqual(left);
      expect(readNow(b, 'zone', 0, 2048)).toEqual(filled(2048, failure === 'btrfs' ? 1 : 50));
      expect(readNow(b, 'zone', 0, S, true)).toEqual(left);
      if (label % 3 === 0) b.disk.dropCaches();
      else if (label % 3 === 1) b.disk.powerLoss('cut');
      else heals(b, 0);
      expect(readNow(b, 'zone', 0, S)).toEqual(label % 3 === 2 ? filled(S, 200) : left);
      expect(b.disk.peekDurable('zone', S, S)).toEqual(filled(S, 2));
    }
    expect(fates).toEqual(new Set(['new', 'old', 'torn']));
  });

  test('a failing fsync leaves what was written after its issue to the next one', () => {
    const b = prepared(2);
    b.disk.faults.failNextFsync('f', 'zone', 'ext4');
    b.disk.write(1, 'zone', 0, filled(8, 50), 0, 0);
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.write(1, 'zone', 0, filled(4, 51), 0, 0);
    expect(drain(b.core, b.disk).some((op) => op.error === 'EIO')).toBe(true);
    expect(b.disk.dirtySectors()).toBe(1);
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(Uint8Array.of(51, 51, 51, 51, 50, 50, 50, 50));
    expect(open(b)).toEqual([]);
  });
});

describe('lying fsync (class C)', () => {
  test('reports success, keeps the pages, and loses them with the power', () => {
    const b = prepared(3);
    b.disk.faults.lieFsync('lie', 1);
    expect(syncNow(b, 'zone')).toBe('');
    expect(b.fired).toEqual([]); // nothing to lie about
    writeNow(b, 'zone', 0, filled(8, 50));
    expect(syncNow(b, 'zone')).toBe('');
    expect(b.fired).toEqual(['lie']);
    writeNow(b, 'zone', S, filled(8, 51));
    syncNow(b, 'zone');
    expect(readNow(b, 'zone', 0, 8)).toEqual(filled(8, 50));
    expect(b.disk.faults.atRiskSectors()).toEqual([{ file: 'zone', sector: 0, label: 'lie' }]);
    expect(open(b)).toEqual([]);
    b.disk.powerLoss('cut', 'mix', 65_536, 0);
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 1));
    expect(b.disk.peekDurable('zone', S, 8)).toEqual(filled(8, 51));
    expect(open(b)).toEqual(['C lie zone/0']);
    heals(b, 0);
  });

  test('is harmless after a late write-back or an honest rewrite of the sector', () => {
    for (const way of ['write-back', 'rewrite'] as const) {
      const b = prepared(2);
      b.disk.faults.lieFsync('lie', 1);
      writeNow(b, 'zone', 0, filled(8, 50));
      syncNow(b, 'zone');
      if (way === 'write-back') b.disk.faults.writeBackLied();
      else {
        writeNow(b, 'zone', 100, filled(1, 7));
        syncNow(b, 'zone');
      }
      expect(b.disk.faults.atRiskSectors()).toEqual([]);
      b.disk.powerLoss('cut');
      expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 50));
      expect(open(b)).toEqual([]);
    }
  });

  test('a sector rewritten but not synced after the lie is damaged unless the rewrite survives', () => {
    const b = prepared(2);
    b.disk.faults.lieFsync('lie', 1);
    b.disk.write(1, 'zone', 0, filled(8, 50), 0, 0);
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.write(1, 'zone', 4, filled(8, 51), 0, 0);
    drain(b.core, b.disk);
    b.disk.powerLoss('cut', 'mix', 0, 0);
    expect(b.disk.peekDurable('zone', 0, 12)).toEqual(filled(12, 1));
    expect(open(b)).toEqual(['C lie zone/0']);
    const c = prepared(2);
    c.disk.faults.lieFsync('lie', 1);
    writeNow(c, 'zone', 0, filled(8, 50));
    syncNow(c, 'zone');
    writeNow(c, 'zone', 4, filled(8, 51));
    c.disk.powerLoss('cut', 'mix', 65_536, 0);
    expect(c.disk.peekDurable('zone', 0, 4)).toEqual(filled(4, 50));
    expect(open(c)).toEqual([]);
  });

  test('the atlas may refuse it, and the fault stays armed', () => {
    const b = prepared(1);
    b.disk.admit = () => false;
    b.disk.faults.lieFsync('lie', 1);
    writeNow(b, 'zone', 0, filled(8, 50));
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 50));
    expect(b.fired).toEqual([]);
    expect(b.disk.faults.rot('rot', 'zone', 0, 1)).toBe(false);
    expect(b.disk.faults.latentError('bad', 'zone', 0)).toBe(false);
    expect(b.disk.faults.loseDisk('gone')).toBe(false);
    expect(open(b)).toEqual([]);
    b.disk.admit = null;
    writeNow(b, 'zone', 0, filled(8, 51));
    syncNow(b, 'zone');
    expect(b.fired).toEqual(['lie']);
  });
});

describe('writes that go wrong below the cache (class C)', () => {
  test('lost: acknowledged and synced, then the old bytes are back; a later write heals', () => {
    const b = prepared(2);
    b.disk.faults.loseNextWrite('lost');
    writeNow(b, 'zone', 0, filled(8, 50));
    expect(b.disk.peekCached('zone', 0, 8)).toEqual(filled(8, 50));
    expect(b.fired).toEqual([]);
    expect(syncNow(b, 'zone')).toBe('');
    expect(b.fired).toEqual(['lost']);
    expect(readNow(b, 'zone', 0, 8)).toEqual(filled(8, 1));
    expect(open(b)).toEqual(['C lost zone/0']);
    // Rewriting other bytes of the sector proves nothing about the lost ones.
    writeNow(b, 'zone', 100, filled(8, 60));
    syncNow(b, 'zone');
    expect(open(b)).toEqual(['C lost zone/0']);
    writeNow(b, 'zone', 0, filled(8, 50));
    syncNow(b, 'zone');
    expect(open(b)).toEqual([]);
  });

  test('lost, of equal bytes: nothing happened', () => {
    const b = prepared(2);
    b.disk.faults.loseNextWrite('lost');
    writeNow(b, 'zone', 0, filled(8, 1));
    syncNow(b, 'zone');
    expect(b.fired).toEqual([]);
    expect(open(b)).toEqual([]);
  });

  test('lost while a newer write waits: the newer one brings the bytes and closes the entry', () => {
    const b = prepared(1);
    b.disk.faults.loseNextWrite('lost');
    b.disk.write(1, 'zone', 0, filled(8, 50), 0, 0);
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.write(1, 'zone', 20, filled(8, 51), 0, 0);
    drain(b.core, b.disk);
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 1));
    expect(open(b)).toEqual(['C lost zone/0']);
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 50));
    expect(open(b)).toEqual([]);
  });

  test('torn: units of the synced write are old or new', () => {
    const masks = new Set<number>();
    for (let label = 0; label < 80; label++) {
      const b = prepared(2);
      b.disk.faults.tearNextWrite(`t${label}`);
      writeNow(b, 'zone', 0, filled(1024, 50));
      expect(syncNow(b, 'zone')).toBe('');
      const left = b.disk.peekDurable('zone', 0, S)!;
      expect(readNow(b, 'zone', 0, S)).toEqual(left);
      expect(left.subarray(1024)).toEqual(filled(S - 1024, 1));
      const mask = (left[0] === 50 ? 1 : 0) + (left[512] === 50 ? 2 : 0);
      masks.add(mask);
      expect(b.fired).toEqual(mask === 3 ? [] : [`t${label}`]);
      expect(open(b)).toEqual(mask === 3 ? [] : [`C t${label} zone/0`]);
      heals(b, 0);
    }
    expect(masks).toEqual(new Set([0, 1, 2, 3]));
  });

  test('misdirected: old bytes at the intended place, the page in the other sector, wrapping', () => {
    const b = prepared(3);
    b.disk.faults.misdirectNextWrite('miss', -1);
    writeNow(b, 'zone', 0, filled(8, 50));
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 0, S)).toEqual(filled(S, 1));
    expect(b.disk.peekDurable('zone', 2 * S, 16)).toEqual(Uint8Array.of(...filled(8, 50), ...filled(8, 1)));
    expect(open(b).sort((x, y) => (x < y ? -1 : 1))).toEqual(['B miss zone/2', 'C miss zone/0']);
    expect(b.fired).toEqual(['miss']);
    expect(b.disk.peekDurable('zone', S, S)).toEqual(filled(S, 2));
    heals(b, 0);
    heals(b, 2);
  });

  test('a dirty page above the place where a write lands heals it whole', () => {
    const b = prepared(2);
    writeNow(b, 'zone', 0, filled(8, 50));
    b.disk.faults.misdirectNextWrite('miss', 1);
    writeNow(b, 'zone', 0, filled(8, 51));
    b.disk.fsync(1, 'zone', 0, 0);
    b.disk.write(1, 'zone', S + 8, filled(8, 60), 0, 0);
    drain(b.core, b.disk);
    expect(open(b)).toEqual(['B miss zone/1', 'C miss zone/0']);
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', S, 8)).toEqual(filled(8, 2));
    expect(b.disk.peekDurable('zone', S + 8, 8)).toEqual(filled(8, 60));
    expect(open(b)).toEqual(['C miss zone/0']);
  });

  test('a power loss forgets the fault with the un-synced write', () => {
    const b = prepared(1);
    b.disk.faults.loseNextWrite('lost');
    writeNow(b, 'zone', 0, filled(8, 50));
    b.disk.powerLoss('cut', 'mix', 65_536, 0);
    expect(b.disk.peekDurable('zone', 0, 8)).toEqual(filled(8, 50));
    expect(b.fired).toEqual([]);
    expect(open(b)).toEqual([]);
  });
});

describe('reads that go wrong (class C)', () => {
  test('misdirected read: once, from the device only', () => {
    const b = prepared(3);
    b.disk.faults.misdirectNextRead('miss', 1);
    writeNow(b, 'zone', 0, filled(8, 50));
    expect(readNow(b, 'zone', 0, 8)).toEqual(filled(8, 50));
    expect(readNow(b, 'zone', 2 * S, 8)).toEqual(filled(8, 1));
    expect(b.fired).toEqual(['miss']);
    expect(open(b)).toEqual(['C miss zone/2']);
    expect(readNow(b, 'zone', 2 * S, 8)).toEqual(filled(8, 3));
    heals(b, 2);
  });

  test('stale read: the bytes before the last change, where history is kept', () => {
    const b = prepared(2);
    expect(b.disk.faults.staleRead('stale', 'zone', 0)).toBe(false);
    b.disk.faults.keepHistory('zo');
    writeNow(b, 'zone', 0, filled(8, 50));
    syncNow(b, 'zone');
    expect(b.disk.faults.staleRead('stale', 'zone', 0)).toBe(true);
    expect(readNow(b, 'zone', S, 8)).toEqual(filled(8, 2));
    const wrong = readNow(b, 'zone', 0, 2 * S) as Uint8Array;
    expect(wrong.subarray(0, S)).toEqual(filled(S, 1));
    expect(wrong.subarray(S)).toEqual(filled(S, 2));
    expect(b.fired).toEqual(['stale']);
    expect(open(b)).toEqual(['C stale zone/0']);
    expect(readNow(b, 'zone', 0, 8)).toEqual(filled(8, 50));
  });
});
