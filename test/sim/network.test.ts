import { describe, expect, test } from 'vitest';
import { EVENT } from '../../src/sim/core.ts';
import { calmNetwork, drain, FakeCore, messageOf } from './fake-core.ts';

const at = (core: FakeCore, atUs: number, act: () => void): void => core.schedule(atUs, EVENT.control, 0, 0, 0, act);

describe('delivery', () => {
  test('a message arrives once, after at least the minimum latency, with the mean asked for', () => {
    const core = new FakeCore(1);
    const network = calmNetwork(core, 3);
    for (let id = 0; id < 20_000; id++) network.send(0, 1, messageOf(id));
    expect(network.link(0, 1).inFlight).toBe(20_000);
    const arrivals = drain(core, network);
    expect(new Set(arrivals.map((arrival) => arrival.message.id0)).size).toBe(20_000);
    const times = arrivals.map((arrival) => arrival.atUs);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...times)).toBeGreaterThan(2_000);
    const mean = times.reduce((sum, us) => sum + us, 0) / times.length;
    expect(mean).toBeGreaterThan(490);
    expect(mean).toBeLessThan(510);
    expect(network.link(0, 1)).toMatchObject({ sent: 20_000, delivered: 20_000, dropped: 0, inFlight: 0 });
  });

  test('a constant latency draws nothing; loopback has its own and takes no harm', () => {
    const core = new FakeCore(1);
    const network = calmNetwork(core, 2, { latencyUsMean: 100, lossPer65536: 65536 });
    network.rules.push(() => 'drop');
    network.cut('all', [{ from: 0, to: 0 }]);
    network.send(0, 0, messageOf(1));
    const arrivals = drain(core, network);
    expect(arrivals).toHaveLength(1);
    expect(arrivals[0]?.atUs).toBeLessThan(100);

    const other = new FakeCore(1);
    const constant = calmNetwork(other, 2, { latencyUsMean: 100 });
    let draws = 0;
    other.trace.foldDraw = () => {
      draws++;
    };
    constant.send(0, 1, messageOf(1));
    expect(drain(other, constant)[0]?.atUs).toBe(100);
    expect(draws).toBe(0);
  });

  test('a host that does not exist is refused, also where its number would hit another link', () => {
    const network = calmNetwork(new FakeCore(1), 3);
    network.send(1, 0, messageOf(1));
    expect(() => network.send(0, 3, messageOf(1))).toThrow('no link 0->3: the hosts are 0 to 2');
    expect(() => network.send(1, -3, messageOf(1))).toThrow('no link 1->-3');
    expect(() => network.link(3, 0)).toThrow('no link 3->0');
  });

  test('the tap sees each send and each arrival', () => {
    const core = new FakeCore(1);
    const network = calmNetwork(core, 2);
    const seen: string[] = [];
    network.tap = {
      onSend: (from, to, message) => seen.push(`send ${from}->${to} ${message.id0}`),
      onDeliver: (from, to, message) => seen.push(`deliver ${from}->${to} ${message.id0}`),
    };
    network.send(0, 1, messageOf(7));
    network.configure(0, 1, { lossPer65536: 65536 });
    network.send(0, 1, messageOf(8));
    drain(core, network);
    expect(seen).toEqual(['send 0->1 7', 'send 0->1 8', 'deliver 0->1 7']);
  });
});

