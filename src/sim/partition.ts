import type { DirectedLink } from './link.ts';
import { DOMAIN, mix2 } from './mix.ts';
import type { Us } from './time.ts';

/**
 * Partitions as data: each constructor returns the directed links to be cut, for `Network.cut`. Hosts that are not
 * mentioned keep all their links, and no link is listed twice. The shapes are those of Jepsen's nemesis (bridge, ring,
 * halves, isolated node) plus one-way and client cuts.
 */

/** Every link from a host of `from` to a host of `to`, but none from a host to itself. */
export function oneWay(from: readonly number[], to: readonly number[]): DirectedLink[] {
  const targets = distinct(to);
  return distinct(from).flatMap((source) =>
    targets.filter((target) => target !== source).map((target) => ({ from: source, to: target })),
  );
}

/** Cuts both ways between hosts of different groups; within a group all stays open. Throws when groups overlap. */
export function symmetric(groups: readonly (readonly number[])[]): DirectedLink[] {
  const seen = new Set<number>();
  for (const host of groups.flatMap(distinct)) {
    if (seen.has(host)) throw new Error(`partition: host ${host} is in two groups; groups must not overlap`);
    seen.add(host);
  }
  return groups.flatMap((group) => groups.filter((other) => other !== group).flatMap((other) => oneWay(group, other)));
}

/** Cuts one host off the others: what it sends (`out`), what it receives (`in`), or both. */
export function isolateOne(host: number, others: readonly number[], direction: 'both' | 'in' | 'out'): DirectedLink[] {
  const outgoing = direction === 'in' ? [] : oneWay([host], others);
  const incoming = direction === 'out' ? [] : oneWay(others, [host]);
  return [...outgoing, ...incoming];
}

/**
 * Splits the hosts into a majority of floor(n/2)+1 and the rest, and cuts between them. Who belongs to which is drawn
 * from (seed, key), `key` being the fault's (R20). Throws for fewer than two hosts.
 */
export function majorityMinority(
  hosts: readonly number[],
  seed: number,
  key: number,
): { majority: number[]; minority: number[]; links: DirectedLink[] } {
  const shuffled = distinct(hosts);
  if (shuffled.length < 2) throw new Error('partition: a majority and a minority need two hosts at least');
  for (let index = shuffled.length - 1; index > 0; index--) {
    const other = mix2(seed, DOMAIN.fault, key, index) % (index + 1);
    const held = shuffled[index] as number;
    shuffled[index] = shuffled[other] as number;
    shuffled[other] = held;
  }
  const size = Math.floor(shuffled.length / 2) + 1;
  const majority = shuffled.slice(0, size).sort(ascending);
  const minority = shuffled.slice(size).sort(ascending);
  return { majority, minority, links: symmetric([majority, minority]) };
}

/** Two groups that cannot talk to each other, while the bridge host talks to both. Throws when they overlap. */
export function bridge(left: readonly number[], right: readonly number[], bridgeHost: number): DirectedLink[] {
  if (left.includes(bridgeHost) || right.includes(bridgeHost)) {
    throw new Error(`partition: bridge host ${bridgeHost} must belong to neither side`);
  }
  return symmetric([left, right]);
}

/** Each host talks only to its two neighbours in the order given, the last one being a neighbour of the first. */
export function ring(hosts: readonly number[]): DirectedLink[] {
  const order = distinct(hosts);
  const size = order.length;
  return order.flatMap((from, index) =>
    order
      .filter((_, other) => {
        const gap = Math.abs(index - other);
        return gap > 1 && gap < size - 1;
      })
      .map((to) => ({ from, to })),
  );
}

/** Cuts clients off the servers both ways; the servers keep talking to each other. */
export function clientIsolating(clients: readonly number[], servers: readonly number[]): DirectedLink[] {
  return symmetric([clients, servers]);
}

/** One switch of a flapping partition: from `atUs` on it is cut, or healed. */
export interface FlapStep {
  readonly atUs: Us;
  readonly cut: boolean;
}

/**
 * The schedule of a partition that comes and goes: cut for `cutUs`, open for `openUs`, `cycles` times from `startUs` on.
 * It always ends healed. Throws unless all durations are positive integers.
 */
export function flapping(startUs: Us, cutUs: Us, openUs: Us, cycles: number): FlapStep[] {
  for (const value of [cutUs, openUs, cycles]) {
    if (!Number.isInteger(value) || value <= 0) {
      throw new Error(
        `flapping partition: cutUs ${cutUs}, openUs ${openUs}, cycles ${cycles} must be positive integers`,
      );
    }
  }
  const steps: FlapStep[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const atUs = startUs + cycle * (cutUs + openUs);
    steps.push({ atUs, cut: true }, { atUs: atUs + cutUs, cut: false });
  }
  return steps;
}

function distinct(hosts: readonly number[]): number[] {
  return [...new Set(hosts)];
}

function ascending(left: number, right: number): number {
  return left - right;
}
