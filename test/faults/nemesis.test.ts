import { describe, expect, test } from 'vitest';
import type { FaultPlan } from '../../src/plan/plan.ts';
import { RECORD } from '../../src/sim/trace.ts';
import { fault, faultBench } from './bench.ts';

const MS = 1_000;

describe('triggers', () => {
  test('by time, by the n-th mark, by the n-th mark of a host, with a delay', () => {
    const on = (nth: number, host: number, delayUs: number) =>
      ({ kind: 'on', mark: 'tick', nth, host, delayUs }) as const;
    const bench = faultBench([
      fault('disk.slow', { label: 'time', at: 55 * MS }),
      fault('disk.slow', { label: 'mark', trigger: on(4, -1, 0) }),
      fault('disk.slow', { label: 'host', trigger: on(4, 2, 0) }),
      fault('disk.slow', { label: 'delay', trigger: on(4, 2, 7 * MS) }),
      fault('disk.slow', { label: 'never', trigger: on(1_000, 2, 0) }),
    ]);
    const at = new Map<string, number>();
    bench.nemesis.onFire = (struck) => at.set(struck.label, bench.world.nowUs);
    bench.world.runUntil(80 * MS);
    // Three replicas tick every 10 ms: the fourth tick of all is one of the second round.
    expect([...at].sort((left, right) => left[1] - right[1])).toEqual([
      ['mark', 20 * MS],
      ['host', 40 * MS],
      ['delay', 47 * MS],
      ['time', 55 * MS],
    ]);
    expect(bench.nemesis.firstFiredUs).toBe(20 * MS);
  });

  test('a fault of a fault: its own mark is a trigger too', () => {
    const bench = faultBench([
      fault('process.crash', { at: 100 * MS }),
      fault('disk.slow', { trigger: { kind: 'on', mark: 'fault:process.crash', nth: 1, host: -1, delayUs: 5 } }),
    ]);
    bench.world.runUntil(101 * MS);
    expect(bench.nemesis.fired).toEqual(['process.crash', 'disk.slow']);
    expect(bench.world.marks.get('fault:process.crash')).toBe(1);
  });
});

test('a process that crashes panics in the journal of its own host; one that exits or is killed does not', () => {
  const crash = (cause: string, host: number) =>
    fault('process.crash', { label: cause, at: MS, params: { cause }, target: { kind: 'hosts', hosts: [host] } });
  const bench = faultBench([crash('crash', 0), crash('exit', 1), crash('oom-kill', 2)], 'unrestricted');
  bench.world.runUntil(2 * MS);
  const lines = [0, 1, 2].map((host) => bench.machine(host).journal.map(({ atUs, text }) => `${atUs} ${text}`));
  expect(lines).toEqual([['1000 panic: index out of bounds'], [], ['1000 Out of memory: Killed process']]);
});

describe('the n-th write of a zone', () => {
  const on = (mark: string, nth: number, host: number) => ({ kind: 'on', mark, nth, host, delayUs: 0 }) as const;

  test('is a trigger, over all replicas or at one', () => {
    const bench = faultBench([
      fault('disk.slow', { label: 'all', trigger: on('write:journal-headers', 4, -1) }),
      fault('disk.slow', { label: 'one', trigger: on('write:journal-prepares', 3, 2) }),
      fault('disk.slow', { label: 'none', trigger: on('write:superblock', 1, -1) }),
    ]);
    const at = new Map<string, number>();
    bench.nemesis.onFire = (struck) => at.set(struck.label, bench.world.nowUs);
    bench.world.runUntil(80 * MS);
    expect([...at]).toEqual([
      ['all', 20 * MS],
      ['one', 30 * MS],
    ]);
    // Only triggers count writes: they are no marks of the run, and a plan without such a trigger has no listener.
    expect([...bench.world.marks.keys()].filter((mark) => mark.startsWith('write:'))).toEqual([]);
    expect(faultBench([fault('disk.slow', {})]).machine(0).disk.onWrite).toBeNull();
  });

  test('of a zone that does not exist is refused by name', () => {
    expect(() => faultBench([fault('disk.slow', { trigger: on('write:wal', 1, -1) })])).toThrow(
      /no zone for the mark write:wal; the zones are superblock, journal-headers/,
    );
  });
});

