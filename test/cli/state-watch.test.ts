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
    expect(seen.logs([0, 1])).toMatchObject({ firstDisagreement: 2, rowsLeftOut: 0 });
  });

  it('mark an op under which one replica applied something else before its restart, and keep both', () => {
    const seen = watch();
    seen.onApply(0, 1, entry(1, 5), 1, 1);
    seen.onApply(0, 1, entry(2, 5), 2, 2);
    seen.onApply(0, 2, entry(1, 5), 1, 1);
    seen.onApply(0, 2, entry(2, 6), 3, 3);
    const { firstDisagreement, rows } = seen.logs([0]);
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
    expect(seen.logs([0, 1]).firstDisagreement).toBe(-1);
  });
});
