import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DiskOp, Host, Message, Process } from '../../src/sim/api.ts';
import { PERFECT_CLOCK } from '../../src/sim/clock.ts';
import { DISK_DEFAULT } from '../../src/sim/disk-options.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { symmetric } from '../../src/sim/partition.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';
import { World } from '../../src/sim/world.ts';
import { compare, type Decisions, follow, listen, type Steps } from './decisions.ts';

const MS = 1_000;
const END_US = 400 * MS;
const SECTORS = 8;
const FILE = 'log';

/** Chats with its group: writes, syncs, then tells everybody; answers; pauses for a drawn time between rounds. */
class Chatter implements Process {
  private readonly host: Host;
  private readonly group: readonly number[];
  private round = 0;

  constructor(host: Host, group: readonly number[]) {
    this.host = host;
    this.group = group;
  }

  onStart(): void {
    if (!this.host.fileExists(FILE)) this.host.createFile(FILE, SECTORS * 4096);
    this.round = this.host.incarnation * 10_000;
    this.next();
  }

  onTimer(): void {
    this.round++;
    const bytes = new Uint8Array(4096).fill(this.round);
    this.host.write(FILE, (this.round % SECTORS) * 4096, bytes, 1, this.round);
    this.host.fsync(FILE, 2, this.round);
    this.next();
  }

  onDisk(op: DiskOp): void {
    if (op.kind !== 'fsync') return;
    for (const to of this.group) if (to !== this.host.id) this.host.send(to, chat(1, op.tag, 0));
  }

  onMessage(from: number, message: Message): void {
    if (message.tag === 1) this.host.send(from, chat(2, message.id0, this.host.id));
    else this.host.read(FILE, (message.id0 % SECTORS) * 4096, 4096, 3, message.id0);
  }

  private next(): void {
    this.host.setTimer(0, 2 * MS, 12 * MS, Math.floor(this.round / 3));
  }
}

function chat(tag: number, id0: number, id1: number): Message {
  return { kind: tag === 1 ? 'tell' : 'answer', tag, id0, id1, digest: id0 * 31 + id1, sizeBytes: 100 };
}

/** A fault of these tests, struck by an appointment; `label` keys what it draws. */
interface Blow {
  readonly kind: 'crash' | 'power' | 'cut' | 'pause' | 'clog' | 'degrade' | 'slow-disk' | 'slow-cpu' | 'drift';
  readonly host: number;
  readonly atUs: number;
}

const KINDS = ['crash', 'power', 'cut', 'pause', 'clog', 'degrade', 'slow-disk', 'slow-cpu', 'drift'] as const;
const OUTAGE_US = 60 * MS;

interface Run {
  readonly world: World;
  readonly steps: Steps;
  readonly decisions: Decisions;
  /** By blow: how many events were over, and how many records stood, when it struck. */
  readonly struck: { readonly events: number; readonly records: number }[];
}

/** Hosts 0-2 and 3-5 chat among themselves only; blows strike whom they say. `gone` is left out. */
function run(seed: number, blows: readonly Blow[], gone = -1): Run {
  const groups = [
    [0, 1, 2],
    [3, 4, 5],
  ];
  const world = new World({
    seed,
    recording: true,
    logging: true,
    rarities: false,
    link: {
      latencyUsMin: 200,
      latencyUsMean: 900,
      lossPer65536: 3_000,
      duplicatePer65536: 3_000,
      reorderPer65536: 3_000,
      reorderUsMax: 5_000,
      corruptPer65536: 1_500,
      bytesPerMs: 0,
      queueMax: 0,
    },
    machines: [0, 1, 2, 3, 4, 5].map((id) => ({
      name: `h${id}`,
      disk: DISK_DEFAULT,
      clock: PERFECT_CLOCK,
      factory: (host: Host) => new Chatter(host, groups[id < 3 ? 0 : 1] as number[]),
    })),
  });
  const steps = follow(world);
  const decisions = listen(world);
  const struck: Run['struck'] = blows.map(() => ({ events: -1, records: -1 }));
  world.onControl = (index, phase) => {
    if (phase === 0) struck[index] = { events: steps.hashes.length, records: world.trace.records.length };
    strike(world, blows[index] as Blow, `blow-${index}`, phase === 1);
  };
  for (const machine of world.machines) {
    machine.supervisor.policy = 'always';
    machine.supervisor.delayUs = 10 * MS;
    machine.start();
  }
  for (const [index, blow] of blows.entries()) {
    if (index === gone) continue;
    world.scheduleControl(blow.atUs, index, 0, null);
    world.scheduleControl(blow.atUs + OUTAGE_US, index, 1, null);
  }
  world.runUntil(END_US);
  return { world, steps, decisions, struck };
}