describe('targets', () => {
  const roles: readonly (readonly [FaultPlan['target'], readonly number[]])[] = [
    [{ kind: 'role', role: 'primary', index: 0 }, [1]],
    [{ kind: 'role', role: 'backup', index: 0 }, [0]],
    [{ kind: 'role', role: 'backup', index: 1 }, [2]],
    [{ kind: 'role', role: 'all-replicas', index: 0 }, [0, 1, 2]],
    [{ kind: 'hosts', hosts: [2, 0] }, [2, 0]],
  ];
  test.each(roles)('%j', (target, hosts) => {
    const bench = faultBench([fault('process.crash', { target })]);
    bench.surface.primary = 1;
    bench.world.runUntil(100 * MS);
    expect([0, 1, 2].filter((host) => !bench.machine(host).isUp)).toEqual([...hosts].sort((a, b) => a - b));
  });

  test('waits for a primary, and gives up after five seconds', () => {
    const target = { kind: 'role', role: 'primary', index: 0 } as const;
    const bench = faultBench([
      fault('disk.slow', { label: 'soon', target }),
      fault('disk.slow', { label: 'late', target, at: 10_000 * MS }),
    ]);
    bench.surface.primary = -1;
    bench.world.runUntil(1_000 * MS);
    expect(bench.nemesis.fired).toEqual([]);
    bench.surface.primary = 2;
    bench.world.runUntil(1_200 * MS);
    expect(bench.nemesis.fired).toEqual(['soon']);
    bench.surface.primary = -1;
    bench.world.runUntil(16_000 * MS);
    expect(bench.nemesis.suppressed).toEqual([
      { label: 'late', reason: 'there is no primary; gave up after 50 tries' },
    ]);
  });

  test('refuses hosts that do not exist or are of the wrong sort, and labels used twice', () => {
    expect(() => faultBench([fault('disk.slow', { hosts: [9] })])).toThrow('target host 9 does not exist');
    expect(() => faultBench([fault('disk.slow', { hosts: [3] })])).toThrow('none of the replicas');
    expect(() => faultBench([fault('disk.slow'), fault('disk.slow')])).toThrow('label is used twice');
  });
});

