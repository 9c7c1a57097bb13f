import { labelsOf } from '../alerts/labels.ts';
import type { RuleSet } from '../alerts/rule-file.ts';
import { RuleEngine } from '../alerts/rules.ts';
import { SCRAPE_INTERVAL_US, ScrapeTarget } from '../alerts/scrape.ts';
import { LOOKBACK_US, SeriesStore } from '../alerts/series.ts';
import type { KimberliteFleet } from '../cluster/kimberlite/fleet.ts';
import type { AlertRecord } from '../plan/result.ts';
import type { Machine } from '../sim/machine.ts';
import type { Us } from '../sim/time.ts';
import type { Simulation } from './simulation.ts';

/** Control number of a scrape. */
export const CONTROL_SCRAPE = 1;

/**
 * The monitoring of a scenario run: every 15 virtual seconds it scrapes each replica that it can reach and evaluates
 * the rules. It stands on a host of its own, so a partition can blind it.
 */
export class Monitor {
  readonly engine: RuleEngine;
  /** How far back the longest range of a rule looks that must fire in this run: it clears no sooner. */
  readonly longestRangeUs: Us;
  private readonly simulation: Simulation;
  private readonly fleet: KimberliteFleet;
  private readonly targets: readonly ScrapeTarget[];
  /** The log agent of each host: it answers while the host does, also when the server is dead. */
  private readonly agents: readonly ScrapeTarget[];
  /** Standbys are a job of their own: service discovery goes by their role, so a promoted one changes over. */
  private readonly standbys: readonly ScrapeTarget[];
  /** Promoted hosts whose former target is out of the configuration. */
  private readonly changedOver: Set<number>;
  private readonly severities: ReadonlyMap<string, string>;
  private readonly names: ReadonlyMap<string, string>;

  constructor(simulation: Simulation, fleet: KimberliteFleet, rules: RuleSet) {
    this.simulation = simulation;
    this.fleet = fleet;
    const paging = new Set(simulation.plan.alerts?.mustFire.map(({ id }) => id));
    const reaches = rules.groups.flatMap(({ rules: list }) => list.filter(({ id }) => paging.has(id)));
    this.longestRangeUs = Math.max(LOOKBACK_US, ...reaches.map(({ expr }) => expr.reachUs));
    const store = new SeriesStore(rules.retentionUs);
    this.engine = new RuleEngine(rules, store, simulation.plan.startWallMs * 1_000);
    const target = (host: number, job: string): ScrapeTarget => {
      const { name } = simulation.cluster.world.machines[host] as Machine;
      return new ScrapeTarget(
        store,
        labelsOf([
          ['instance', name],
          ['job', job],
        ]),
      );
    };
    const { serverHosts, replicaHosts } = simulation.cluster;
    this.targets = serverHosts.map((host) => target(host, 'kimberlite'));
    this.agents = serverHosts.map((host) => target(host, 'log-agent'));
    this.standbys = serverHosts.slice(replicaHosts.length).map((host) => target(host, 'kimberlite-standby'));
    this.changedOver = new Set();
    const severities = new Map<string, string>();
    const names = new Map<string, string>();
    for (const group of rules.groups) {
      for (const rule of group.rules) {
        names.set(rule.id, rule.alert);
        severities.set(rule.id, rule.labels.find(([key]) => key === 'severity')?.[1] ?? '');
      }
    }
    this.severities = severities;
    this.names = names;
    simulation.cluster.world.scheduleControl(SCRAPE_INTERVAL_US, CONTROL_SCRAPE, 0, null);
  }

  /** One scrape of all targets and one evaluation of all rules; asks for the next. */
  tick(): void {
    const { cluster } = this.simulation;
    const { world } = cluster;
    for (const host of cluster.replicaHosts) {
      const cut = world.network.isCut(cluster.monitorHost, host) || world.network.isCut(host, cluster.monitorHost);
      this.record(this.targets[host] as ScrapeTarget, cut ? null : this.fleet.metrics.scrape(host));
      this.record(this.agents[host] as ScrapeTarget, cut ? null : this.fleet.metrics.scrapeHost(host));
    }
    this.scrapeStandbys();
    for (const step of this.engine.evaluate(world.nowUs)) {
      if (step.to === 'firing') world.mark(`alert:${step.id}`, -1);
    }
    world.scheduleControl(world.nowUs + SCRAPE_INTERVAL_US, CONTROL_SCRAPE, 0, null);
  }

  private scrapeStandbys(): void {
    const { cluster } = this.simulation;
    const { network } = cluster.world;
    for (const [index, host] of cluster.standbyHosts.entries()) {
      const isPromoted = this.fleet.promoted.has(host);
      if (isPromoted && !this.changedOver.has(host)) {
        this.changedOver.add(host);
        (this.standbys[index] as ScrapeTarget).removed(this.simulation.cluster.world.nowUs);
      }
      if (cluster.isSpare(host) && !isPromoted && !this.fleet.isRunning(host)) continue;
      const cut = network.isCut(cluster.monitorHost, host) || network.isCut(host, cluster.monitorHost);
      const samples = cut ? null : this.fleet.metrics.scrape(host);
      this.record((isPromoted ? this.targets[host] : this.standbys[index]) as ScrapeTarget, samples);
      this.record(this.agents[host] as ScrapeTarget, cut ? null : this.fleet.metrics.scrapeHost(host));
    }
  }

  private record(target: ScrapeTarget, samples: ReturnType<KimberliteFleet['metrics']['scrape']>): void {
    const { nowUs } = this.simulation.cluster.world;
    if (samples === null) target.failed(nowUs);
    else
      target.answered(
        nowUs,
        samples.map((sample) => ({ ...sample, labels: labelsOf(sample.labels) })),
      );
  }

  /** First time at which one of `ids` fired (any alert for an empty list), or -1. */
  firstFiringUs(ids: readonly string[]): Us {
    for (const step of this.engine.transitions) {
      if (step.to === 'firing' && (ids.length === 0 || ids.includes(step.id))) return step.atUs;
    }
    return -1;
  }

  /** Ids that fire at this moment. */
  firing(): string[] {
    return this.engine
      .states()
      .filter((state) => state.phase === 'firing')
      .map((state) => state.id);
  }

  /** Every firing of every alert, in order. */
  records(): AlertRecord[] {
    const records: AlertRecord[] = [];
    for (const step of this.engine.transitions) {
      if (step.to !== 'firing') continue;
      const labels = step.labels.map(([key, value]) => `${key}=${value}`).join(',');
      const pending = this.engine.transitions.findLast(
        (other) =>
          other.id === step.id && other.labels === step.labels && other.to === 'pending' && other.atUs <= step.atUs,
      );
      const resolved = this.engine.transitions.find(
        (other) =>
          other.id === step.id && other.labels === step.labels && other.to === 'resolved' && other.atUs >= step.atUs,
      );
      records.push({
        id: step.id,
        name: this.names.get(step.id) ?? step.alert,
        severity: this.severities.get(step.id) ?? '',
        labels,
        pendingUs: pending?.atUs ?? step.atUs,
        firingUs: step.atUs,
        resolvedUs: resolved?.atUs ?? -1,
      });
    }
    return records;
  }
}
