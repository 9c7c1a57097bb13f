import { describe, expect, it } from 'vitest';
import { DurableAck } from '../../../src/checkers/durable-ack.ts';
import { ViewFloors } from '../../../src/checkers/view-floors.ts';
import { APPEND, CLIENT, corpus, Stage } from './stage.ts';

const WRITE = { operation: APPEND, client: CLIENT } as const;

/** A registered client with one committed append at op 2, and a call for each so that its history is whole. */
function started(stage: Stage, requests = 1): void {
  stage.register();
  for (let request = 1; request <= requests; request++) {
    stage.set.onInvoke(CLIENT, 1, request, APPEND, 5, request);
    stage.commit({ ...WRITE, request });
  }
}

/** The next append as an entry, called by the client. */
function next(stage: Stage, request: number, fields = {}) {
  stage.set.onInvoke(CLIENT, 1, request, APPEND, 5, request);
  return stage.entry(stage.log.length, { ...WRITE, request, ...fields });
}

corpus('INV-DURABLE-ACK', [
  { name: 'a quorum holds it', play: (s) => started(s, 3) },
  {
    name: 'two of three are enough',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] }).reply(entry);
    },
  },
  {
    name: 'a copy that injected damage took away counts',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.delete(entry.op % 64);
      s.ledger.damage('rot', 'B', 1, 'log/prepares', entry.op, 0);
      s.reply(entry);
    },
  },
  {
    name: 'a copy that a fault took, and that a recovering life has since overwritten with a blank journal',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.clear();
      s.ledger.damage('lost', 'B', 1, 'log/prepares', entry.op, s.nowUs);
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.ledger.clear(1, 'log/prepares', entry.op, s.nowUs);
      s.reply(entry);
    },
  },
  {
    name: 'a copy under a blank journal that a life without its superblock has laid out',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.ledger.damage('lost', 'B', 1, 'superblock', 0, s.nowUs);
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.ledger.clear(1, 'superblock', 0, s.nowUs);
      s.disks[1]!.clear();
      s.reply(entry);
    },
  },
  {
    name: 'a copy behind an fsync that lied is excused by the engine',
    options: { excuse: (replica) => replica === 1 },
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.delete(entry.op % 64);
      s.reply(entry);
    },
  },
  {
    name: 'a checkpoint covers an op whose slot was reused',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.delete(entry.op % 64);
      s.set.onCheckpoint(1, 1, entry.op, 1);
      s.reply(entry);
    },
  },
  {
    name: 'later replies from the table are not judged again',
    play: (s) => {
      started(s);
      for (const disk of s.disks) disk.clear();
      s.reply(s.log[2]!).reply(s.log[2]!, 1);
    },
  },
  {
    name: 'the view after an acknowledgement starts with it',
    play: (s) => {
      started(s);
      s.startView(1, 1, 2);
    },
  },
  {
    name: 'a primary left behind in an older view repeats its shorter log',
    play: (s) => {
      started(s);
      s.startView(1, 1, 2);
      const entry = next(s, 2, { view: 1 });
      s.replicate(entry, { primary: 1, holders: [1, 2] })
        .reply(entry, 1)
        .startView(0, 0, 2);
    },
  },
  {
    name: 'only the primary has it on disk',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.clear();
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'the second copy is torn',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.get(entry.op % 64)![131]! ^= 4;
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'the second copy is the entry that lay there a ring before',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] }).write(s.log[2]!, 1);
      s.disks[1]!.set(entry.op % 64, s.disks[1]!.get(2)!);
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'damage elsewhere on the disk is no excuse',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.clear();
      s.ledger.damage('rot', 'B', 1, 'log/prepares', entry.op + 1, 0);
      s.ledger.damage('rot', 'B', 2, 'log/prepares', entry.op + 1, 0);
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'a blank journal of a life that does not recover is no excuse',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.disks[1]!.clear();
      s.ledger.damage('lost', 'B', 1, 'log/prepares', entry.op, s.nowUs);
      s.restart(1).state(1, { status: 'normal' });
      s.ledger.clear(1, 'log/prepares', entry.op, s.nowUs);
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'a life that recovers although no fault took its vote',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.restart(1).state(1, { status: 'recovering', mustRecover: true });
      s.disks[1]!.clear();
      s.reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'two of five are not enough',
    replicas: 5,
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] }).reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'a lost superblock takes the checkpoint along',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.set.onCheckpoint(1, 1, entry.op, 1);
      s.disks[1]!.clear();
      s.restart(1).state(1, { status: 'recovering', mustRecover: true }).reply(entry);
    },
    site: 'ack-without-quorum',
  },
  {
    name: 'a reply for an op that nobody has applied',
    play: (s) => {
      started(s);
      s.reply(next(s, 2));
    },
    site: 'ack-before-apply',
  },
  {
    name: 'a view starts with a log that ends before the acknowledged op',
    play: (s) => {
      started(s, 2);
      s.startView(1, 1, 2);
    },
    site: 'view-starts-without',
  },
  {
    name: 'a view starts with another entry inside its log',
    play: (s) => {
      started(s, 2);
      s.startView(1, 1, 3, [s.log[1]!, s.entry(2, { timestampUs: 1 }), s.log[3]!]);
    },
    site: 'view-starts-without',
  },
  {
    name: 'a view starts without an op that the primary told committed',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry).send('heartbeat', 0, { commit: entry.op, op: entry.op });
      s.startView(2, 2, 2);
    },
    site: 'view-starts-without',
  },
  {
    name: 'a replica applies another entry where one was acknowledged',
    play: (s) => {
      started(s);
      s.restart(2)
        .apply(s.log[1]!, [2])
        .apply(s.entry(2, { view: 4 }), [2]);
    },
    site: 'acknowledged-op-replaced',
  },
]);

