import type { Link } from '../../sim/link.ts';
import { MS, SECOND, type Us } from '../../sim/time.ts';
import type { KimberliteCluster } from './cluster.ts';
import type { ReadCost } from './read-service.ts';
import { runningNode } from './replica-view.ts';

/** Name that those who only read resolve. */
export const READ_NAME = 'read.kimberlite.prod';
/** What readers ask of the service. */
export interface ReadLoad extends ReadCost {
  /** Reads per second of all of them together. */
  readonly qps: number;
  readonly answerBytes: number;
  /** How much may stand in the buffer before a full link; what comes beyond is thrown away. */
  readonly bufferUs: Us;
}

/** How often new reads are counted. */
const TICK_US: Us = 50 * MS;
/** How long readers keep what the name stood for: they change over one after another. */
const TTL_US: Us = 60 * SECOND;

/**
 * Applications that only read, on the first client's host. They ask whatever `read.kimberlite.prod` stands for, all its
 * hosts alike, at a rate of their own: a read that is refused or lost is not repeated here. An answer takes its place on the
 * links: a standby's go through the tunnel between the regions, whose one limit holds for both directions together, so
 * that they take up the way of the log, too; those of a replica take up the links to the clients.
 */
export class Readers {
  private readonly cluster: KimberliteCluster;
  private load: ReadLoad | null;
  private before: readonly number[];
  private hosts: readonly number[];
  private changedUs: Us;

  constructor(cluster: KimberliteCluster) {
    this.cluster = cluster;
    this.load = null;
    this.before = [];
    this.hosts = [];
    this.changedUs = -1;
  }

  /** They come, and the name stands for `hosts`; false where some are there already. */
  begin(hosts: readonly number[], load: ReadLoad): boolean {
    if (this.load !== null) return false;
    this.load = load;
    this.before = hosts;
    this.hosts = hosts;
    return true;
  }

  end(): void {
    this.load = null;
  }

  /** What the name stands for now; nobody knows it before there are readers. */
  get named(): readonly number[] {
    return this.hosts;
  }

  route(hosts: readonly number[]): void {
    this.before = this.hosts;
    this.hosts = hosts;
    this.changedUs = this.cluster.world.nowUs;
  }

  /** The reads since the last turn; returns the time until the next one. */
  turn(): Us {
    const { load, cluster } = this;
    if (load === null) return SECOND;
    const { nowUs } = cluster.world;
    const total = Math.floor((load.qps * TICK_US) / SECOND);
    const movedPermille = Math.min(1_000, Math.floor(((nowUs - this.changedUs) * 1_000) / TTL_US));
    const moved = this.changedUs < 0 ? total : Math.floor((total * movedPermille) / 1_000);
    const shares = new Map<number, number>();
    for (const [hosts, count] of [
      [this.hosts, moved],
      [this.before, total - moved],
    ] as const) {
      for (const host of hosts) shares.set(host, (shares.get(host) ?? 0) + Math.floor(count / hosts.length));
    }
    for (const [host, count] of shares) if (count > 0) this.ask(host, count, load);
    return TICK_US;
  }

  private ask(host: number, count: number, load: ReadLoad): void {
    const { cluster } = this;
    const node = runningNode(cluster, host);
    if (node === null) return;
    const model = cluster.world.machines[host]?.cpu.model ?? null;
    node.reads.serve(count, TICK_US, cluster.world.nowUs, load, model, (answered) => this.send(host, answered, load));
  }

  /** Puts answers on the line: they count on the link to the readers, and take their time of all that share it. */
  private send(host: number, answered: number, load: ReadLoad): void {
    const { world, clientHosts, replicaHosts, standbyHosts } = this.cluster;
    const client = clientHosts[0];
    if (client === undefined) return;
    const bytes = answered * load.answerBytes;
    const link = world.network.link(host, client);
    if (!standbyHosts.includes(host)) {
      link.sentBytes += occupy(link, world.nowUs, bytes, load.bufferUs);
      return;
    }
    let passed = bytes;
    for (const other of [...replicaHosts, ...clientHosts]) {
      for (const shared of [world.network.link(host, other), world.network.link(other, host)]) {
        passed = Math.min(passed, occupy(shared, world.nowUs, bytes, load.bufferUs));
      }
    }
    link.sentBytes += passed;
  }
}

/** Bytes that found room in the buffer before a link; messages that come after them wait behind them. */
function occupy(link: Link, nowUs: Us, bytes: number, bufferUs: Us): number {
  if (link.bytesPerMs === 0) return bytes;
  const roomUs = Math.max(0, nowUs + bufferUs - Math.max(nowUs, link.busyUntilUs));
  const passed = Math.min(bytes, Math.floor((roomUs * link.bytesPerMs) / MS));
  link.transmit(nowUs, passed);
  return passed;
}
