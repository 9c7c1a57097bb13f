import { describe, expect, it } from 'vitest';
import { OPERATION } from '../../../src/cluster/storage/prepare.ts';
import { SimulatorBug } from '../../../src/sim/api.ts';
import { APPEND, CLIENT, chainStep, corpus, OTHER_CLIENT, READ, Stage } from './stage.ts';

const STREAM = 5;

/** The stream's head after these values. */
function head(values: readonly number[]): readonly [number, number, number] {
  let [chain0, chain1] = [0, 0];
  for (const value of values) [chain0, chain1] = chainStep(chain0, chain1, value) as [number, number];
  return [values.length, chain0, chain1];
}

function invoke(s: Stage, client: number, request: number, operation: number, value = 0): void {
  s.set.onInvoke(client, 1, request, operation, STREAM, value);
}

function commit(s: Stage, client: number, request: number, operation: number): void {
  s.commit({ client, request, operation });
}

function answer(s: Stage, client: number, request: number, seen: readonly number[]): void {
  s.set.onReturn(client, 1, request, ...head(seen));
}

/** Invoke, commit and answer in one go. */
function append(s: Stage, client: number, request: number, value: number, seen: readonly number[]): void {
  invoke(s, client, request, APPEND, value);
  commit(s, client, request, APPEND);
  answer(s, client, request, seen);
}

function both(s: Stage): void {
  s.register(CLIENT);
  s.register(OTHER_CLIENT);
}

corpus('INV-LINEARIZABLE', [
  {
    name: 'appends and reads one after the other',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      append(s, OTHER_CLIENT, 1, 20, [10, 20]);
      invoke(s, CLIENT, 2, READ);
      commit(s, CLIENT, 2, READ);
      answer(s, CLIENT, 2, [10, 20]);
    },
  },
  {
    name: 'concurrent calls answered in another order than committed',
    play: (s) => {
      both(s);
      invoke(s, CLIENT, 1, APPEND, 10);
      invoke(s, OTHER_CLIENT, 1, APPEND, 20);
      commit(s, OTHER_CLIENT, 1, APPEND);
      commit(s, CLIENT, 1, APPEND);
      answer(s, CLIENT, 1, [20, 10]);
      answer(s, OTHER_CLIENT, 1, [20]);
    },
  },
  {
    name: 'a call given up takes effect later',
    play: (s) => {
      both(s);
      invoke(s, CLIENT, 1, APPEND, 10);
      s.set.onUnknown(CLIENT, 1, 1);
      append(s, OTHER_CLIENT, 1, 20, [20]);
      commit(s, CLIENT, 1, APPEND);
      append(s, OTHER_CLIENT, 2, 21, [20, 10, 21]);
    },
  },
  {
    name: 'a call given up never takes effect',
    play: (s) => {
      both(s);
      invoke(s, CLIENT, 1, APPEND, 10);
      s.set.onUnknown(CLIENT, 1, 1);
      append(s, OTHER_CLIENT, 1, 20, [20]);
    },
  },
  {
    name: 'a duplicate in the log without effect',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      const again = s.entry(s.log.length, { client: CLIENT, request: 1, operation: APPEND });
      s.log[again.op] = again;
      s.apply(again, [0, 1, 2], { digest: 0 });
      append(s, OTHER_CLIENT, 1, 20, [10, 20]);
    },
  },
  {
    name: 'the witness fails, but another order explains everything',
    play: (s) => {
      // The log says 10 before 20, the answers say the opposite: both were in flight, so the search accepts.
      both(s);
      invoke(s, CLIENT, 1, APPEND, 10);
      invoke(s, OTHER_CLIENT, 1, APPEND, 20);
      commit(s, CLIENT, 1, APPEND);
      commit(s, OTHER_CLIENT, 1, APPEND);
      answer(s, CLIENT, 1, [20, 10]);
      answer(s, OTHER_CLIENT, 1, [20]);
      expect(s.checks.linearizable.needsSearch()).toEqual([STREAM]);
    },
  },
  {
    name: 'a stale read',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      invoke(s, OTHER_CLIENT, 1, READ);
      commit(s, OTHER_CLIENT, 1, READ);
      answer(s, OTHER_CLIENT, 1, []);
    },
    site: 'no-order-explains',
  },
  {
    name: 'an answered append is missing afterwards',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      append(s, CLIENT, 2, 11, [11]);
    },
    site: 'no-order-explains',
  },
  {
    name: 'an append took effect twice',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      append(s, OTHER_CLIENT, 1, 20, [10, 10, 20]);
    },
    site: 'no-order-explains',
  },
  {
    name: 'a read answered without the log, of a later state than exists',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [10]);
      invoke(s, OTHER_CLIENT, 1, READ);
      answer(s, OTHER_CLIENT, 1, [10, 11]);
    },
    site: 'no-order-explains',
  },
  {
    name: 'real time is turned round',
    play: (s) => {
      both(s);
      append(s, CLIENT, 1, 10, [20, 10]);
      append(s, OTHER_CLIENT, 1, 20, [20]);
    },
    site: 'no-order-explains',
  },
]);

