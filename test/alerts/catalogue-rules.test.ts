import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadRuleSet } from '../../src/alerts/rule-file.ts';
import { RuleEngine } from '../../src/alerts/rules.ts';
import { ScrapeTarget } from '../../src/alerts/scrape.ts';
import { SeriesStore } from '../../src/alerts/series.ts';
import { SECOND } from '../../src/sim/time.ts';
import { readSeries } from './kit.ts';

const FILE = { file: 'scenarios/kimberlite/alerts.yml', text: readFileSync('scenarios/kimberlite/alerts.yml', 'utf8') };

/** A metric as a function of the second; null when it is not exported. */
type Metric = (second: number) => number | null;
type World = Readonly<Record<string, Metric>>;

const EPOCH_S = 1_770_000_000;
const flat =
  (value: number): Metric =>
  () =>
    value;
const growing =
  (perSecond: number): Metric =>
  (second) =>
    second * perSecond;

/** One replica of a cluster under load, all well: replica 1 leads, so that id 0 is not the leader. */
const HEALTHY: World = {
  'kimberlite_cluster_replicas_total{status="healthy"}': flat(3),
  kimberlite_consensus_view_changes_total: flat(4),
  kmb_consensus_view_changes_total: flat(4),
  vsr_clock_offset_ms: flat(-3),
  'kimberlite_replication_lag_ms{replica_id="2"}': flat(12),
  kimberlite_assertion_failures_total: flat(0),
  kimberlite_storage_disk_usage_percent: flat(62),
  'kimberlite_consensus_commit_latency_seconds{quantile="0.99"}': flat(0.02),
  kimberlite_consensus_commits_total: growing(50_000),
  kimberlite_compaction_last_success_timestamp_seconds: flat(EPOCH_S - 3_600),
  kmb_consensus_leader: flat(1),
  'kmb_write_duration_seconds_bucket{le="0.1"}': growing(100),
  'kmb_write_duration_seconds_bucket{le="0.5"}': growing(100),
  'kmb_write_duration_seconds_bucket{le="+Inf"}': growing(100),
  kmb_projection_lag: flat(40),
  'kimberlite_replica_status{state="recovering"}': flat(0),
  kmb_checksum_failures_total: flat(0),
  'kmb_requests_total{status="error"}': growing(1),
  kimberlite_standby_lag_ms: flat(20),
  kimberlite_standby_promotion_eligible: flat(1),
  kimberlite_assertion_log_lines_total: flat(0),
  kimberlite_has_leader: flat(1),
};

/** Two targets scraped and evaluated every 15 s for `seconds`; `changed` replaces metrics of both, null means no answer. */
function run(changed: World | null, seconds: number, ids?: ReadonlySet<string>): RuleEngine {
  const rules = loadRuleSet([FILE], ids);
  const store = new SeriesStore(rules.retentionUs);
  const engine = new RuleEngine(rules, store, EPOCH_S * SECOND);
  const targets = ['n0', 'n1'].map(
    (host) => new ScrapeTarget(store, readSeries(`x{instance="${host}",job="kimberlite"}`).labels),
  );
  for (let second = 0; second <= seconds; second += 15) {
    const metrics = Object.entries({ ...HEALTHY, ...changed });
    const samples = metrics.flatMap(([text, metric]) => {
      const value = metric(second);
      return value === null ? [] : [{ ...readSeries(text), value }];
    });
    for (const target of targets) {
      if (changed === null && second >= 60) target.failed(second * SECOND);
      else target.answered(second * SECOND, samples);
    }
    engine.evaluate(second * SECOND);
  }
  expect(engine.failures()).toEqual([]);
  return engine;
}

const stepAt =
  (at: number, before: number, after: number): Metric =>
  (second) =>
    second < at ? before : after;

/**
 * Per alert id: a world that must fire it, and the second at which it must (evaluations stand 15 s apart). A counter of slope s that
 * starts at 0 has an increase of s * t while its start lies in the range (nothing is extrapolated below zero), hence 11 * t / 300 > 10
 * from 285 s on, 0.2 * t / 900 > 0.1 from 465 s on, 0.1 * t > 10 from 105 s on; `for` comes on top.
 */
