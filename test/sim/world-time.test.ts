import { describe, expect, test } from 'vitest';
import type { Host } from '../../src/sim/api.ts';
import { note, type Script, startAll, type TinyWorld, tinyWorld } from './tiny-world.ts';

const MS = 1_000;
const IDLE: Script = {};

/** Sends `count` numbered notes to host 1, one each `everyUs`, the first at `everyUs`. */
function talker(count: number, everyUs: number): Script {
  const sent = new Map<Host, number>();
  const arm = (host: Host): void => host.setTimer(0, everyUs, everyUs, 0);
  return {
    onStart: arm,
    onTimer: (host) => {
      const id = (sent.get(host) ?? 0) + 1;
      sent.set(host, id);
      host.send(1, note(id));
      if (id < count) arm(host);
    },
  };
}

function messages(tiny: TinyWorld, host: number): number[] {
  return tiny
    .heard(host)
    .filter((what) => what.startsWith('message'))
    .map((what) => Number(what.split(' ')[1]));
}

describe('a pause', () => {
  const busy: Script = {
    onStart: (host) => {
      host.createFile('log', 4096);
      host.setTimer(1, 30 * MS, 30 * MS, 0);
      host.setTimer(2, 300 * MS, 300 * MS, 0);
    },
  };

  test.each([
    [true, [90 * MS, 300 * MS]],
    [false, [90 * MS + 20 * MS, 300 * MS + 80 * MS]],
  ] as const)('runs nothing at all; afterwards (clock jumps: %s) everything comes', (jump, timers) => {
    const tiny = tinyWorld([talker(5, 12 * MS), busy]);
    startAll(tiny);
    tiny.world.runUntil(10 * MS);
    const machine = tiny.machine(1);
    machine.act(() => machine.read('log', 0, 1, 1, 0));
    machine.pause();
    tiny.world.runUntil(90 * MS);
    expect([machine.paused, machine.isUp, machine.monotonicUs(), machine.wallUs()]).toEqual([
      true,
      true,
      10 * MS,
      10 * MS,
    ]);
    expect(tiny.heard(1)).toEqual(['start']);
    machine.resume(jump);
    tiny.world.runUntil(90 * MS);
    expect(machine.monotonicUs()).toBe(jump ? 90 * MS : 10 * MS);
    expect(messages(tiny, 1)).toEqual([1, 2, 3, 4, 5]);
    expect(tiny.heard(1)).toContain('disk read 1');
    tiny.world.runUntil(1_000 * MS);
    const fired = tiny.calls.filter(({ host, what }) => host === 1 && what.startsWith('timer'));
    expect(fired.map(({ atUs, what }) => [atUs, what])).toEqual([
      [timers[0], 'timer 1'],
      [timers[1], 'timer 2'],
    ]);
  });

  test('bounds the inbox: 256 messages wait, later ones are lost', () => {
    const tiny = tinyWorld([talker(300, 100), IDLE]);
    startAll(tiny);
    tiny.machine(1).pause();
    tiny.world.runUntil(100 * MS);
    tiny.machine(1).resume(true);
    tiny.world.runUntil(200 * MS);
    expect(messages(tiny, 1)).toEqual(Array.from({ length: 256 }, (_, index) => index + 1));
  });

  test('the bound holds for messages only: completions of the disk all wait', () => {
    const tiny = tinyWorld([IDLE]);
    startAll(tiny);
    const machine = tiny.machine(0);
    machine.createFile('log', 4096);
    machine.act(() => {
      for (let token = 0; token < 400; token++) machine.read('log', 0, 1, token, 0);
    });
    machine.pause();
    tiny.world.runUntil(500 * MS);
    machine.resume(true);
    tiny.world.runUntil(500 * MS);
    expect(tiny.world.diskCompletions).toBe(400);
  });

  test('a second pause takes what the first one left over', () => {
    const tiny = tinyWorld([talker(3, MS), IDLE]);
    startAll(tiny);
    const machine = tiny.machine(1);
    machine.pause();
    tiny.world.runUntil(20 * MS);
    machine.resume(true);
    machine.pause();
    tiny.world.runUntil(40 * MS);
    expect(messages(tiny, 1)).toEqual([]);
    machine.resume(true);
    tiny.world.runUntil(60 * MS);
    expect(messages(tiny, 1)).toEqual([1, 2, 3]);
  });

  test('a crash during it drops what waited, and the next incarnation runs', () => {
    const tiny = tinyWorld([talker(3, MS), IDLE]);
    startAll(tiny);
    const machine = tiny.machine(1);
    machine.pause();
    tiny.world.runUntil(20 * MS);
    machine.stop('crash');
    machine.start();
    expect([machine.paused, machine.monotonicUs()]).toEqual([false, 20 * MS]);
    tiny.world.runUntil(40 * MS);
    expect(tiny.heard(1)).toEqual(['start', 'start']);
  });
});

