import { describe, expect, test } from 'vitest';
import { type FaultBench, fault, faultBench } from './bench.ts';

const MS = 1_000;

function reasonOf(bench: FaultBench, label: string): string {
  return bench.nemesis.suppressed.find((entry) => entry.label === label)?.reason ?? '';
}

describe('class B', () => {
  test('an intact copy of each slot remains: one slot is damaged on f replicas at most', () => {
    const slot = { zone: 'journal-prepares', slot: 12 };
    const bench = faultBench([
      fault('disk.bit-rot', { label: 'first', hosts: [0], at: 1 * MS, params: slot }),
      fault('disk.bit-rot', { label: 'second', hosts: [1], at: 2 * MS, params: slot }),
      fault('disk.latent-error', {
        label: 'header',
        hosts: [2],
        at: 3 * MS,
        params: { zone: 'journal-headers', slot: 12 },
      }),
      fault('disk.bit-rot', { label: 'elsewhere', hosts: [1], at: 4 * MS, params: { ...slot, slot: 13 } }),
    ]);
    bench.world.runUntil(5 * MS);
    expect(bench.nemesis.fired).toEqual(['first', 'elsewhere']);
    expect(reasonOf(bench, 'second')).toBe('slot 12 is damaged on 1 other replicas: no intact copy might remain (R12)');
    expect(reasonOf(bench, 'header')).not.toBe('');
  });

  test('a free choice avoids slots that are damaged elsewhere, and a rewritten slot may be hit again', () => {
    const bench = faultBench([
      fault('disk.zeroed', { label: 'half', hosts: [0], at: 1 * MS, params: { units: 15 } }),
      fault('disk.zeroed', { label: 'rest', hosts: [1], at: 2 * MS, params: { units: 15 } }),
      fault('disk.zeroed', { label: 'again', hosts: [2], at: 405 * MS, params: { units: 15 } }),
    ]);
    bench.world.runUntil(5 * MS);
    const open = (host: number): number[] => bench.world.ledger.openOf(host).map((entry) => entry.sector);
    expect(open(0)).toHaveLength(15);
    expect(open(1)).toHaveLength(1);
    expect(open(0)).not.toContain(open(1)[0]);
    bench.world.runUntil(406 * MS);
    expect(open(2)).toHaveLength(15);
  });

  test('at most f disks or files are lost at one time, and a recovered replica makes room', () => {
    const bench = faultBench([
      fault('disk.lost', { label: 'a', hosts: [0], at: 1 * MS }),
      fault('disk.file-lost', { label: 'b', hosts: [1], at: 2 * MS }),
      fault('disk.file-lost', { label: 'c', hosts: [2], at: 300 * MS, params: { zone: 'superblock' } }),
    ]);
    bench.surface.unhealthy.add(0);
    bench.world.runUntil(200 * MS);
    expect(bench.nemesis.fired).toEqual(['a']);
    expect(reasonOf(bench, 'b')).toBe('1 lost on top of 1 damaged replicas exceeds f = 1 (R1 B)');
    expect(bench.machine(0).incarnation).toBeGreaterThan(1);
    bench.surface.unhealthy.delete(0);
    bench.world.runUntil(400 * MS);
    expect(bench.nemesis.fired).toEqual(['a', 'c']);
    expect(bench.machine(2).disk.fileExists('superblock')).toBe(false);
    expect(bench.world.ledger.openOf(2).every((entry) => entry.file === 'superblock')).toBe(true);
  });

  test('at most one superblock copy of a replica', () => {
    const zone = { zone: 'superblock' };
    const bench = faultBench([
      fault('disk.bit-rot', { label: 'a', at: 1 * MS, params: { ...zone, slot: 1 } }),
      fault('disk.bit-rot', { label: 'same', at: 2 * MS, params: { ...zone, slot: 1 } }),
      fault('disk.bit-rot', { label: 'other', at: 3 * MS, params: { ...zone, slot: 2 } }),
      fault('disk.bit-rot', { label: 'peer', hosts: [1], at: 4 * MS, params: { ...zone, slot: 2 } }),
    ]);
    bench.world.runUntil(5 * MS);
    expect(bench.nemesis.fired).toEqual(['a', 'same', 'peer']);
    expect(reasonOf(bench, 'other')).toBe('1 other superblock copies are damaged already (R5)');
  });
});

