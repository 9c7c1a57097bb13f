import { describe, expect, it } from 'vitest';
import { mix1 } from '../../../src/sim/mix.ts';
import { TestCluster } from '../../support/cluster-dsl.ts';

const SEEDS = 200;

/** The power fails on all replicas at one instant, and every sector with an un-synced write is lost as a whole (R3). */
function cutEverything(t: TestCluster): number {
  let lost = 0;
  for (const host of t.all) {
    const machine = t.machine(host);
    lost += machine.disk.dirtySectors();
    machine.stop('power-loss');
    machine.powered = false;
    machine.disk.powerLoss(`cut-${host}`, 'unreadable', 0, 65_536);
  }
  return lost;
}

describe('a power cut on all replicas at one instant', () => {
  it(`with every in-flight sector unreadable loses no acknowledged op, at ${SEEDS} instants`, () => {
    const marks = ['torn-append-found', 'view-change-resumed', 'superblock-copy-repaired', 'superblock-lost'] as const;
    const reached = new Map<string, number>();
    let lostSectors = 0;
    let cutInFlight = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const t = new TestCluster({ seed, clients: 3 }).boot();
      // Slow disks: at most instants something is in flight.
      for (const host of t.all) t.machine(host).disk.queue.slowFactorPermille = 8_000;
      for (const index of [0, 1, 2]) t.submit(40, index);
      // Most cuts fall into ordinary operation and its checkpoints, some into a view change.
      t.runFor(mix1(seed, 77, 1) % 300_000);
      if (seed % 4 === 0) {
        t.crash(t.primary);
        t.runUntil('the others change the view', () => t.marks('view-change-started') > 0);
        t.runFor(mix1(seed, 77, 2) % 40_000);
      }
      if (!t.client(0).idle) cutInFlight++;
      const acknowledged = [0, 1, 2].map((index) => t.client(index).acknowledged);
      const lost = cutEverything(t);
      lostSectors += lost;
      t.start(...t.all);
      t.finish();
      for (const index of [0, 1, 2])
        expect(t.client(index).acknowledged).toBeGreaterThan(acknowledged[index] as number);
      for (const mark of marks) reached.set(mark, (reached.get(mark) ?? 0) + t.marks(mark));
    }
    // Otherwise the cuts have hit nothing.
    expect(lostSectors).toBeGreaterThan(SEEDS);
    expect(cutInFlight).toBeGreaterThan(SEEDS / 2);
    expect(reached.get('torn-append-found')).toBeGreaterThan(0);
    expect(reached.get('view-change-resumed')).toBeGreaterThan(0);
    expect(reached.get('superblock-copy-repaired')).toBeGreaterThan(0);
    // One copy after the other is synced: no cut leaves fewer than two readable ones.
    expect(reached.get('superblock-lost')).toBe(0);
  });
});
