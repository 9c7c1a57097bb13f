import { expect, it } from 'vitest';
import type { Prepare } from '../../../src/cluster/storage/prepare.ts';
import { corpus, Stage } from './stage.ts';

/** Committed ops 1..count in view 0. */
function committed(stage: Stage, count: number): void {
  for (let index = 0; index < count; index++) stage.commit();
}

/** A DoViewChange of `from` into `view` with the given log; `denied` lists ops with a nack. */
function vote(
  stage: Stage,
  from: number,
  view: number,
  logView: number,
  entries: readonly (Prepare | null)[],
  denied: readonly number[] = [],
): void {
  const nack = new Uint8Array(entries.length);
  for (const op of denied) nack[op - 1] = 1;
  stage.send('doViewChange', from, {
    view,
    logView,
    op: entries.length,
    suffix: { first: 1, headers: entries, present: new Uint8Array(entries.length), nack },
  });
}

corpus('INV-VIEW-MONOTONIC', [
  {
    name: 'views rise, a restart resumes the promised view',
    play: (s) => {
      s.state(1, { view: 2 }).send('prepareOk', 1, { view: 2, logView: 2 });
      s.state(1, { view: 3, logView: 2, status: 'view-change' });
      vote(s, 1, 3, 2, []);
      s.restart(1).state(1, { status: 'recovering' });
      s.state(1, { view: 3, logView: 2, status: 'view-change' });
      vote(s, 1, 3, 2, []);
    },
  },
  {
    name: 'a StartViewChange wishes for a view without promising it',
    play: (s) => {
      s.state(1, { view: 2 }).send('startViewChange', 1, { view: 2, nonce: 9 });
      s.restart(1).state(1, { view: 2 });
    },
  },
  {
    name: 'a lost disk voids its votes, not its prepare_oks',
    play: (s) => {
      s.state(1, { view: 2 }).send('prepareOk', 1, { view: 2, logView: 2 });
      s.state(1, { view: 4, logView: 2, status: 'view-change' });
      vote(s, 1, 4, 2, []);
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.state(1, { view: 2 }).send('prepareOk', 1, { view: 2, logView: 2 });
    },
  },
  {
    name: 'a new epoch may begin at a lower view',
    play: (s) => {
      s.state(1, { view: 5 }).send('prepareOk', 1, { view: 5, logView: 5 });
      s.state(1, { epoch: 1, view: 0 }).send('prepareOk', 1, { epoch: 1 });
    },
  },
  {
    name: 'a view goes back in one life',
    play: (s) => void s.state(1, { view: 2 }).state(1, { view: 1 }),
    site: 'view-went-back',
  },
  {
    name: 'a log view goes back in one life',
    play: (s) => void s.state(1, { view: 3, logView: 3 }).state(1, { view: 3, logView: 2 }),
    site: 'log-view-went-back',
  },
  {
    name: 'an epoch goes back in one life',
    play: (s) => void s.state(1, { epoch: 2 }).state(1, { epoch: 1 }),
    site: 'epoch-went-back',
  },
  {
    name: 'acknowledges in a view below its own earlier vote',
    play: (s) => {
      vote(s, 1, 3, 0, []);
      s.restart(1).send('prepareOk', 1, { view: 2, logView: 2 });
    },
    site: 'acts-below-promise',
  },
  {
    name: 'a blank restart at view 0',
    play: (s) => void s.send('prepareOk', 1, { view: 2, logView: 2 }).restart(1).state(1, { view: 0 }),
    site: 'resumes-below-promise',
  },
  {
    name: 'leads a view below its promise after a restart',
    play: (s) => void s.send('prepareOk', 0, { view: 4, logView: 4 }).restart(0).send('heartbeat', 0, { view: 3 }),
    site: 'acts-below-promise',
  },
  {
    name: 'a lost disk acknowledges in a view below its former prepare_ok',
    play: (s) => {
      s.send('prepareOk', 1, { view: 4, logView: 4 });
      s.restart(1).state(1, { status: 'recovering', mustRecover: true }).state(1, { view: 3 });
    },
    site: 'resumes-below-promise',
  },
  {
    name: 'a vote that has forgotten the normal view it acknowledged in',
    play: (s) => {
      s.send('prepareOk', 1, { view: 2, logView: 2 }).restart(1);
      vote(s, 1, 3, 1, []);
    },
    site: 'log-view-below-promise',
  },
]);

