import { type Host, type Message, type Process, ProcessAssertion } from '../../sim/api.ts';
import { type Clock, type ClockOptions, PERFECT_CLOCK } from '../../sim/clock.ts';
import type { WorldCore } from '../../sim/core.ts';
import { DISK_DEFAULT } from '../../sim/disk-options.ts';
import type { Machine } from '../../sim/machine.ts';
import type { WorldParts } from '../../sim/parts.ts';
import type { Stream } from '../../sim/random.ts';
import type { Us } from '../../sim/time.ts';
import { World } from '../../sim/world.ts';
import { CALM } from './network-checks.ts';
import { QueueCore } from './queue-core.ts';
import type { Check } from './row.ts';

const MS = 1_000;

/** One handler call. */
interface Call {
  readonly atUs: Us;
  readonly host: number;
  readonly incarnation: number;
  readonly what: 'message' | 'timer';
  /** Identity of the message, or number of the timer. */
  readonly id: number;
}

/** What the processes of a small world do; all that happens to them is noted. */
interface Script {
  readonly onStart?: (host: Host) => void;
  readonly onMessage?: (host: Host, message: Message) => void;
  readonly onTimer?: (host: Host, timer: number) => void;
}

interface SmallWorld {
  readonly world: World;
  readonly calls: Call[];
  machine(host: number): Machine;
}

/** Two hosts on links of exactly 1 ms, started at once. */
function smallWorld(parts: WorldParts, seed: number, scripts: readonly [Script, Script]): SmallWorld {
  const calls: Call[] = [];
  const world: World = new World({
    seed,
    recording: false,
    logging: false,
    rarities: false,
    parts,
    link: { ...CALM, latencyUsMin: MS, latencyUsMean: MS },
    machines: scripts.map((script, id) => ({
      name: `h${id}`,
      disk: DISK_DEFAULT,
      clock: PERFECT_CLOCK,
      factory: (host: Host): Process => scripted(() => world.nowUs, host, script, calls),
    })),
  });
  for (const machine of world.machines) machine.start();
  return { world, calls, machine: (host) => world.machines[host] as Machine };
}

function scripted(nowUs: () => Us, host: Host, script: Script, calls: Call[]): Process {
  const { incarnation } = host;
  const note = (what: Call['what'], id: number): void => {
    calls.push({ atUs: nowUs(), host: host.id, incarnation, what, id });
  };
  return {
    onStart: () => script.onStart?.(host),
    onMessage: (_from, message) => {
      note('message', message.id0);
      script.onMessage?.(host, message);
    },
    onTimer: (timer) => {
      note('timer', timer);
      script.onTimer?.(host, timer);
    },
    onDisk: () => {},
  };
}

function messageOf(id: number): Message {
  return { kind: 'check', tag: 1, id0: id, id1: 0, digest: id, sizeBytes: 64 };
}

/** A paused host runs nothing; what came meanwhile is handled when it goes on (R6). */
export const PAUSE: Check<WorldParts> = {
  name: 'pause',
  judge(parts, draw) {
    let sent = 0;
    const sender: Script = {
      onStart: (host) => host.setTimer(0, MS, MS, 0),
      onTimer: (host) => {
        if (sent < 12) host.send(1, messageOf(sent++));
        host.setTimer(0, MS, MS, 0);
      },
    };
    const ticker: Script = {
      onStart: (host) => host.setTimer(0, MS, MS, 0),
      onTimer: (host) => host.setTimer(0, MS, MS, 0),
    };
    const { world, calls, machine } = smallWorld(parts, draw.int(1, 1_000_000), [sender, ticker]);
    const fromUs = draw.int(2 * MS, 4 * MS) + 1;
    const untilUs = fromUs + draw.int(3 * MS, 6 * MS);
    world.runUntil(fromUs);
    machine(1).pause();
    world.runUntil(untilUs);
    machine(1).resume(draw.chance(1, 2));
    world.runUntil(30 * MS);
    const heard = calls.filter(({ host }) => host === 1);
    const awake = heard.find(({ atUs }) => atUs > fromUs && atUs < untilUs);
    if (awake !== undefined) return `a paused host handled a ${awake.what} at ${awake.atUs}`;
    const messages = heard.filter(({ what }) => what === 'message');
    if (messages.length !== sent) return `${messages.length} of ${sent} messages came through the pause`;
    const ticks = heard.some(({ what, atUs }) => what === 'timer' && atUs >= untilUs);
    return ticks ? null : 'the timers of a host are gone after a pause';
  },
};

export type ClockMaker = (core: WorldCore, host: number, options: ClockOptions) => Clock;

/** Nothing that happens to the wall clock moves the monotonic one (R6). */
export const MONOTONIC: Check<ClockMaker> = {
  name: 'monotonic-clock',
  judge(make, draw) {
    const core = new QueueCore(1);
    const clock = make(core, 0, PERFECT_CLOCK);
    for (let turn = 0; turn < 8; turn++) {
      const done = disturb(clock, draw);
      core.nowUs += draw.int(1, 5_000_000);
      if (clock.monotonicUs() !== core.nowUs) {
        return `after ${done} the monotonic clock shows ${clock.monotonicUs()}, true time is ${core.nowUs}`;
      }
    }
    return null;
  },
};