describe('faults of a link', () => {
  const rate = (changes: Parameters<typeof calmNetwork>[2]) => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2, changes);
    for (let id = 0; id < 20_000; id++) network.send(0, 1, messageOf(id));
    const arrivals = drain(core, network);
    return { link: network.link(0, 1), arrivals };
  };

  test('loss at its rate', () => {
    const { link, arrivals } = rate({ lossPer65536: 6_554 });
    expect(link.lost).toBeGreaterThan(1_800);
    expect(link.lost).toBeLessThan(2_200);
    expect(arrivals.length).toBe(20_000 - link.lost);
    expect(link.dropped).toBe(link.lost);
  });

  test('duplication at its rate, the copy at a time of its own', () => {
    const { link, arrivals } = rate({ duplicatePer65536: 6_554 });
    expect(link.duplicated).toBeGreaterThan(1_800);
    expect(arrivals.length).toBe(20_000 + link.duplicated);
    const timesById = new Map<number, number[]>();
    for (const { message, atUs } of arrivals) timesById.set(message.id0, [...(timesById.get(message.id0) ?? []), atUs]);
    const pairs = [...timesById.values()].filter((times) => times.length === 2);
    expect(pairs.length).toBe(link.duplicated);
    expect(pairs.filter(([first, second]) => first === second).length).toBeLessThan(pairs.length / 20);
  });

  test('reordering lets later messages overtake although the latency is constant', () => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2, { latencyUsMean: 100, reorderPer65536: 6_554, reorderUsMax: 5_000 });
    for (let id = 0; id < 1_000; id++) at(core, id * 10, () => network.send(0, 1, messageOf(id)));
    const ids = drain(core, network).map((arrival) => arrival.message.id0);
    expect(ids.length).toBe(1_000);
    expect(ids).not.toEqual([...ids].sort((left, right) => left - right));
    expect(network.link(0, 1).reordered).toBeGreaterThan(50);
  });

  test('corruption is dropped by checksum on arrival, and counted', () => {
    const { link, arrivals } = rate({ corruptPer65536: 6_554 });
    expect(link.corrupted).toBeGreaterThan(1_800);
    expect(link.corruptDrops).toBe(link.corrupted);
    expect(arrivals.length).toBe(20_000 - link.corrupted);
  });

  test('an alter hook delivers the altered message instead, unless it gives null', () => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2, { corruptPer65536: 65536 });
    network.alter = (_from, _to, message, draw) => (message.id0 === 2 ? null : { ...message, digest: draw | 0 });
    for (const id of [1, 2, 3]) network.send(0, 1, messageOf(id));
    const arrivals = drain(core, network);
    expect(arrivals.map((arrival) => arrival.message.id0).sort((left, right) => left - right)).toEqual([1, 3]);
    for (const { message } of arrivals) expect(message.digest).not.toBe(message.id0 * 7);
    expect(network.link(0, 1)).toMatchObject({ corrupted: 3, altered: 2, corruptDrops: 1 });
  });

  test('bandwidth: messages leave one after the other', () => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2, { latencyUsMean: 100, bytesPerMs: 1_000 });
    for (const id of [1, 2, 3]) network.send(0, 1, messageOf(id, 1, 500));
    expect(drain(core, network).map((arrival) => arrival.atUs)).toEqual([600, 1_100, 1_600]);
  });

  test('the queue bound drops the new message and opens again', () => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2, { queueMax: 2 });
    for (const id of [1, 2, 3]) network.send(0, 1, messageOf(id));
    expect(network.link(0, 1).queueDrops).toBe(1);
    const ids = drain(core, network).map((arrival) => arrival.message.id0);
    expect(ids.sort((left, right) => left - right)).toEqual([1, 2]);
    network.send(0, 1, messageOf(4));
    expect(drain(core, network).map((arrival) => arrival.message.id0)).toEqual([4]);
  });

  test('a clog holds what is sent and what is under way, and loses nothing', () => {
    const core = new FakeCore(3);
    const network = calmNetwork(core, 2);
    network.send(0, 1, messageOf(1));
    network.clog('a', 0, 1, 50_000);
    network.clog('b', 0, 1, 90_000);
    network.send(0, 1, messageOf(2));
    network.send(1, 0, messageOf(3));
    expect(network.unclog('b')).toBe(true);
    expect(network.unclog('b')).toBe(false);
    network.send(0, 1, messageOf(4));
    const arrivals = drain(core, network);
    const timeOf = (id: number) => arrivals.find((arrival) => arrival.message.id0 === id)?.atUs as number;
    expect(timeOf(1)).toBe(50_000);
    expect(timeOf(2)).toBeGreaterThan(90_000);
    expect(timeOf(3)).toBeLessThan(50_000);
    expect(timeOf(4)).toBeGreaterThan(50_000);
    expect(timeOf(4)).toBeLessThan(60_000);
    expect(() => network.clog('c', 0, 1, Number.MAX_SAFE_INTEGER)).toThrow('use a cut');
  });
});