corpus('INV-ONE-LEADER', [
  {
    name: 'one primary a view, StartView repeated later with a longer log',
    play: (s) => {
      committed(s, 3);
      s.startView(1, 1, 3);
      s.commit({ view: 1 });
      s.startView(1, 1, 4).state(1, { view: 1, commit: 4, isPrimary: true });
    },
  },
  {
    name: 'a new view prepares another entry at an op that was never committed',
    play: (s) => {
      committed(s, 2);
      const lost = s.entry(3);
      s.send('prepare', 0, { op: 3, prepare: lost, sum: lost.sum }).startView(1, 1, 2);
      s.commit({ view: 1 });
    },
  },
  {
    name: 'the old primary goes on in its own view',
    play: (s) => {
      committed(s, 2);
      s.startView(1, 1, 2).send('heartbeat', 0, { view: 0 });
      const alone = s.entry(3);
      s.send('prepare', 0, { op: 3, prepare: alone, sum: alone.sum });
      s.commit({ view: 1 });
    },
  },
  {
    name: 'two entries at one op of one view',
    play: (s) => {
      for (const timestampUs of [10, 11]) {
        const entry = s.entry(1, { timestampUs });
        s.send('prepare', 0, { op: 1, prepare: entry, sum: entry.sum });
      }
    },
    site: 'two-prepares',
  },
  {
    name: 'the entry of a StartView is not the prepared one',
    play: (s) => {
      committed(s, 1);
      s.startView(0, 0, 1, [s.entry(1, { timestampUs: 99 })]);
    },
    site: 'start-views-differ',
  },
  {
    name: 'two StartViews of one view disagree inside their logs',
    play: (s) => {
      const head = s.entry(2);
      s.startView(1, 1, 2, [s.entry(1), head]).startView(1, 1, 2, [s.entry(1, { timestampUs: 1 }), head]);
    },
    site: 'start-views-differ',
  },
  {
    name: 'the second StartView of a view is shorter',
    play: (s) => {
      const [first, second] = [s.entry(1), s.entry(2)];
      s.startView(1, 1, 2, [first, second]).startView(1, 1, 1, [first]);
    },
    site: 'start-view-shrank',
  },
  {
    name: 'two replicas send as primary of one view',
    play: (s) => void s.send('heartbeat', 1, { view: 1 }).send('heartbeat', 2, { view: 1 }),
    site: 'two-primaries',
  },
  {
    name: 'a restarted primary resumes its view',
    play: (s) => void s.send('heartbeat', 1, { view: 1 }).restart(1).send('heartbeat', 1, { view: 1 }),
    site: 'two-primaries',
  },
  {
    name: 'two replicas show themselves as primary',
    play: (s) => void s.state(0, { view: 3, isPrimary: true }).state(1, { view: 3, isPrimary: true }),
    site: 'two-primaries',
  },
]);

corpus('INV-RECOVERY-SAFE', [
  {
    name: 'votes in the handler that ends the recovery',
    play: (s) => {
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.nowUs = 50;
      s.send('recovery', 1).send('prepareOk', 1).state(1, {});
    },
  },
  {
    name: 'a new life is not bound by the flag of the former one',
    play: (s) => {
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.restart(1).send('startViewChange', 1, { nonce: 1 });
      s.nowUs = 9;
      s.send('startViewChange', 1, { nonce: 1 });
    },
  },
  {
    name: 'acknowledges and is still recovering afterwards',
    play: (s) => {
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.send('prepareOk', 1).state(1, { mustRecover: true, op: 1, commitMax: 1 });
    },
    site: 'votes-while-recovering',
  },
  {
    name: 'votes, and nothing else changes until later',
    play: (s) => {
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      vote(s, 1, 1, 0, []);
      s.nowUs = 70;
      s.send('pong', 1);
    },
    site: 'votes-while-recovering',
  },
  {
    name: 'asks for a new view and the run ends',
    play: (s) => {
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.send('startViewChange', 1, { nonce: 1 });
    },
    site: 'votes-while-recovering',
  },
]);

it('INV-SUPERBLOCK is reported in the event in which the denying vote takes effect', () => {
  const stage = new Stage(3);
  committed(stage, 2);
  stage.reply(stage.commit());
  stage.restart(1);
  vote(stage, 1, 1, 0, stage.entries(2));
  expect(stage.sites()).not.toContain('INV-SUPERBLOCK denies-acknowledged');
  stage.startView(1, 1, 2);
  expect(stage.sites()).toContain('INV-SUPERBLOCK denies-acknowledged');
  expect(stage.sites()).toContain('INV-DURABLE-ACK view-starts-without');
});

