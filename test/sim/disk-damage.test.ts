import { describe, expect, test } from 'vitest';
import { drain } from '../support/core.ts';
import { bench, type DiskBench, filled, prepared, readNow, syncNow, writeNow } from '../support/disk.ts';

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

describe('damage that a checksum, an address or a size reveals (class B)', () => {
  test('bit rot: one bit, on the device', () => {
    const b = prepared(2);
    expect(b.disk.faults.rot('rot', 'zone', 9, 0)).toBe(false);
    expect(b.disk.faults.rot('rot', 'zone', 0, 8 * 10 + 3)).toBe(true);
    const wanted = filled(S, 1);
    wanted[10] = 1 ^ 8;
    expect(readNow(b, 'zone', 0, S)).toEqual(wanted);
    expect(b.disk.peekDurable('zone', 0, S)).toEqual(wanted);
    expect(open(b)).toEqual(['B rot zone/0']);
    expect(b.fired).toEqual(['rot']);
    writeNow(b, 'zone', 11, filled(100, 7));
    syncNow(b, 'zone');
    expect(open(b)).toEqual(['B rot zone/0']);
    writeNow(b, 'zone', 10, filled(1, 7));
    syncNow(b, 'zone');
    expect(open(b)).toEqual([]);
  });

  test('two writes around rotten bytes do not pass for a repair', () => {
    const b = prepared(1);
    b.disk.faults.rot('rot', 'zone', 0, 8 * 10);
    writeNow(b, 'zone', 0, filled(5, 7));
    writeNow(b, 'zone', 20, filled(5, 7));
    syncNow(b, 'zone');
    expect(open(b)).toEqual(['B rot zone/0']);
  });

  test('rot under a dirty page is healed by its write-back', () => {
    const b = prepared(1);
    writeNow(b, 'zone', 0, filled(4, 9));
    b.disk.faults.rot('rot', 'zone', 0, 8 * 1000);
    expect(readNow(b, 'zone', 1000, 1)).toEqual(filled(1, 1));
    syncNow(b, 'zone');
    expect(b.disk.peekDurable('zone', 1000, 1)).toEqual(filled(1, 1));
    expect(open(b)).toEqual([]);
  });

  test('latent sector error: EIO until the whole sector is rewritten', () => {
    const b = prepared(3);
    expect(b.disk.faults.latentError('bad', 'zone', 1)).toBe(true);
    expect(readNow(b, 'zone', S - 4, 8)).toBe('EIO');
    expect(readNow(b, 'zone', S - 4, 4)).toEqual(filled(4, 1));
    expect(b.disk.peekDurable('zone', S, 1)).toBeNull();
    expect(writeNow(b, 'zone', S, filled(8, 1))).toBe('EIO');
    expect(writeNow(b, 'zone', S - 8, filled(16, 1))).toBe('EIO');
    expect(b.disk.peekCached('zone', S - 8, 8)).toEqual(filled(8, 1));
    heals(b, 1);
    expect(readNow(b, 'zone', S, S)).toEqual(filled(S, 200));
  });

  test('zeroed sector', () => {
    const b = prepared(2);
    expect(b.disk.faults.zeroSector('zero', 'zone', 1)).toBe(true);
    expect(b.disk.faults.zeroSector('zero', 'zone', 1)).toBe(false);
    expect(readNow(b, 'zone', S, S)).toEqual(new Uint8Array(S));
    expect(open(b)).toEqual(['B zero zone/1']);
    heals(b, 1);
  });

  test('lost disk: no files, in-flight requests fail, entries close as the places are written again', () => {
    const b = bench();
    b.disk.createFile('zone', 4 * S);
    writeNow(b, 'zone', S, filled(100, 5));
    writeNow(b, 'zone', 3 * S, filled(100, 5));
    syncNow(b, 'zone');
    b.disk.fsync(1, 'zone', 0, 0);
    expect(b.disk.faults.loseDisk('gone')).toBe(true);
    expect(drain(b.core, b.disk).map((op) => op.error)).toEqual(['EIO']);
    expect(b.disk.files()).toEqual([]);
    expect(b.disk.peekDurable('zone', 0, 1)).toBeNull();
    expect(open(b)).toEqual(['B gone zone/1', 'B gone zone/3']);
    b.disk.createFile('zone', 4 * S);
    writeNow(b, 'zone', S, filled(100, 5));
    expect(open(b)).toHaveLength(2);
    syncNow(b, 'zone');
    expect(open(b)).toEqual(['B gone zone/3']);
  });

  test('truncation by a fault', () => {
    const b = prepared(3);
    expect(b.disk.faults.truncateDamage('cut', 'zone', 5 * S)).toBe(false);
    expect(b.disk.faults.truncateDamage('cut', 'zone', S + 96)).toBe(true);
    expect(b.disk.fileSizeBytes('zone')).toBe(S + 96);
    expect(b.disk.durableSizeBytes('zone')).toBe(S + 96);
    expect(readNow(b, 'zone', S, S)).toEqual(filled(96, 2));
    expect(open(b).sort((x, y) => (x < y ? -1 : 1))).toEqual(['B cut zone/1', 'B cut zone/2']);
    heals(b, 2);
    expect(b.disk.peekDurable('zone', S, S)!.subarray(96)).toEqual(new Uint8Array(S - 96));
  });
});

describe('roll-back (class C) and removal', () => {
  test('the file is again what it was, each changed sector in the ledger', () => {
    const b = prepared(3);
    const image = b.disk.faults.snapshotFile('zone')!;
    expect(b.disk.faults.rollBackFile('old', image)).toBe(false);
    writeNow(b, 'zone', S, filled(8, 50));
    syncNow(b, 'zone');
    expect(b.disk.faults.rollBackFile('old', image)).toBe(true);
    expect(readNow(b, 'zone', 0, 3 * S)).toEqual(Uint8Array.of(...filled(S, 1), ...filled(S, 2), ...filled(S, 3)));
    expect(open(b)).toEqual(['C old zone/1']);
    heals(b, 1);
  });

  test('whoever removes a damaged file durably takes the excuse with it; a rename carries it', () => {
    const b = prepared(1);
    b.disk.faults.rot('rot', 'zone', 0, 0);
    b.disk.renameFile('zone', 'moved');
    expect(open(b)).toEqual(['B rot moved/0']);
    b.disk.removeFile('moved');
    expect(open(b)).toEqual(['B rot moved/0']);
    syncNow(b, 'moved');
    expect(open(b)).toEqual([]);
  });
});
