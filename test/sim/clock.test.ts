import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Clock, type ClockOptions, DRIFT_PPM_MAX, PERFECT_CLOCK, SLEW_PPM_MAX } from '../../src/sim/clock.ts';
import { HOUR, SECOND } from '../../src/sim/time.ts';
import { FakeCore } from './fake-core.ts';

const make = (options: Partial<ClockOptions> = {}): { core: FakeCore; clock: Clock } => {
  const core = new FakeCore(1);
  return { core, clock: new Clock(core, 0, { ...PERFECT_CLOCK, ...options }) };
};

type Act =
  | { readonly kind: 'wait'; readonly us: number }
  | { readonly kind: 'drift'; readonly ppm: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume'; readonly jump: boolean }
  | WallAct;
type WallAct =
  | { readonly kind: 'step'; readonly us: number }
  | { readonly kind: 'slew'; readonly us: number; readonly ppm: number }
  | { readonly kind: 'leap'; readonly leap: 'insert' | 'delete' }
  | { readonly kind: 'freeze' | 'unfreeze' | 'poll' | 'restart' }
  | { readonly kind: 'ntp'; readonly errorUs: number; readonly reachable: boolean };

function apply(core: FakeCore, clock: Clock, act: Act): void {
  switch (act.kind) {
    case 'wait':
      core.nowUs += act.us;
      return;
    case 'drift':
      clock.setDriftPpm(act.ppm);
      return;
    case 'pause':
      clock.pauseAt();
      return;
    case 'resume':
      clock.resume(act.jump);
      return;
    case 'step':
      clock.stepWall(act.us);
      return;
    case 'slew':
      clock.slewWall(act.us, act.ppm);
      return;
    case 'leap':
      clock.leapSecond(act.leap);
      return;
    case 'freeze':
      clock.freezeWall();
      return;
    case 'unfreeze':
      clock.unfreezeWall();
      return;
    case 'poll':
      clock.pollNtp();
      return;
    case 'restart':
      clock.restartNtp();
      return;
    case 'ntp':
      clock.setNtp({ serverErrorUs: act.errorUs, reachable: act.reachable });
      return;
  }
}

const drifts = fc.integer({ min: -DRIFT_PPM_MAX, max: DRIFT_PPM_MAX });
const waits = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 100 * HOUR }));
const waitAct = fc.record({ kind: fc.constant('wait' as const), us: waits });
const driftAct = fc.record({ kind: fc.constant('drift' as const), ppm: drifts });
const pauseAct = fc.oneof(
  fc.record({ kind: fc.constant('pause' as const) }),
  fc.record({ kind: fc.constant('resume' as const), jump: fc.boolean() }),
);
const deltas = fc.integer({ min: -HOUR, max: HOUR });
const wallAct: fc.Arbitrary<WallAct> = fc.oneof(
  fc.record({ kind: fc.constant('step' as const), us: deltas }),
  fc.record({ kind: fc.constant('slew' as const), us: deltas, ppm: fc.integer({ min: 1, max: SLEW_PPM_MAX }) }),
  fc.record({ kind: fc.constant('leap' as const), leap: fc.constantFrom('insert' as const, 'delete' as const) }),
  fc.record({ kind: fc.constantFrom('freeze' as const, 'unfreeze' as const, 'poll' as const, 'restart' as const) }),
  fc.record({ kind: fc.constant('ntp' as const), errorUs: deltas, reachable: fc.boolean() }),
);
const anyAct: fc.Arbitrary<Act> = fc.oneof(waitAct, waitAct, driftAct, pauseAct, wallAct);
const CI = { seed: 6, numRuns: 300 };