corpus('INV-EXACTLY-ONCE', [
  {
    name: 'a retry is answered from the table with equal bytes',
    play: (s) => {
      s.register();
      const entry = s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
      s.reply(entry).reply(entry, 1).reply(entry, 2);
    },
  },
  {
    name: 'a request that is twice in the log has no second effect',
    play: (s) => {
      s.register();
      s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
      const again = s.entry(3, { client: CLIENT, request: 1, operation: OPERATION.config });
      s.log[3] = again;
      s.apply(again, [0, 1, 2], { digest: 0 });
    },
  },
  {
    name: 'the retry of an evicted session has no effect',
    play: (s) => {
      for (const client of [11, 12, 13, 14, 15]) s.register(client);
      const late = s.entry(6, { client: 11, request: 1, operation: OPERATION.config });
      s.log[6] = late;
      s.apply(late, [0, 1, 2], { digest: 0 });
    },
  },
  {
    name: 'the session used last is not the one evicted',
    play: (s) => {
      for (const client of [11, 12, 13, 14]) s.register(client);
      s.commit({ client: 11, request: 1, operation: OPERATION.config });
      s.register(15);
      s.commit({ client: 11, request: 2, operation: OPERATION.config });
    },
  },
  {
    name: 'the same request takes effect at two ops',
    play: (s) => {
      s.register();
      s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
      s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
    },
    site: 'executed-again',
  },
  {
    name: 'an older request takes effect after a newer one',
    play: (s) => {
      s.register();
      s.commit({ client: CLIENT, request: 2, operation: OPERATION.config });
      s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
    },
    site: 'executed-again',
  },
  {
    name: 'a session is registered twice',
    play: (s) => {
      s.register();
      s.register();
    },
    site: 'executed-again',
  },
  {
    name: 'the retry of an evicted session is executed',
    play: (s) => {
      for (const client of [11, 12, 13, 14, 15]) s.register(client);
      s.commit({ client: 11, request: 1, operation: OPERATION.config });
    },
    site: 'executed-without-session',
  },
  {
    name: 'two replies to one request differ',
    play: (s) => {
      s.register();
      const entry = s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
      s.reply(entry, 1, { body: Uint8Array.of(9, 9) });
    },
    site: 'replies-differ',
  },
  {
    name: 'a reply for a request that the op does not hold',
    play: (s) => {
      s.register();
      const entry = s.commit({ client: CLIENT, request: 1, operation: OPERATION.config });
      s.reply(entry, 1, { request: 2 });
    },
    site: 'reply-names-other-op',
  },
]);

corpus('INV-NO-CORRUPT-SERVE', [
  {
    name: 'repairs and checkpoints that verify',
    play: (s) => {
      s.commit();
      s.send('repairPrepare', 1, { op: 1, prepare: s.log[1]! });
    },
  },
  {
    name: 'a reply whose digest is the applied one',
    options: { replyDigestOf: (body) => (body[0] as number) * 7 + 1 },
    play: (s) => void s.register(),
  },
  {
    name: 'a repair with a changed body',
    play: (s) => {
      s.commit();
      const bad = s.entry(1);
      bad.record[129]! ^= 1;
      s.send('repairPrepare', 1, { op: 1, prepare: bad });
    },
    site: 'prepare-fails-checksum',
  },
  {
    name: 'a repair whose sum is not that of its record',
    play: (s) => {
      s.commit();
      s.send('repairPrepare', 1, { op: 1, prepare: { ...s.log[1]!, sum: { a: 1, b: 1, c: 1, d: 1 } } });
    },
    site: 'prepare-fails-checksum',
  },
  {
    name: 'a sampled prepare with a changed header',
    play: (s) => {
      const bad = s.entry(16);
      bad.record[113]! ^= 1;
      s.send('prepare', 0, { op: 16, prepare: bad });
    },
    site: 'prepare-fails-checksum',
  },
  {
    name: 'a checkpoint that is not its digest',
    play: (s) => {
      const sum = { a: 1, b: 2, c: 3, d: 4 };
      s.send('checkpoint', 0, { blob: { op: 4, opSum: sum, bytes: Uint8Array.of(1, 2, 3), sum } });
    },
    site: 'checkpoint-fails-checksum',
  },
  {
    name: 'a reply that is not what was applied',
    options: { replyDigestOf: (body) => (body[0] as number) * 7 + 1 },
    play: (s) => {
      s.register();
      s.reply(s.log[1]!, 1, { body: Uint8Array.of(77) });
    },
    site: 'reply-is-not-what-was-applied',
  },
]);