const FIRES: Readonly<Record<string, readonly [world: World | null, second: number]>> = {
  'ALERT-REPLICA-UNHEALTHY': [{ 'kimberlite_cluster_replicas_total{status="healthy"}': stepAt(60, 3, 2) }, 90],
  'ALERT-QUORUM-LOST': [{ 'kimberlite_cluster_replicas_total{status="healthy"}': stepAt(60, 3, 1) }, 90],
  'ALERT-VIEW-CHANGE-STORM': [{ kimberlite_consensus_view_changes_total: growing(11) }, 285],
  'ALERT-CLOCK-OFFSET': [{ vsr_clock_offset_ms: stepAt(60, 0, -201) }, 90],
  'ALERT-LAG-P2': [{ 'kimberlite_replication_lag_ms{replica_id="2"}': stepAt(60, 12, 501) }, 120],
  'ALERT-LAG-P1': [{ 'kimberlite_replication_lag_ms{replica_id="2"}': stepAt(60, 12, 1001) }, 120],
  'ALERT-ASSERTION': [{ kimberlite_assertion_failures_total: stepAt(60, 0, 1) }, 60],
  'ALERT-DISK-P3': [{ kimberlite_storage_disk_usage_percent: stepAt(60, 62, 81) }, 360],
  'ALERT-DISK-P1': [{ kimberlite_storage_disk_usage_percent: stepAt(60, 62, 91) }, 60],
  'ALERT-DISK-P0': [{ kimberlite_storage_disk_usage_percent: stepAt(60, 62, 96) }, 60],
  'ALERT-LATENCY': [{ 'kimberlite_consensus_commit_latency_seconds{quantile="0.99"}': stepAt(60, 0.02, 0.11) }, 120],
  'ALERT-THROUGHPUT': [{ kimberlite_consensus_commits_total: growing(9_000) }, 75],
  'ALERT-THROUGHPUT-SCALED': [{ kimberlite_consensus_commits_total: growing(4) }, 75],
  'ALERT-COMPACTION': [{ kimberlite_compaction_last_success_timestamp_seconds: flat(EPOCH_S + 50 - 2 * 86_400) }, 60],
  'ALERT-NO-LEADER': [{ kmb_consensus_leader: stepAt(60, 1, 0) }, 90],
  'ALERT-WRITE-LATENCY': [{ 'kmb_write_duration_seconds_bucket{le="0.1"}': growing(98) }, 615],
  'ALERT-PROJECTION-LAG': [{ kmb_projection_lag: growing(0.5) }, 315],
  'ALERT-FREQUENT-VC': [{ kmb_consensus_view_changes_total: growing(0.2) }, 465 + 900],
  'ALERT-JOIN': [{ 'kimberlite_replica_status{state="recovering"}': stepAt(60, 0, 1) }, 360],
  'ALERT-CHECKSUM': [{ kmb_checksum_failures_total: stepAt(60, 0, 1) }, 60],
  'ALERT-A-NOQUORUM': [{ kmb_consensus_leader: stepAt(60, 1, 0) }, 90],
  'ALERT-A-ERRORS': [{ 'kmb_requests_total{status="error"}': growing(11) }, 285 + 300],
  'ALERT-A-PROJ': [{ kmb_projection_lag: stepAt(60, 40, 1001) }, 360],
  'ALERT-A-VC': [{ kmb_consensus_view_changes_total: growing(0.2) }, 465 + 900],
  'ALERT-A-WRITE': [{ 'kmb_write_duration_seconds_bucket{le="0.1"}': growing(98) }, 615],
  'ALERT-A-STANDBY-LAG': [{ kimberlite_standby_lag_ms: stepAt(60, 20, 1001) }, 360],
  'ALERT-A-STANDBY-INEL': [{ kimberlite_standby_promotion_eligible: stepAt(60, 1, 0) }, 60],
  'ALERT-VIEW-CHANGE-STORM-MENDED': [{ kimberlite_consensus_view_changes_total: growing(0.1) }, 105],
  'ALERT-ASSERTION-MENDED': [{ kimberlite_assertion_log_lines_total: stepAt(60, 0, 1) }, 60],
  'ALERT-ALL-DOWN-MENDED': [null, 90],
  'ALERT-NO-LEADER-MENDED': [{ kimberlite_has_leader: stepAt(60, 1, 0) }, 90],
};

