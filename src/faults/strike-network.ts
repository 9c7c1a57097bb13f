import type { DirectedLink, LinkOptions } from '../sim/link.ts';
import { bridge, isolateOne, majorityMinority, oneWay, ring, symmetric } from '../sim/partition.ts';
import { fired, type Outcome, refused, type Strike } from './strike.ts';

type Direction = 'both' | 'in' | 'out';

/** Options that `net.degrade` sets where its parameter is above 0. */
const LINK_PARAMS = [
  'lossPer65536',
  'duplicatePer65536',
  'reorderPer65536',
  'reorderUsMax',
  'latencyUsMin',
  'latencyUsMean',
  'corruptPer65536',
  'bytesPerMs',
  'queueMax',
] as const satisfies readonly (keyof LinkOptions)[];

export function partition(strike: Strike): Outcome {
  const links = partitionLinks(strike);
  if (links.length === 0) return refused(`shape ${strike.choice('shape')} cuts nothing between these hosts`);
  strike.world.network.cut(strike.fault.label, links);
  return fired(() => {
    strike.world.network.heal(strike.fault.label);
  });
}

/** The links that a partition of this shape around these hosts cuts, in the present view of the system. */
export function partitionLinks(strike: Strike): DirectedLink[] {
  const { surface, hosts } = strike;
  const replicas = surface.replicaHosts;
  const inside = hosts.filter((host) => !surface.clientHosts.includes(host));
  const rest = replicas.filter((host) => !hosts.includes(host));
  const direction = strike.choice('direction') as Direction;
  const shape = strike.choice('shape');
  if (shape === 'clients') return clientCut(strike, inside, direction);
  if (shape === 'region') {
    const outside = strike.world.machines.map((machine) => machine.id).filter((host) => !hosts.includes(host));
    return symmetric([hosts, outside]);
  }
  const cut = ((): DirectedLink[] => {
    switch (shape) {
      case 'one-way':
        return direction === 'in' ? oneWay(rest, hosts) : oneWay(hosts, rest);
      case 'isolate-one':
        return isolateOne(hosts[0] as number, without(replicas, hosts[0] as number), direction);
      case 'isolate-each':
        return symmetric([...hosts.map((host) => [host]), rest]);
      case 'majority-minority':
        return replicas.length < 2 ? [] : majorityMinority(replicas, strike.world.seed, strike.key).links;
      case 'bridge':
        return bridgeLinks(strike, hosts[0] as number);
      case 'ring':
        return ring(keyedOrder(strike, replicas));
      default:
        return symmetric([hosts, rest]);
    }
  })();
  if (strike.choice('clients') === 'reach-all' || inside.length === 0) return cut;
  return [...cut, ...symmetric([inside, surface.clientHosts])];
}

/** Clients that the plan lists, or all, are cut off the replicas that it lists, or all. */
function clientCut(strike: Strike, inside: readonly number[], direction: Direction): DirectedLink[] {
  const { surface, hosts } = strike;
  const listed = hosts.filter((host) => surface.clientHosts.includes(host));
  const clients = listed.length > 0 ? listed : surface.clientHosts;
  const servers = inside.length > 0 ? inside : surface.replicaHosts;
  const incoming = direction === 'out' ? [] : oneWay(clients, servers);
  const outgoing = direction === 'in' ? [] : oneWay(servers, clients);
  return [...incoming, ...outgoing];
}

function bridgeLinks(strike: Strike, bridgeHost: number): DirectedLink[] {
  const others = keyedOrder(strike, without(strike.surface.replicaHosts, bridgeHost));
  const half = Math.floor(others.length / 2);
  return bridge(others.slice(0, half), others.slice(half), bridgeHost);
}

/** A permutation of hosts that depends on the fault's label alone. */
function keyedOrder(strike: Strike, hosts: readonly number[]): number[] {
  const order = [...hosts];
  for (let index = order.length - 1; index > 0; index--) {
    const other = strike.draw(1, index) % (index + 1);
    const held = order[index] as number;
    order[index] = order[other] as number;
    order[other] = held;
  }
  return order;
}

/** Cuts the hosts off everybody, opens again, and so on. Begins with a cut. */
export function flap(strike: Strike): Outcome {
  const links = linksOf(strike);
  const { label } = strike.fault;
  const { network } = strike.world;
  let isCut = false;
  const step = (): number => {
    isCut = !isCut;
    if (isCut) network.cut(label, links);
    else network.heal(label);
    return strike.number(isCut ? 'downUs' : 'upUs');
  };
  return fired(
    () => {
      network.heal(label);
    },
    -1,
    step,
  );
}

export function degrade(strike: Strike): Outcome {
  const changes: { -readonly [Name in keyof LinkOptions]?: number } = {};
  for (const name of LINK_PARAMS) {
    const value = strike.number(name);
    if (value > 0) changes[name] = value;
  }
  strike.world.network.degrade(strike.fault.label, linksOf(strike), changes);
  return fired(() => {
    strike.world.network.restore(strike.fault.label);
  });
}

export function clog(strike: Strike): Outcome {
  const { label, durationUs } = strike.fault;
  const { network, nowUs } = strike.world;
  for (const { from, to } of linksOf(strike)) network.clog(label, from, to, nowUs + durationUs);
  return fired(() => {
    network.unclog(label);
  });
}

/** All links between the targets and every other replica and client, each once, as the direction says. */
export function linksOf(strike: Strike): DirectedLink[] {
  const { surface, hosts } = strike;
  const everybody = [...surface.replicaHosts, ...surface.clientHosts, ...(surface.standbyHosts ?? [])];
  const direction = strike.choice('direction') as Direction;
  const outgoing = direction === 'in' ? [] : oneWay(hosts, everybody);
  if (direction === 'out') return outgoing;
  const outside = direction === 'in' ? everybody : everybody.filter((host) => !hosts.includes(host));
  return [...outgoing, ...oneWay(outside, hosts)];
}

function without(hosts: readonly number[], host: number): number[] {
  return hosts.filter((other) => other !== host);
}
