import { describe, expect, test } from 'vitest';
import { ProcessAssertion } from '../../src/sim/api.ts';
import type { StopCause } from '../../src/sim/host-journal.ts';
import { RECORD } from '../../src/sim/trace.ts';
import { note, type Script, startAll, tinyWorld } from './tiny-world.ts';

const MS = 1_000;
const IDLE: Script = {};

describe('a process crash', () => {
  test('keeps the page cache: the next incarnation reads bytes that were never synced (R2)', () => {
    const read: number[][] = [];
    const tiny = tinyWorld([
      {
        onStart: (host) => {
          if (host.incarnation > 1) host.read('log', 0, 4, 9, 0);
          else {
            host.createFile('log', 4096);
            host.write('log', 0, Uint8Array.of(1, 2, 3, 4), 1, 0);
          }
        },
        onDisk: (_, op) => {
          if (op.kind === 'read') read.push([...(op.bytes ?? [])]);
        },
      },
    ]);
    startAll(tiny);
    tiny.world.runUntil(10 * MS);
    tiny.machine(0).stop('crash');
    expect(tiny.machine(0).disk.peekDurable('log', 0, 4)).toBeNull();
    tiny.machine(0).start();
    tiny.world.runUntil(20 * MS);
    expect(read).toEqual([[1, 2, 3, 4]]);
  });

  test('finishes a write and an fsync that were in flight, and tells nobody', () => {
    const tiny = tinyWorld([
      {
        onStart: (host) => {
          if (host.incarnation > 1) return;
          host.createFile('log', 4096);
          host.write('log', 0, Uint8Array.of(5), 1, 0);
          host.fsync('log', 2, 0);
        },
      },
    ]);
    startAll(tiny);
    tiny.machine(0).stop('crash');
    tiny.machine(0).start();
    tiny.world.runUntil(50 * MS);
    expect(tiny.heard(0)).toEqual(['start', 'start']);
    expect(tiny.machine(0).disk.peekDurable('log', 0, 1)?.[0]).toBe(5);
  });

  test('takes timers along: those of the dead incarnation never fire in the next', () => {
    const tiny = tinyWorld([
      {
        onStart: (host) => {
          if (host.incarnation === 1) host.setTimer(3, 10 * MS, 10 * MS, 0);
          else host.setTimer(4, 30 * MS, 30 * MS, 0);
        },
      },
    ]);
    startAll(tiny);
    tiny.world.runUntil(5 * MS);
    tiny.machine(0).stop('crash');
    tiny.machine(0).start();
    expect([tiny.machine(0).isArmed(3), tiny.machine(0).isArmed(4)]).toEqual([false, true]);
    tiny.world.runUntil(100 * MS);
    expect(tiny.calls.map(({ atUs, what }) => [atUs, what])).toEqual([
      [0, 'start'],
      [5 * MS, 'start'],
      [35 * MS, 'timer 4'],
    ]);
  });

  test('a stale entry that falls due exactly with a deadline of the new incarnation fires once', () => {
    const arm: Script = {
      onStart: (host) => host.setTimer(0, 10 * MS - host.monotonicUs(), 10 * MS - host.monotonicUs(), 0),
    };
    const tiny = tinyWorld([arm]);
    startAll(tiny);
    tiny.world.runUntil(4 * MS);
    tiny.machine(0).stop('crash');
    tiny.machine(0).start();
    tiny.world.runUntil(100 * MS);
    expect(tiny.heard(0)).toEqual(['start', 'start', 'timer 0']);
    expect(tiny.world.timersFired).toBe(1);
  });

  test('does not recall what the process had sent', () => {
    const tiny = tinyWorld([{ onStart: (host) => host.send(1, note(7)) }, IDLE]);
    startAll(tiny);
    tiny.machine(0).stop('crash');
    tiny.world.runUntil(10 * MS);
    expect(tiny.heard(1)).toEqual(['start', 'message 7']);
  });

  test('a message to a host whose process is down is gone, also for the next incarnation', () => {
    const tiny = tinyWorld([{ onStart: (host) => host.send(1, note(7)) }, IDLE]);
    startAll(tiny);
    tiny.machine(1).stop('crash');
    tiny.world.runUntil(10 * MS);
    tiny.machine(1).start();
    tiny.world.runUntil(20 * MS);
    expect(tiny.heard(1)).toEqual(['start', 'start']);
    expect(tiny.world.deliveries).toBe(0);
  });
});