describe('the monotonic clock (R6)', () => {
  test('never goes back, whatever happens', () => {
    fc.assert(
      fc.property(drifts, fc.array(anyAct, { maxLength: 60 }), (driftPpm, acts) => {
        const { core, clock } = make({ driftPpm });
        let lastUs = clock.monotonicUs();
        for (const act of acts) {
          apply(core, clock, act);
          const nowUs = clock.monotonicUs();
          expect(Number.isInteger(nowUs)).toBe(true);
          expect(nowUs).toBeGreaterThanOrEqual(lastUs);
          if (act.kind !== 'wait' && act.kind !== 'resume') expect(nowUs).toBe(lastUs);
          lastUs = nowUs;
        }
      }),
      CI,
    );
  });

  test('advances by exactly the elapsed time and its drift, through any changes of drift', () => {
    fc.assert(
      fc.property(drifts, fc.array(fc.oneof(waitAct, driftAct), { maxLength: 60 }), (driftPpm, acts) => {
        const { core, clock } = make({ driftPpm });
        let ppm = BigInt(driftPpm);
        let exact = 0n; // in 10^-6 µs
        for (const act of acts) {
          apply(core, clock, act);
          if (act.kind === 'drift') ppm = BigInt(act.ppm);
          else exact += BigInt(act.us) * (1_000_000n + ppm);
          expect(BigInt(clock.monotonicUs())).toBe(exact / 1_000_000n);
        }
      }),
      CI,
    );
  });

  test('is the same with and without wall faults', () => {
    fc.assert(
      fc.property(drifts, fc.array(anyAct, { maxLength: 60 }), (driftPpm, acts) => {
        const faulty = make({ driftPpm });
        const calm = make({ driftPpm });
        for (const act of acts) {
          apply(faulty.core, faulty.clock, act);
          const wallOnly = !['wait', 'drift', 'pause', 'resume'].includes(act.kind);
          if (!wallOnly) apply(calm.core, calm.clock, act);
          expect(faulty.clock.monotonicUs()).toBe(calm.clock.monotonicUs());
          expect(faulty.clock.trueDelayUs(12_345)).toBe(calm.clock.trueDelayUs(12_345));
        }
      }),
      CI,
    );
  });

  test('a VM pause: it stands, then jumps by the pause or not at all; so does the wall clock', () => {
    for (const jump of [true, false]) {
      const { core, clock } = make({ wallOffsetUs: 7 });
      core.nowUs = 1_000;
      clock.pauseAt();
      core.nowUs = 5_000;
      clock.pauseAt();
      expect([clock.monotonicUs(), clock.wallUs()]).toEqual([1_000, 1_007]);
      clock.resume(jump);
      clock.resume(!jump);
      expect([clock.monotonicUs(), clock.wallUs()]).toEqual(jump ? [5_000, 5_007] : [1_000, 1_007]);
      core.nowUs = 5_500;
      expect(clock.monotonicUs()).toBe(jump ? 5_500 : 1_500);
      expect(clock.offsetUs()).toBe(jump ? 7 : 7 - 4_000);
    }
  });
});

describe('trueDelayUs', () => {
  test('is the least true delay after which the clock has advanced by the local one', () => {
    const delays = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 1_000 * HOUR }));
    fc.assert(
      fc.property(drifts, waits, drifts, waits, delays, (first, before, second, between, localUs) => {
        const { core, clock } = make({ driftPpm: first });
        core.nowUs += before;
        clock.setDriftPpm(second);
        core.nowUs += between;
        const startUs = clock.monotonicUs();
        const startTrueUs = core.nowUs;
        const delayUs = clock.trueDelayUs(localUs);
        expect(Number.isInteger(delayUs)).toBe(true);
        core.nowUs = startTrueUs + delayUs;
        const advancedUs = clock.monotonicUs() - startUs;
        expect(advancedUs).toBeGreaterThanOrEqual(localUs);
        expect(advancedUs).toBeLessThanOrEqual(localUs + 1);
        if (delayUs === 0) {
          expect(localUs).toBe(0);
        } else {
          core.nowUs--;
          expect(clock.monotonicUs() - startUs).toBeLessThan(localUs);
        }
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });

  test('a fast clock makes timers early, a slow one late', () => {
    expect(make({ driftPpm: 100_000 }).clock.trueDelayUs(1_100_000)).toBe(1_000_000);
    expect(make({ driftPpm: -100_000 }).clock.trueDelayUs(900_000)).toBe(1_000_000);
    expect(make().clock.trueDelayUs(-5)).toBe(0);
  });
});

