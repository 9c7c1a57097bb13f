import type { Us } from '../sim/time.ts';
import { dropLabels, formatLabels, type Labels, labelKey, overlayLabels, type Sample } from './labels.ts';
import { PromqlError } from './promql/ast.ts';
import type { EvalContext, PrometheusMajor } from './promql/selectors.ts';
import type { AlertRule, RuleGroup, RuleSet } from './rule-file.ts';
import type { SeriesStore } from './series.ts';

export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'resolved';

/** One step of one alert instance. `value` is the expression's value, of the last evaluation that matched for a step away from it. */
export interface AlertTransition {
  readonly alert: string;
  readonly id: string;
  readonly labels: Labels;
  readonly from: AlertPhase;
  readonly to: AlertPhase;
  readonly atUs: Us;
  readonly value: number;
}

/** An alert instance that is pending, firing or resolved. `activeAtUs` is when its expression began to match. */
export interface AlertState {
  readonly alert: string;
  readonly id: string;
  readonly labels: Labels;
  readonly phase: 'pending' | 'firing' | 'resolved';
  readonly activeAtUs: Us;
  readonly sinceUs: Us;
  readonly value: number;
  readonly annotations: readonly (readonly [string, string])[];
}

/** A rule whose expression failed while it was evaluated; its instances stay as they were, as in Prometheus. */
export interface EvaluationFailure {
  readonly alert: string;
  readonly id: string;
  readonly message: string;
  readonly firstAtUs: Us;
  readonly lastAtUs: Us;
  readonly count: number;
}

interface Instance {
  readonly labels: Labels;
  sample: Sample;
  phase: 'pending' | 'firing' | 'resolved';
  activeAtUs: Us;
  sinceUs: Us;
  matchedAtUs: Us;
}

type Matches = ReadonlyMap<string, { readonly labels: Labels; readonly sample: Sample }>;

interface RuleRun {
  readonly rule: AlertRule;
  readonly instances: Map<string, Instance>;
}

interface GroupRun {
  readonly group: RuleGroup;
  readonly runs: readonly RuleRun[];
  nextAtUs: Us;
}

/**
 * Evaluates alerting rules in virtual time, as Prometheus's rule manager does: an instance (one label set of a rule's result) is
 * pending while its expression matches for less than `for`, then firing; when it matches no longer, a pending one is
 * inactive at once and a firing one resolved. `for` is measured between evaluations.
 */
export class RuleEngine {
  /** Every step so far, in order. */
  readonly transitions: AlertTransition[] = [];
  private readonly store: SeriesStore;
  private readonly epochUs: Us;
  private readonly prometheus: PrometheusMajor;
  private readonly groups: readonly GroupRun[];
  private readonly failed = new Map<AlertRule, EvaluationFailure>();
  private lastUs = -1;
  private nextPruneUs = 0;

  /**
   * `epochUs` is the wall-clock instant of virtual time 0 for `time()`: microseconds since 1970, in the clock in which exporters
   * write their timestamps; `prometheus` is the major version whose rules count. Throws if the store keeps less than the
   * rules read.
   */
  constructor(rules: RuleSet, store: SeriesStore, epochUs: Us, prometheus: PrometheusMajor = 3) {
    if (store.retentionUs < rules.retentionUs) {
      throw new Error(
        `the store keeps ${store.retentionUs} us but the rules read back ${rules.retentionUs} us: build it with RuleSet.retentionUs`,
      );
    }
    this.store = store;
    this.epochUs = epochUs;
    this.prometheus = prometheus;
    this.groups = rules.groups.map((group) => ({
      group,
      runs: group.rules.map((rule) => ({ rule, instances: new Map<string, Instance>() })),
      nextAtUs: 0,
    }));
  }

  /** Evaluates the groups that are due and returns the new steps. Call it once per evaluation interval, after the scrapes. */
  evaluate(timeUs: Us): readonly AlertTransition[] {
    if (timeUs <= this.lastUs) throw new Error(`evaluation at ${timeUs} us is not after the one at ${this.lastUs} us`);
    this.lastUs = timeUs;
    const before = this.transitions.length;
    const context: EvalContext = { store: this.store, epochUs: this.epochUs, timeUs, prometheus: this.prometheus };
    for (const run of this.groups) {
      if (timeUs < run.nextAtUs) continue;
      run.nextAtUs = timeUs + run.group.intervalUs;
      for (const ruleRun of run.runs) this.evaluateRule(ruleRun, context);
    }
    if (timeUs >= this.nextPruneUs) {
      this.store.prune(timeUs);
      this.nextPruneUs = timeUs + this.store.retentionUs;
    }
    return before === this.transitions.length ? NO_TRANSITIONS : this.transitions.slice(before);
  }

