import type { RunPlan } from '../../plan/plan.ts';
import type { Machine } from '../../sim/machine.ts';
import type { VsrConfig } from '../vsr/config.ts';
import { parseRelease } from '../vsr/releases.ts';
import type { ReleaseDefect } from './defects.ts';
import type { KimberliteNode } from './node.ts';

/** Which release runs on each server's host, and what is wrong with releases. Empty where a plan has none. */
export class InstalledReleases {
  /** Release of the server that runs on a host, or ran last. */
  readonly running: number[];
  /** Release that a server has which starts on a host now: set by whoever installs. */
  toStart: (host: number) => string;
  private readonly modelled: boolean;
  private readonly defects: ReleaseDefect[];
  private readonly servers: Map<number, { readonly node: KimberliteNode; readonly machine: Machine }>;

  constructor({ deployment }: RunPlan) {
    this.modelled = deployment !== undefined;
    this.running = (deployment?.releases ?? []).map(parseRelease);
    this.toStart = (host) => deployment?.releases[host] ?? 'v0.3.0';
    this.defects = [];
    this.servers = new Map();
  }

  of(host: number): number {
    return this.running[host] ?? 0;
  }

  /** What a server that starts on a host now is configured with; from then on it is what runs there. */
  configOf(host: number, config: VsrConfig): VsrConfig {
    if (!this.modelled) return config;
    const release = parseRelease(this.toStart(host));
    this.running[host] = release;
    return { ...config, release };
  }

  /** A server is about to start: it gets the defects of its release. */
  equip(host: number, node: KimberliteNode, machine: Machine): void {
    if (!this.modelled) return;
    this.servers.set(host, { node, machine });
    machine.cpu.usPerEvent = 0;
    node.defects = this.defects.filter((defect) => defect.release === this.running[host]);
    node.onSlow = (cpuUs) => {
      machine.cpu.usPerEvent = cpuUs;
    };
  }

  /** From now on a release has a defect; servers of it that run feel it at once where it is no matter of starting. */
  addDefect(defect: ReleaseDefect): void {
    this.defects.push(defect);
    if (defect.kind === 'crash-on-start') return;
    for (const [host, { node, machine }] of this.servers) {
      if (this.running[host] === defect.release) machine.act(() => node.feel(defect));
    }
  }

  /** The defect of that label is mended everywhere. */
  removeDefect(label: string): void {
    const at = this.defects.findIndex((defect) => defect.label === label);
    if (at < 0) return;
    const [defect] = this.defects.splice(at, 1);
    if (defect?.kind !== 'latency') return;
    for (const { node, machine } of this.servers.values()) {
      node.recover();
      machine.cpu.usPerEvent = 0;
    }
  }
}
