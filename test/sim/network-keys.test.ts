import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/sim/api.ts';
import { ATTEMPT_WINDOW, Attempts } from '../../src/sim/attempts.ts';
import { EVENT } from '../../src/sim/core.ts';
import type { LinkOptions } from '../../src/sim/link.ts';
import type { Network } from '../../src/sim/network.ts';
import { calmNetwork, drain, FakeCore, messageOf } from './fake-core.ts';

const ROUGH: Partial<LinkOptions> = {
  lossPer65536: 9_000,
  duplicatePer65536: 9_000,
  reorderPer65536: 9_000,
  reorderUsMax: 4_000,
  corruptPer65536: 9_000,
};

interface Sending {
  readonly atUs: number;
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** Runs a schedule of sendings on a rough network and gives the trace hash and each message's delays by its key. */
function run(
  sendings: readonly Sending[],
  seed: number,
  prepare: (core: FakeCore, network: Network) => void = () => {},
) {
  const core = new FakeCore(seed);
  const network = calmNetwork(core, 4, ROUGH);
  const schedule = (atUs: number, act: () => void): void => core.schedule(atUs, EVENT.control, 0, 0, 0, act);
  const delays = new Map<string, number[]>();
  // Messages of one identity are told apart by digest, which is not part of the key.
  const sentUs = new Map<number, number>();
  for (const { atUs, from, to, message } of sendings) {
    schedule(atUs, () => {
      sentUs.set(message.digest, atUs);
      network.send(from, to, message);
    });
  }
  prepare(core, network);
  for (const { atUs, from, to, message } of drain(core, network)) {
    const key = `${from}->${to} ${message.digest}`;
    const delayUs = atUs - (sentUs.get(message.digest) as number);
    delays.set(
      key,
      [...(delays.get(key) ?? []), delayUs].sort((left, right) => left - right),
    );
  }
  return { hash: core.trace.hash(), delays, network };
}

const sendingsOf = fc
  .array(
    fc.record({
      gapUs: fc.integer({ min: 0, max: 300 }),
      from: fc.integer({ min: 0, max: 1 }),
      to: fc.integer({ min: 2, max: 3 }),
      tag: fc.integer({ min: 0, max: 3 }),
      id0: fc.integer({ min: 0, max: 6 }),
    }),
    { minLength: 1, maxLength: 80 },
  )
  .map((parts) => {
    let atUs = 0;
    return parts.map(({ gapUs, from, to, tag, id0 }, digest): Sending => {
      atUs += gapUs;
      return { atUs, from, to, message: { kind: 'k', tag, id0, id1: 0, digest, sizeBytes: 10 } };
    });
  });

describe('packet decisions are keyed (R20)', () => {
  test('the same sendings give the same hash; another seed another one', () => {
    fc.assert(
      fc.property(sendingsOf, (sendings) => {
        const once = run(sendings, 11);
        expect(run(sendings, 11).hash).toBe(once.hash);
        expect(run(sendings, 12).hash).not.toBe(once.hash);
      }),
      { seed: 20, numRuns: 100 },
    );
  });

  test('leaving out all sendings of one identity changes the fate of no other', () => {
    fc.assert(
      fc.property(sendingsOf, (sendings) => {
        const gone = sendings[0]?.message as Message;
        const isGone = (sending: Sending): boolean =>
          sending.message.tag === gone.tag && sending.message.id0 === gone.id0;
        const all = run(sendings, 11).delays;
        const fewer = run(
          sendings.filter((sending) => !isGone(sending)),
          11,
        ).delays;
        for (const { from, to, message } of sendings.filter((sending) => !isGone(sending))) {
          const key = `${from}->${to} ${message.digest}`;
          expect(fewer.get(key)).toEqual(all.get(key));
        }
      }),
      { seed: 20, numRuns: 200 },
    );
  });

  test('removing a partition changes no fate of a message that it did not cut', () => {
    fc.assert(
      fc.property(sendingsOf, fc.integer({ min: 0, max: 8_000 }), (sendings, cutUs) => {
        const calm = run(sendings, 11);
        const cut = run(sendings, 11, (core, network) => {
          const links = [{ from: 0, to: 2 }];
          core.schedule(cutUs, EVENT.control, 0, 0, 0, () => network.cut('p', links));
          core.schedule(cutUs + 3_000, EVENT.control, 0, 0, 0, () => network.heal('p'));
        });
        for (const { from, to, message } of sendings) {
          const key = `${from}->${to} ${message.digest}`;
          const without = calm.delays.get(key) ?? [];
          const withCut = cut.delays.get(key) ?? [];
          if (from === 0 && to === 2) expect(without).toEqual(expect.arrayContaining(withCut));
          else expect(withCut).toEqual(without);
        }
      }),
      { seed: 20, numRuns: 200 },
    );
  });

  test('raising one rate leaves the other decisions alone; a second send has a fate of its own', () => {
    const fates = (changes: Partial<LinkOptions>): (number | undefined)[] => {
      const core = new FakeCore(4);
      const network = calmNetwork(core, 2, changes);
      for (let id = 0; id < 500; id++) network.send(0, 1, messageOf(id));
      const times = new Map(drain(core, network).map((arrival) => [arrival.message.id0, arrival.atUs]));
      return Array.from({ length: 500 }, (_, id) => times.get(id));
    };
    const calm = fates({});
    const lossy = fates({ lossPer65536: 20_000 });
    const survivors = lossy.filter((us) => us !== undefined).length;
    expect(survivors).toBeGreaterThan(250);
    expect(survivors).toBeLessThan(450);
    for (const [id, us] of lossy.entries()) if (us !== undefined) expect(us).toBe(calm[id]);

    const core = new FakeCore(4);
    const network = calmNetwork(core, 2);
    for (let attempt = 0; attempt < 50; attempt++) network.send(0, 1, messageOf(1));
    expect(new Set(drain(core, network).map((arrival) => arrival.atUs)).size).toBeGreaterThan(40);
  });

  test('recording changes no hash, and names sends and drops', () => {
    const play = (recording: boolean): FakeCore => {
      const core = new FakeCore(4, recording);
      const network = calmNetwork(core, 2, { lossPer65536: 65536 });
      network.describe = (message) => `prepare op=${message.id0}`;
      network.send(0, 1, messageOf(3));
      drain(core, network);
      return core;
    };
    const recorded = play(true);
    expect(recorded.trace.hash()).toBe(play(false).trace.hash());
    expect(recorded.trace.records.map((record) => record.text)).toEqual(['->1 prepare op=3', 'loss: ->1 prepare op=3']);
    expect(play(false).trace.records).toEqual([]);
  });
});

describe('attempts', () => {
  const identity = fc.record({
    tag: fc.integer({ min: 0, max: 255 }),
    id0: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer()),
    id1: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4_294_967_295 })),
  });

  test('equal a plain count while the identities fit the window', () => {
    fc.assert(
      fc.property(
        fc.array(identity, { maxLength: 400 }),
        fc.array(fc.nat({ max: 399 }), { maxLength: 800 }),
        (ids, picks) => {
          fc.pre(ids.length > 0);
          const attempts = new Attempts();
          const counts = new Map<string, number>();
          for (const pick of picks) {
            const { tag, id0, id1 } = ids[pick % ids.length] as (typeof ids)[number];
            const key = `${tag}/${id0 | 0}/${id1 | 0}`;
            const count = counts.get(key) ?? 0;
            expect(attempts.next(tag, id0, id1)).toBe(count);
            counts.set(key, count + 1);
          }
        },
      ),
      { seed: 20, numRuns: 200 },
    );
  });

  test('an identity sent again within the window keeps its count for ever; a silent one is forgotten', () => {
    const attempts = new Attempts();
    attempts.next(9, 9, 9);
    for (let op = 0; op < 40 * ATTEMPT_WINDOW; op++) {
      expect(attempts.next(1, op, 0)).toBe(0);
      if (op % (ATTEMPT_WINDOW - 2) === 0) expect(attempts.next(7, 7, 7)).toBe(op / (ATTEMPT_WINDOW - 2));
    }
    expect(attempts.next(9, 9, 9)).toBe(0);
  });
});