  /** All instances that are pending, firing or resolved, in the order of the rules. */
  states(): AlertState[] {
    const list: AlertState[] = [];
    for (const { runs } of this.groups) {
      for (const { rule, instances } of runs) {
        for (const instance of instances.values()) list.push(stateOf(rule, instance));
      }
    }
    return list;
  }

  /** True if an alert of this name or of this id (label `id`) has ever fired. Several rules may share a name, none an id. */
  firedEver(nameOrId: string): boolean {
    return this.transitions.some((step) => step.to === 'firing' && (step.alert === nameOrId || step.id === nameOrId));
  }

  /** True if an alert of this name or id fires now. */
  firing(nameOrId: string): boolean {
    return this.states().some(
      (state) => state.phase === 'firing' && (state.alert === nameOrId || state.id === nameOrId),
    );
  }

  /** Rules that could not be evaluated, one entry per rule. A run that needs its alerts should fail on any. */
  failures(): EvaluationFailure[] {
    return [...this.failed.values()];
  }

  private evaluateRule(run: RuleRun, context: EvalContext): void {
    let matched: Matches;
    try {
      matched = matchesOf(run.rule, run.rule.expr.evaluate(context));
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      this.recordFailure(run.rule, error.message, context.timeUs);
      return;
    }
    for (const [key, { labels, sample }] of matched) this.match(run, key, labels, sample, context.timeUs);
    for (const [key, instance] of run.instances) {
      if (instance.matchedAtUs !== context.timeUs) this.unmatch(run, key, instance, context.timeUs);
    }
  }

  private match(run: RuleRun, key: string, labels: Labels, sample: Sample, timeUs: Us): void {
    const { rule } = run;
    let instance = run.instances.get(key);
    const from: AlertPhase = instance?.phase ?? 'inactive';
    if (instance === undefined || instance.phase === 'resolved') {
      // Delete first: an instance that comes back takes its place in the order of the latest activation.
      run.instances.delete(key);
      instance = { labels, sample, phase: 'pending', activeAtUs: timeUs, sinceUs: timeUs, matchedAtUs: timeUs };
      run.instances.set(key, instance);
    }
    instance.sample = sample;
    instance.matchedAtUs = timeUs;
    if (instance.phase === 'pending' && timeUs - instance.activeAtUs >= rule.forUs) {
      instance.phase = 'firing';
      instance.sinceUs = timeUs;
    }
    if (instance.phase !== from) this.step(rule, instance, from, instance.phase, timeUs);
  }

  private unmatch(run: RuleRun, key: string, instance: Instance, timeUs: Us): void {
    if (instance.phase === 'resolved') return;
    if (instance.phase === 'pending') {
      run.instances.delete(key);
      this.step(run.rule, instance, 'pending', 'inactive', timeUs);
      return;
    }
    instance.phase = 'resolved';
    instance.sinceUs = timeUs;
    this.step(run.rule, instance, 'firing', 'resolved', timeUs);
  }

  private step(rule: AlertRule, instance: Instance, from: AlertPhase, to: AlertPhase, atUs: Us): void {
    const { alert, id } = rule;
    this.transitions.push({ alert, id, labels: instance.labels, from, to, atUs, value: instance.sample.value });
  }

  private recordFailure(rule: AlertRule, message: string, atUs: Us): void {
    const { alert, id } = rule;
    const earlier = this.failed.get(rule);
    const firstAtUs = earlier?.firstAtUs ?? atUs;
    const count = (earlier?.count ?? 0) + 1;
    this.failed.set(rule, { alert, id, message: earlier?.message ?? message, firstAtUs, lastAtUs: atUs, count });
  }
}

const NO_TRANSITIONS: readonly AlertTransition[] = [];
const NO_MATCHES: Matches = new Map();

/** The instances that a result stands for: its labels with the rule's own set over them. Throws if two would be the same. */
function matchesOf(rule: AlertRule, samples: readonly Sample[]): Matches {
  if (samples.length === 0) return NO_MATCHES;
  const found = new Map<string, { labels: Labels; sample: Sample }>();
  for (const sample of samples) {
    const own = rule.labelTemplates.map(([name, fill]) => [name, fill(sample)] as const);
    const labels = overlayLabels(dropLabels(sample.labels, ['alertname']), own);
    const key = labelKey(labels);
    if (found.has(key)) {
      throw new PromqlError(
        `two elements of the result have the labels ${formatLabels(labels)} once the rule's labels are set`,
        0,
      );
    }
    found.set(key, { labels, sample });
  }
  return found;
}

function stateOf(rule: AlertRule, instance: Instance): AlertState {
  const { sample, labels, phase, activeAtUs, sinceUs } = instance;
  const annotations = rule.annotations.map(([name, fill]) => [name, fill(sample)] as const);
  return { alert: rule.alert, id: rule.id, labels, phase, activeAtUs, sinceUs, value: sample.value, annotations };
}