describe('effects', () => {
  test('a crash is restarted by the supervisor; an exit only by the end of the fault', () => {
    const bench = faultBench([
      fault('process.crash', { label: 'a', hosts: [0] }),
      fault('process.crash', { label: 'b', hosts: [1], durationUs: 200 * MS, params: { cause: 'exit' } }),
    ]);
    bench.world.runUntil(160 * MS);
    expect([bench.machine(0).isUp, bench.machine(1).isUp]).toEqual([true, false]);
    bench.world.runUntil(301 * MS);
    expect(bench.machine(1).isUp).toBe(true);
  });

  test('a pause ends; a crash while paused leaves running clocks', () => {
    const bench = faultBench([
      fault('process.pause', { hosts: [0, 1], durationUs: 500 * MS }),
      fault('process.crash', { hosts: [1], at: 200 * MS }),
    ]);
    bench.world.runUntil(400 * MS);
    expect([bench.machine(0).paused, bench.machine(1).paused, bench.machine(1).isUp]).toEqual([true, false, true]);
    const before = bench.machine(1).monotonicUs();
    bench.world.runUntil(700 * MS);
    expect(bench.machine(1).monotonicUs() - before).toBe(300 * MS);
    expect(bench.machine(0).paused).toBe(false);
  });

  test('power of several hosts fails at one instant and returns', () => {
    const bench = faultBench([
      fault('host.power-loss', { hosts: [0, 1, 2], params: { outageUs: 50 * MS, bootUs: 0 } }),
    ]);
    bench.world.runUntil(120 * MS);
    expect([0, 1, 2].map((host) => bench.machine(host).powered)).toEqual([false, false, false]);
    bench.world.runUntil(151 * MS);
    expect([0, 1, 2].map((host) => bench.machine(host).isUp)).toEqual([true, true, true]);
    expect(bench.nemesis.activeCount).toBe(0);
  });

  test('an armed fault has fired only when it hit', () => {
    const bench = faultBench([
      fault('disk.fsync-error', { label: 'hits', hosts: [0] }),
      fault('disk.read-error', { label: 'waits', hosts: [1] }),
    ]);
    bench.world.runUntil(100 * MS);
    expect(bench.nemesis.fired).toEqual([]);
    expect(bench.nemesis.activeCount).toBe(2);
    bench.world.runUntil(130 * MS);
    expect(bench.nemesis.fired).toEqual(['hits']);
    expect(bench.machine(0).isUp).toBe(false);
    bench.nemesis.stopAll();
    expect(bench.machine(1).disk.faults.armed).toBe(0);
  });

  test('overlapping slow disks end one by one', () => {
    const bench = faultBench([
      fault('disk.slow', { label: 'a', durationUs: 300 * MS, params: { factorPermille: 2_000 } }),
      fault('disk.slow', { label: 'b', at: 200 * MS, durationUs: 50 * MS, params: { factorPermille: 9_000 } }),
    ]);
    const seen: number[] = [];
    for (const ms of [150, 220, 300, 450]) {
      bench.world.runUntil(ms * MS);
      seen.push(bench.machine(0).disk.queue.slowFactorPermille);
    }
    expect(seen).toEqual([2_000, 9_000, 2_000, 1_000]);
  });

  test('memory, clients and mending go through the surface', () => {
    const bench = faultBench([
      fault('memory.corrupt', { hosts: [1] }),
      fault('client.crash', { hosts: [4] }),
      fault('net.partition', { hosts: [2], durationUs: 9_000 * MS }),
    ]);
    bench.world.runUntil(110 * MS);
    expect(bench.surface.corrupted).toEqual([1]);
    expect(bench.surface.crashed).toEqual([4]);
    expect(bench.world.network.isCut(0, 2)).toBe(true);
    expect(bench.nemesis.mend('net.partition')).toBe(true);
    expect(bench.nemesis.mend('net.partition')).toBe(false);
    expect(bench.world.network.isCut(0, 2)).toBe(false);
  });
});

describe('ends by state', () => {
  const until = (mark: string, nth: number): NonNullable<FaultPlan['endsOn']> => ({
    kind: 'on',
    mark,
    nth,
    host: -1,
    delayUs: 10 * MS,
  });

  test('count from the first effect on, and only of their own mark', () => {
    const bench = faultBench([{ ...fault('net.partition', { hosts: [2] }), endsOn: until('news', 2) }]);
    bench.nemesis.onMark('news', 0);
    bench.world.runUntil(200 * MS);
    bench.nemesis.onMark('news', 0);
    bench.nemesis.onMark('other', 0);
    bench.world.runUntil(300 * MS);
    expect(bench.world.network.isCut(0, 2)).toBe(true);
    bench.nemesis.onMark('news', 1);
    bench.world.runUntil(305 * MS);
    expect(bench.world.network.isCut(0, 2)).toBe(true);
    bench.world.runUntil(311 * MS);
    expect(bench.world.network.isCut(0, 2)).toBe(false);
  });

  test('let a crashed process start again', () => {
    const bench = faultBench([{ ...fault('process.crash', { hosts: [1] }), endsOn: until('news', 1) }]);
    bench.machine(1).supervisor.policy = 'no';
    bench.world.runUntil(9_000 * MS);
    expect(bench.machine(1).isUp).toBe(false);
    bench.nemesis.onMark('news', -1);
    bench.world.runUntil(9_100 * MS);
    expect(bench.machine(1).isUp).toBe(true);
  });

  test('have no meaning for an instant', () => {
    expect(() => faultBench([{ ...fault('disk.lost', { hosts: [1] }), endsOn: until('news', 1) }])).toThrow(
      'endsOn is given, but disk.lost is done at once',
    );
  });
});