describe('the supervisor', () => {
  const CAUSES: readonly StopCause[] = ['exit', 'crash', 'assertion', 'oom-kill', 'power-loss', 'stop'];
  const RESTARTED: Readonly<Record<'no' | 'on-failure' | 'always', readonly StopCause[]>> = {
    no: [],
    'on-failure': ['crash', 'assertion', 'oom-kill'],
    always: ['exit', 'crash', 'assertion', 'oom-kill'],
  };

  test.each(['no', 'on-failure', 'always'] as const)('policy %s', (policy) => {
    for (const cause of CAUSES) {
      const tiny = tinyWorld([IDLE]);
      const machine = tiny.machine(0);
      machine.supervisor.policy = policy;
      machine.supervisor.delayUs = 40 * MS;
      startAll(tiny);
      machine.stop(cause);
      expect([machine.isUp, machine.stopCause]).toEqual([false, cause]);
      tiny.world.runUntil(39 * MS);
      expect(machine.isUp).toBe(false);
      tiny.world.runUntil(40 * MS);
      expect([cause, machine.isUp]).toEqual([cause, RESTARTED[policy].includes(cause)]);
      expect(machine.incarnation).toBe(machine.isUp ? 2 : 1);
      if (machine.isUp) expect(machine.startedUs).toBe(40 * MS);
    }
  });

  test('leaves a service alone that an operator stopped during the delay', () => {
    const tiny = tinyWorld([IDLE]);
    const machine = tiny.machine(0);
    machine.supervisor.policy = 'always';
    machine.supervisor.delayUs = 40 * MS;
    startAll(tiny);
    machine.stop('crash');
    tiny.world.runUntil(20 * MS);
    machine.enabled = false;
    machine.stop('stop');
    tiny.world.runUntil(1_000 * MS);
    expect([machine.isUp, machine.incarnation]).toEqual([false, 1]);
  });

  test('a start that was due does nothing when an operator has started the service already', () => {
    const tiny = tinyWorld([IDLE]);
    const machine = tiny.machine(0);
    machine.supervisor.policy = 'always';
    machine.supervisor.delayUs = 40 * MS;
    startAll(tiny);
    machine.stop('crash');
    machine.start();
    machine.enabled = false;
    machine.stop('stop');
    machine.enabled = true;
    tiny.world.runUntil(1_000 * MS);
    expect([machine.isUp, machine.incarnation]).toEqual([false, 2]);
  });

  test('an OOM kill is a crash with its own cause: seen by the listener, journal and cache stay', () => {
    const tiny = tinyWorld([{ onStart: (host) => host.log('info', () => `up ${host.incarnation}`) }]);
    const stops: StopCause[] = [];
    tiny.world.onStop = (_, cause) => stops.push(cause);
    tiny.machine(0).supervisor.policy = 'on-failure';
    startAll(tiny);
    tiny.machine(0).stop('oom-kill');
    tiny.world.runUntil(1);
    expect(stops).toEqual(['oom-kill']);
    expect(tiny.machine(0).journal.map(({ text }) => text)).toEqual(['up 1', 'up 2']);
  });
});

describe('power loss', () => {
  test('of several hosts at one instant: processes, pages and timers go, synced bytes and messages under way stay', () => {
    const script: Script = {
      onStart: (host) => {
        if (host.incarnation > 1) return;
        host.createFile('log', 8192);
        host.write('log', 0, new Uint8Array(4096).fill(1), 1, 0);
        host.fsync('log', 2, 0);
        host.setTimer(0, 60 * MS, 60 * MS, 0);
      },
      onDisk: (host, op) => {
        if (op.kind === 'fsync') host.write('log', 4096, new Uint8Array(4096).fill(2), 3, 0);
      },
      onTimer: () => {
        throw new Error('a timer of a host without power fired');
      },
    };
    const tiny = tinyWorld([script, script, script, IDLE], { recording: true });
    startAll(tiny);
    tiny.world.runUntil(20 * MS);
    tiny.machine(0).act(() => tiny.machine(0).send(3, note(1)));
    for (const host of [0, 1, 2]) tiny.machine(host).powerLoss('outage', 'mix');
    expect(tiny.world.nowUs).toBe(20 * MS);
    for (const host of [0, 1, 2]) {
      const { disk, isUp, powered, stopCause } = tiny.machine(host);
      expect([isUp, powered, stopCause]).toEqual([false, false, 'power-loss']);
      expect(disk.peekDurable('log', 0, 4096)?.every((byte) => byte === 1)).toBe(true);
      expect(disk.peekDurable('log', 4096, 4096)?.every((byte) => byte === 0 || byte === 2)).toBe(true);
    }
    tiny.machine(1).start();
    expect(tiny.machine(1).isUp).toBe(false);
    for (const host of [0, 1, 2]) tiny.machine(host).powerOn(5 * MS);
    tiny.world.runUntil(24 * MS);
    expect(tiny.machine(2).isUp).toBe(false);
    expect(tiny.heard(3)).toEqual(['start', 'message 1']);
    tiny.world.runUntil(100 * MS);
    expect([0, 1, 2].map((host) => tiny.machine(host).incarnation)).toEqual([2, 2, 2]);
  });

  test('a service that an operator stopped stays down when power returns', () => {
    const tiny = tinyWorld([IDLE]);
    const machine = tiny.machine(0);
    startAll(tiny);
    machine.enabled = false;
    machine.powerLoss('outage', 'mix');
    machine.powerOn(0);
    tiny.world.runUntil(50 * MS);
    expect([machine.powered, machine.isUp]).toEqual([true, false]);
  });

  test('a supervisor waiting to restart does not start a process without power', () => {
    const tiny = tinyWorld([IDLE]);
    const machine = tiny.machine(0);
    machine.supervisor.policy = 'always';
    machine.supervisor.delayUs = 10 * MS;
    startAll(tiny);
    machine.stop('crash');
    machine.powerLoss('outage', 'mix');
    tiny.world.runUntil(50 * MS);
    expect(machine.isUp).toBe(false);
  });
});