function strike(world: World, { kind, host }: Blow, label: string, ends: boolean): void {
  const machine = world.machines[host] as Machine;
  const { network } = world;
  const mates = (host < 3 ? [0, 1, 2] : [3, 4, 5]).filter((other) => other !== host);
  const links = symmetric([[host], mates]);
  switch (kind) {
    case 'crash':
      if (!ends) machine.stop('crash');
      return;
    case 'power':
      if (ends) machine.powerOn(0);
      else machine.powerLoss(label, 'mix');
      return;
    case 'cut':
      if (ends) network.heal(label);
      else network.cut(label, links);
      return;
    case 'pause':
      if (ends) machine.resume(true);
      else machine.pause();
      return;
    case 'clog':
      if (!ends) network.clog(label, host, mates[0] as number, world.nowUs + OUTAGE_US);
      return;
    case 'degrade':
      if (ends) network.restore(label);
      else network.degrade(label, links, { lossPer65536: 30_000, latencyUsMin: 3_000, latencyUsMean: 9_000 });
      return;
    case 'slow-disk':
      machine.disk.queue.slowFactorPermille = ends ? 1_000 : 20_000;
      return;
    case 'slow-cpu':
      machine.cpu.usPerEvent = ends ? 0 : 900;
      return;
    case 'drift':
      machine.clock.setDriftPpm(ends ? 0 : 50_000);
      return;
  }
}

/** A record without its position in the trace, which counts the folds of all hosts. */
function line({ atUs, kind, host, a, b, c, text }: TraceRecord): string {
  return `${atUs} ${kind} ${host} ${a} ${b} ${c} ${text}`;
}

const blowOf = (host: fc.Arbitrary<number>): fc.Arbitrary<Blow> =>
  fc.record({ kind: fc.constantFrom(...KINDS), host, atUs: fc.integer({ min: 10 * MS, max: 300 * MS }) });
const seedOf = fc.integer({ min: 0, max: 0xffff_ffff });
const FIXED = { seed: 20, numRuns: 40 } as const;

describe('removing one fault from a world of chatting hosts (R20)', () => {
  test('(a) leaves every event before its first effect identical', () => {
    const blows = fc.array(blowOf(fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(seedOf, blows, fc.nat(), (seed, all, pick) => {
        const gone = pick % all.length;
        const full = run(seed, all);
        const rest = run(seed, all, gone);
        const { events, records } = full.struck[gone] as Run['struck'][number];
        expect(events).toBeGreaterThan(6);
        expect(rest.steps.hashes.slice(0, events)).toEqual(full.steps.hashes.slice(0, events));
        expect(rest.world.trace.records.slice(0, records).map(line)).toEqual(
          full.world.trace.records.slice(0, records).map(line),
        );
      }),
      FIXED,
    );
  });

  test('(b) leaves every decision with the same key equal', () => {
    const blows = fc.array(blowOf(fc.integer({ min: 0, max: 2 })), { minLength: 1, maxLength: 5 });
    const shared = { packets: 0, timers: 0, disks: 0 };
    let parted = 0;
    fc.assert(
      fc.property(seedOf, blows, fc.nat(), (seed, all, pick) => {
        const full = run(seed, all);
        const rest = run(seed, all, pick % all.length);
        expect([...full.decisions.contradictions, ...rest.decisions.contradictions]).toEqual([]);
        for (const what of ['packets', 'timers', 'disks'] as const) {
          const { shared: count, differing } = compare(full.decisions[what], rest.decisions[what]);
          expect(differing).toEqual([]);
          shared[what] += count;
        }
        if (full.world.trace.hash() !== rest.world.trace.hash()) parted++;
      }),
      FIXED,
    );
    // The comparison must have had something to compare, in runs that really took another course.
    expect(Math.min(...Object.values(shared))).toBeGreaterThan(1_000);
    expect(parted).toBeGreaterThan(25);
  });

  test('(c) leaves all events of hosts that exchange no message with the struck ones identical', () => {
    const here = blowOf(fc.integer({ min: 0, max: 2 }));
    const there = blowOf(fc.integer({ min: 3, max: 5 }));
    const eventsOf = ({ world }: Run): string[] => world.trace.records.filter(({ host }) => host >= 3).map(line);
    let parted = 0;
    fc.assert(
      fc.property(
        seedOf,
        fc.array(here, { minLength: 1, maxLength: 4 }),
        fc.array(there, { maxLength: 2 }),
        (seed, mine, others) => {
          const full = run(seed, [...others, ...mine]);
          const rest = run(seed, others);
          const events = eventsOf(full);
          expect(events.length).toBeGreaterThan(100);
          expect(eventsOf(rest)).toEqual(events);
          if (full.world.trace.hash() !== rest.world.trace.hash()) parted++;
        },
      ),
      FIXED,
    );
    expect(parted).toBeGreaterThan(25);
  });

  test('the comparison is not blind: under another seed decisions with the same key differ', () => {
    const one = run(3, []);
    const two = run(4, []);
    for (const what of ['packets', 'timers', 'disks'] as const) {
      const { shared, differing } = compare(one.decisions[what], two.decisions[what]);
      expect(shared).toBeGreaterThan(100);
      expect(differing.length).toBeGreaterThan(shared / 4);
    }
  });
});
