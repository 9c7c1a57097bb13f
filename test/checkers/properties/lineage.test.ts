import { describe, expect, it } from 'vitest';
import { APPEND, CLIENT, chainStep, corpus, Stage } from './stage.ts';

const WRITE = { operation: APPEND, client: CLIENT } as const;

function call(stage: Stage, request: number): void {
  stage.set.onInvoke(CLIENT, 1, request, APPEND, 5, request);
}

/** A registered client with `requests` committed and acknowledged appends at ops 2... */
function started(stage: Stage, requests: number): void {
  stage.register();
  for (let request = 1; request <= requests; request++) {
    call(stage, request);
    stage.commit({ ...WRITE, request });
  }
}

/** Replica 0 is forced in `epoch`, and commits its own entry at `op` alone. */
function forced(stage: Stage, epoch: number, op: number, request: number) {
  stage.checks.voters.force(0, epoch, [0], epoch > 0);
  call(stage, request);
  const entry = stage.entry(op, { ...WRITE, request, epoch, timestampUs: 10_000 });
  stage.write(entry, 0).apply(entry, [0]).reply(entry, 0, { epoch });
  return entry;
}

corpus('INV-NO-SPLIT-BRAIN', [
  {
    name: 'a reply is repeated by another replica of the same log',
    play: (s) => {
      started(s, 2);
      s.reply(s.log[3]!, 1);
    },
  },
  {
    name: 'a forced leader goes on where the log ended',
    play: (s) => {
      started(s, 2);
      forced(s, 1, 4, 3);
    },
  },
  {
    name: 'the older lineage repeats a reply',
    play: (s) => {
      started(s, 2);
      forced(s, 1, 4, 3);
      s.reply(s.log[3]!, 1);
    },
  },
  {
    name: 'both lineages take a write at one op number',
    site: 'two-entries-acknowledged',
    play: (s) => {
      started(s, 2);
      forced(s, 0, 4, 3);
      const other = s.entry(4, { ...WRITE, request: 4 });
      s.write(other, 1, 2).apply(other, [1, 2]).reply(other, 1);
    },
  },
  {
    name: 'the older lineage takes a write that the newer one has not come to',
    site: 'older-lineage-acknowledges',
    play: (s) => {
      started(s, 3);
      const next = s.entry(5, { ...WRITE, request: 4 });
      s.checks.voters.force(0, 1, [0], true);
      s.reply(s.log[4]!, 0, { epoch: 1 });
      s.apply(next, [1, 2]).reply(next, 1);
    },
  },
  {
    name: 'without an approval the forced leader puts other entries in the place of acknowledged ones',
    site: 'two-entries-acknowledged',
    play: (s) => {
      started(s, 3);
      forced(s, 1, 4, 4);
    },
  },
]);

describe('a declared loss', () => {
  /** Three acknowledged appends; the third is lost with an approval; replica 0 goes on alone. */
  function lossy(): Stage {
    const stage = new Stage();
    started(stage, 3);
    stage.set.onDeclaredLoss(3, [0]);
    return stage.restart(0).install(0, 3);
  }

  it('is judged by no property, as long as only what was declared is replaced', () => {
    const stage = lossy();
    const entry = forced(stage, 1, 4, 4);
    // Its client had two appends before: the state goes on from there.
    let chain: readonly [number, number] = [0, 0];
    for (const value of [1, 2, 4]) chain = chainStep(chain[0], chain[1], value);
    stage.set.onReturn(CLIENT, 1, 4, 3, chain[0], chain[1]);
    expect(stage.checks.committed.head).toBe(4);
    expect(stage.checks.committed.compare(4, entry.sum)).toBe(1);
    stage.set.onEnd();
    expect(stage.findings).toEqual([]);
  });

  it('covers no op below it', () => {
    const stage = lossy();
    forced(stage, 1, 3, 4);
    expect(stage.sites()).toContain('INV-AGREEMENT applied-other-entry');
    expect(stage.sites()).toContain('INV-DURABLE-ACK acknowledged-op-replaced');
  });

  it('lets those who did not go along keep the lost ops, and commit nothing beyond them', () => {
    const stage = lossy();
    const lost = stage.log[4]!;
    forced(stage, 1, 4, 4);
    stage.restart(1).install(1, 3).apply(lost, [1]);
    expect(stage.findings).toEqual([]);
    const more = stage.entry(5, { ...WRITE, request: 5 });
    const alone = stage.entry(5, { ...WRITE, request: 6, epoch: 1, timestampUs: 20_000 });
    stage.write(alone, 0).apply(alone, [0]).apply(more, [1]);
    expect(stage.sites()).toContain('INV-AGREEMENT applied-other-entry');
  });

  it('an acknowledgement of a lost op by those who did not go along is a split brain', () => {
    const stage = lossy();
    forced(stage, 1, 4, 4);
    stage.reply(stage.log[4]!, 1);
    expect(stage.sites()).toContain('INV-NO-SPLIT-BRAIN two-entries-acknowledged');
  });

  // R16: only who may still hold lost ops is spared; an emptied disk holds none.
  it.each([
    { how: 'stays as it was', cause: 'crash', epoch: 1, found: false },
    { how: 'lost its disk and joined the keepers', cause: 'wipe', epoch: 1, found: true },
    { how: 'lost its disk and recovered among the old ones', cause: 'wipe', epoch: 0, found: false },
  ])('spares the lost range of a host that $how: $found', ({ cause, epoch, found }) => {
    const stage = new Stage();
    started(stage, 3);
    stage.checks.voters.force(0, 1, [0], true);
    stage.set.onDeclaredLoss(3, [0]);
    stage.restart(0).install(0, 3);
    const other = stage.entry(4, { ...WRITE, request: 9, epoch, timestampUs: 20_000 });
    const kept = stage.entry(4, { ...WRITE, request: 4, epoch: 1, timestampUs: 10_000 });
    stage.write(kept, 0).apply(kept, [0]);
    stage.restart(1, cause).state(1, { epoch, mustRecover: cause === 'wipe', status: 'recovering' });
    stage.state(1, { epoch, op: 3, commitMax: 3 }).install(1, 3).apply(other, [1]);
    expect(stage.sites().includes('INV-AGREEMENT applied-other-entry')).toBe(found);
    expect(stage.sites().includes('INV-DURABLE-ACK acknowledged-op-replaced')).toBe(false);
  });

  it('takes registrations and evictions back', () => {
    const stage = new Stage();
    for (let client = 1; client <= 4; client++) stage.register(1024 * client + 9);
    stage.register(1024 * 5 + 9);
    stage.set.onDeclaredLoss(4, [0]);
    stage.log.length = 5;
    stage.restart(0).install(0, 4);
    // The first session was evicted by the lost registration; it exists again, the fifth does not.
    const first = stage.entry(5, { operation: APPEND, client: 1024 + 9, request: 1 });
    const fifth = stage.entry(6, { operation: APPEND, client: 1024 * 5 + 9, request: 1, parent: first.sum });
    stage.apply(first, [0]).apply(fifth, [0]);
    expect(stage.sites()).toEqual(['INV-EXACTLY-ONCE executed-without-session']);
  });
});
