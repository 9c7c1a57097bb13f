import { type AlertRule, loadRuleSet } from '../alerts/rule-file.ts';
import { serverCount } from '../cluster/kimberlite/hosts.ts';
import { durationText } from '../report/duration.ts';
import { faultWords } from '../report/fault-words.ts';
import { propertyMeaning } from '../report/findings.ts';
import type { PageAlert, PageFault, PageLiteral, PageStep, ScenarioPage } from '../report/scenario-page.ts';
import { clusterOf } from '../scenarios/expand.ts';
import { readAlertRules, readSections, SCENARIO_ROOT } from '../scenarios/files.ts';
import { loadScenarios } from '../scenarios/load.ts';
import type { Scenario, ScenarioFault, ScenarioStep, ScenarioVariant } from '../scenarios/schema.ts';
import { type Range, unitOfName, type Words } from '../scenarios/units.ts';
import { traceHostName } from './host-names.ts';
import { knownNames } from './known-names.ts';

/** The pages of `firedrill explain`. */
export interface ScenarioPages {
  readonly ids: readonly string[];
  page(id: string): ScenarioPage | null;
}

/** The scenario files that come with firedrill. Throws a `ScenarioError` with the mistakes of all files. */
export function ownPages(): ScenarioPages {
  const scenarios = loadScenarios(SCENARIO_ROOT, knownNames());
  return {
    ids: scenarios.map(({ id }) => id),
    page: (id) => {
      const scenario = scenarios.find((each) => each.id === id);
      return scenario === undefined ? null : pageOf(scenario);
    },
  };
}

function pageOf(scenario: Scenario): ScenarioPage {
  const safe = scenario.variants.safe ?? {};
  const { system, id, title, severity, why } = scenario;
  const signals = safe.signals ?? scenario.signals;
  const must = signals?.must_fire ?? [];
  const may = signals?.may_fire ?? [];
  return {
    subject: `Subject: firedrill's model of ${capital(system)}, profile ${scenario.profile ?? 'intended'}, anchored at 221c1b3; not the shipped binary (docs/fidelity.md).`,
    id,
    system,
    title: safe.title ?? title,
    severity,
    why,
    source: readSections(system).get(id) ?? null,
    breaks: (safe.inject ?? scenario.inject).map((fault) => breaking(scenario, fault)),
    alerts: alertsOf(system, must),
    mayFire: may,
    silentCount: Math.max(0, (signals?.rules.length ?? 0) - must.length - may.length),
    starts: startText(safe.operator ?? scenario.operator),
    prepare: (safe.prepare ?? scenario.prepare ?? []).map(pageStep),
    diagnose: (safe.diagnose ?? scenario.diagnose).map(pageStep),
    resolve: (safe.resolve ?? scenario.resolve).map(pageStep),
    gates: (safe.gates ?? scenario.gates ?? []).map(gateText),
    wrong: literalOf(scenario),
    proven: provenOf(scenario, safe),
  };
}

function breaking(scenario: Scenario, fault: ScenarioFault): PageFault {
  const { label, fault: kind, params = {} } = fault;
  const settings = Object.entries(params).map(([name, value]) => `${name} ${paramText(name, value)}`);
  const lasts =
    fault.for !== undefined
      ? `, for ${spanText(fault.for)}`
      : fault.until !== undefined
        ? `, until ${fault.until.mark}`
        : '';
  const detail = settings.length === 0 ? '' : ` (${settings.join(', ')})`;
  const text = `${targetText(scenario, fault.target)}: ${faultWords(kind)}${detail}, ${whenText(fault)}${lasts}  [${label}: ${kind}]`;
  return { label, kind, text };
}

function whenText({ at, on }: ScenarioFault): string {
  if (at !== undefined) return `at ${spanText(at)}`;
  if (on === undefined) return 'at the start';
  const nth = on.nth === undefined || on.nth === 1 ? '' : ` for the ${on.nth}th time`;
  const after = on.after === undefined ? '' : `${spanText(on.after)} after `;
  return `${after}${markText(on.mark)}${nth}`;
}

function markText(mark: string): string {
  if (mark === 'prepared') return 'the scene is set';
  if (mark === 'ack') return 'an operation is acknowledged';
  if (mark.startsWith('operator:')) return `the operator begins step ${mark.slice('operator:'.length)}`;
  if (mark.startsWith('alert:')) return `${mark.slice('alert:'.length)} fires`;
  if (mark.startsWith('fault:')) return `${mark.slice('fault:'.length)} has struck`;
  return `a replica reaches ${mark}`;
}

/** Hosts by the names that the commands on the page use. */
function targetText(scenario: Scenario, target: ScenarioFault['target']): string {
  if (target.kind === 'role') return `${target.role}${target.index > 0 ? ` ${target.index}` : ''}`;
  const cluster = clusterOf(scenario);
  const name = (host: number): string =>
    host === scenario.deployment?.joining ? 'new-node' : traceHostName({ cluster }, host);
  const clientMin = serverCount(cluster);
  const servers = target.hosts.filter((host) => host < clientMin).map(name);
  return [...servers, ...rowText(target.hosts.filter((host) => host >= clientMin).map(name))].join(', ');
}

