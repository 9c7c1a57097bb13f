import { describe, expect, it } from 'vitest';
import { OPERATION } from '../../../src/cluster/storage/prepare.ts';
import { TestCluster } from '../../support/cluster-dsl.ts';

describe('clients and their sessions', () => {
  // A full table: the session that was silent longest goes, and its owner learns it from its next request.
  it('an evicted client learns of it and registers anew', () => {
    const t = new TestCluster({ clients: 3, sessionsMax: 2 }).boot();
    t.write(2, 0);
    t.write(2, 1);
    t.write(2, 2);
    expect(t.marks('session-evicted', t.primary)).toBe(1);
    const former = t.client(0).client;
    t.write(1, 0);
    expect(t.marks('eviction-sent')).toBeGreaterThan(0);
    expect(t.marks('client-evicted', t.clientHost(0))).toBe(1);
    expect(t.client(0).client).not.toBe(former);
    t.finish();
  });

  // A late duplicate of a registration of a session that lives must neither open a second one nor execute anything.
  it('a late duplicate of a registration changes nothing', () => {
    const t = new TestCluster().boot();
    t.record(({ message }) => message.kind === 'request' && message.operation === OPERATION.register);
    t.write(3);
    const [register] = t.sent;
    if (register === undefined) throw new Error('no registration was recorded');
    const { op } = t.replica(t.primary);
    t.deliverAgain({ ...register, to: t.primary });
    t.runFor(200_000);
    t.expect(t.primary, { op });
    t.write(2);
    expect(t.marks('client-evicted')).toBe(0);
    t.finish();
  });

  // The registration of an evicted session comes late and opens it anew: requests of the former session stay out.
  it('a session opened anew by a late registration does not take requests of the former one', () => {
    const t = new TestCluster({ clients: 3, sessionsMax: 2 }).boot();
    t.record(({ message, from }) => message.kind === 'request' && from === t.clientHost(0));
    t.write(2, 0);
    const [register, first] = t.sent;
    if (register === undefined || first === undefined) throw new Error('no request was recorded');
    t.write(2, 1);
    t.write(2, 2);
    expect(t.marks('session-evicted', t.primary)).toBe(1);
    t.deliverAgain({ ...register, to: t.primary });
    t.runFor(200_000);
    const { op } = t.replica(t.primary);
    t.deliverAgain({ ...first, to: t.primary });
    t.runFor(200_000);
    t.expect(t.primary, { op });
    expect(t.marks('eviction-sent')).toBeGreaterThan(0);
    t.finish();
  });

  // The reply is lost with the primary: the next one has it in its table and does not execute again.
  it('a retry is answered from the table after a view change', () => {
    const t = new TestCluster().boot();
    t.write(2);
    const former = t.primary;
    t.drop(['reply']);
    t.submit(1);
    t.runUntil('executed everywhere', () => t.all.every((host) => t.replica(host).commit === 4));
    t.crash(former);
    t.runUntil('the next view starts', () => t.cluster.primaryHost() >= 0);
    const { primary } = t;
    const answered = t.marks('retry-answered-from-table', primary);
    t.world.network.rules.length = 0;
    // Only the new primary may answer, so that the answer is its table's.
    t.rule((from, _to, message) => (message.kind === 'reply' && from !== primary ? 'drop' : 'pass'));
    t.runUntil('answered', () => t.client().idle);
    expect(t.marks('retry-answered-from-table', primary)).toBeGreaterThan(answered);
    t.expect(primary, { op: 4 });
    t.finish();
  });

  // The table travels with the state: who got it by transfer answers the retry as well.
  it('a retry is answered from the table by a primary that got it by state transfer', () => {
    const t = new TestCluster({ clients: 2 }).boot();
    const lagging = t.backup(1);
    t.isolate(lagging);
    t.write(2, 0);
    t.rule((_from, to, message) => (message.kind === 'reply' && to === t.clientHost(0) ? 'drop' : 'pass'));
    t.submit(1, 0);
    t.runUntil('executed', () => t.replica(t.primary).commit === 4);
    t.write(50, 1);
    t.healCuts();
    t.runUntil(
      'the state is transferred',
      () => t.marks('state-transfer-installed', lagging) > 0 && t.isConverged([lagging]),
    );
    t.crash(t.primary);
    t.runUntil('it leads', () => t.cluster.primaryHost() === lagging);
    const { op } = t.replica(lagging);
    t.world.network.rules.length = 0;
    t.rule((from, _to, message) => (message.kind === 'reply' && from !== lagging ? 'drop' : 'pass'));
    t.runUntil('answered', () => t.client(0).idle);
    expect(t.marks('retry-answered-from-table', lagging)).toBeGreaterThan(0);
    t.expect(lagging, { op });
    t.finish();
  });

  // A retry that overtakes its own execution: the request is in the pipeline, and once is enough.
  it('a retry of a request that is still in the pipeline is not prepared twice', () => {
    const t = new TestCluster().boot();
    t.write(2);
    const stop = t.drop(['prepareOk']);
    t.submit(1);
    t.runUntil('the client retried twice', () => t.client().inFlight !== null && t.marks('client-retried') >= 2);
    t.expect(t.primary, { op: 4, commitMax: 3 });
    stop();
    t.runUntil('answered', () => t.client().idle);
    t.expect(t.primary, { op: 4 });
    t.finish();
  });

  // A late duplicate of an old request must not run again, nor be answered with a newer reply.
  it('a late duplicate of an older request is dropped', () => {
    const t = new TestCluster().boot();
    t.record(({ message, to }) => message.kind === 'request' && to === 0);
    t.write(4);
    const old = t.sent[2];
    if (old === undefined) throw new Error('no request was recorded');
    t.record(({ message }) => message.kind === 'reply');
    t.sent.length = 0;
    t.deliverAgain(old);
    t.runFor(200_000);
    expect(t.sent).toEqual([]);
    t.expect(t.primary, { op: 5 });
    t.finish();
  });

  // More requests at once than the pipeline takes: the others wait their turn in a queue.
  it('more clients than places in the pipeline are all served', () => {
    const t = new TestCluster({ clients: 8 }).boot();
    for (let index = 0; index < 8; index++) t.submit(5, index);
    let deepest = 0;
    const idle = (): boolean => {
      const r = t.replica(0);
      deepest = Math.max(deepest, r.op - r.commitMax);
      return [0, 1, 2, 3, 4, 5, 6, 7].every((index) => t.client(index).idle);
    };
    t.runUntil('all are answered', idle);
    expect(deepest).toBe(4);
    t.expect(t.primary, { op: 48, view: 0 });
    t.finish();
  });
});
