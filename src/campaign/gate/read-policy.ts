import { type Diagnostic, type Located, ScenarioError } from '../../scenarios/diagnostics.ts';
import { suggestion } from '../../scenarios/issues.ts';
import { readForm } from '../../scenarios/read.ts';
import { type GatePolicy, policySchema } from './policy.ts';

/** Every name that a policy may use and that stands elsewhere. */
export interface PolicyNames {
  readonly systems: readonly string[];
  /** What can be rehearsed. Drawn plans cannot: they are asked for by `drawn`. */
  readonly rehearsed: readonly { readonly id: string; readonly system: string; readonly variants: readonly string[] }[];
  /** Whose failures can be waived: those of drawn plans, too. */
  readonly scenarios: readonly string[];
  readonly marks: readonly string[];
  readonly mutants: readonly string[];
  readonly severities: readonly string[];
}

/** Reads a policy. Throws a `ScenarioError` with the place of each mistake. */
export function readPolicy(content: string, file: string, names: PolicyNames): GatePolicy {
  const read = readForm(content, file, policySchema, 'a policy has some kilobytes: hand in the right file');
  if (!read.ok) throw new ScenarioError(read.diagnostics);
  const { value: policy, located } = read;
  const mistakes: Diagnostic[] = [];
  const among = (
    path: readonly PropertyKey[],
    what: string,
    list: readonly string[] | undefined,
    known: readonly string[],
  ) => {
    for (const [index, name] of (list ?? []).entries()) {
      if (known.includes(name)) continue;
      mistakes.push(located.at([...path, index], `there is no ${what} ${name}`, suggestion(name, known)));
    }
  };
  among(['rehearsals', 'systems'], 'system', policy.rehearsals?.systems, names.systems);
  mistakes.push(...emptyRehearsals(policy, names, located));
  among(['coverage', 'marks'], 'mark', policy.coverage?.marks, names.marks);
  among(['canaries', 'mutants'], 'mutant', policy.canaries?.mutants, names.mutants);
  for (const [index, { scenario }] of policy.waivers.entries()) {
    if (names.scenarios.includes(scenario)) continue;
    mistakes.push(
      located.at(
        ['waivers', index, 'scenario'],
        `there is no scenario ${scenario}`,
        suggestion(scenario, names.scenarios),
      ),
    );
  }
  for (const [index, { severity }] of (policy.bounds ?? []).entries()) {
    if (names.severities.includes(severity)) continue;
    mistakes.push(
      located.at(
        ['bounds', index, 'severity'],
        `there is no severity ${severity}`,
        suggestion(severity, names.severities),
      ),
    );
  }
  if (policy.rehearsals === undefined && policy.drawn === undefined) {
    mistakes.push(located.at([], 'requires nothing to run', 'add rehearsals, drawn, or both'));
  }
  if (policy.coverage?.features !== undefined && policy.drawn === undefined) {
    mistakes.push(
      located.at(['coverage', 'features'], 'counts features of drawn plans, and there are none', 'add drawn'),
    );
  }
  if (mistakes.length > 0) throw new ScenarioError(mistakes);
  return policy;
}

/** Entries that stand for no run at all: a gate must not open on them. Unknown systems are told elsewhere. */
function emptyRehearsals({ rehearsals }: GatePolicy, names: PolicyNames, located: Located): Diagnostic[] {
  if (rehearsals === undefined) return [];
  const { systems = [], scenarios = [], variants } = rehearsals;
  const runs = (own: readonly string[]): boolean => variants.some((each) => own.includes(each));
  const wanted = variants.join(' or ');
  const ids = names.rehearsed.map(({ id }) => id);
  const ofScenarios = scenarios.flatMap((id, index): Diagnostic[] => {
    const wrong = (problem: string, remedy: string): Diagnostic[] => [
      located.at(['rehearsals', 'scenarios', index], problem, remedy),
    ];
    const found = names.rehearsed.find((each) => each.id === id);
    if (found !== undefined) {
      const own = found.variants.join(' and ');
      return runs(found.variants) ? [] : wrong(`${id} has no variant ${wanted}`, `it has ${own}: correct variants`);
    }
    return names.scenarios.includes(id)
      ? wrong(`${id} stands for drawn plans and is no rehearsal`, 'leave it out and add drawn')
      : wrong(`there is no scenario ${id}`, suggestion(id, ids));
  });
  const ofSystems = systems.flatMap((system, index) => {
    const own = names.rehearsed.filter((each) => each.system === system);
    if (!names.systems.includes(system) || own.some((each) => runs(each.variants))) return [];
    const problem = `no scenario of ${system} has a variant ${wanted}`;
    return [located.at(['rehearsals', 'systems', index], problem, 'correct variants, or leave the system out')];
  });
  return [...ofScenarios, ...ofSystems];
}
