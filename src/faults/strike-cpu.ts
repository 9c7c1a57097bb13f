import { SECOND } from '../sim/time.ts';
import { fired, later, type Outcome, refused, type Strike } from './strike.ts';
import { endProcess } from './strike-host.ts';

/*
 * Load as a fault: other processes and queries that take cores, memory, disk requests and locks of a host. The hosts of
 * the plan need a CPU for that (`hosts`); the load of the clients does not.
 */
const NO_CPU = 'the plan gives the hosts no CPU and no memory (hosts)';

/** A process of its own on the host, with that many threads that never rest. */
export function loadCpu(strike: Strike): Outcome {
  const ends: (() => void)[] = [];
  for (const host of strike.hosts) {
    const threads = strike.machine(host).cpu.model?.threads;
    if (threads === undefined) return refused(NO_CPU);
    const spec = { owner: 'other', command: strike.fault.label, symbol: `${strike.fault.label}::main` } as const;
    for (let count = strike.number('threads'); count > 0; count--) {
      const thread = threads.spawn(spec, Number.POSITIVE_INFINITY, () => {});
      ends.push(() => threads.end(thread));
    }
  }
  return fired(() => {
    for (const end of ends) end();
  });
}

/**
 * Clients outside the simulated hosts that run a statement against a replica again and again. They begin within a second
 * and one pause of each other; with `staggerUs` each that much after the one before.
 */
export function loadQuery(strike: Strike): Outcome {
  const { load } = strike.surface;
  if (load === undefined) return refused(NO_CPU);
  const spec = {
    user: strike.fault.label,
    scanUs: strike.number('scanUs'),
    readBytes: strike.number('readBytes'),
    thinkUs: strike.number('thinkUs'),
    locks: strike.number('locks') === 1,
  };
  const ends: (() => void)[] = [];
  const count = strike.number('sessions');
  const staggerUs = strike.number('staggerUs');
  for (const host of strike.hosts) {
    for (let index = 0; index < count; index++) {
      const spreadUs = strike.draw(index, host) % (spec.thinkUs + SECOND);
      const end = load.connect(host, spec, index * staggerUs + spreadUs);
      if (end === null) return refused(NO_CPU);
      ends.push(end);
    }
  }
  return fired(() => {
    for (const end of ends) end();
  });
}

/** A process on the host, or a leak within the server, takes memory; who allocates while it is short stalls. */
export function loadMemory(strike: Strike): Outcome {
  const { label } = strike.fault;
  const server = strike.choice('owner') === 'server';
  for (const host of strike.hosts) {
    const memory = strike.machine(host).cpu.model?.memory;
    if (memory === undefined) return refused(NO_CPU);
    memory.hold(label, {
      owner: server ? 'server' : 'other',
      command: label,
      baseBytes: Math.floor((memory.totalBytes * strike.number('percent')) / 100),
      bytesPerS: strike.number('growthBytes'),
      limitBytes: Math.floor((memory.totalBytes * strike.number('limitPercent')) / 100),
    });
    const stallUs = strike.number('stallUs');
    if (stallUs > 0) memory.stall = { stallUs, everyUs: strike.number('everyUs') };
  }
  const end = (): void => {
    for (const host of strike.hosts) {
      const memory = strike.machine(host).cpu.model?.memory;
      memory?.release(label);
      if (memory !== undefined) memory.stall = null;
    }
  };
  return fired(end, -1, () => {
    for (const host of strike.hosts) killWhenOut(strike, host);
    return SECOND;
  });
}

/** No page is left: the kernel kills the largest process, here the server when it is that. */
function killWhenOut(strike: Strike, host: number): void {
  const machine = strike.machine(host);
  const memory = machine.cpu.model?.memory;
  if (memory === undefined || memory.availableBytes() > 0 || !machine.isUp) return;
  const [server, ...others] = memory.resident('kimberlite-server');
  if (server === undefined || others.some((other) => other.bytes > server.bytes)) return;
  strike.world.kernelLog(host, 'error', `Out of memory: Killed process (${server.command}) anon-rss:${server.bytes}`);
  endProcess(machine, 'oom-kill');
}

/** The clients issue operations faster: the pause after an answer is as the fault says. */
export function loadWrite(strike: Strike): Outcome {
  const { load } = strike.surface;
  if (load === undefined) return refused('this system has no clients that could be paced');
  const { label } = strike.fault;
  for (const host of strike.hosts) load.pace(host, strike.layers.push('pace', host, label, strike.number('thinkUs')));
  return fired(() => {
    for (const host of strike.hosts) load.pace(host, strike.layers.remove('pace', host, label, -1));
  });
}

/** A function of the server has become slow: it takes CPU time in each of its events. */
export function hotFunction(strike: Strike): Outcome {
  const { label } = strike.fault;
  if (!strike.hosts.some((host) => strike.machine(host).isUp)) return later('no process runs there');
  for (const host of strike.hosts) {
    const { model } = strike.machine(host).cpu;
    if (model === null) return refused(NO_CPU);
    model.hotUs = strike.layers.push('hot', host, label, strike.number('cpuUs'));
  }
  return fired(() => {
    for (const host of strike.hosts) {
      const { model } = strike.machine(host).cpu;
      if (model !== null) model.hotUs = strike.layers.remove('hot', host, label, 0);
    }
  });
}
