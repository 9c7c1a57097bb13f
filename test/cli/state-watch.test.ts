import { describe, expect, it } from 'vitest';
import { StateWatch } from '../../src/cli/state-watch.ts';
import type { Prepare } from '../../src/cluster/storage/prepare.ts';

const entry = (op: number, client: number): Prepare =>
  ({ op, view: 1, client, request: op, sum: [client, op, 0, 0] }) as unknown as Prepare;

describe('the logs of the replicas side by side', () => {
  const watch = (): StateWatch => new StateWatch({ nowUs: () => 7 });

  it('mark the first op on which two replicas differ', () => {
    const seen = watch();
    for (const [replica, client] of [
      [0, 5],
      [1, 6],
    ] as const) {
      seen.onApply(replica, 1, entry(1, 5), 1, 1);
      seen.onApply(replica, 1, entry(2, client), 2, client);
    }
    expect(seen.logs([0, 1], -1, 7)).toMatchObject({ firstDisagreement: 2, rowsLeftOut: 0 });
  });

  it('mark an op under which one replica applied something else before its restart, and keep both', () => {
    const seen = watch();
    seen.onApply(0, 1, entry(1, 5), 1, 1);
    seen.onApply(0, 1, entry(2, 5), 2, 2);
    seen.onApply(0, 2, entry(1, 5), 1, 1);
    seen.onApply(0, 2, entry(2, 6), 3, 3);
    const { firstDisagreement, rows } = seen.logs([0], -1, 7);
    expect(firstDisagreement).toBe(2);
    expect(rows.map(({ entries: [one] }) => [one?.client, one?.before?.client])).toEqual([
      [5, undefined],
      [6, 5],
    ]);
  });

  it('mark nothing when what is applied again is the same', () => {
    const seen = watch();
    for (const incarnation of [1, 2]) seen.onApply(0, incarnation, entry(1, 5), 1, 1);
    seen.onApply(1, 1, entry(1, 5), 1, 1);
    expect(seen.logs([0, 1], -1, 7).firstDisagreement).toBe(-1);
  });

  it('stand around the op of the finding, else around the last one applied by then, although the run went on', () => {
    let now = 0;
    const seen = new StateWatch({ nowUs: () => now });
    for (now = 1; now <= 400; now++) seen.onApply(0, 1, entry(now, 5), now, now);
    // After a restart all of it is applied again: later, and yet not for the first time.
    for (let op = 1; op <= 400; op++, now++) seen.onApply(0, 2, entry(op, 5), op, op);
    const ops = (namedOp: number, untilUs: number) => seen.logs([0], namedOp, untilUs).rows.map(({ op }) => op);
    expect(seen.logs([0], 120, 300)).toMatchObject({ findingOp: 120, lastOp: 300, rowsLeftOut: 340 });
    expect([ops(120, 300)[0], ops(120, 300).at(-1)]).toEqual([91, 150]);
    expect([ops(-1, 300)[0], ops(-1, 300).at(-1)]).toEqual([271, 330]);
    // Nobody applied what it names.
    expect(seen.logs([0], 9_000, 300)).toMatchObject({ findingOp: -1, lastOp: 300 });
    expect(ops(9_000, 300)).toEqual(ops(-1, 300));
    expect(ops(-1, 800).at(-1)).toBe(400);
  });
});
