import { OPERATION } from '../../../src/cluster/storage/prepare.ts';
import { CLIENT, corpus, type Stage } from './stage.ts';

/** The next entries, applied everywhere. */
function committed(stage: Stage, count: number): void {
  for (let index = 0; index < count; index++) stage.commit();
}

corpus('INV-AGREEMENT', [
  { name: 'three replicas apply one log', play: (s) => committed(s, 5) },
  {
    name: 'a restarted replica applies the same entries again',
    play: (s) => {
      committed(s, 3);
      s.restart(1).apply(s.log[1]!, [1]).apply(s.log[2]!, [1]).apply(s.log[3]!, [1]);
    },
  },
  {
    name: 'replicas apply at different times',
    play: (s) => {
      for (let op = 1; op <= 4; op++) s.replicate(s.entry(op), { appliers: [0] });
      for (let op = 1; op <= 4; op++) s.apply(s.log[op]!, [2]);
    },
  },
  {
    name: 'another body at the same op',
    play: (s) => {
      s.commit();
      s.apply(s.entry(2), [0]).apply(s.entry(2, { timestampUs: 21 }), [1]);
    },
    site: 'applied-other-entry',
  },
  {
    name: 'another entry in a later life of the same replica',
    play: (s) => {
      s.commit();
      s.restart(0).apply(s.entry(1, { view: 3 }), [0]);
    },
    site: 'applied-other-entry',
  },
  {
    name: 'another entry below the window, at an anchored op',
    play: (s) => {
      committed(s, 9_000);
      s.install(1, 255).apply(s.entry(256, { view: 1 }), [1]);
    },
    site: 'applied-other-entry',
  },
]);

corpus('INV-PREFIX', [
  {
    name: 'applies from the installed checkpoint on',
    play: (s) => {
      committed(s, 4);
      s.restart(2).install(2, 2).apply(s.log[3]!, [2]).apply(s.log[4]!, [2]);
    },
  },
  {
    name: 'a state transfer jumps forward',
    play: (s) => {
      for (let op = 1; op <= 4; op++) s.replicate(s.entry(op), { holders: [0, 1] });
      s.install(2, 3, undefined, 'transfer').apply(s.log[4]!, [2]);
    },
  },
  {
    name: 'an op is left out',
    play: (s) => {
      for (let op = 1; op <= 3; op++) s.replicate(s.entry(op), { holders: [0, 1] });
      s.apply(s.log[1]!, [2]).apply(s.log[3]!, [2]);
    },
    site: 'gap-in-applied',
  },
  {
    name: 'a new life begins in the middle without a checkpoint',
    play: (s) => {
      committed(s, 3);
      s.restart(1).apply(s.log[3]!, [1]);
    },
    site: 'gap-in-applied',
  },
  {
    name: 'an op is applied twice by one life',
    play: (s) => {
      committed(s, 2);
      s.apply(s.log[2]!, [1]);
    },
    site: 'gap-in-applied',
  },
  {
    name: 'an entry whose parent is another one',
    play: (s) => {
      s.commit();
      s.apply(s.entry(2, { parent: { a: 1, b: 2, c: 3, d: 4 } }), [0]);
    },
    site: 'parent-is-not-predecessor',
  },
  {
    name: 'after an install, too, the parent must be the committed entry',
    play: (s) => {
      committed(s, 2);
      s.restart(1)
        .install(1, 2)
        .apply(s.entry(3, { parent: s.log[1]!.sum }), [1]);
    },
    site: 'parent-is-not-predecessor',
  },
  {
    name: 'a checkpoint of ops that nobody applied',
    play: (s) => {
      committed(s, 2);
      s.install(1, 5, undefined, 'transfer');
    },
    site: 'install-above-committed',
  },
]);

corpus('INV-COMMIT-LE-OP', [
  { name: 'at the head', play: (s) => void s.commit() },
  {
    name: 'commits known beyond the own log',
    play: (s) => {
      s.commit();
      s.state(1, { commit: 1, op: 1, commitMax: 9 });
    },
  },
  { name: 'commit above op', play: (s) => void s.state(0, { commit: 3, op: 2 }), site: 'commit-above-op' },
  {
    name: 'commit above what is known to be committed',
    play: (s) => void s.state(0, { commit: 3, op: 4, commitMax: 2 }),
    site: 'commit-above-known-commit',
  },
]);