corpus('INV-QUORUM-REFUSE', [
  { name: 'each op is acknowledged by all', play: (s) => started(s, 3) },
  {
    name: 'a new primary answers what the old one had committed',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.startView(1, 1, 3).reply(entry, 1, { view: 1 });
    },
  },
  {
    name: 'what an earlier view said counts for its entries, also after a shorter voice in a later view',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] });
      s.send('prepareOk', 1, { view: 1, logView: 1, op: 2, sum: s.log[2]!.sum });
      s.startView(2, 2, 2).reply(entry, 0, { view: 1 });
    },
  },
  {
    name: 'what was said for a log that was cut does not count for what took its place',
    play: (s) => {
      started(s);
      for (const replica of [1, 2]) s.send('prepareOk', replica, { op: 9 });
      const entry = next(s, 2, { view: 1 });
      s.write(entry, 0, 1, 2).apply(entry, [1]).reply(entry, 1);
    },
    site: 'ack-without-votes',
  },
  {
    name: 'nor after a restart of the views in a new epoch',
    play: (s) => {
      started(s);
      for (const replica of [1, 2]) s.send('prepareOk', replica, { op: 9, view: 5 });
      const entry = next(s, 2, { epoch: 1, view: 0 });
      s.write(entry, 0, 1, 2).apply(entry, [0]).reply(entry, 0, { epoch: 1 });
    },
    site: 'ack-without-votes',
  },
  {
    name: 'nobody but the primary spoke for it',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0] })
        .write(entry, 1, 2)
        .reply(entry);
    },
    site: 'ack-without-votes',
  },
  {
    name: 'one acknowledgement counted twice among five',
    replicas: 5,
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.replicate(entry, { holders: [0, 1] })
        .send('prepareOk', 1, { op: entry.op, sum: entry.sum })
        .reply(entry);
    },
    site: 'ack-without-votes',
  },
  {
    name: 'acknowledgements stop below the op',
    play: (s) => {
      started(s);
      const entry = next(s, 2);
      s.send('prepare', 0, { op: 3, prepare: entry, sum: entry.sum }).write(entry, 0, 1, 2);
      s.send('prepareOk', 1, { op: 2, sum: s.log[2]!.sum }).apply(entry, [0]).reply(entry);
    },
    site: 'ack-without-votes',
  },
]);

describe('the audit of the disks', () => {
  it('is silent while a quorum of disks holds every acknowledged op', () => {
    const stage = new Stage();
    started(stage, 4);
    stage.disks[2]!.clear();
    stage.checks.durableAck.auditDisks(0);
    expect(stage.findings).toEqual([]);
  });

  it('names each acknowledged op with too few copies', () => {
    const stage = new Stage();
    started(stage, 2);
    for (const replica of [1, 2]) stage.disks[replica]!.delete(3);
    stage.checks.durableAck.auditDisks(0);
    expect(stage.findings).toEqual([
      { property: 'INV-DURABLE-ACK', site: 'acknowledged-op-lost', args: { op: 3, held: 1, quorum: 2 } },
    ]);
  });

  it('counts the members of the epoch only', () => {
    const stage = new Stage();
    started(stage, 2);
    stage.checks.voters.set(1, [0]);
    for (const replica of [1, 2]) stage.disks[replica]!.clear();
    stage.checks.durableAck.auditDisks(1);
    expect(stage.findings).toEqual([]);
    expect(stage.checks.durableAck).toBeInstanceOf(DurableAck);
  });
});

describe('what each view must begin with', () => {
  it('is the most that is committed in it or before', () => {
    const floors = new ViewFloors();
    floors.raise(0, 3, 10);
    floors.raise(0, 5, 12);
    expect([floors.at(0, 2), floors.at(0, 3), floors.at(0, 4), floors.at(0, 5), floors.at(1, 0)]).toEqual([
      0, 10, 10, 12, 12,
    ]);
    floors.raise(0, 4, 20);
    expect([floors.at(0, 3), floors.at(0, 4), floors.at(0, 5)]).toEqual([10, 20, 20]);
  });

  it('remembers the newest views only', () => {
    const floors = new ViewFloors();
    for (let view = 1; view <= 100; view++) floors.raise(0, view, view);
    expect([floors.at(0, 10), floors.at(0, 100)]).toEqual([0, 100]);
  });
});