describe('the wall clock', () => {
  test('steps both ways, leap seconds', () => {
    const { core, clock } = make({ wallOffsetUs: -300 });
    core.nowUs = 1_000;
    expect(clock.offsetUs()).toBe(-300);
    clock.stepWall(5_000);
    expect(clock.wallUs()).toBe(5_700);
    clock.stepWall(-9_000);
    expect(clock.offsetUs()).toBe(-4_300);
    clock.leapSecond('insert');
    expect(clock.offsetUs()).toBe(-4_300 - SECOND);
    clock.leapSecond('delete');
    expect(clock.offsetUs()).toBe(-4_300);
  });

  test('a slew moves it gradually, never back, and ends at exactly the total; a new one replaces the rest', () => {
    fc.assert(
      fc.property(deltas, fc.integer({ min: 1, max: SLEW_PPM_MAX }), fc.array(waits), (totalUs, ppm, pauses) => {
        const { core, clock } = make();
        clock.slewWall(totalUs, ppm);
        let lastUs = clock.wallUs();
        expect(lastUs).toBe(0);
        for (const waitUs of pauses) {
          core.nowUs += waitUs;
          expect(clock.wallUs()).toBeGreaterThanOrEqual(lastUs);
          lastUs = clock.wallUs();
          const due = Math.min(Math.abs(totalUs), Number((BigInt(core.nowUs) * BigInt(ppm)) / 1_000_000n));
          expect(Math.abs(clock.offsetUs())).toBe(due);
        }
        core.nowUs += Math.ceil((Math.abs(totalUs) / ppm) * 1_000_000) + 1;
        expect(clock.offsetUs()).toBe(totalUs);
      }),
      CI,
    );
    const { core, clock } = make();
    clock.slewWall(10_000, 1_000);
    core.nowUs = 4 * SECOND;
    clock.slewWall(-1_000, 1_000);
    expect(clock.offsetUs()).toBe(4_000);
    core.nowUs = 100 * SECOND;
    expect(clock.offsetUs()).toBe(3_000);
  });

  test('frozen it stands still whatever the rest does, takes steps but no slew, and goes on from there', () => {
    const { core, clock } = make({ driftPpm: 50 });
    clock.slewWall(1_000, 1_000);
    core.nowUs = SECOND;
    clock.freezeWall();
    core.nowUs = 10 * SECOND;
    expect(clock.wallUs()).toBe(SECOND + 50 + 1_000);
    clock.slewWall(500, 1_000);
    clock.stepWall(-2_000);
    clock.freezeWall();
    core.nowUs = 20 * SECOND;
    expect(clock.wallUs()).toBe(SECOND - 950);
    clock.unfreezeWall();
    clock.unfreezeWall();
    expect(clock.wallUs()).toBe(SECOND - 950);
    core.nowUs = 21 * SECOND;
    expect(clock.wallUs()).toBe(2 * SECOND - 900);
    expect(clock.monotonicUs()).toBe(21 * SECOND + 1_050);
  });
});

describe('the time daemon', () => {
  test('a restart steps to the server, right or wrong, or slews below its threshold', () => {
    const { core, clock } = make({ wallOffsetUs: 600_000 });
    core.nowUs = 5 * SECOND;
    clock.setNtp({ reachable: false });
    expect([clock.restartNtp(), clock.pollNtp(), clock.offsetUs(), clock.ntpPolledUs]).toEqual([
      false,
      false,
      600_000,
      -1,
    ]);
    clock.setNtp({ reachable: true });
    expect([clock.restartNtp(), clock.offsetUs(), clock.ntpErrorUs]).toEqual([true, 0, -600_000]);
    clock.setNtp({ serverErrorUs: -40_000 });
    clock.restartNtp();
    expect(clock.offsetUs()).toBe(-40_000);
    clock.setNtp({ serverErrorUs: 0, stepThresholdUs: SECOND, slewPpm: 10_000 });
    clock.restartNtp();
    expect(clock.offsetUs()).toBe(-40_000);
    core.nowUs += 2 * SECOND;
    expect(clock.offsetUs()).toBe(-20_000);
    core.nowUs += 2 * SECOND;
    expect(clock.offsetUs()).toBe(0);
  });

  test('a step during a slew lands exactly on the server time', () => {
    const { core, clock } = make({ wallOffsetUs: 600_000 });
    clock.pollNtp();
    core.nowUs = 100 * SECOND;
    expect(clock.offsetUs()).toBe(550_000);
    clock.restartNtp();
    expect(clock.offsetUs()).toBe(0);
    core.nowUs = 1_000 * SECOND;
    expect(clock.offsetUs()).toBe(0);
  });

  test('polling holds a drifting clock near its server', () => {
    const { core, clock } = make({ driftPpm: 100 });
    let worstUs = 0;
    for (let poll = 0; poll < 100; poll++) {
      core.nowUs += 64 * SECOND;
      worstUs = Math.max(worstUs, Math.abs(clock.offsetUs()));
      clock.pollNtp();
    }
    expect(worstUs).toBeGreaterThan(6_000);
    expect(worstUs).toBeLessThan(7_000);
    clock.setNtp({ reachable: false });
    core.nowUs += 10_000 * SECOND;
    clock.pollNtp();
    expect(clock.offsetUs()).toBeGreaterThan(900_000);
  });

  test('options out of range are refused with host and field', () => {
    expect(() => make({ driftPpm: 0.5 })).toThrow('clock of host 0: driftPpm is 0.5');
    expect(() => make().clock.setDriftPpm(-DRIFT_PPM_MAX - 1)).toThrow('driftPpm is -100001');
    expect(() => make().clock.slewWall(1, 0)).toThrow('slew ppm is 0');
    expect(() => make().clock.setNtp({ pollUs: 0 })).toThrow('NTP of host 0: pollUs is 0');
    expect(() => make().clock.setNtp({ stepThresholdUs: -1 })).toThrow('stepThresholdUs is -1');
    expect(() => make().clock.setNtp({ serverErrorUs: 0.1 })).toThrow('serverErrorUs is 0.1');
  });
});
