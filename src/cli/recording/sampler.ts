import type { VsrClient } from '../../cluster/vsr/client.ts';
import type { Simulation } from '../../scenarios/simulation.ts';
import type { Link } from '../../sim/link.ts';
import type { Machine } from '../../sim/machine.ts';
import type { StateLayout } from '../../tui/recording/layout.ts';
import { FLAG, LINK_WORDS, PROCESS_WORDS, ROLE_WORDS, STATUS_WORDS } from '../../tui/recording/words.ts';
import type { RecordingWriter } from '../../tui/recording/writer.ts';

/** Events on a host between two looks at how full its disk is: the sum over its files costs more than all the rest. */
const DISK_LOOK_EVENTS = 64;

/** Reads the observable state of a simulation into the cells of a recording. It only ever reads. */
export class StateSampler {
  /** Links may have changed since the last look. */
  linksDirty: boolean;
  private readonly simulation: Simulation;
  private readonly layout: StateLayout;
  private readonly writer: RecordingWriter;
  private readonly ordinary: Map<number, Pick<Link, 'latencyUsMean' | 'lossPer65536' | 'corruptPer65536'>>;
  /** When the first of the held links opens again. */
  private heldUntilUs: number;
  private readonly looks: number[];
  private readonly clients: (VsrClient | null)[];
  private readonly answered: number[];
  private committed: number;

  constructor(simulation: Simulation, layout: StateLayout, writer: RecordingWriter) {
    this.linksDirty = true;
    this.simulation = simulation;
    this.layout = layout;
    this.writer = writer;
    this.ordinary = new Map();
    this.heldUntilUs = Number.POSITIVE_INFINITY;
    this.looks = simulation.cluster.world.machines.map(() => 0);
    this.clients = simulation.cluster.clients.map(() => null);
    this.answered = simulation.cluster.clients.map(() => 0);
    this.committed = 0;
  }

  /** Everything, as after something whose reach is not known. */
  all(): void {
    const { serverHosts, clientHosts } = this.simulation.cluster;
    for (const host of serverHosts) {
      this.looks[host] = 0;
      this.server(host);
    }
    for (const host of clientHosts) this.client(host);
    this.links();
  }

  /** After an event on a host. */
  host(host: number): void {
    const { serverCount } = this.layout.parts;
    if (host < 0) return;
    if (host < serverCount) this.server(host);
    else if (host < serverCount + this.layout.parts.clientCount) this.client(host);
    this.links();
  }

  /** One more request of a client is of unknown outcome. */
  unknown(host: number): void {
    const cell = this.layout.client(host - this.layout.parts.serverCount, 'unknown');
    this.writer.set(cell, this.writer.get(cell) + 1);
  }

  private server(host: number): void {
    const { layout, writer, simulation } = this;
    const { cluster } = simulation;
    const machine = cluster.world.machines[host] as Machine;
    const seen = cluster.observation(host);
    const base = layout.server(host, 'process');
    writer.set(base, PROCESS_WORDS.indexOf(processWord(machine)));
    const status = machine.process === null ? '-' : seen === null ? 'starting' : (cluster.nodes[host]?.status ?? '-');
    writer.set(base + 2, STATUS_WORDS.indexOf(status));
    if (seen === null) writer.set(base + 1, ROLE_WORDS.indexOf('-'));
    else {
      const role = status === 'standby' || status === 'removed' ? status : seen.isPrimary ? 'primary' : 'backup';
      writer.set(base + 1, ROLE_WORDS.indexOf(role));
      writer.set(base + 3, seen.view);
      writer.set(base + 4, seen.op);
      writer.set(base + 5, seen.commit);
      const { journalSlots } = simulation.plan.cluster;
      writer.set(base + 6, Math.floor(((seen.op - seen.checkpointOp) * 1_000) / journalSlots));
      if (seen.commit > this.committed) {
        this.committed = seen.commit;
        writer.flag(FLAG.commit);
      }
    }
    const looks = this.looks[host] as number;
    this.looks[host] = looks + 1;
    if (looks % DISK_LOOK_EVENTS === 0) {
      writer.set(base + 7, Math.floor((machine.disk.usedBytes() * 1_000) / machine.disk.capacityBytes));
    }
    writer.set(base + 8, Math.round(machine.clock.offsetUs() / 100));
  }

  private client(host: number): void {
    const { layout, writer, simulation } = this;
    const index = host - layout.parts.serverCount;
    const machine = simulation.cluster.world.machines[host] as Machine;
    const client = simulation.cluster.clients[index] ?? null;
    const base = layout.client(index, 'process');
    writer.set(base, PROCESS_WORDS.indexOf(processWord(machine)));
    const running = machine.process === null ? null : client;
    writer.set(base + 1, running?.inFlight?.request ?? 0);
    if (client === null) return;
    // A client that was started again counts from 0: what its earlier lives were answered stays counted.
    if (this.clients[index] !== client) {
      this.clients[index] = client;
      this.answered[index] = writer.get(base + 2);
    }
    writer.set(base + 2, (this.answered[index] as number) + client.acknowledged);
  }

  private links(): void {
    const { nowUs } = this.simulation.cluster.world;
    if (!this.linksDirty && nowUs < this.heldUntilUs) return;
    this.linksDirty = false;
    this.heldUntilUs = Number.POSITIVE_INFINITY;
    const { hosts } = this.layout.parts;
    for (let from = 0; from < hosts.length; from++) {
      for (let to = 0; to < hosts.length; to++) if (from !== to) this.link(from, to, nowUs);
    }
  }

  private link(from: number, to: number, nowUs: number): void {
    const link = this.simulation.cluster.world.network.link(from, to);
    const index = from * this.layout.parts.hosts.length + to;
    const ordinary = this.ordinary.get(index);
    if (ordinary === undefined) {
      const { latencyUsMean, lossPer65536, corruptPer65536 } = link;
      this.ordinary.set(index, { latencyUsMean, lossPer65536, corruptPer65536 });
    }
    if (link.clogUntilUs > nowUs) this.heldUntilUs = Math.min(this.heldUntilUs, link.clogUntilUs);
    const word = linkWord(link, ordinary ?? link, nowUs);
    this.writer.set(this.layout.link(from, to), LINK_WORDS.indexOf(word));
  }
}

function processWord({ powered, paused, process }: Machine): (typeof PROCESS_WORDS)[number] {
  if (!powered) return 'no power';
  if (process === null) return 'down';
  return paused ? 'paused' : 'up';
}

function linkWord(
  link: Link,
  ordinary: Pick<Link, 'latencyUsMean' | 'lossPer65536' | 'corruptPer65536'>,
  nowUs: number,
): (typeof LINK_WORDS)[number] {
  if (link.cutCount > 0) return 'cut';
  if (link.clogUntilUs > nowUs) return 'held';
  if (link.lossPer65536 > ordinary.lossPer65536 || link.corruptPer65536 > ordinary.corruptPer65536) return 'lossy';
  return link.latencyUsMean > ordinary.latencyUsMean * 2 ? 'slow' : 'open';
}