describe('partitions', () => {
  const cutBy = (params: FaultPlan['params'], hosts: readonly number[]): string[] => {
    const bench = faultBench([fault('net.partition', { hosts, params })]);
    bench.world.runUntil(100 * MS);
    const cut: string[] = [];
    for (let from = 0; from < 5; from++) {
      for (let to = 0; to < 5; to++) if (from !== to && bench.world.network.isCut(from, to)) cut.push(`${from}${to}`);
    }
    return cut;
  };

  test('cut what they say', () => {
    expect(cutBy({ shape: 'symmetric' }, [0])).toEqual(['01', '02', '10', '20']);
    expect(cutBy({ shape: 'one-way', direction: 'out' }, [0])).toEqual(['01', '02']);
    expect(cutBy({ shape: 'one-way', direction: 'in' }, [0])).toEqual(['10', '20']);
    expect(cutBy({ shape: 'isolate-one', direction: 'in' }, [1])).toEqual(['01', '21']);
    expect(cutBy({ shape: 'isolate-each' }, [0, 1, 2])).toEqual('01 02 10 12 20 21'.split(' '));
    expect(cutBy({ shape: 'isolate-each' }, [0, 1])).toEqual('01 02 10 12 20 21'.split(' '));
    expect(cutBy({ shape: 'bridge' }, [1])).toEqual(['02', '20']);
    expect(cutBy({ shape: 'clients' }, [0])).toEqual(['03', '04', '30', '40']);
    expect(cutBy({ shape: 'clients', direction: 'in' }, [0, 4])).toEqual(['40']);
    expect(cutBy({ shape: 'symmetric', clients: 'reach-rest' }, [2])).toEqual('02 12 20 21 23 24 32 42'.split(' '));
    expect(cutBy({ shape: 'majority-minority' }, [0])).toHaveLength(4);
  });

  test('a ring of three cuts nothing and says so', () => {
    const bench = faultBench([fault('net.partition', { params: { shape: 'ring' } })]);
    bench.world.runUntil(100 * MS);
    expect(bench.nemesis.suppressed[0]?.reason).toBe('shape ring cuts nothing between these hosts');
  });

  test('a flapping link is cut and open in turn', () => {
    const bench = faultBench([fault('net.flap', { durationUs: 100 * MS, params: { upUs: 10 * MS, downUs: 20 * MS } })]);
    const seen: boolean[] = [];
    for (const ms of [105, 125, 135, 155, 205]) {
      bench.world.runUntil(ms * MS);
      seen.push(bench.world.network.isCut(1, 0));
    }
    expect(seen).toEqual([true, false, true, false, false]);
  });
});

/** One of each lasting kind, all at one time, without end. */
const LASTING: readonly FaultPlan[] = [
  fault('process.pause', { hosts: [1] }),
  fault('process.slow-cpu', { hosts: [0] }),
  fault('host.down', { hosts: [2] }),
  fault('net.partition', { hosts: [0] }),
  fault('net.flap', { hosts: [1], params: { upUs: 1 * MS, downUs: 50 * MS } }),
  fault('net.degrade', { hosts: [0], params: { lossPer65536: 30_000 } }),
  fault('net.clog', { hosts: [0], durationUs: 9_000_000 }),
  fault('disk.slow', { hosts: [0] }),
  fault('disk.iops-cap', { hosts: [0] }),
  fault('disk.stall', { hosts: [0], durationUs: 9_000_000 }),
  fault('disk.full', { hosts: [0] }),
  fault('disk.lost-write', { hosts: [1], params: { zone: 'superblock' } }),
  fault('clock.step', { hosts: [0], params: { ms: -700 } }),
  fault('clock.drift', { hosts: [0] }),
  fault('clock.freeze', { hosts: [3], params: {} }),
  fault('clock.ntp-wrong', { hosts: [4] }),
  fault('clock.ntp-down', { hosts: [3], params: { cause: 'server' } }),
  fault('clock.ntp-down', { hosts: [4], label: 'daemon' }),
];