describe('a slow CPU', () => {
  test('lets events wait, in their order, one per slice', () => {
    const tiny = tinyWorld([talker(6, 300), IDLE]);
    startAll(tiny);
    const machine = tiny.machine(1);
    machine.cpu.usPerEvent = 700;
    tiny.world.runUntil(100 * MS);
    expect(messages(tiny, 1)).toEqual([1, 2, 3, 4, 5, 6]);
    const at = tiny.calls.filter(({ host, what }) => host === 1 && what !== 'start').map(({ atUs }) => atUs);
    expect(at).toEqual([1_300, 2_000, 2_700, 3_400, 4_100, 4_800]);
    expect(machine.cpu.busyUs).toBe(6 * 700);
  });

  test('keeps the order when an event arrives at the very instant at which the CPU is free', () => {
    // Latency and pace are multiples of the CPU time: every arrival falls on the end of a slice.
    const tiny = tinyWorld([talker(20, 100), IDLE]);
    startAll(tiny);
    tiny.machine(1).cpu.usPerEvent = 200;
    tiny.world.runUntil(100 * MS);
    expect(messages(tiny, 1)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('keeps the order when it becomes fast again', () => {
    const tiny = tinyWorld([talker(8, MS), IDLE]);
    startAll(tiny);
    tiny.machine(1).cpu.usPerEvent = 30 * MS;
    tiny.world.runUntil(4_500);
    tiny.machine(1).cpu.usPerEvent = 0;
    tiny.world.runUntil(100 * MS);
    expect(messages(tiny, 1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('keeps the order through a pause', () => {
    const tiny = tinyWorld([talker(8, MS), IDLE]);
    startAll(tiny);
    tiny.machine(1).cpu.usPerEvent = 30 * MS;
    tiny.world.runUntil(4_500);
    tiny.machine(1).pause();
    tiny.world.runUntil(50 * MS);
    tiny.machine(1).resume(true);
    tiny.world.runUntil(1_000 * MS);
    expect(messages(tiny, 1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('what waited for the CPU of a dead process does not reach the next one', () => {
    const tiny = tinyWorld([talker(4, 100), IDLE]);
    startAll(tiny);
    const machine = tiny.machine(1);
    machine.cpu.usPerEvent = 50 * MS;
    tiny.world.runUntil(10 * MS);
    expect(messages(tiny, 1)).toEqual([1]);
    machine.stop('crash');
    machine.start();
    tiny.world.runUntil(1_000 * MS);
    expect(messages(tiny, 1)).toEqual([1]);
  });

  test('timers wait for it as well', () => {
    const tiny = tinyWorld([
      {
        onStart: (host) => {
          host.setTimer(0, 10 * MS, 10 * MS, 0);
          host.setTimer(1, 11 * MS, 11 * MS, 0);
        },
      },
    ]);
    startAll(tiny);
    tiny.machine(0).cpu.usPerEvent = 5 * MS;
    tiny.world.runUntil(100 * MS);
    expect(tiny.calls.slice(1).map(({ atUs, what }) => [atUs, what])).toEqual([
      [10 * MS, 'timer 0'],
      [15 * MS, 'timer 1'],
    ]);
  });
});

describe('timers', () => {
  /** Delays, in order, of timer 0 armed with these keys at one instant on a host of its own. */
  const delays = (seed: number, keys: readonly number[], host = 0): number[] => {
    const tiny = tinyWorld([IDLE, IDLE], { seed });
    startAll(tiny);
    const machine = tiny.machine(host);
    const got: number[] = [];
    for (const key of keys) {
      const { calls } = tiny;
      const from = tiny.world.nowUs;
      machine.setTimer(0, MS, 1_000 * MS, key);
      const before = calls.length;
      while (calls.length === before) tiny.world.step();
      got.push(tiny.world.nowUs - from);
    }
    return got;
  };

  test('draw by host, incarnation, timer, key and attempt, whatever the instant', () => {
    const [a, b] = delays(5, [7, 9]) as [number, number];
    expect(delays(5, [9, 7])).toEqual([b, a]);
    expect(delays(5, [3, 4, 9, 7])).toEqual([...delays(5, [3, 4]), b, a]);
    expect(new Set(delays(5, [7, 7, 7, 7])).size).toBe(4);
    expect(delays(5, [7], 1)).not.toEqual([a]);
    expect(delays(6, [7])).not.toEqual([a]);
    for (const delayUs of delays(5, [1, 2, 3, 4, 5, 6, 7, 8])) {
      expect(delayUs).toBeGreaterThanOrEqual(MS);
      expect(delayUs).toBeLessThanOrEqual(1_000 * MS);
    }
  });

  test('key 0 is a key like any other: its first attempt is the same first and later (R20)', () => {
    const [first, , again] = delays(5, [0, 1, 0]) as [number, number, number];
    expect(again).toBe(first);
  });

  test('arming again replaces the deadline, earlier and later', () => {
    const tiny = tinyWorld([IDLE]);
    startAll(tiny);
    const machine = tiny.machine(0);
    machine.setTimer(0, 50 * MS, 50 * MS, 0);
    machine.setTimer(0, 10 * MS, 10 * MS, 0);
    machine.setTimer(1, 10 * MS, 10 * MS, 0);
    machine.setTimer(1, 50 * MS, 50 * MS, 0);
    tiny.world.runUntil(200 * MS);
    expect(tiny.calls.slice(1).map(({ atUs, what }) => [atUs, what])).toEqual([
      [10 * MS, 'timer 0'],
      [50 * MS, 'timer 1'],
    ]);
    expect([machine.isArmed(0), machine.isArmed(1)]).toEqual([false, false]);
  });

  test('a cancelled timer does not fire, unless it is armed anew', () => {
    const tiny = tinyWorld([IDLE]);
    startAll(tiny);
    const machine = tiny.machine(0);
    machine.setTimer(0, 10 * MS, 10 * MS, 0);
    machine.setTimer(1, 10 * MS, 10 * MS, 0);
    machine.cancelTimer(0);
    machine.cancelTimer(1);
    expect(machine.isArmed(1)).toBe(false);
    machine.setTimer(1, 20 * MS, 20 * MS, 0);
    tiny.world.runUntil(200 * MS);
    expect(tiny.calls.slice(1).map(({ atUs, what }) => [atUs, what])).toEqual([[20 * MS, 'timer 1']]);
  });

  test("run by the host's own clock", () => {
    const tiny = tinyWorld([IDLE]);
    startAll(tiny);
    const machine = tiny.machine(0);
    machine.clock.setDriftPpm(100_000);
    machine.clock.stepWall(-500 * MS);
    machine.setTimer(0, 110 * MS, 110 * MS, 0);
    tiny.world.runUntil(200 * MS);
    expect(tiny.calls[1]).toMatchObject({ atUs: 100 * MS, what: 'timer 0' });
  });
});

describe('simultaneous events', () => {
  /** Three hosts get three notes each at one instant, from different senders. */
  const orderOf = (seed: number): { hosts: string; perHost: string[] } => {
    const burst: Script = {
      onStart: (host) => {
        for (const to of [0, 1, 2]) for (const id of [1, 2, 3]) host.send(to, note(id));
      },
    };
    const tiny = tinyWorld([IDLE, IDLE, IDLE, burst], { seed });
    startAll(tiny);
    tiny.world.runUntil(10 * MS);
    const got = tiny.calls.filter(({ what }) => what.startsWith('message'));
    expect(got.map(({ atUs }) => atUs)).toEqual(new Array(9).fill(MS));
    return {
      hosts: [...new Set(got.map(({ host }) => host))].join(''),
      perHost: [0, 1, 2].map((host) => messages(tiny, host).join('')),
    };
  };

  test('of different hosts come in every order over seeds, those of one host in the order of their causes', () => {
    const orders = new Map<string, number>();
    for (let seed = 1; seed <= 120; seed++) {
      const { hosts, perHost } = orderOf(seed);
      orders.set(hosts, (orders.get(hosts) ?? 0) + 1);
      expect(perHost).toEqual(['123', '123', '123']);
    }
    expect([...orders.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    expect(Math.min(...orders.values())).toBeGreaterThanOrEqual(8);
  });
});