corpus('INV-COMMIT-MONOTONIC', [
  {
    name: 'a restart falls back to the durable checkpoint',
    play: (s) => {
      committed(s, 6);
      s.state(1, { commit: 6 });
      s.set.onCheckpoint(1, 1, 4, 77);
      s.restart(1).state(1, { status: 'recovering' }).install(1, 4).state(1, { commit: 4, checkpointOp: 4 });
      s.apply(s.log[5]!, [1]).apply(s.log[6]!, [1]);
    },
  },
  {
    name: 'a lost disk begins again from nothing',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.restart(1).state(1, { status: 'recovering', mustRecover: true }).state(1, { op: 6, commitMax: 6 });
    },
  },
  {
    name: 'a damaged checkpoint is in the ledger',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.ledger.damage('rot', 'B', 1, 'checkpoint/0', 0, 0);
      s.restart(1).state(1, { op: 6, commitMax: 6 });
    },
  },
  {
    name: 'damage of another file takes no checkpoint',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.ledger.damage('rot', 'B', 1, 'archive/segment-9', 7, 0);
      s.ledger.damage('rot', 'B', 1, 'log/prepares', 7, 0);
      s.restart(1).state(1, { commit: 0 });
    },
    site: 'restarted-below-checkpoint',
  },
  {
    name: 'commit goes back in one life',
    play: (s) => {
      committed(s, 3);
      s.state(1, { commit: 3 }).state(1, { commit: 2, op: 3, commitMax: 3 });
    },
    site: 'commit-went-back',
  },
  {
    name: 'an older checkpoint is installed',
    play: (s) => {
      committed(s, 3);
      s.install(1, 2, undefined, 'transfer');
    },
    site: 'install-below-commit',
  },
  {
    name: 'a blank restart below the durable checkpoint',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.restart(1).state(1, { commit: 0 });
    },
    site: 'restarted-below-checkpoint',
  },
  {
    name: 'a restart below the durable checkpoint, which the device refused to read',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.restart(1);
      s.ledger.refuse('read-error', 1, 'checkpoint/0', s.nowUs);
      s.state(1, { commit: 0 });
    },
  },
  {
    name: 'the same, though only the life before was refused a read',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.ledger.refuse('read-error', 1, 'checkpoint/0', s.nowUs);
      s.restart(1).state(1, { commit: 0 });
    },
    site: 'restarted-below-checkpoint',
  },
  {
    name: 'a checkpoint below an earlier one',
    play: (s) => {
      committed(s, 6);
      s.set.onCheckpoint(1, 1, 4, 77);
      s.set.onCheckpoint(1, 1, 2, 78);
    },
    site: 'checkpoint-went-back',
  },
]);

corpus('INV-HASH-CHAIN', [
  { name: 'sampled ops verify', play: (s) => committed(s, 40) },
  {
    name: 'a byte of the record changed after it was hashed',
    play: (s) => {
      committed(s, 15);
      const entry = s.entry(16);
      entry.record[130]! ^= 1;
      s.apply(entry, [0]);
    },
    site: 'sum-is-not-the-record-s',
  },
  {
    name: 'a field that is not the record’s',
    play: (s) => {
      committed(s, 15);
      s.apply({ ...s.entry(16), request: 9 }, [0]);
    },
    site: 'entry-is-not-the-record',
  },
  {
    name: 'a sum that is not the record’s',
    play: (s) => {
      committed(s, 15);
      s.apply({ ...s.entry(16), sum: { a: 0, b: 0, c: 0, d: 1 } }, [0]);
    },
    site: 'sum-is-not-the-record-s',
  },
]);

corpus('INV-STATE-EQUAL', [
  {
    name: 'equal hashes in every life, checkpoints equal',
    play: (s) => {
      committed(s, 4);
      s.state(0, { commit: 4 }).state(1, { commit: 4 });
      for (const replica of [0, 1, 2]) s.set.onCheckpoint(replica, 1, 4, 99);
      s.restart(2).install(2, 4);
    },
  },
  {
    name: 'one replica computes another state',
    play: (s) => void s.replicate(s.entry(1), { appliers: [0] }).apply(s.log[1]!, [1], { hash: 5 }),
    site: 'state-differs',
  },
  {
    name: 'one replica gives another reply',
    play: (s) => void s.replicate(s.entry(1), { appliers: [0] }).apply(s.log[1]!, [1], { digest: 5 }),
    site: 'reply-differs',
  },
  {
    name: 'a transferred state is another',
    play: (s) => void s.replicate(s.entry(1), { appliers: [0] }).install(1, 1, 5, 'transfer'),
    site: 'installed-state-differs',
  },
  {
    name: 'memory changes without an apply',
    play: (s) => {
      s.commit();
      s.state(1, { commit: 1, stateHash0: 5 });
    },
    site: 'sampled-state-differs',
  },
  {
    name: 'checkpoints of one op differ',
    play: (s) => {
      committed(s, 4);
      s.set.onCheckpoint(0, 1, 4, 99);
      s.set.onCheckpoint(1, 1, 4, 98);
    },
    site: 'checkpoints-differ',
  },
]);

corpus('INV-TIMESTAMP-MONOTONIC', [
  {
    name: 'equal timestamps are fine',
    play: (s) => {
      s.commit({ timestampUs: 50 });
      s.commit({ timestampUs: 50 });
      s.commit({ timestampUs: 51 });
    },
  },
  {
    name: 'a replica that applies older ops later is no step back',
    play: (s) => {
      for (let op = 1; op <= 4; op++) s.replicate(s.entry(op), { appliers: [0] });
      s.apply(s.log[1]!, [1]);
    },
  },
  {
    name: 'a step back',
    play: (s) => {
      s.commit({ timestampUs: 50 });
      s.commit({ timestampUs: 49 });
    },
    site: 'timestamp-below-predecessor',
  },
  {
    name: 'a step back after a view change',
    play: (s) => {
      s.register();
      s.commit({ timestampUs: 5_000, client: CLIENT, request: 1, operation: OPERATION.config });
      s.startView(1, 1, 2);
      s.commit({ timestampUs: 4_999, view: 1 });
    },
    site: 'timestamp-below-predecessor',
  },
]);