/** Many clients, as the first and the last of them. */
function rowText(names: readonly string[]): readonly string[] {
  return names.length < 3 ? names : [`${names[0]} to ${names.at(-1)}`];
}

function paramText(name: string, value: Range | Words | string): string {
  if (typeof value === 'string') return value;
  if ('words' in value) return value.words.join(' or ');
  const shown = (base: number): string => {
    switch (unitOfName(name)) {
      case 'duration':
        return durationText(base);
      case 'share':
        return `${Math.round(base / 65.536) / 10} %`;
      default:
        return String(base);
    }
  };
  return value.min === value.max ? shown(value.min) : `${shown(value.min)} to ${shown(value.max)}`;
}

function spanText({ min, max }: Range): string {
  return min === max ? durationText(min) : `${durationText(min)} to ${durationText(max)}`;
}

function alertsOf(system: string, must: readonly { readonly id: string; readonly within: number }[]): PageAlert[] {
  if (must.length === 0) return [];
  const groups = loadRuleSet(readAlertRules(system), new Set(must.map(({ id }) => id))).groups;
  const rules = new Map(groups.flatMap((group) => group.rules.map((rule): [string, AlertRule] => [rule.id, rule])));
  return must.map(({ id, within }) => {
    const rule = rules.get(id);
    const held = rule === undefined || rule.forUs === 0 ? '' : `, held for ${durationText(rule.forUs)}`;
    return {
      id,
      severity: rule?.labels.find(([name]) => name === 'severity')?.[1] ?? 'unstated',
      expr: `${rule?.exprText ?? ''}${held}`,
      text: `within ${durationText(within)} of the first fault`,
    };
  });
}

function startText(operator: Scenario['operator']): string {
  const reaction = operator?.reaction === undefined ? '' : `, after ${durationText(operator.reaction)}`;
  const alerts = operator?.after_alert ?? [];
  if (alerts.length > 0) return `Paged by ${alerts.join(' or ')}${reaction}.`;
  return `Nobody is paged: begins at ${durationText(operator?.start ?? 0)}${reaction}.`;
}

function pageStep({ id, on, run, expect }: ScenarioStep): PageStep {
  const shows = [
    ...(expect?.code === undefined || expect.code === 0 ? [] : [`exits ${expect.code}`]),
    ...(expect?.match ?? []).map((pattern) => `shows ${pattern}`),
    ...(expect?.no_match ?? []).map((pattern) => `does not show ${pattern}`),
  ];
  return { id, on: on ?? '', run, shows };
}

function gateText(gate: NonNullable<Scenario['gates']>[number]): string {
  const about = gate.about === undefined ? '' : ` (${gate.about})`;
  const since = gate.after_step === undefined ? 'of the page' : `of the end of step ${gate.after_step}`;
  const open = gate.while_open === true ? ', if the incident is still open' : '';
  const every =
    gate.repeats === true
      ? `at least every ${durationText(gate.within)}`
      : `within ${durationText(gate.within)} ${since}`;
  return `${gate.id}: ${gate.act}${about} ${every}${open}`;
}

function literalOf({ variants, title }: Scenario): PageLiteral | null {
  const { literal } = variants;
  if (literal === undefined) return null;
  const { property, adversary, seeds, reason } = literal.fails;
  return {
    title: literal.title ?? title,
    property,
    meaning: propertyMeaning(property),
    seeds: seeds === 'every' ? 'on every seed' : `on some seeds (${reason ?? ''})`,
    adversary,
    guardsOff: literal.guards_off ?? [],
    steps: [...(literal.prepare ?? []), ...(literal.diagnose ?? []), ...(literal.resolve ?? [])].map(pageStep),
  };
}

function provenOf(scenario: Scenario, safe: ScenarioVariant): string[] {
  const properties = safe.properties ?? scenario.properties ?? [];
  const marks = safe.must_reach ?? scenario.must_reach;
  return [
    `after every event of every run, the properties that judge all runs: nothing acknowledged is lost, nothing wrong is served, one leader at a time, and the rest of docs/fault-model.md`,
    ...properties.map((property) => `${property}, that is, never: ${propertyMeaning(property)}`),
    `full redundancy within ${durationText(scenario.recovered.within)} of the first alert`,
    `a run counts only when it has reached: ${marks.join(', ')}`,
    scenario.heals_alone === undefined
      ? 'without the steps under "resolve" it does not end well'
      : `it ends well without those steps, too: ${scenario.heals_alone}`,
    ...((safe.guards_off ?? []).length === 0
      ? []
      : [`with these protections of the product switched off: ${(safe.guards_off ?? []).join(', ')}`]),
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
