import type { VsrKind, VsrMessage } from '../../src/cluster/vsr/message.ts';
import { EVENT } from '../../src/sim/core.ts';
import type { FateRule } from '../../src/sim/network.ts';
import { isolateOne, oneWay } from '../../src/sim/partition.ts';
import { ClusterCore, type Sent } from './cluster-core.ts';

export type Direction = 'both' | 'in' | 'out';

/** Which copy of what is to be damaged: by op of the log, or by number of the superblock's copy. */
export type Place =
  | { readonly header: number }
  | { readonly prepare: number }
  | { readonly checkpoint: true }
  | { readonly superblockCopy: number };

/** What a test does to the hosts, disks and links of a cluster. */
export class FaultyCluster extends ClusterCore {
  // ---- Hosts' faults ----

  crash(...hosts: readonly number[]): void {
    for (const host of hosts) this.machine(host).stop('crash');
  }

  start(...hosts: readonly number[]): void {
    for (const host of hosts) {
      if (!this.machine(host).powered) this.machine(host).powerOn(0);
      else this.machine(host).start();
    }
  }

  powerLoss(hosts: readonly number[], mode: 'mix' | 'unreadable' = 'mix'): void {
    const label = this.label('power');
    for (const host of hosts) this.machine(host).powerLoss(label, mode);
  }

  /** The journal's files are gone; the process must be down. */
  wipeJournal(host: number): void {
    this.removeFiles(host, 'log/');
  }

  wipeSuperblock(host: number): void {
    this.removeFiles(host, 'superblock');
  }

  private removeFiles(host: number, prefix: string): void {
    const { disk } = this.machine(host);
    const label = this.label('wipe');
    const files = disk.files().filter((file) => file.startsWith(prefix));
    if (files.length === 0 || this.machine(host).isUp) throw new Error(`host ${host} runs, or has no ${prefix}`);
    for (const file of files) {
      disk.faults.truncateDamage(label, file, 0);
      disk.removeFile(file);
    }
    disk.syncAll();
  }

  loseDisk(host: number): void {
    if (!this.machine(host).disk.faults.loseDisk(this.label('lost')))
      throw new Error(`host ${host} has no disk to lose`);
  }

  /** Flips a bit of what the disk holds; fails the test when nothing is written there. */
  corrupt(host: number, place: Place): void {
    const [file, sector] = this.locate(host, place);
    // Bit 160 lies within the checksummed part of all four formats.
    if (!this.machine(host).disk.faults.rot(this.label('rot'), file, sector, 160)) {
      throw new Error(`host ${host}: nothing to damage at ${file} sector ${sector}`);
    }
  }

  /** Corrupts the record of `op`, leaving its header. */
  corruptPrepares(host: number, ...ops: readonly number[]): void {
    for (const op of ops) this.corrupt(host, { prepare: op });
  }

  private locate(host: number, place: Place): readonly [string, number] {
    const slots = this.cluster.config.journalSlots;
    if ('header' in place) return ['log/headers', place.header % slots];
    if ('prepare' in place) return ['log/prepares', place.prepare % slots];
    if ('superblockCopy' in place) return ['superblock', place.superblockCopy * 2];
    return [`checkpoint/${this.replica(host).checkpointFile}`, 0];
  }

  // ---- The network's faults ----

  /** Cuts a host off all others, clients included unless `among` names the ones it loses; returns the label. */
  isolate(host: number, direction: Direction = 'both', among?: readonly number[]): string {
    const hosts = among ?? [...this.all, ...this.cluster.clientHosts];
    return this.cut(
      isolateOne(
        host,
        hosts.filter((other) => other !== host),
        direction,
      ),
    );
  }

  /** Cuts all links between two groups, or only those out of or into the first. */
  split(left: readonly number[], right: readonly number[], direction: Direction = 'both'): string {
    const out = direction === 'in' ? [] : oneWay(left, right);
    return this.cut([...out, ...(direction === 'out' ? [] : oneWay(right, left))]);
  }

  private cut(links: ReturnType<typeof oneWay>): string {
    const label = this.label('cut');
    this.world.network.cut(label, links);
    this.cuts.add(label);
    this.disturb();
    return label;
  }

  /** Opens all cuts and takes away all rules about messages. */
  heal(): void {
    this.healCuts();
    this.world.network.rules.length = 0;
  }

  /** Opens the cut of that label, as {@link isolate} and {@link split} return it. */
  healCut(label: string): void {
    this.world.network.heal(label);
    this.cuts.delete(label);
    this.disturb();
  }

  /** Opens all cuts; rules about messages stay. */
  healCuts(): void {
    for (const label of this.cuts) this.world.network.heal(label);
    this.cuts.clear();
    this.disturb();
  }

  /** Drops messages of these kinds, between the named hosts (any when absent); returns how to stop it. */
  drop(kinds: readonly VsrKind[], where: { from?: number; to?: number } = {}): () => void {
    return this.rule((from, to, message) =>
      kinds.includes((message as VsrMessage).kind) && (where.from ?? from) === from && (where.to ?? to) === to
        ? 'drop'
        : 'pass',
    );
  }

  /** Lays a rule over the network; returns how to take it away. */
  rule(rule: FateRule): () => void {
    const { rules } = this.world.network;
    rules.push(rule);
    this.disturb();
    return () => {
      const at = rules.indexOf(rule);
      if (at >= 0) rules.splice(at, 1);
      this.disturb();
    };
  }

  /** Keeps messages that match in {@link sent}, from now on. */
  record(wanted: (sent: Sent) => boolean): void {
    this.recorded = wanted;
  }

  /** Lets a message that was sent once arrive (again) now, past all cuts and rules: a late duplicate. */
  deliverAgain({ from, to, message }: Sent): void {
    this.world.schedule(this.world.nowUs, EVENT.message, to, from, 1, message);
    this.runFor(0);
  }
}