const ALL = loadRuleSet([FILE]).groups.flatMap((group) => group.rules);
const firstFiring = (engine: RuleEngine, id: string) =>
  engine.transitions.find((step) => step.id === id && step.to === 'firing')?.atUs;

describe('the catalogue rules of Kimberlite', () => {
  it('has a case here for every rule, an id and a severity on every rule', () => {
    expect(ALL.map((rule) => rule.id)).toEqual(Object.keys(FIRES));
    const ids = new Set(Object.keys(FIRES));
    expect(ids.size).toBe(31);
    for (const rule of ALL) expect(rule.labels.map(([name]) => name)).toEqual(['id', 'severity']);
  });

  it('reads only metrics that the healthy world exports', () => {
    const exported = new Set(['up', ...Object.keys(HEALTHY).map((text) => readSeries(text).name)]);
    expect(loadRuleSet([FILE]).metrics.filter((metric) => !exported.has(metric))).toEqual([]);
  });

  it('is silent for two hours on a healthy cluster under load, not even pending', () => {
    expect(run({}, 7_200).transitions).toEqual([]);
  });

  it.each(Object.entries(FIRES))('%s fires', (id, [world, second]) => {
    const engine = run(world, 2_400, new Set([id]));
    expect(firstFiring(engine, id)).toBe(second * SECOND);
  });
});

describe('what the rules as written do wrong, and the mended ones do not', () => {
  it('no rule as written notices that every replica is down', () => {
    const engine = run(null, 1_200);
    const fired = engine.transitions.filter((step) => step.to === 'firing').map((step) => step.id);
    expect(fired).toEqual(['ALERT-ALL-DOWN-MENDED']);
  });

  it('the leader gauge fires falsely when replica 0 leads', () => {
    const engine = run({ kmb_consensus_leader: flat(0) }, 300);
    expect([engine.firedEver('ALERT-NO-LEADER'), engine.firedEver('ALERT-NO-LEADER-MENDED')]).toEqual([true, false]);
  });

  it('one view change every three seconds is a storm only for the mended rule', () => {
    const engine = run({ kimberlite_consensus_view_changes_total: (second) => Math.floor(second / 3) }, 1_800);
    const ids = ['ALERT-VIEW-CHANGE-STORM', 'ALERT-VIEW-CHANGE-STORM-MENDED'];
    expect(ids.map((id) => engine.firedEver(id))).toEqual([false, true]);
  });

  it('ten view changes in five minutes are no storm', () => {
    const world = { kimberlite_consensus_view_changes_total: (second: number) => Math.min(9, Math.floor(second / 30)) };
    expect(run(world, 1_800).firedEver('ALERT-VIEW-CHANGE-STORM-MENDED')).toBe(false);
  });

  it('an assertion between two scrapes is seen in the log only, and clears an hour later', () => {
    const engine = run({ kimberlite_assertion_log_lines_total: stepAt(60, 0, 1) }, 4_200);
    expect(engine.firedEver('ALERT-ASSERTION')).toBe(false);
    const resolved = engine.transitions.filter(
      (step) => step.id === 'ALERT-ASSERTION-MENDED' && step.to === 'resolved',
    );
    expect(resolved.map((step) => step.atUs / SECOND)).toEqual([3_645, 3_645]);
  });

  it('an idle cluster fires the throughput rule', () => {
    expect(run({ kimberlite_consensus_commits_total: flat(100) }, 300).firedEver('ALERT-THROUGHPUT')).toBe(true);
  });
});