describe('cuts', () => {
  test('a cut drops at send and at arrival; what is sent before and healed in time arrives', () => {
    const core = new FakeCore(5);
    const network = calmNetwork(core, 2, { latencyUsMean: 100 });
    const both = [
      { from: 0, to: 1 },
      { from: 1, to: 0 },
    ];
    at(core, 0, () => network.send(0, 1, messageOf(1)));
    at(core, 50, () => network.cut('p', both));
    at(core, 60, () => network.send(0, 1, messageOf(2)));
    at(core, 150, () => network.heal('p'));
    at(core, 160, () => network.send(0, 1, messageOf(3)));
    at(core, 170, () => network.cut('q', both));
    at(core, 180, () => network.heal('q'));
    expect(drain(core, network).map((arrival) => arrival.message.id0)).toEqual([3]);
    expect(network.link(0, 1)).toMatchObject({ sent: 3, delivered: 1, cutDrops: 2, dropped: 2, inFlight: 0 });
  });

  test('overlapping cuts: a link opens when its last label heals; labels are idempotent', () => {
    const network = calmNetwork(new FakeCore(5), 3);
    const link = { from: 0, to: 1 };
    network.cut('a', [link]);
    network.cut('a', [link, link, { from: 1, to: 2 }]);
    network.cut('b', [link]);
    expect(network.isCut(0, 1)).toBe(true);
    expect(network.isCut(1, 2)).toBe(true);
    expect(network.isCut(1, 0)).toBe(false);
    expect(network.heal('a')).toBe(true);
    expect(network.heal('a')).toBe(false);
    expect(network.isCut(0, 1)).toBe(true);
    expect(network.isCut(1, 2)).toBe(false);
    network.heal('b');
    expect(network.isCut(0, 1)).toBe(false);
    expect(network.heal('never')).toBe(false);
  });

  test('a damaged message under a cut link leaves no trace in the checksum counters', () => {
    const core = new FakeCore(5);
    const network = calmNetwork(core, 2, { corruptPer65536: 65536 });
    network.send(0, 1, messageOf(1));
    network.cut('a', [{ from: 0, to: 1 }]);
    expect(drain(core, network)).toEqual([]);
    expect(network.link(0, 1)).toMatchObject({ cutDrops: 1, corruptDrops: 0, inFlight: 0 });
    network.heal('a');
    network.configure(0, 1, { corruptPer65536: 0 });
    network.send(0, 1, messageOf(2));
    expect(drain(core, network)).toHaveLength(1);
  });
});

describe('rules and degradations', () => {
  test('the first rule that does not pass decides; a number delays', () => {
    const core = new FakeCore(5);
    const network = calmNetwork(core, 2, { latencyUsMean: 100 });
    const asked: string[] = [];
    network.rules.push(
      (_from, _to, message) => (message.id0 === 1 ? 'drop' : 'pass'),
      (_from, _to, message, attempt) => {
        asked.push(`${message.id0}/${attempt}`);
        return message.id0 === 2 ? 40 : 'pass';
      },
      () => 0,
      () => 'drop',
    );
    for (const id of [1, 2, 3, 3]) network.send(0, 1, messageOf(id));
    expect(asked).toEqual(['2/0', '3/0', '3/1']);
    const arrivals = drain(core, network).map((arrival) => [arrival.message.id0, arrival.atUs]);
    expect(arrivals).toEqual([
      [3, 100],
      [3, 100],
      [2, 140],
    ]);
    expect(network.link(0, 1)).toMatchObject({ ruleDrops: 1, dropped: 1 });
  });

  test('degradations overlap in order and leave what was configured', () => {
    const network = calmNetwork(new FakeCore(5), 2);
    const links = [{ from: 0, to: 1 }];
    network.configure(0, 1, { lossPer65536: 10 });
    network.degrade('a', links, { lossPer65536: 20, queueMax: 5 });
    network.degrade('b', links, { lossPer65536: 30, latencyUsMin: 9_000 });
    expect(network.link(0, 1)).toMatchObject({ lossPer65536: 30, queueMax: 5, latencyUsMin: 9_000 });
    expect(network.link(1, 0).lossPer65536).toBe(0);
    network.restore('b');
    expect(network.link(0, 1)).toMatchObject({ lossPer65536: 20, queueMax: 5, latencyUsMin: 100 });
    network.degrade('c', links, { queueMax: 7 });
    expect(network.restore('a')).toBe(true);
    expect(network.restore('a')).toBe(false);
    expect(network.link(0, 1)).toMatchObject({ lossPer65536: 10, queueMax: 7 });
    network.restore('c');
    expect(network.link(0, 1)).toMatchObject({ lossPer65536: 10, queueMax: 0 });
  });

  test('options out of range are refused with the field and the range', () => {
    const network = calmNetwork(new FakeCore(5), 2);
    expect(() => network.configure(0, 1, { lossPer65536: 70_000 })).toThrow('link 0->1: lossPer65536 is 70000');
    expect(() => network.configure(0, 1, { latencyUsMean: 1 })).toThrow('latencyUsMean 1 is below latencyUsMin 100');
    expect(() => network.degrade('slow', [], { latencyUsMin: 0.5 })).toThrow('degradation slow: latencyUsMin is 0.5');
    expect(() => calmNetwork(new FakeCore(5), 2, { queueMax: -1 })).toThrow('network defaults: queueMax is -1');
  });
});