describe('the witness and the search', () => {
  it('throws when they contradict each other', () => {
    // A chain that forgets values in the search only: the search then sees another model than the witness did.
    let searching = false;
    const stage = new Stage(3, {
      search: { stepsMax: 1_000, always: true },
      streams: {
        operationAppend: APPEND,
        operationRead: READ,
        chainStep: (chain0, chain1, value) => (searching ? [0, 0] : chainStep(chain0, chain1, value)),
      },
    });
    both(stage);
    append(stage, CLIENT, 1, 10, [10]);
    searching = true;
    expect(() => stage.set.onEnd()).toThrow(SimulatorBug);
  });

  it('searches everything when told to, and agrees on a good history', () => {
    const stage = new Stage(3, { search: { stepsMax: 100_000, always: true } });
    both(stage);
    const values: number[] = [];
    for (let request = 1; request <= 50; request++) {
      values.push(request);
      append(stage, CLIENT, request, request, values);
    }
    stage.set.onEnd();
    expect(stage.findings).toEqual([]);
    expect(stage.checks.linearizable.undecided).toEqual([]);
  });

  it('leaves a stream undecided when the search runs out of steps', () => {
    const stage = new Stage(3, { search: { stepsMax: 1, always: false } });
    both(stage);
    append(stage, CLIENT, 1, 10, [10]);
    append(stage, CLIENT, 2, 11, [11]);
    stage.set.onEnd();
    expect(stage.findings).toEqual([]);
    expect(stage.checks.linearizable.undecided).toEqual([STREAM]);
  });

  it('still rejects after its history was cut', () => {
    const stage = new Stage(3);
    both(stage);
    let [chain0, chain1] = [0, 0];
    let request = 0;
    const step = (): readonly [number, number, number] => {
      request++;
      invoke(stage, CLIENT, request, APPEND, request);
      commit(stage, CLIENT, request, APPEND);
      [chain0, chain1] = chainStep(chain0, chain1, request) as [number, number];
      return [request, chain0, chain1];
    };
    let kept = 0;
    for (let index = 0; index < 10_000; index++) {
      stage.set.onReturn(CLIENT, 1, request + 1, ...step());
      kept = Math.max(kept, stage.checks.linearizable.kept);
    }
    expect(kept).toBeLessThanOrEqual(4_096);
    const [length, , last] = step();
    stage.set.onReturn(CLIENT, 1, request, length, 1, last);
    stage.set.onEnd();
    expect(stage.sites()).toEqual(['INV-LINEARIZABLE no-order-explains']);
  });

  it('an operation given up before a cut keeps its place, although answered ones are used again', () => {
    const stage = new Stage(3);
    both(stage);
    invoke(stage, OTHER_CLIENT, 1, APPEND, 77);
    stage.set.onUnknown(OTHER_CLIENT, 1, 1);
    let seen: [number, number, number] = [0, 0, 0];
    const add = (client: number, request: number, value: number): void => {
      commit(stage, client, request, APPEND);
      seen = [seen[0] + 1, ...(chainStep(seen[1], seen[2], value) as [number, number])];
    };
    for (let request = 1; request <= 9_000; request++) {
      invoke(stage, CLIENT, request, APPEND, request);
      if (request === 8_990) add(OTHER_CLIENT, 1, 77);
      add(CLIENT, request, request);
      stage.set.onReturn(CLIENT, 1, request, ...seen);
    }
    expect(stage.checks.linearizable.kept).toBeLessThan(4_096);
    stage.set.onEnd();
    expect(stage.sites()).toEqual([]);
    expect(seen[0]).toBe(9_001);
  });
});
