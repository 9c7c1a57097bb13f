import type { Machine } from '../sim/machine.ts';
import { fired, later, type Outcome, refused, type Strike } from './strike.ts';

/** Ends a process as {@link Machine.stop} does; a paused host goes on first, so that its clocks do not stay stopped. */
export function endProcess(machine: Machine, cause: 'crash' | 'oom-kill' | 'exit'): void {
  machine.resume(true);
  machine.stop(cause);
}

/** What a program says that indexes past the end of a list; the journal of its own host alone has it. */
const PANIC = 'index out of bounds';

function activityOf(strike: Strike, host: number): string {
  const activity = strike.surface.activity?.(host) ?? '';
  return activity === '' ? '' : ` (${activity})`;
}

/** Ends processes. One that crashes panics: it says so in its host's journal, where there is one, and dies. */
export function crashProcess(strike: Strike): Outcome {
  const up = strike.hosts.filter((host) => strike.machine(host).isUp);
  if (up.length === 0) return later('no process runs there');
  const cause = strike.choice('cause') as 'crash' | 'oom-kill' | 'exit';
  for (const host of up) {
    const machine = strike.machine(host);
    machine.resume(true);
    if (cause === 'crash') machine.log('error', () => `panic: ${PANIC}${activityOf(strike, host)}`);
    endProcess(machine, cause);
  }
  const { durationUs, endsOn } = strike.fault;
  return fired(durationUs === 0 && endsOn === undefined ? null : () => startAgain(strike, up));
}

/** At the end of its duration a crash lets the process start, if no supervisor has done so. */
function startAgain(strike: Strike, hosts: readonly number[]): void {
  for (const host of hosts) {
    const machine = strike.machine(host);
    if (!machine.isUp && machine.powered && machine.enabled) machine.scheduleStart(0);
  }
}

export function pauseProcess(strike: Strike): Outcome {
  const running = strike.hosts.filter((host) => strike.machine(host).isUp && !strike.machine(host).paused);
  if (running.length === 0) return later('no process runs there');
  const jump = strike.number('jump') === 1;
  const paused = running.map((host) => ({ host, incarnation: strike.machine(host).incarnation }));
  for (const host of running) strike.machine(host).pause();
  return fired(() => {
    for (const { host, incarnation } of paused) {
      if (strike.machine(host).incarnation === incarnation) strike.machine(host).resume(jump);
    }
  });
}

export function slowCpu(strike: Strike): Outcome {
  const { label } = strike.fault;
  for (const host of strike.hosts) {
    strike.machine(host).cpu.usPerEvent = strike.layers.push('cpu', host, label, strike.number('cpuUsPerEvent'));
  }
  return fired(() => {
    for (const host of strike.hosts) {
      strike.machine(host).cpu.usPerEvent = strike.layers.remove('cpu', host, label, 0);
    }
  });
}

export function corruptMemory(strike: Strike): Outcome {
  let struck = 0;
  for (const host of strike.hosts) {
    if (!strike.machine(host).isUp || !strike.surface.corruptMemory(host)) continue;
    strike.budget.happened(strike.fault, host);
    struck++;
  }
  return struck > 0 ? fired() : later('no process runs there');
}

/** The next client operation is one that the product's code cannot execute; ended by a build that can. */
export function poisonOp(strike: Strike): Outcome {
  const { poison } = strike.surface;
  if (poison === undefined) return refused('this system has no operation that its servers cannot execute');
  poison(true);
  return fired(() => poison(false));
}

/** Cuts the power of all targets at one instant; it returns after `outageUs`, or at the end of a `host.down`. */
export function losePower(strike: Strike): Outcome {
  const powered = strike.hosts.filter((host) => strike.machine(host).powered);
  if (powered.length === 0) return later('the power is off already');
  const mode = strike.choice('mode') as 'mix' | 'unreadable';
  for (const host of powered) {
    strike.machine(host).resume(true);
    strike.machine(host).powerLoss(strike.fault.label, mode);
  }
  const bootUs = strike.number('bootUs');
  const end = (): void => {
    for (const host of powered) strike.machine(host).powerOn(bootUs);
  };
  return strike.fault.kind === 'host.power-loss' ? fired(end, strike.number('outageUs')) : fired(end);
}

