import type { LinkOptions } from '../sim/link.ts';
import { MS, SECOND, type Us } from '../sim/time.ts';
import type { WayPart } from '../sim/topology.ts';
import { fired, type Outcome, Strike } from './strike.ts';
import { losePower } from './strike-host.ts';
import { linksOf } from './strike-network.ts';

/** How often a flow fills its share of the buffer again. */
const TICK_US: Us = 10 * MS;
const FLOW_COMMAND = 'rsync -a /var/lib/kimberlite/backup/ rsync://archive.kimberlite.prod/backup';

/** A part of the way between hosts is in trouble: a cable loses frames, or a switch holds them back. */
export function troubleWay(strike: Strike): Outcome {
  const { label } = strike.fault;
  const { network, topology } = strike.world;
  const links = linksOf(strike);
  const changes: { -readonly [Name in keyof LinkOptions]?: number } = {};
  for (const name of ['lossPer65536', 'latencyUsMin', 'latencyUsMean'] as const) {
    const value = strike.number(name);
    if (value > 0) changes[name] = value;
  }
  for (const { from, to } of links) topology.trouble(label, strike.choice('part') as WayPart, from, to);
  network.degrade(label, links, changes);
  return fired(() => {
    topology.endTrouble(label);
    network.restore(label);
  });
}

/** The provider has started the hosts again in regions of their own, far from each other. */
export function placeFar(strike: Strike): Outcome {
  const { topology } = strike.world;
  const minUs = strike.number('latencyUsMin');
  topology.setFar(minUs, Math.max(minUs, strike.number('latencyUsMean')));
  const zones = ['us-east-1a', 'us-west-2a', 'eu-west-1a', 'eu-central-1a', 'ap-south-1a'];
  for (const [index, host] of strike.hosts.entries()) {
    const zone = zones[index % zones.length] as string;
    topology.place(host, { zone, rack: `${zone}-r1` });
  }
  return fired(() => topology.clearSites());
}

/** A rack or a zone loses its power: every replica that stands there with the first of the targets. */
export function loseSite(strike: Strike): Outcome {
  const { topology } = strike.world;
  const level = strike.choice('level') as 'rack' | 'zone';
  const lost = topology.siteOf(strike.hosts[0] as number)[level];
  const hosts = strike.surface.replicaHosts.filter((host) => topology.siteOf(host)[level] === lost);
  const { surface, budget, layers, fault } = strike;
  return losePower(new Strike(surface, budget, layers, fault, hosts));
}

/**
 * Another process sends to the target from each of the hosts in `fromHost` (-1: every other replica) as much as the link
 * takes and keeps a queue of `bufferUs` standing in the sender's buffer: messages wait behind it.
 */
export function competeForLink(strike: Strike): Outcome {
  const { network, nowUs } = strike.world;
  const from = strike.number('fromHost');
  const senders = strike.surface.replicaHosts.filter((host) =>
    from < 0 ? !strike.hosts.includes(host) : host === from,
  );
  const bufferUs = strike.number('bufferUs');
  const flows = senders.map((host) => ({
    host,
    job: strike.machine(host).jobs.start('backup', FLOW_COMMAND, false, nowUs),
  }));
  return fired(
    () => {
      for (const { job } of flows) job.stopped = true;
    },
    -1,
    () => {
      for (const { host, job } of flows) {
        if (!strike.machine(host).powered) job.stopped = true;
        if (job.stopped) continue;
        for (const to of strike.hosts) {
          const link = network.link(host, to);
          const atUs = strike.world.nowUs;
          const roomUs = atUs + bufferUs - Math.max(atUs, link.busyUntilUs);
          const bytes = Math.floor((Math.max(0, roomUs) * link.bytesPerMs) / 1_000);
          link.transmit(atUs, bytes);
          link.otherBytes += bytes;
          job.sentBytes += bytes;
        }
      }
      return flows.every(({ job }) => job.stopped) ? SECOND : TICK_US;
    },
  );
}
