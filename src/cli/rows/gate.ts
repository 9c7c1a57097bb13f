import { UserError } from '../../plan/user-error.ts';
import { readJobs } from '../argument-values.ts';
import type { GateOptions } from '../commands/gate.ts';
import { flag, isSet, JSON_FLAG, type Row, text, value } from '../row.ts';

export const GATE: Row<{ readonly name: 'gate'; readonly options: GateOptions }> = {
  name: 'gate',
  usage: 'gate',
  summary: 'one verdict against a written policy, with an attestation for a deploy to cite',
  positionals: [],
  options: [
    value('policy', 'the policy, YAML (docs/gates.md)'),
    value('accepted', 'attestation of the last accepted run, to compare with'),
    value('commit', 'the commit under test, from which the seeds derive (default: HEAD of the working directory)'),
    value('config-from', 'try this cluster configuration instead of the default, in drawn plans'),
    flag('config-schema', 'print the JSON Schema of such a configuration and end'),
    value('out', 'folder of the report, the JUnit file and the attestation (default: reports/gate)'),
    value('jobs', 'worker processes (default: one a core); the verdict does not depend on it'),
    JSON_FLAG,
  ],
  examples: [
    ['$0 gate --policy gate.yaml', 'before a deploy'],
    ['$0 gate --policy gate.yaml --accepted accepted/attestation.json', 'and nothing worse than last time'],
    ['$0 gate --policy gate.yaml --config-from cluster.yaml', 'with your own timeouts'],
  ],
  notes: [
    'Exit code 0: the gate opens; 1: something failed, a canary survived or the policy is not met; 2: nothing worse than',
    'inconclusive runs; 3: nondeterminism; 64: a mistake in the policy; 70: firedrill lost a run.',
  ].join(' '),
  read: (values) => ({ name: 'gate', options: readOptions(values) }),
};

function readOptions(values: Record<string, unknown>): GateOptions {
  const configSchema = isSet(values, 'config-schema');
  const policy = text(values, 'policy') ?? '';
  if (policy === '' && !configSchema) {
    throw new UserError('a gate needs a policy', 'write --policy FILE; examples/ci/gate.yaml is one to start from');
  }
  const commit = text(values, 'commit') ?? null;
  if (commit !== null && !/^[0-9a-zA-Z._/-]{1,128}$/.test(commit)) {
    throw new UserError(
      `--commit ${JSON.stringify(commit)} is no name of a commit`,
      'write such as --commit $GITHUB_SHA',
    );
  }
  return {
    policy,
    accepted: text(values, 'accepted') ?? null,
    commit,
    configFrom: text(values, 'config-from') ?? null,
    configSchema,
    out: text(values, 'out') ?? 'reports/gate',
    jobs: readJobs(text(values, 'jobs')),
    json: isSet(values, 'json'),
  };
}
