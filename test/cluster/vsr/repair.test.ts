import { describe, expect, it } from 'vitest';
import { SLOT } from '../../../src/cluster/vsr/journal.ts';
import { ELECTION_US, TestCluster } from '../../support/cluster-dsl.ts';

describe('repair', () => {
  // As long as the ring reaches, the log is cheaper than the state.
  it('a backup one checkpoint behind catches up from the log alone', () => {
    const t = new TestCluster().boot();
    t.write(3);
    const host = t.backup(2);
    t.isolate(host);
    t.write(14);
    t.heal();
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('entry-repaired', host)).toBeGreaterThan(0);
    expect(t.marks('state-transfer-asked', host)).toBe(0);
    t.expect(host, { commit: 18, checkpointOp: 16 });
    t.finish();
  });

  // A lost acknowledgement is asked for again; without a second one the op would never commit.
  it('a retransmitted prepare is acknowledged again', () => {
    const t = new TestCluster().boot();
    t.write(2);
    const stop = t.drop(['prepareOk']);
    t.submit(1);
    t.runUntil('the primary retries', () => t.marks('prepare-retransmitted') > 0);
    t.expect(t.primary, { op: 4, commitMax: 3 });
    stop();
    t.runUntil('answered', () => t.client().idle);
    expect(t.marks('prepare-acknowledged-again')).toBeGreaterThan(0);
    t.finish();
  });

  // What the old primary has committed and applied it must still acknowledge, or the new view cannot commit it.
  it('a former primary acknowledges in the new view what it had committed in the old one', () => {
    const t = new TestCluster().boot();
    const former = t.primary;
    const [next, lagging] = [t.backup(1), t.backup(2)];
    t.write(2);
    t.runFor(100_000);
    t.drop(['prepare', 'repairPrepare'], { to: lagging });
    t.write(1);
    t.isolate(former, 'both', t.all);
    t.runUntil('the next view starts', () => t.cluster.primaryHost() === next);
    t.runFor(2 * ELECTION_US);
    t.expect(next, { op: 4, commitMax: 3 });
    t.crash(lagging);
    t.heal();
    t.runUntil('committed again', () => t.replica(next).commitMax === 4);
    expect(t.replica(next).ackedOps[former]).toBe(4);
    expect(t.marks('log-truncated')).toBe(0);
    t.finish();
  });

  // A slot whose op every peer has covered by a checkpoint: the log cannot help, the state can, and both are tried.
  it('a backup that stopped before the first checkpoint restarts with a damaged first slot', () => {
    const t = new TestCluster().boot();
    t.write(5);
    const host = t.backup(1);
    t.runFor(100_000);
    t.crash(host);
    t.write(15);
    t.corruptPrepares(host, 1);
    t.start(host);
    t.runUntil('it has caught up', () => t.isConverged());
    expect(t.marks('faulty-slot-found', host)).toBe(1);
    expect(t.marks('entry-repaired', host)).toBeGreaterThan(0);
    t.expect(host, { commit: 21, checkpointOp: 16 });
    t.finish();
  });

  // Entries come out of order; what came early is kept and taken up when the gap closes.
  it('a gap in the pipeline is closed without a second copy of what came early', () => {
    const t = new TestCluster({ clients: 4 }).boot();
    const host = t.backup(1);
    t.write(1);
    const op = t.replica(t.primary).op + 1;
    const stop = t.rule((_from, to, message) =>
      message.kind === 'prepare' && to === host && message.id1 === op ? 'drop' : 'pass',
    );
    for (const index of [0, 1, 2, 3]) t.submit(1, index);
    t.runUntil('the pipeline is past the gap', () => t.replica(t.primary).op >= op + 3);
    t.runUntil('early ones wait', () => t.replica(host).pending.size > 0);
    t.expect(host, { op: op - 1 });
    t.runUntil('the gap closes by repair', () => t.replica(host).op >= op + 3);
    expect(t.marks('entry-repaired', host)).toBeGreaterThan(0);
    stop();
    t.runUntil('answered', () => [0, 1, 2, 3].every((index) => t.client(index).idle));
    t.finish();
  });

  // A prepare that does not verify is not taken, whoever sends it.
  it('a damaged answer to a repair request is refused and asked for again', () => {
    const t = new TestCluster().boot();
    t.write(6);
    const host = t.backup(1);
    t.crash(host);
    t.corruptPrepares(host, 5);
    t.world.network.alter = (_from, _to, message) =>
      message.kind === 'repairPrepare' ? ({ ...message, prepare: brokenPrepare(message) } as never) : null;
    const links = t.others(host).map((from) => ({ from, to: host }));
    t.world.network.degrade('damage', links, { corruptPer65536: 65_536 });
    t.start(host);
    t.runFor(3 * ELECTION_US);
    expect(t.marks('entry-repaired', host)).toBe(0);
    t.world.network.restore('damage');
    t.runUntil('repaired', () => t.isConverged([host]));
    expect(t.replica(host).checksumFailures).toBeGreaterThan(0);
    t.finish();
  });

  // A committed op that rots in a log that is still in the pipeline: repaired from a peer, then safe in the next view.
  it('a committed op that rots is mended before the next view needs it', () => {
    const t = new TestCluster().boot();
    t.write(4);
    const host = t.backup(1);
    t.runFor(100_000);
    t.crash(host);
    t.corruptPrepares(host, 5);
    t.start(host);
    t.runUntil('repaired', () => t.marks('entry-repaired', host) === 1 && t.isConverged([host]));
    t.crash(t.primary);
    t.write(2);
    expect(t.primary).toBe(host);
    t.finish();
  });

  // A backup that cannot take its checkpoint must not overwrite what the checkpoint would cover.
  it('a backup whose disk is full refuses prepares beyond its ring, and the others go on', () => {
    const t = new TestCluster().boot();
    const host = t.backup(2);
    const { disk } = t.machine(host);
    disk.setFull('full', 100);
    t.write(45);
    expect(t.marks('checkpoint-no-space', host)).toBeGreaterThan(0);
    expect(t.marks('prepare-refused-no-room', host)).toBeGreaterThan(0);
    t.expect(host, { op: 32, checkpointOp: 0 });
    disk.setFill(0);
    t.finish();
  });

  // Slots written in the two steps: an op is durable only after both, in memory as on disk.
  it('a slot counts as durable only after record and header are synced', () => {
    const t = new TestCluster().boot();
    t.write(1);
    const host = t.backup(1);
    t.submit(1);
    t.runUntil('the entry is here', () => t.replica(host).op === 3);
    const slot = 3;
    expect(t.replica(host).journal.states[slot]).toBe(SLOT.writing);
    const { disk } = t.machine(host);
    expect(disk.peekDurable('log/prepares', slot * 4096, 64)).not.toEqual(
      t.replica(host).journal.entry(3)?.record.slice(0, 64),
    );
    t.runUntil('durable', () => t.replica(host).durableOp === 3);
    expect(t.replica(host).journal.states[slot]).toBe(SLOT.durable);
    expect(disk.peekDurable('log/prepares', slot * 4096, 64)).toEqual(
      t.replica(host).journal.entry(3)?.record.slice(0, 64),
    );
    expect(disk.peekDurable('log/headers', slot * 4096, 64)).toEqual(
      t.replica(host).journal.entry(3)?.record.slice(0, 64),
    );
    t.runUntil('answered', () => t.client().idle);
  });
});

/** The message's prepare with another byte in its body. */
function brokenPrepare(message: object): unknown {
  const { prepare } = message as { prepare: { body: Uint8Array; record: Uint8Array } };
  const body = prepare.body.slice();
  body[0] = (body[0] as number) ^ 1;
  const record = prepare.record.slice();
  const last = record.length - 1;
  record[last] = (record[last] as number) ^ 1;
  return { ...prepare, body, record };
}