export function crashClient(strike: Strike): Outcome {
  const up = strike.hosts.filter((host) => strike.machine(host).isUp);
  if (up.length === 0) return later('no client runs there');
  for (const host of up) {
    strike.machine(host).resume(true);
    strike.surface.crashClient(host);
  }
  return fired();
}

/** Wall clocks go wrong by `ms`: at once and for good (`step`), for a while (`skew`), or little by little (`slew`). */
export function moveClock(strike: Strike): Outcome {
  const deltaUs = strike.number('ms') * 1_000;
  if (deltaUs === 0) return refused('ms is 0: the clock would not move');
  const { kind } = strike.fault;
  for (const host of strike.hosts) {
    const { clock } = strike.machine(host);
    if (kind === 'clock.slew') clock.slewWall(deltaUs, strike.number('ppm'));
    else clock.stepWall(deltaUs);
  }
  if (kind !== 'clock.skew') return fired(() => synchronise(strike));
  return fired(() => {
    for (const host of strike.hosts) strike.machine(host).clock.stepWall(-deltaUs);
  });
}

export function driftClock(strike: Strike): Outcome {
  const { label } = strike.fault;
  const ppm = strike.number('ppm');
  for (const host of strike.hosts) {
    strike.machine(host).clock.setDriftPpm(strike.layers.push('drift', host, label, ppm));
  }
  return fired(() => {
    for (const host of strike.hosts) {
      const ordinaryPpm = strike.surface.driftPpm?.(host) ?? 0;
      strike.machine(host).clock.setDriftPpm(strike.layers.remove('drift', host, label, ordinaryPpm));
    }
    synchronise(strike);
  });
}

export function freezeClock(strike: Strike): Outcome {
  for (const host of strike.hosts) strike.machine(host).clock.freezeWall();
  return fired(() => {
    for (const host of strike.hosts) strike.machine(host).clock.unfreezeWall();
    synchronise(strike);
  });
}

/** The time server is wrong by `ms`, and the hosts' daemons believe it at once, as after a restart. */
export function wrongNtp(strike: Strike): Outcome {
  const { label } = strike.fault;
  const errorUs = strike.number('ms') * 1_000;
  for (const host of strike.hosts) {
    const { clock } = strike.machine(host);
    clock.setNtp({ serverErrorUs: strike.layers.push('ntp', host, label, errorUs) });
    clock.restartNtp();
  }
  return fired(() => {
    for (const host of strike.hosts) {
      strike.machine(host).clock.setNtp({ serverErrorUs: strike.layers.remove('ntp', host, label, 0) });
    }
    synchronise(strike);
  });
}

/** The time daemon dies, until somebody restarts it, or its server does not answer. */
export function loseNtp(strike: Strike): Outcome {
  const { label } = strike.fault;
  const server = strike.choice('cause') === 'server';
  for (const host of strike.hosts) {
    const { clock } = strike.machine(host);
    if (server) clock.setNtp({ reachable: strike.layers.push('ntp-server', host, label, 0) === 1 });
    else clock.stopNtp();
  }
  return fired(() => {
    for (const host of strike.hosts) {
      const { clock } = strike.machine(host);
      if (server) clock.setNtp({ reachable: strike.layers.remove('ntp-server', host, label, 1) === 1 });
    }
    synchronise(strike);
  });
}

/** Sets the hosts' wall clocks by their time servers, as a restarted daemon does. */
function synchronise(strike: Strike): void {
  for (const host of strike.hosts) strike.machine(host).clock.restartNtp();
}
