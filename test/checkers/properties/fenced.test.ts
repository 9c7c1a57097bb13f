import { describe, expect, it } from 'vitest';
import { Fenced } from '../../../src/checkers/fenced.ts';
import type { VsrMessage } from '../../../src/cluster/vsr/message.ts';
import type { ReplicaObservation } from '../../../src/cluster/vsr/observe.ts';

function seen(replica: number, op: number, epoch: number, more: Partial<ReplicaObservation> = {}): ReplicaObservation {
  return { replica, op, epoch, status: 'normal', mustRecover: false, ...more } as ReplicaObservation;
}

/** Replicas 0 and 1 go on from op 5 in `epoch`; replica 2 holds 9 ops, replica 3 held 4. Says what is found. */
function stage(epoch: number): { checker: Fenced; found: string[]; speak: (from: number, in_: number) => void } {
  const found: string[] = [];
  const checker = new Fenced((_property, site) => found.push(site));
  for (const [replica, op] of [
    [0, 9],
    [1, 9],
    [2, 9],
    [3, 4],
  ] as const)
    checker.onState(seen(replica, op, 0));
  checker.onDeclaredLoss(5, [0, 1]);
  checker.onState(seen(0, 5, epoch));
  const speak = (from: number, in_: number): void =>
    checker.onSend(from, 0, { kind: 'getView', epoch: in_ } as VsrMessage);
  return { checker, found, speak };
}

describe('INV-FENCED', () => {
  it('finds a holder of lost ops in the epoch of the keepers', () => {
    const { found, speak } = stage(0);
    speak(2, 0);
    expect(found).toEqual(['holder-of-lost-ops-speaks']);
  });

  it('leaves alone an older epoch, a host without lost ops, the keepers, and a host that begins anew', () => {
    const next = stage(1);
    next.speak(2, 0);
    const same = stage(0);
    same.speak(3, 0);
    same.speak(1, 0);
    same.checker.onState(seen(2, 0, 0, { status: 'recovering', mustRecover: true }));
    same.speak(2, 0);
    expect([...next.found, ...same.found]).toEqual([]);
  });
});
