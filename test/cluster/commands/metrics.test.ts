import { describe, expect, it } from 'vitest';
import type { MetricSample } from '../../../src/cluster/kimberlite/metrics-text.ts';
import { SECOND } from '../../../src/sim/time.ts';
import { between, Rig } from './kit.ts';

function value(samples: readonly MetricSample[] | null, name: string, label = ''): number | undefined {
  return samples?.find(
    (sample) => sample.name === name && (label === '' || sample.labels.some(([, text]) => text === label)),
  )?.value;
}

describe('scrape', () => {
  it('exports clock offsets to each peer, and to cluster time only while an epoch is in force', () => {
    const rig = new Rig({ wallOffsetUs: [0, 700_000, 0] });
    const offsets = (): (readonly [string, number])[] =>
      (rig.fleet.metrics.scrape(0) ?? [])
        .filter((sample) => sample.name === 'vsr_clock_offset_ms')
        .map(({ labels, value: ms }) => [labels[0]?.[1] ?? 'cluster', Math.round(ms / 10) * 10 + 0] as const);
    rig.pass(5 * SECOND);
    expect(new Map(offsets())).toEqual(
      new Map([
        ['cluster', 0],
        ['1', -700],
        ['2', 0],
      ]),
    );
    rig.machine(2).clock.stepWall(1_600_000);
    rig.pass(40 * SECOND);
    expect(new Map(offsets())).toEqual(
      new Map([
        ['1', -700],
        ['2', -1600],
      ]),
    );
  });

  it('exports both families from one state, labels in order, no sample twice', () => {
    const rig = new Rig();
    rig.fleet.metrics.scrape(0);
    rig.pass(15 * SECOND);
    const samples = rig.fleet.metrics.scrape(0);
    const replica = rig.cluster.nodes[0]?.vsr.replica;
    expect(value(samples, 'kimberlite_consensus_commits_total')).toBe(replica?.commit);
    expect(value(samples, 'kimberlite_consensus_view_changes_total')).toBe(
      value(samples, 'kmb_consensus_view_changes_total'),
    );
    const p99 = value(samples, 'kimberlite_consensus_commit_latency_seconds', '0.99') ?? 0;
    expect(p99).toBeGreaterThan(0.0005);
    expect(p99).toBeLessThan(0.05);
    const keys = samples?.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(new Set(keys).size).toBe(keys?.length);
    for (const { labels } of samples ?? []) {
      const names = labels.map(([name]) => name);
      expect(names).toEqual([...names].sort());
    }
  });

  it('is what the page shows', () => {
    const rig = new Rig();
    expect(rig.run('curl -s http://replica-0:9090/metrics').stdout).toMatch(
      /^kimberlite_cluster_replicas_total\{status="healthy"\} 3$/m,
    );
  });

  it('counts as healthy what the exporter hears: views differ in a partition', () => {
    const rig = new Rig();
    rig.cluster.world.network.cut('cut', between([0, 1], [2]));
    rig.pass(5 * SECOND);
    const healthy = [0, 1, 2].map((host) =>
      value(rig.fleet.metrics.scrape(host), 'kimberlite_cluster_replicas_total', 'healthy'),
    );
    expect(healthy.slice(0, 2)).toEqual([2, 2]);
    expect(healthy[2]).toBeLessThan(2);
    expect(value(rig.fleet.metrics.scrape(2), 'kimberlite_has_leader')).toBe(0);
    expect(value(rig.fleet.metrics.scrape(1), 'kimberlite_has_leader')).toBe(1);
  });

  it('is silent while the process is dead or frozen; the host agent still counts assertion lines', () => {
    const rig = new Rig();
    const lines = (): number | undefined =>
      value(rig.fleet.metrics.scrapeHost(2), 'kimberlite_assertion_log_lines_total');
    expect(lines()).toBe(0);
    const replica = rig.cluster.nodes[2]?.vsr.replica;
    if (replica !== undefined) replica.commit = replica.op + 1;
    rig.pass(2 * SECOND);
    expect(rig.fleet.metrics.scrape(2)).toBeNull();
    expect(lines()).toBe(1);
    rig.run('systemctl start kimberlite', 'replica-2');
    rig.pass(5 * SECOND);
    expect(value(rig.fleet.metrics.scrape(2), 'kimberlite_assertion_failures_total')).toBe(0);
    expect(lines()).toBe(1);
    rig.machine(1).pause();
    expect(rig.fleet.metrics.scrape(1)).toBeNull();
  });

  it('samples the disk every five minutes, and at the start', () => {
    const rig = new Rig();
    const percent = (): number => value(rig.fleet.metrics.scrape(2), 'kimberlite_storage_disk_usage_percent') ?? -1;
    expect(percent()).toBeLessThan(1);
    rig.machine(2).disk.setFull('growth', 95);
    rig.pass(200 * SECOND);
    expect(percent()).toBeLessThan(1);
    rig.pass(101 * SECOND);
    expect(percent()).toBeCloseTo(95, 1);
  });
});
