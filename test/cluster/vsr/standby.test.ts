import { expect, it } from 'vitest';
import { changeMembership } from '../../../src/cluster/vsr/reconfiguration.ts';
import { MS, SECOND } from '../../../src/sim/time.ts';
import { ChangingCluster } from '../../support/changing-cluster.ts';

it('a standby that heard of ops which a view change cut does not lag for ever', () => {
  const t = new ChangingCluster(1).boot();
  t.write(3);
  t.rack(3);
  t.machine(0).act(() => {
    expect(changeMembership(t.replica(0), [0, 1, 2], [3])).toBe('');
  });
  t.runFor(3 * SECOND);
  const standby = t.replica(3);
  const lagOps = (): number | undefined => standby.following?.lag(standby).ops;
  expect(lagOps()).toBe(0);
  t.split([0], [1, 2]);
  for (const to of [1, 2]) t.drop(['request'], { to });
  const before = standby.durableOp;
  t.submit(1);
  t.runUntil('the standby holds what will be cut', () => standby.durableOp > before);
  t.isolate(0);
  t.runUntil('others elect', () => [1, 2].some((host) => t.replica(host).isPrimary), 20 * SECOND);
  t.crash(0);
  t.runFor(5 * SECOND);
  expect(standby.op).toBe(t.replica(t.primary).op);
  expect(lagOps()).toBe(0);
  expect(standby.following?.lag(standby).us).toBeLessThan(500 * MS);
});
