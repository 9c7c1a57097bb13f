import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DirectedLink } from '../../src/sim/link.ts';
import {
  bridge,
  clientIsolating,
  flapping,
  isolateOne,
  majorityMinority,
  oneWay,
  ring,
  symmetric,
} from '../../src/sim/partition.ts';
import { calmNetwork, drain, FakeCore, messageOf } from './fake-core.ts';

const SIZES = [2, 3, 4, 5, 6, 7];
/** One host more than the partition mentions: it must stay connected to all. */
const range = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

/**
 * Cuts the links in a real network, sends a message over every pair, and compares what arrived with the statement of
 * who can reach whom; then heals and expects all to arrive.
 */
function expectReach(
  size: number,
  links: readonly DirectedLink[],
  reaches: (from: number, to: number) => boolean,
): void {
  const hosts = range(size + 1);
  const keys = links.map(({ from, to }) => `${from}->${to}`);
  expect(new Set(keys).size).toBe(keys.length);
  const core = new FakeCore(1);
  const network = calmNetwork(core, hosts.length);
  const pairs = hosts.flatMap((from) => hosts.map((to) => ({ from, to })));
  const arrivedAmong = (): Set<string> => {
    for (const { from, to } of pairs) network.send(from, to, messageOf(1));
    return new Set(drain(core, network).map(({ from, to }) => `${from}->${to}`));
  };
  network.cut('partition', links);
  const arrived = arrivedAmong();
  for (const { from, to } of pairs) {
    const open = from === to || from === size || to === size || reaches(from, to);
    expect(arrived.has(`${from}->${to}`), `${from}->${to} open`).toBe(open);
  }
  network.heal('partition');
  expect(arrivedAmong().size).toBe(pairs.length);
}

/** Every way to put hosts 0..size-1 into two sides, as bit masks. */
const masks = (size: number): number[] => range(2 ** size);
const inside = (mask: number, host: number): boolean => ((mask >> host) & 1) === 1;

describe.each(SIZES)('partitions of %i hosts isolate exactly what they say', (size) => {
  const hosts = range(size);

  test('symmetric, every split into two sides', () => {
    for (const mask of masks(size)) {
      const left = hosts.filter((host) => inside(mask, host));
      const right = hosts.filter((host) => !inside(mask, host));
      expectReach(size, symmetric([left, right]), (from, to) => inside(mask, from) === inside(mask, to));
    }
  });

  test('symmetric into any number of groups, some hosts in none', () => {
    const groupOf = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: size, maxLength: size });
    fc.assert(
      fc.property(groupOf, (groups) => {
        // group 0 stands for "not mentioned"
        const sides = [1, 2, 3].map((group) => hosts.filter((host) => groups[host] === group));
        expectReach(size, symmetric(sides), (from, to) => {
          return groups[from] === 0 || groups[to] === 0 || groups[from] === groups[to];
        });
      }),
      { seed: 20, numRuns: 60 },
    );
  });

  test('one-way, every split', () => {
    for (const mask of masks(size)) {
      const left = hosts.filter((host) => inside(mask, host));
      const right = hosts.filter((host) => !inside(mask, host));
      expectReach(size, oneWay(left, right), (from, to) => !(inside(mask, from) && !inside(mask, to)));
    }
  });

  test('one host isolated, in each direction', () => {
    for (const host of hosts) {
      expectReach(size, isolateOne(host, hosts, 'both'), (from, to) => from !== host && to !== host);
      expectReach(size, isolateOne(host, hosts, 'out'), (from) => from !== host);
      expectReach(size, isolateOne(host, hosts, 'in'), (_, to) => to !== host);
    }
  });

  test('majority and minority by seed: quorum on one side only, every host on some side, all splits reached', () => {
    const seen = new Set<string>();
    for (const key of range(400)) {
      const { majority, minority, links } = majorityMinority(hosts, 9, key);
      expect(majority.length).toBe(Math.floor(size / 2) + 1);
      expect([...majority, ...minority].sort((left, right) => left - right)).toEqual(hosts);
      if (!seen.has(majority.join())) {
        expectReach(size, links, (from, to) => majority.includes(from) === majority.includes(to));
      }
      seen.add(majority.join());
      expect(majorityMinority(hosts, 9, key).majority).toEqual(majority);
    }
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    expect(seen.size).toBe(Math.round(choose(size, Math.floor(size / 2) + 1)));
  });

  test('bridge: the sides meet only at the bridge host', () => {
    for (const bridgeHost of hosts) {
      for (const mask of masks(size)) {
        const left = hosts.filter((host) => host !== bridgeHost && inside(mask, host));
        const right = hosts.filter((host) => host !== bridgeHost && !inside(mask, host));
        if (mask % 5 !== 0) continue;
        expectReach(size, bridge(left, right, bridgeHost), (from, to) => {
          return from === bridgeHost || to === bridgeHost || inside(mask, from) === inside(mask, to);
        });
      }
    }
  });

  test('ring: only neighbours talk', () => {
    expectReach(size, ring(hosts), (from, to) => (from + 1) % size === to || (to + 1) % size === from);
    const reversed = [...hosts].reverse();
    expectReach(size, ring(reversed), (from, to) => (from + 1) % size === to || (to + 1) % size === from);
  });

  test('clients isolated, servers connected', () => {
    for (const count of range(size)) {
      const clients = hosts.slice(0, count);
      const servers = hosts.slice(count);
      expectReach(size, clientIsolating(clients, servers), (from, to) => from < count === to < count);
    }
  });
});

test('bad partitions are refused', () => {
  expect(() => symmetric([[0, 1], [1]])).toThrow('host 1 is in two groups');
  expect(() => bridge([0], [1, 2], 2)).toThrow('bridge host 2');
  expect(() => majorityMinority([3, 3], 1, 1)).toThrow('two hosts at least');
  expect(() => flapping(0, 10, 0, 2)).toThrow('positive integers');
});

test('flapping alternates cut and heal, ends healed', () => {
  const steps = flapping(100, 10, 30, 3);
  expect(steps).toEqual([
    { atUs: 100, cut: true },
    { atUs: 110, cut: false },
    { atUs: 140, cut: true },
    { atUs: 150, cut: false },
    { atUs: 180, cut: true },
    { atUs: 190, cut: false },
  ]);
});