function disturb(clock: Clock, draw: Stream): string {
  const what = draw.pick(['step', 'slew', 'freeze', 'unfreeze', 'leap second', 'wrong server'] as const);
  switch (what) {
    case 'step':
      clock.stepWall(draw.int(1, 1_000_000) * (draw.chance(1, 2) ? 1 : -1));
      break;
    case 'slew':
      clock.slewWall(draw.int(-1_000_000, 1_000_000), 500);
      break;
    case 'freeze':
      clock.freezeWall();
      break;
    case 'unfreeze':
      clock.unfreezeWall();
      break;
    case 'leap second':
      clock.leapSecond(draw.pick(['insert', 'delete'] as const));
      break;
    case 'wrong server':
      clock.setNtp({ serverErrorUs: 3_000_000 });
      clock.restartNtp();
      break;
  }
  return what;
}

const TIE_SEEDS = 24;

/** Events of two hosts at one instant come in either order, by the seed (R20). */
export const TIES: Check<WorldParts> = {
  name: 'tie-order',
  judge(parts, draw) {
    const timer: Script = { onStart: (host) => host.setTimer(0, MS, MS, 0) };
    const base = draw.int(1, 1_000_000);
    const first = new Set<number>();
    for (let index = 0; index < TIE_SEEDS; index++) {
      const { world, calls } = smallWorld(parts, base + index, [timer, timer]);
      world.runUntil(2 * MS);
      if (calls.length !== 2) return `${calls.length} of 2 timers fired`;
      first.add((calls[0] as Call).host);
    }
    return first.size === 2 ? null : `host ${[...first].join()} is the first of two under all of ${TIE_SEEDS} seeds`;
  },
};

/** Events of one host at one instant keep the order in which they were scheduled (R20). */
export const FIFO: Check<WorldParts> = {
  name: 'fifo-of-a-host',
  judge(parts, draw) {
    const count = draw.int(6, 12);
    const burst: Script = {
      onStart: (host) => {
        for (let id = 0; id < count; id++) host.send(1, messageOf(id));
      },
    };
    const { world, calls } = smallWorld(parts, draw.int(1, 1_000_000), [burst, {}]);
    world.runUntil(2 * MS);
    const order = calls.map(({ id }) => id).join();
    const expected = Array.from({ length: count }, (_, id) => id).join();
    return order === expected ? null : `${count} messages of one instant came as ${order || 'none'}`;
  },
};

/** Nothing of a handler whose assertion failed leaves the host (R15). */
export const ASSERTION: Check<WorldParts> = {
  name: 'assertion-holds-back',
  judge(parts, draw) {
    const fails = draw.int(1, 3);
    const sender: Script = {
      onStart: (host) => host.setTimer(0, MS, MS, 0),
      onTimer: (host) => {
        for (let id = 0; id < fails; id++) host.send(1, messageOf(id));
        throw new ProcessAssertion('selfcheck', 'a planted assertion');
      },
    };
    const { world, calls, machine } = smallWorld(parts, draw.int(1, 1_000_000), [sender, {}]);
    world.runUntil(5 * MS);
    if (machine(0).isUp) return 'a process goes on after its assertion failed';
    const heard = calls.filter(({ host }) => host === 1);
    return heard.length === 0 ? null : `${heard.length} messages of a handler whose assertion failed were sent`;
  },
};

/** A timer dies with the process that armed it. */
export const STALE_TIMER: Check<WorldParts> = {
  name: 'stale-timer',
  judge(parts, draw) {
    const once: Script = {
      onStart: (host) => {
        if (host.incarnation === 1) host.setTimer(3, 5 * MS, 5 * MS, 0);
      },
    };
    const { world, calls, machine } = smallWorld(parts, draw.int(1, 1_000_000), [once, {}]);
    world.runUntil(draw.int(1, 4 * MS));
    machine(0).stop('crash');
    machine(0).start();
    world.runUntil(20 * MS);
    return calls.length === 0 ? null : 'a timer fired in a later process than the one that armed it';
  },
};

/** A message on its way does not care whether its sender is still alive; a dead host hears nothing (fault model). */
export const IN_FLIGHT: Check<WorldParts> = {
  name: 'in-flight',
  judge(parts, draw) {
    const sender: Script = { onStart: (host) => host.send(1, messageOf(host.incarnation)) };
    const { world, calls, machine } = smallWorld(parts, draw.int(1, 1_000_000), [sender, {}]);
    world.runUntil(draw.int(1, MS - 1));
    machine(0).stop('crash');
    world.runUntil(3 * MS);
    if (calls.length !== 1) return 'a message on its way was lost with its sender';
    machine(0).start();
    world.runUntil(world.nowUs + draw.int(1, MS - 1));
    machine(1).stop('crash');
    world.runUntil(world.nowUs + 3 * MS);
    return calls.length === 1 ? null : 'a dead host handled a message';
  },
};
