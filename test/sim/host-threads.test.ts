import { describe, expect, it } from 'vitest';
import { HostMemory } from '../../src/sim/host-memory.ts';
import { HostThreads } from '../../src/sim/host-threads.ts';
import { FakeCore } from './fake-core.ts';

const SERVER = { owner: 'server', command: 'server', symbol: 'server::scan' } as const;

/** Gives the threads their turns up to a time. */
function pass(core: FakeCore, threads: HostThreads, untilUs: number): void {
  const { queue } = core;
  while (queue.peekUs() >= 0 && queue.peekUs() <= untilUs) {
    queue.pop();
    core.nowUs = queue.timeUs;
    threads.wake(queue.a, queue.b, queue.ref);
  }
  core.nowUs = untilUs;
}

describe('threads of a host', () => {
  it('share its cores fairly, and a thread is done when it has had its work', () => {
    const core = new FakeCore(1);
    const threads = new HostThreads(core, 0, 2);
    const ends: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) threads.spawn(SERVER, 1_000, () => ends.push(`${name}@${core.nowUs}`));
    pass(core, threads, 10_000);
    // Four threads on two cores: each gets half of one.
    expect(ends).toEqual(['a@2000', 'b@2000', 'c@2000', 'd@2000']);
    expect(threads.byCommand.get('server')).toBeCloseTo(4_000, 0);
  });

  it('stand still while the host is frozen, and end with their process', () => {
    const core = new FakeCore(1);
    const threads = new HostThreads(core, 0, 1);
    let done = 0;
    threads.spawn(SERVER, 1_000, () => done++);
    threads.freeze();
    pass(core, threads, 5_000);
    expect(done).toBe(0);
    threads.thaw();
    pass(core, threads, 6_000);
    expect(done).toBe(1);
    threads.spawn(SERVER, 1_000, () => done++);
    threads.endOwner('server');
    pass(core, threads, 9_000);
    expect(done).toBe(1);
  });
});

describe('memory of a host', () => {
  it('is short when others grow, stalls whoever allocates now and then, and is free again with the process', () => {
    const core = new FakeCore(1);
    const memory = new HostMemory(core, 0, 1_000_000);
    memory.serverBytes = () => 100_000;
    memory.stall = { stallUs: 1_000, everyUs: 5_000 };
    memory.hold('leak', {
      owner: 'server',
      command: 'leak',
      baseBytes: 0,
      bytesPerS: 500_000,
      limitBytes: 900_000,
    });
    expect([memory.isShort, memory.stallUs()]).toEqual([false, 0]);
    core.nowUs = 1_700_000;
    expect(memory.isShort).toBe(true);
    const stallUs = memory.stallUs();
    expect(stallUs).toBeGreaterThanOrEqual(875);
    expect(stallUs).toBeLessThanOrEqual(1_125);
    expect(memory.stallUs()).toBe(0);
    expect(memory.resident('server')).toEqual([{ command: 'server', bytes: 950_000 }]);
    memory.serverEnded();
    expect(memory.usedBytes()).toBe(100_000);
  });
});