describe('a failed assertion', () => {
  test('lets nothing leave that the handler sent, is counted, logged and restarted', () => {
    const tiny = tinyWorld([
      {
        onStart: (host) => host.setTimer(0, MS, MS, 0),
        onTimer: (host) => {
          host.send(1, note(1));
          host.send(0, note(2));
          if (host.incarnation === 1) throw new ProcessAssertion('test.ts:site', 'commit is above op');
        },
      },
      IDLE,
    ]);
    const sites: string[] = [];
    tiny.world.onAssertion = (_, error) => sites.push(error.site);
    const machine = tiny.machine(0);
    machine.supervisor.policy = 'on-failure';
    machine.supervisor.delayUs = 100 * MS;
    startAll(tiny);
    tiny.world.runUntil(50 * MS);
    expect([machine.isUp, machine.stopCause, machine.assertionFailures]).toEqual([false, 'assertion', 1]);
    expect(sites).toEqual(['test.ts:site']);
    expect(tiny.world.marks.get('assertion-failed')).toBe(1);
    expect(machine.journal.at(-1)).toMatchObject({ level: 'error', text: 'assertion failed: commit is above op' });
    expect(tiny.heard(1)).toEqual(['start']);
    tiny.world.runUntil(150 * MS);
    expect(tiny.heard(0)).toEqual(['start', 'timer 0', 'start', 'timer 0', 'message 2']);
    expect(tiny.heard(1)).toEqual(['start', 'message 1']);
  });

  test.each(['onStart', 'onMessage', 'onDisk'] as const)('in %s', (handler) => {
    const fails = (host: { send(to: number, message: ReturnType<typeof note>): void }): never => {
      host.send(1, note(66));
      throw new ProcessAssertion('test.ts:site', 'no');
    };
    const script: Script = {
      onStart: (host) => {
        if (handler === 'onStart') fails(host);
        host.createFile('log', 4096);
        host.read('log', 0, 1, 1, 0);
        host.send(0, note(1));
      },
      onMessage: (host) => handler === 'onMessage' && fails(host),
      onDisk: (host) => handler === 'onDisk' && fails(host),
    };
    const tiny = tinyWorld([script, IDLE]);
    startAll(tiny);
    tiny.world.runUntil(50 * MS);
    expect([tiny.machine(0).isUp, tiny.machine(0).assertionFailures]).toEqual([false, 1]);
    expect(tiny.heard(1)).toEqual(['start']);
  });

  test("of a command that acts on the process counts as the process's own", () => {
    const tiny = tinyWorld([IDLE, IDLE]);
    startAll(tiny);
    const machine = tiny.machine(0);
    machine.act(() => {
      machine.send(1, note(1));
      throw new ProcessAssertion('test.ts:act', 'no');
    });
    tiny.world.runUntil(10 * MS);
    expect([machine.isUp, machine.stopCause, tiny.heard(1)]).toEqual([false, 'assertion', ['start']]);
  });

  test('any other error is ours and reaches the caller', () => {
    const tiny = tinyWorld([{ onStart: () => (undefined as unknown as { x: number }).x as never }]);
    expect(() => startAll(tiny)).toThrow(TypeError);
  });
});

test('Host.exit ends the process with its reason in the journal, lets nothing leave and is no assertion', () => {
  const tiny = tinyWorld([
    {
      onMessage: (host) => {
        host.send(1, note(1));
        host.exit('data directory belongs to another cluster');
      },
      onStart: (host) => host.send(0, note(0)),
    },
    IDLE,
  ]);
  const machine = tiny.machine(0);
  machine.supervisor.policy = 'on-failure';
  machine.supervisor.delayUs = 10_000 * MS;
  startAll(tiny);
  tiny.world.runUntil(10 * MS);
  expect([machine.isUp, machine.assertionFailures, tiny.world.marks.size]).toEqual([false, 0, 0]);
  expect(machine.journal.map(({ text }) => text)).toEqual(['data directory belongs to another cluster']);
  expect(tiny.heard(1)).toEqual(['start']);
  tiny.world.runUntil(10_001 * MS);
  expect(machine.incarnation).toBe(2);
});

test('every start and every end of a process stands in the trace and in its hash', () => {
  const run = (stopped: boolean): { hash: string; kinds: number[] } => {
    const tiny = tinyWorld([IDLE], { recording: true });
    startAll(tiny);
    if (stopped) tiny.machine(0).stop('crash');
    return { hash: tiny.world.trace.hash(), kinds: tiny.world.trace.records.map(({ kind }) => kind) };
  };
  expect(run(true).kinds).toEqual([RECORD.start, RECORD.crash]);
  expect(run(true).hash).not.toBe(run(false).hash);
});