describe('class C', () => {
  test('of header and record of one slot at most one is hit', () => {
    const bench = faultBench([
      fault('disk.lost-write', { label: 'record', at: 1 * MS, params: { zone: 'journal-prepares' } }),
      fault('disk.bit-rot', { label: 'rot', at: 18 * MS, params: { zone: 'journal-headers', slot: 0 } }),
      fault('disk.lying-fsync', { label: 'lie', at: 18 * MS, params: { zone: 'journal-headers' } }),
    ]);
    bench.world.runUntil(60 * MS);
    expect(bench.nemesis.fired).toEqual(['record']);
    expect(reasonOf(bench, 'rot')).toContain('slot 0 of replica 0 holds class C damage in a witness (R1 iii)');
    expect(reasonOf(bench, 'lie')).toContain('is damaged already by record (R1 iii)');
    // The slot is rewritten after a round of the ring; then nothing stands in the way of the lie.
    bench.world.runUntil(400 * MS);
    expect(bench.nemesis.fired).toEqual(['record', 'lie']);
    expect(reasonOf(bench, 'lie')).toBe('');
  });

  test('a lie counts from the moment it was told, before any power loss', () => {
    const bench = faultBench([
      fault('disk.lying-fsync', { label: 'lie', hosts: [0], at: 1 * MS, params: { count: 1 } }),
      fault('disk.lost-write', { label: 'peer', hosts: [1], at: 18 * MS, params: { zone: 'journal-prepares' } }),
      fault('host.power-loss', { label: 'cut', hosts: [0], at: 50 * MS, params: { outageUs: 900 * MS } }),
    ]);
    bench.world.runUntil(45 * MS);
    expect(bench.nemesis.fired).toEqual(['lie']);
    expect(bench.world.ledger.entries).toEqual([]);
    expect(reasonOf(bench, 'peer')).toBe('class C damage on 2 replicas exceeds n - Qr (R1 i)');
    bench.world.runUntil(60 * MS);
    expect(bench.world.ledger.openOf(0).map((entry) => [entry.label, entry.faultClass, entry.file])).toEqual([
      ['lie', 'C', 'log/prepares'],
    ]);
  });

  test('a misdirected write asks for the place where it lands, too', () => {
    const bench = faultBench([
      fault('disk.bit-rot', { label: 'peer', hosts: [1], at: 1 * MS, params: { slot: 5 } }),
      fault('disk.misdirected-write', { label: 'lands', hosts: [0], at: 2 * MS, params: { offsetSectors: 5 } }),
    ]);
    bench.world.runUntil(50 * MS);
    expect(bench.nemesis.fired).toEqual(['peer']);
    expect(reasonOf(bench, 'lands')).toBe('slot 5 is damaged on 1 other replicas: no intact copy might remain (R12)');
    expect(bench.world.ledger.openOf(0)).toEqual([]);
  });

  test('corrupt memory on f replicas at most until they are healthy again', () => {
    const bench = faultBench([
      fault('memory.corrupt', { label: 'a', hosts: [0], at: 1 * MS }),
      fault('memory.corrupt', { label: 'b', hosts: [1], at: 2 * MS }),
      fault('process.crash', { hosts: [0], at: 3 * MS }),
      fault('memory.corrupt', { label: 'c', hosts: [1], at: 100 * MS }),
    ]);
    bench.world.runUntil(110 * MS);
    expect(bench.surface.corrupted).toEqual([0, 1]);
    expect(bench.nemesis.fired).toEqual(['a', 'process.crash', 'c']);
  });
});

describe('power loss with unreadable sectors', () => {
  test('hits un-synced sectors of all replicas at once, but no second witness of a class C hit', () => {
    const cut = fault('host.power-loss', {
      label: 'cut',
      hosts: [0, 1, 2],
      at: 10_030,
      params: { mode: 'unreadable' },
    });
    let torn = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const bench = faultBench([cut], 'safety', seed);
      bench.world.runUntil(11 * MS);
      expect(bench.nemesis.fired).toEqual(['cut']);
      torn += bench.world.ledger.entries.length;
    }
    // Six un-synced sectors in each of 20 worlds, a third of which tears.
    expect(torn).toBeGreaterThan(20);
    expect(torn).toBeLessThan(60);
    const lie = fault('disk.lost-write', {
      label: 'lost',
      hosts: [0],
      at: 1 * MS,
      params: { zone: 'journal-headers' },
    });
    for (let seed = 1; seed <= 20; seed++) {
      const bench = faultBench([lie, { ...cut, trigger: { kind: 'at', atUs: 170_030 } }], 'safety', seed);
      bench.world.runUntil(171 * MS);
      const slots = bench.world.ledger.openOf(0).map((entry) => entry.sector);
      expect(new Set(slots).size).toBe(slots.length);
    }
  });
});

test('unrestricted, everything strikes and what was broken is kept', () => {
  const slot = { zone: 'journal-prepares', slot: 12 };
  const bench = faultBench(
    [0, 1, 2].map((host) =>
      fault('disk.bit-rot', { label: `r${host}`, hosts: [host], at: (1 + host) * MS, params: slot }),
    ),
    'unrestricted',
  );
  bench.world.runUntil(5 * MS);
  expect(bench.nemesis.fired).toEqual(['r0', 'r1', 'r2']);
  expect(bench.nemesis.suppressed).toEqual([]);
  expect([...new Set(bench.budget.outOfModel.map((broken) => broken.label))]).toEqual(['r1', 'r2']);
  expect(bench.budget.outOfModel[0]?.reason).toContain('(R12)');
});
