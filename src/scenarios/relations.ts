import { suggestion } from './issues.ts';
import type { Scenario, ScenarioFault, ScenarioStep, ScenarioVariant } from './schema.ts';

/** Names that stand elsewhere. What is left out is not checked. */
export interface Known {
  readonly systems: readonly string[];
  readonly faults: readonly string[];
  readonly alerts?: readonly string[];
  readonly properties?: readonly string[];
  readonly guards?: readonly string[];
}

export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
  readonly remedy: string;
}

type Path = readonly PropertyKey[];

/** What the scenario and each of its variants may say. */
type Part = Pick<ScenarioVariant, 'inject' | 'diagnose' | 'resolve' | 'signals' | 'properties' | 'gates'>;

/** What of a well-formed scenario contradicts itself or names what there is not. */
export function relationMistakes(scenario: Scenario, known: Known): Mistake[] {
  const found: Mistake[] = [];
  const say = (path: Path, problem: string, remedy: string): void => {
    found.push({ path, problem, remedy });
  };
  const among = (path: Path, what: string, name: string, names: readonly string[] | undefined): void => {
    if (names !== undefined && !names.includes(name))
      say(path, `${what} ${name} is not known`, suggestion(name, names));
  };
  among(['system'], 'system', scenario.system, known.systems);
  const { safe, literal } = scenario.variants;
  if (safe === undefined && literal === undefined) say(['variants'], 'has no variant', 'add safe: {}');
  if (!scenario.covers.includes(scenario.id)) say(['covers'], `does not name ${scenario.id}`, 'add the id of the file');
  const parts: [Path, Part][] = [[[], scenario]];
  if (safe !== undefined) parts.push([['variants', 'safe'], safe]);
  if (literal !== undefined) parts.push([['variants', 'literal'], literal]);
  for (const [base, part] of parts) {
    judgeFaults(base, part.inject ?? [], scenario, known, say);
    judgeSteps(base, [...(part.diagnose ?? []).map(at('diagnose')), ...(part.resolve ?? []).map(at('resolve'))], say);
    for (const [index, name] of (part.properties ?? []).entries()) {
      among([...base, 'properties', index], 'property', name, known.properties);
    }
    judgeSignals(base, part.signals, among);
    for (const [index, { after_step }] of (part.gates ?? []).entries()) {
      if (after_step !== undefined)
        among([...base, 'gates', index, 'after_step'], 'step', after_step, stepIds(scenario));
    }
    for (const [index, name] of (part.signals?.rules ?? []).entries()) {
      among([...base, 'signals', 'rules', index], 'alert', name, known.alerts);
    }
  }
  for (const [kind, variant] of [
    ['safe', safe],
    ['literal', literal],
  ] as const) {
    for (const [index, name] of (variant?.guards_off ?? []).entries()) {
      among(['variants', kind, 'guards_off', index], 'guard', name, known.guards);
    }
    const rules = (variant?.signals ?? scenario.signals)?.rules ?? [];
    const own = variant?.operator;
    for (const [index, name] of ((own ?? scenario.operator)?.after_alert ?? []).entries()) {
      const path: Path = own === undefined ? ['operator'] : ['variants', kind, 'operator'];
      if (variant !== undefined) among([...path, 'after_alert', index], 'alert', name, rules);
    }
  }
  if (literal !== undefined) judgeLiteral(scenario, say);
  return unique(found);
}

type Say = (path: Path, problem: string, remedy: string) => void;

const at =
  (list: 'diagnose' | 'resolve') =>
  (step: ScenarioStep, index: number): [Path, ScenarioStep] => [[list, index], step];

function judgeFaults(base: Path, faults: readonly ScenarioFault[], scenario: Scenario, known: Known, say: Say): void {
  const labels = new Set<string>();
  for (const [index, fault] of faults.entries()) {
    const path = [...base, 'inject', index];
    if (labels.has(fault.label))
      say([...path, 'label'], `label ${fault.label} stands twice`, 'give each fault a label of its own');
    labels.add(fault.label);
    if (!known.faults.includes(fault.fault)) {
      say([...path, 'fault'], `fault ${fault.fault} is not known`, suggestion(fault.fault, known.faults));
    }
    if ((fault.at === undefined) === (fault.on === undefined)) {
      say(path, 'needs exactly one of at and on', 'write at: 5s, or on: {mark: ...} to strike by state');
    }
    const hostMax = scenario.cluster.replicas + 64;
    const far = fault.target.kind === 'hosts' ? fault.target.hosts.find((host) => host >= hostMax) : undefined;
    if (far !== undefined) say([...path, 'target'], `host ${far} does not exist`, 'replicas come first, then clients');
    for (const key of ['on', 'until'] as const) {
      const step = /^operator:(.*)$/.exec(fault[key]?.mark ?? '')?.[1];
      if (step !== undefined && !stepIds(scenario).includes(step)) {
        say([...path, key, 'mark'], `step ${step} does not exist`, suggestion(step, stepIds(scenario)));
      }
    }
  }
}

function stepIds({ prepare, diagnose, resolve, variants }: Scenario): string[] {
  const lists = [
    prepare,
    variants.safe?.prepare,
    variants.literal?.prepare,
    diagnose,
    resolve,
    variants.safe?.diagnose,
    variants.safe?.resolve,
    variants.literal?.diagnose,
    variants.literal?.resolve,
  ];
  return lists.flatMap((list) => (list ?? []).map(({ id }) => id));
}

function judgeSteps(base: Path, steps: readonly [Path, ScenarioStep][], say: Say): void {
  const ids = new Set<string>();
  for (const [path, { id }] of steps) {
    if (ids.has(id)) say([...base, ...path, 'id'], `step ${id} stands twice`, 'give each step an id of its own');
    ids.add(id);
  }
}

function judgeSignals(
  base: Path,
  signals: Scenario['signals'],
  among: (path: Path, what: string, name: string, names: readonly string[]) => void,
): void {
  if (signals === undefined) return;
  const path = [...base, 'signals'];
  for (const [index, { id }] of signals.must_fire.entries())
    among([...path, 'must_fire', index, 'id'], 'rule', id, signals.rules);
  for (const [index, id] of (signals.may_fire ?? []).entries())
    among([...path, 'may_fire', index], 'rule', id, signals.rules);
}

/** R18: the adversary is named among the faults; `some` needs a pinned seed and a reason. */
function judgeLiteral(scenario: Scenario, say: Say): void {
  const { literal } = scenario.variants;
  if (literal === undefined) return;
  const path = ['variants', 'literal', 'fails'];
  const labels = (literal.inject ?? scenario.inject).map(({ label }) => label);
  for (const [index, label] of literal.fails.adversary.entries()) {
    if (!labels.includes(label))
      say([...path, 'adversary', index], `fault ${label} is not injected`, suggestion(label, labels));
  }
  const { seeds, pinned, reason } = literal.fails;
  if (seeds === 'every' && pinned !== undefined)
    say([...path, 'pinned'], 'has no meaning when every seed fails', 'leave it out');
  if (seeds === 'some' && pinned === undefined) say(path, 'needs a pinned seed', 'add pinned: N, a seed that fails');
  if (seeds === 'some' && reason === undefined) say(path, 'needs a reason', 'say why timing forbids seeds: every');
}

function unique(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ path, problem }) => {
    const key = `${path.map(String).join('/')} ${problem}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
