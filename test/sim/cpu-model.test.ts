import { describe, expect, it } from 'vitest';
import { EVENT } from '../../src/sim/core.ts';
import { CpuModel } from '../../src/sim/cpu-model.ts';
import { FakeCore } from './fake-core.ts';

const OPTIONS = { cores: 1, memoryBytes: 1_000_000, eventUs: 1_000, applyUs: 0, quantumUs: 10_000 };
const BUSY = { owner: 'other', command: 'agent', symbol: 'agent::main' } as const;

function busyHost(creditUs?: number): { core: FakeCore; model: CpuModel } {
  const core = new FakeCore(1);
  const model = new CpuModel(core, 0, creditUs === undefined ? OPTIONS : { ...OPTIONS, creditUs });
  for (let count = 0; count < 9; count++) model.threads.spawn(BUSY, Number.POSITIVE_INFINITY, () => {});
  return { core, model };
}

describe('the fair share of an event loop', () => {
  it('lets it go first until it is used up, and grows again while it sleeps', () => {
    const { core, model } = busyHost(5_000);
    expect(model.wakeUs()).toBe(0);
    for (let count = 0; count < 5; count++) model.cost(EVENT.timer, null);
    expect(model.wakeUs()).toBeGreaterThan(0);
    // One of ten threads on one core: a tenth of the time that passes.
    core.nowUs = 10_000;
    expect(model.wakeUs()).toBe(0);
    core.nowUs = 10_000_000;
    expect(model.wakeUs()).toBe(0);
    for (let count = 0; count < 5; count++) model.cost(EVENT.timer, null);
    expect(model.wakeUs(), 'no more than the limit was saved').toBeGreaterThan(0);
  });

  it('is not kept where the plan gives no credit: every wake-up waits for a round', () => {
    const { core, model } = busyHost();
    core.nowUs = 10_000_000;
    expect(model.wakeUs()).toBeGreaterThan(0);
  });
});
