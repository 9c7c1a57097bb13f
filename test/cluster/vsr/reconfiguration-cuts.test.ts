import { describe, expect, it } from 'vitest';
import { startViewMessage } from '../../../src/cluster/vsr/view-change.ts';
import { MS, SECOND } from '../../../src/sim/time.ts';
import { ChangingCluster } from '../../support/changing-cluster.ts';

/** Five voters of whom 0 leads, cut off with what it was asked for last: an entry that the others never saw. */
function withGivenUpChange(t: ChangingCluster): void {
  t.boot().write(3);
  expect(t.primary).toBe(0);
  t.isolate(0);
  expect(t.ask([0, 1, 2], 0)).toBe('');
  t.runUntil('others elect', () => t.replica(1).isPrimary);
  t.write(40);
  t.runFor(SECOND);
  // Their logs begin above the entry that was given up: no header shows that it was cut.
  expect(t.replica(1).checkpointOp).toBeGreaterThan(t.replica(0).membership.op);
}

const CLIENTS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];

/**
 * Ops that one side of a split appends without a quorum: it is asked by eight clients at once, the other side by none
 * until what is returned is called.
 */
function appendAlone(t: ChangingCluster, side: readonly number[], others: readonly number[]): () => void {
  for (const client of CLIENTS) t.write(1, client);
  t.split(side, others);
  const drops = others.map((to) => t.drop(['request'], { to }));
  for (const client of CLIENTS) t.submit(1, client);
  t.runFor(60 * MS);
  return () => {
    for (const stop of drops) stop();
  };
}

const isSettled = (t: ChangingCluster, host: number): boolean => {
  const { membership, settledOp } = t.replica(host);
  return membership.phase === 'stable' && membership.op > 0 && settledOp === membership.op;
};

describe('a change of the membership that was cut', () => {
  it('does not come back into force where the chosen log begins above it', () => {
    const t = new ChangingCluster(0, { replicas: 5 });
    withGivenUpChange(t);
    t.crash(1, 4);
    t.heal();
    t.runUntil('a view begins', () => [0, 2, 3].some((host) => t.replica(host).isPrimary), 20 * SECOND);
    expect(t.replica(t.primary).membership.voters).toEqual([0, 1, 2, 3, 4]);
    t.finish();
    expect([0, 1, 2, 3, 4].map((host) => t.replica(host).membership.phase)).toEqual(Array(5).fill('stable'));
  });

  it('lets no minority acknowledge writes', () => {
    const t = new ChangingCluster(0, { replicas: 5, clients: 2 });
    withGivenUpChange(t);
    t.crash(1, 4);
    t.heal();
    t.runUntil('a view begins', () => [0, 2, 3].some((host) => t.replica(host).isPrimary), 20 * SECOND);
    t.split([0, 2, t.clientHost(0)], [1, 3, 4, t.clientHost(1)]);
    t.start(1, 4);
    t.submit(2, 0);
    t.submit(2, 1);
    expect(t.reaches(() => t.client(1).idle, 30 * SECOND)).toBe(true);
    expect(t.client(0).idle).toBe(false);
    t.finish();
  });

  // The entry at the higher op asks for three of five, where the real change asks for two of the three who stay, too.
  it('does not decide whose votes begin a view, however high its op', () => {
    const t = new ChangingCluster(1, { replicas: 5, clients: CLIENTS.length }).boot();
    const listen = appendAlone(t, [0, 4], [1, 2, 3]);
    expect(t.ask([0, 1, 2, 3, 4, 5], 0)).toBe('');
    t.runUntil('others elect', () => t.replica(1).isPrimary);
    expect(t.ask([0, 1, 2], 1)).toBe('');
    t.runUntil('the joint entry is committed', () => {
      const { membership } = t.replica(3);
      return membership.phase === 'joint' && t.replica(1).commitMax >= membership.op;
    });
    t.isolate(3);
    expect(t.replica(3).membership.phase).toBe('joint');
    t.runUntil('the change is through', () => isSettled(t, 1), 20 * SECOND);
    t.runUntil('4 holds the entry that is given up', () => t.replica(4).membership.phase === 'catching-up');
    // One write more is acknowledged by the two, below the op of the entry that is given up.
    for (const client of CLIENTS.slice(1)) t.drop(['request'], { from: t.clientHost(client) });
    listen();
    t.runUntil('a write', () => t.client(0).idle);
    const acknowledged = t.replica(1).commitMax;
    expect(t.replica(4).membership.op).toBeGreaterThan(acknowledged);
    t.crash(1);
    t.heal();
    // All wish for another view, so 3 gives its vote; that of 2, which holds what the two of three acknowledged, is lost.
    t.drop(['doViewChange', 'farewell'], { from: 2 });
    t.drop(['doViewChange'], { to: 2 });
    const leads = (host: number): boolean => t.replica(host).isPrimary && t.replica(host).view > 1;
    expect(t.reaches(() => [0, 3, 4].some(leads), 30 * SECOND)).toBe(false);
    t.voters = [0, 1, 2];
    t.finish();
  });
});