corpus('INV-SUPERBLOCK', [
  {
    name: 'a vote shows what was acknowledged',
    play: (s) => {
      committed(s, 3);
      s.restart(1);
      vote(s, 1, 1, 0, s.entries(3));
    },
  },
  {
    name: 'a faulty slot neither shows nor denies',
    play: (s) => {
      committed(s, 3);
      s.restart(1);
      vote(s, 1, 1, 0, [...s.entries(2), null]);
    },
  },
  {
    name: 'an op that a later view dropped may be denied',
    play: (s) => {
      committed(s, 2);
      s.send('prepareOk', 2, { op: 3, sum: s.entry(3).sum });
      s.startView(1, 1, 2).send('prepareOk', 2, { view: 1, logView: 1, op: 2, sum: s.log[2]!.sum });
      vote(s, 2, 2, 1, [...s.entries(2), null], [3]);
    },
  },
  {
    name: 'damage in the ledger excuses a denial',
    play: (s) => {
      committed(s, 3);
      s.ledger.damage('lost-write', 'C', 1, 'log/prepares', 3, 0);
      vote(s, 1, 1, 0, [...s.entries(2), null], [3]);
    },
  },
  {
    name: 'damage of another file excuses no denial',
    play: (s) => {
      committed(s, 3);
      s.ledger.damage('rot', 'B', 1, 'archive/segment-9', 3, 0);
      s.ledger.damage('rot', 'B', 1, 'checkpoint/0', 3, 0);
      vote(s, 1, 1, 0, [...s.entries(2), null], [3]);
    },
    site: 'denies-acknowledged',
  },
  {
    name: 'denies an acknowledged op after a restart',
    play: (s) => {
      committed(s, 3);
      s.restart(1);
      vote(s, 1, 1, 0, [...s.entries(2), null], [3]);
    },
    site: 'denies-acknowledged',
  },
  {
    name: 'votes with a log that ends too early',
    play: (s) => {
      committed(s, 3);
      s.restart(1);
      vote(s, 1, 1, 0, s.entries(2));
    },
    site: 'denies-acknowledged',
  },
  {
    name: 'votes with another entry at the acknowledged op',
    play: (s) => {
      committed(s, 3);
      vote(s, 1, 1, 0, [...s.entries(2), s.entry(3, { timestampUs: 77 })]);
    },
    site: 'denies-acknowledged',
  },
]);

corpus('INV-NO-NEEDLESS-VIEW-CHANGE', [
  {
    name: 'an unstable cluster may change views',
    play: (s) => void s.state(0, { isPrimary: true }).state(1, { view: 1, status: 'view-change', logView: 0 }),
  },
  {
    name: 'the primary stops, then another leads',
    play: (s) => {
      s.stable = true;
      s.state(0, { isPrimary: true }).send('heartbeat', 0).restart(0).state(1, { view: 1, isPrimary: true });
    },
  },
  {
    name: 'a stable primary commits in time',
    play: (s) => {
      s.stable = true;
      s.state(0, { isPrimary: true, op: 1 }).send('heartbeat', 0);
      s.nowUs = 900;
      s.state(0, { isPrimary: true, op: 1, commitMax: 1 });
      s.nowUs = 5_000;
      s.send('heartbeat', 0);
    },
  },
  {
    name: 'a backup joins a newer view in a stable time',
    play: (s) => {
      s.stable = true;
      s.state(0, { isPrimary: true }).send('heartbeat', 0).state(1, { view: 1, logView: 0, status: 'view-change' });
    },
    site: 'view-changed',
  },
  {
    name: 'the primary of a later view gives up',
    play: (s) => {
      s.state(1, { view: 1, logView: 0, status: 'view-change' }).state(1, { view: 1, isPrimary: true });
      s.stable = true;
      s.send('heartbeat', 1, { view: 1 }).state(1, { view: 1, status: 'view-change' });
    },
    site: 'primary-gave-up',
  },
  {
    name: 'an op hangs although nothing is wrong',
    play: (s) => {
      s.stable = true;
      s.state(0, { isPrimary: true, op: 1 });
      s.nowUs = 1_100;
      s.send('heartbeat', 0);
    },
    site: 'pending-op-stalls',
  },
]);
