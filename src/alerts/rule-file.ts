import type { Us } from '../sim/time.ts';
import { type Labels, labelsOf } from './labels.ts';
import { type LocatedMap, LocatedYaml } from './located.ts';
import { PromqlError } from './promql/ast.ts';
import { type CompiledExpr, compilePromql } from './promql/compile.ts';
import { parseDuration } from './promql/literals.ts';
import { SCRAPE_INTERVAL_US } from './scrape.ts';
import { LOOKBACK_US } from './series.ts';
import { compileTemplate, type Template } from './template.ts';

/** A rule file as its reader hands it in; this layer opens no files. */
export interface RuleFileText {
  readonly file: string;
  readonly text: string;
}

/** One alerting rule, compiled. `id` is its label `id` ('' if it has none), `forUs` how long it stays pending. */
export interface AlertRule {
  readonly file: string;
  readonly alert: string;
  readonly id: string;
  readonly exprText: string;
  readonly expr: CompiledExpr;
  readonly forUs: Us;
  /** The rule's labels as written, in ascending order of name. */
  readonly labels: Labels;
  readonly labelTemplates: readonly (readonly [string, Template])[];
  readonly annotations: readonly (readonly [string, Template])[];
}

export interface RuleGroup {
  readonly name: string;
  readonly intervalUs: Us;
  readonly rules: readonly AlertRule[];
}

/** What a `RuleEngine` runs. `retentionUs` is what the store must keep, `metrics` the metric names that some rule reads. */
export interface RuleSet {
  readonly groups: readonly RuleGroup[];
  readonly retentionUs: Us;
  readonly metrics: readonly string[];
}

const GROUP_KEYS = ['name', 'interval', 'rules'];
const RULE_KEYS = ['alert', 'expr', 'for', 'labels', 'annotations'];
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['record', 'recording rules are not supported: write the expression into the alerts that use it'],
  ['keep_firing_for', 'leave it out: the engine resolves an alert when its expression stops matching'],
]);

/**
 * Loads standard Prometheus alerting rule files. Every rule is compiled, selected or not, so that no mistake hides; then only
 * the rules whose label `id` is in `ids` are kept (all without `ids`).
 *
 * @throws RuleFileError with file, line, path and remedy, and an Error for an id in `ids` that no rule has
 */
export function loadRuleSet(files: readonly RuleFileText[], ids?: ReadonlySet<string>): RuleSet {
  const groups: RuleGroup[] = [];
  const ruleIds = new Map<string, string>();
  for (const { file, text } of files) {
    const top = LocatedYaml.parse(file, text);
    top.onlyKeys(['groups'], REMEDIES);
    const names = new Set<string>();
    for (const map of top.maps('groups', 'write groups: as a list of rule groups')) {
      groups.push(readGroup(file, map, names, ruleIds));
    }
  }
  return selectRules(groups, ids, ruleIds);
}

function selectRules(
  all: readonly RuleGroup[],
  ids: ReadonlySet<string> | undefined,
  known: ReadonlyMap<string, string>,
): RuleSet {
  for (const id of ids ?? []) {
    if (known.has(id)) continue;
    throw new Error(
      `ruleset names alert id ${id}, which no loaded rule has; known ids: ${[...known.keys()].join(', ')}`,
    );
  }
  const groups: RuleGroup[] = [];
  const metrics: string[] = [];
  let retentionUs = LOOKBACK_US;
  for (const group of all) {
    const rules = group.rules.filter((rule) => ids === undefined || ids.has(rule.id));
    if (rules.length > 0) groups.push({ ...group, rules });
    for (const { expr } of rules) {
      retentionUs = Math.max(retentionUs, expr.reachUs);
      for (const metric of expr.metrics) if (!metrics.includes(metric)) metrics.push(metric);
    }
  }
  return { groups, retentionUs, metrics };
}

function readGroup(file: string, map: LocatedMap, names: Set<string>, ruleIds: Map<string, string>): RuleGroup {
  map.onlyKeys(GROUP_KEYS, REMEDIES);
  const name = map.requiredText('name', 'give the group a name');
  if (names.has(name)) map.fail('name', `group ${name} stands twice in this file`, 'give each group its own name');
  names.add(name);
  const intervalUs = readDuration(map, 'interval') ?? SCRAPE_INTERVAL_US;
  if (intervalUs <= 0) map.fail('interval', 'interval is 0', 'write a duration such as 15s');
  const rules = map
    .maps('rules', 'write rules: as a list of alerting rules')
    .map((rule) => readRule(file, rule, ruleIds));
  return { name, intervalUs, rules };
}

function readRule(file: string, map: LocatedMap, ruleIds: Map<string, string>): AlertRule {
  map.onlyKeys(RULE_KEYS, REMEDIES);
  const alert = map.requiredText('alert', 'give the rule a name: alert: ReplicaUnhealthy');
  const exprText = map.requiredText('expr', 'give the rule an expression: expr: up == 0');
  const expr = readExpr(map, exprText);
  const forUs = readDuration(map, 'for') ?? 0;
  const labelTemplates = readTemplates(map, 'labels');
  const labels = labelsOf(map.texts('labels').pairs);
  const id = labels.find(([name]) => name === 'id')?.[1] ?? '';
  const other = ruleIds.get(id);
  if (other !== undefined)
    map.fail('labels', `alert id ${id} is already that of ${other}`, 'give each rule its own id');
  if (id !== '') ruleIds.set(id, `${alert} in ${file}`);
  return {
    file,
    alert,
    id,
    exprText,
    expr,
    forUs,
    labels,
    labelTemplates,
    annotations: readTemplates(map, 'annotations'),
  };
}

function readExpr(map: LocatedMap, text: string): CompiledExpr {
  try {
    return compilePromql(text);
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    const before = text.slice(0, error.offset).split('\n');
    const place = `line ${before.length} column ${before.at(-1)!.length + 1} of ${JSON.stringify(text.trim())}`;
    return map.fail(
      'expr',
      `${error.message} (${place})`,
      'rewrite it within the subset that src/alerts/promql/compile.ts lists',
    );
  }
}

function readTemplates(map: LocatedMap, key: string): [string, Template][] {
  const { map: inner, pairs } = map.texts(key);
  return pairs.map(([name, text]): [string, Template] => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__name__' || (key === 'labels' && name === 'alertname')) {
      return inner!.fail(
        name,
        `${JSON.stringify(name)} cannot be set here`,
        'use letters, digits and _ and no reserved name',
      );
    }
    try {
      return [name, compileTemplate(text)];
    } catch (error) {
      return inner!.fail(name, (error as Error).message, 'write the text out');
    }
  });
}

function readDuration(map: LocatedMap, key: string): Us | undefined {
  const text = map.text(key);
  if (text === undefined) return undefined;
  const us = text === '0' ? 0 : parseDuration(text);
  if (us === undefined)
    return map.fail(key, `duration ${JSON.stringify(text)} cannot be read`, 'write it as 30s, 5m or 1h30m');
  return us;
}