describe('a voter that missed a change', () => {
  it.each([false, true])('joins the view of those who stay; with an entry of its own above it: %s', (cut) => {
    const t = new ChangingCluster(0, { replicas: 5, clients: CLIENTS.length }).boot();
    appendAlone(t, [0], [1, 2, 3, 4]);
    if (cut) expect(t.ask([0, 1, 2], 0)).toBe('');
    t.runUntil('others elect', () => t.replica(1).isPrimary);
    t.runFor(500 * MS);
    expect(t.ask([0, 1, 2], 1)).toBe('');
    t.runUntil('two are gone', () => isSettled(t, 2) && t.replica(3).retired && t.replica(4).retired, 20 * SECOND);
    t.crash(1);
    t.heal();
    t.runUntil(
      'a view begins',
      () => [0, 2].some((host) => t.replica(host).isPrimary && t.replica(host).view > 1),
      60 * SECOND,
    );
    t.voters = [0, 1, 2];
    t.finish();
  });
});

describe('a blank machine', () => {
  it.each([0, 3_000])('waits for its invitation also where a change was settled before, %i ms', (waitsMs) => {
    const t = new ChangingCluster(2).boot();
    t.write(12);
    t.rack(3);
    expect(t.ask([0, 1, 3])).toBe('');
    t.settle();
    t.runFor(2 * SECOND);
    t.rack(4);
    t.runFor(waitsMs * MS);
    expect(t.replica(4).retired).toBe(false);
    expect(t.ask([0, 1, 4])).toBe('');
    t.settle();
    expect(t.voters).toEqual([0, 1, 4]);
    t.finish();
  });
});

describe('a removed voter', () => {
  it('stays out also where the farewell comes while it takes over the log of a view', () => {
    const t = new ChangingCluster(1).boot();
    t.write(6);
    t.rack(3);
    t.crash(2);
    expect(t.ask([0, 1, 3])).toBe('');
    t.settle();
    t.start(2);
    t.runUntil('opened', () => t.replica(2).opened);
    const [leader, gone] = [t.replica(0), t.replica(2)];
    t.machine(2).act(() => {
      const node = t.cluster.nodes[2]?.vsr;
      node?.onMessage(0, startViewMessage(leader));
      const farewell = leader.message('farewell');
      farewell.commit = leader.commitMax;
      node?.onMessage(0, leader.sealed(farewell, leader.view, leader.membership.op));
    });
    t.runUntil('retired', () => gone.retired, 10 * SECOND);
    t.runFor(2 * SECOND);
    expect(gone.status).toBe('recovering');
    t.finish();
  });
});

describe('a change whose newcomer never comes', () => {
  it('is given up, and then another one can be made', () => {
    const t = new ChangingCluster(2).boot();
    t.write(3);
    expect(t.ask([0, 1, 3])).toBe('');
    t.runFor(5 * SECOND);
    expect(t.replica(0).membership).toMatchObject({ phase: 'catching-up', standbys: [3] });
    expect(t.ask([0, 1, 4])).toContain('in progress');
    expect(t.cancel()).toBe('');
    t.settle();
    expect(t.replica(0).membership).toMatchObject({ phase: 'stable', voters: [0, 1, 2], standbys: [] });
    expect(t.cancel()).toContain('no change waits');
    t.rack(4);
    expect(t.ask([0, 1, 4])).toBe('');
    t.settle();
    t.finish();
  });
});