describe('the end of the fault phase', () => {
  test('heals everything', () => {
    const bench = faultBench(LASTING);
    bench.world.runUntil(120 * MS);
    expect(bench.nemesis.fired).toHaveLength(LASTING.length - 1);
    expect(bench.nemesis.activeCount).toBe(LASTING.length - 1);
    expect([3, 4].map((host) => bench.machine(host).clock.pollNtp())).toEqual([false, false]);
    bench.nemesis.stopAll();
    expect(bench.nemesis.activeCount).toBe(0);
    bench.world.runUntil(600 * MS);
    for (const host of [0, 1, 2, 3, 4]) {
      const machine = bench.machine(host);
      expect([host, machine.isUp, machine.paused, machine.powered, machine.cpu.usPerEvent]).toEqual([
        host,
        true,
        false,
        true,
        0,
      ]);
      expect(machine.clock.offsetUs()).toBe(0);
      expect(machine.clock.pollNtp()).toBe(true);
      const { queue, faults, fillBytes } = machine.disk;
      expect([queue.slowFactorPermille, queue.iopsMax, fillBytes, faults.armed]).toEqual([1_000, 0, 0, 0]);
      expect(queue.stallUntilUs).toBeLessThanOrEqual(bench.world.nowUs);
      for (const other of [0, 1, 2, 3, 4]) {
        if (other === host) continue;
        const link = bench.world.network.link(host, other);
        expect([link.cutCount, link.lossPer65536]).toEqual([0, 0]);
        expect(link.clogUntilUs).toBeLessThanOrEqual(bench.world.nowUs);
      }
    }
  });

  test('nothing strikes after it, and faults of frozen hosts alone stay', () => {
    const bench = faultBench([
      fault('net.partition', { label: 'frozen', hosts: [2] }),
      fault('net.partition', { label: 'core', hosts: [0] }),
      fault('process.crash', { at: 300 * MS }),
    ]);
    bench.world.runUntil(200 * MS);
    bench.nemesis.stopAll([2]);
    bench.world.runUntil(400 * MS);
    expect(bench.nemesis.fired).toEqual(['frozen', 'core']);
    expect([bench.world.network.isCut(0, 1), bench.world.network.isCut(2, 1)]).toEqual([false, true]);
  });
});

describe('removing one fault (R20)', () => {
  const faults = [
    fault('net.degrade', { hosts: [1], durationUs: 200 * MS, params: { lossPer65536: 20_000 } }),
    fault('disk.bit-rot', { hosts: [1], at: 250 * MS }),
    fault('host.power-loss', { hosts: [2], at: 300 * MS, params: { mode: 'mix' } }),
    fault('disk.bit-rot', { label: 'later', hosts: [0], at: 400 * MS, params: { zone: 'superblock' } }),
  ];
  const traceOf = (plan: readonly FaultPlan[]): string[] => {
    const bench = faultBench(plan, 'safety', 7, true);
    bench.world.runUntil(500 * MS);
    return bench.world.trace.records.map(
      (each) => `${each.atUs}/${each.kind}/${each.host}/${each.a}/${each.b}/${each.text}`,
    );
  };

  test('leaves every event before its first effect, and what the others decide', () => {
    const all = traceOf(faults);
    for (const [index, gone] of faults.entries()) {
      const rest = traceOf(faults.filter((_, other) => other !== index));
      const note = all.find((line) => line.includes(`/${RECORD.fault}/`) && line.includes(`/${gone.label} (`))!;
      // What the strike itself does stands in the same microsecond, before the note that it took effect.
      const first = all.findIndex((line) => line.split('/')[0] === note.split('/')[0]);
      expect(first).toBeGreaterThan(0);
      expect(rest.slice(0, first)).toEqual(all.slice(0, first));
    }
    const damage = (plan: readonly FaultPlan[]) => {
      const bench = faultBench(plan, 'safety', 7);
      bench.world.runUntil(500 * MS);
      return bench.world.ledger.entries.find((entry) => entry.label === 'later')?.sector;
    };
    expect(damage(faults)).toBeDefined();
    expect(damage(faults.slice(3))).toBe(damage(faults));
  });

  test('the hash does not depend on recording, and tells faults apart', () => {
    const hash = (plan: readonly FaultPlan[], recording: boolean): string => {
      const bench = faultBench(plan, 'safety', 7, recording);
      bench.world.runUntil(500 * MS);
      return bench.world.trace.hash();
    };
    expect(hash(faults, true)).toBe(hash(faults, false));
    expect(hash(faults.slice(1), false)).not.toBe(hash(faults, false));
  });
});
