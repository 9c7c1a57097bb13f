import { type Diagnostic, ScenarioError } from '../../scenarios/diagnostics.ts';
import { suggestion } from '../../scenarios/issues.ts';
import { readForm } from '../../scenarios/read.ts';
import { type GatePolicy, policySchema } from './policy.ts';

/** Every name that a policy may use and that stands elsewhere. */
export interface PolicyNames {
  readonly systems: readonly string[];
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
  among(['rehearsals', 'scenarios'], 'scenario', policy.rehearsals?.scenarios, names.scenarios);
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
