import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { TIME_US_MAX } from '../../src/sim/time.ts';

interface Entry {
  readonly timeUs: number;
  readonly tie: number;
  readonly kind: number;
  readonly host: number;
  readonly a: number;
  readonly b: number;
  readonly sequence: number;
  readonly ref: object;
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const fields = fc.record({
  // few distinct values, so that equal times and ties are common, and the extremes
  timeUs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: TIME_US_MAX }), fc.constant(TIME_US_MAX)),
  tie: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constant(0xffffffff), fc.constant(0x80000000)),
  kind: fc.integer({ min: 0, max: 255 }),
  host: fc.integer({ min: -32_768, max: 32_767 }),
  a: int32,
  b: int32,
});
/** null takes one out, otherwise one is put in. */
const operations = fc.array(fc.option(fields, { freq: 2, nil: null }), { maxLength: 300 });

const order = (left: Entry, right: Entry): number =>
  left.timeUs - right.timeUs || left.tie - right.tie || left.sequence - right.sequence;

const popEntry = (queue: EventQueue): Omit<Entry, 'sequence'> | null =>
  queue.pop()
    ? {
        timeUs: queue.timeUs,
        tie: 0,
        kind: queue.kind,
        host: queue.host,
        a: queue.a,
        b: queue.b,
        ref: queue.ref as object,
      }
    : null;

describe('event queue', () => {
  test('any mix of pushes and pops equals a sorted reference, from any initial capacity', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 9 }), (steps, capacity) => {
        const queue = new EventQueue(capacity);
        const reference: Entry[] = [];
        let sequence = 0;
        const expectPop = (): void => {
          reference.sort(order);
          expect(queue.peekUs()).toBe(reference[0]?.timeUs ?? -1);
          const wanted = reference.shift();
          const popped = popEntry(queue);
          if (wanted === undefined) {
            expect(popped).toBeNull();
            return;
          }
          const { timeUs, kind, host, a, b, ref } = wanted;
          expect(popped).toEqual({ timeUs, tie: 0, kind, host, a, b, ref });
          expect(popped?.ref).toBe(ref);
        };
        for (const step of steps) {
          if (step === null) {
            expectPop();
          } else {
            const entry: Entry = { ...step, sequence: sequence++, ref: {} };
            reference.push(entry);
            queue.push(entry.timeUs, entry.tie, entry.kind, entry.host, entry.a, entry.b, entry.ref);
          }
          expect(queue.size).toBe(reference.length);
        }
        while (reference.length > 0) expectPop();
        expectPop();
      }),
      { seed: 29, numRuns: 400 },
    );
  });

  test('events of equal time and tie come first in, first out, across growth', () => {
    const queue = new EventQueue(2);
    for (let index = 0; index < 5_000; index++) queue.push(7, 3, 1, 0, index, 0, null);
    for (let index = 0; index < 5_000; index++) {
      queue.pop();
      expect(queue.a).toBe(index);
    }
    expect(queue.pop()).toBe(false);
  });

  test('a reference is let go after its pop', () => {
    const queue = new EventQueue(4);
    const held = { message: 1 };
    queue.push(1, 0, 1, 0, 0, 0, held);
    queue.pop();
    queue.push(2, 0, 1, 0, 0, 0, null);
    queue.pop();
    expect(queue.ref).toBeNull();
    const refs = (queue as unknown as { refs: unknown[] }).refs;
    expect(refs.includes(held)).toBe(false);
  });

  test.each([-1, TIME_US_MAX + 1, Number.NaN, Number.POSITIVE_INFINITY])('time %d is refused', (timeUs) => {
    expect(() => new EventQueue().push(timeUs, 0, 1, 0, 0, 0, null)).toThrow('event time out of range');
  });
});
