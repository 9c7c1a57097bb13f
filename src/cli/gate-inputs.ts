import type { GatePolicy } from '../campaign/gate/policy.ts';
import { readPolicy } from '../campaign/gate/read-policy.ts';
import { ENGINE_MARKS } from '../campaign/marks.ts';
import { readUserFile } from './bundle.ts';
import type { GateOptions } from './commands/gate.ts';
import { type Attestation, sha256 } from './gate-attestation.ts';
import { canaryNames } from './gate-canaries.ts';
import type { GateConfig } from './gate-config.ts';
import type { ReportContext } from './report-context.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** What a gate is asked to do, read and checked. */
export interface GateInputs {
  readonly policy: GatePolicy;
  readonly cited: Attestation['policy'];
  readonly config: GateConfig | null;
  readonly source: ScenarioSource;
}

/** Reads the policy and the configuration. Throws errors of the user with the place of each mistake. */
export async function readGateInputs(
  { policy: file, configFrom }: Pick<GateOptions, 'policy' | 'configFrom'>,
  { source, entries }: ReportContext,
): Promise<GateInputs> {
  const text = readUserFile(file, 'policy');
  const all = [...entries.values()];
  const policy = readPolicy(text, file, {
    systems: [...new Set(all.map(({ system }) => system))],
    rehearsed: all.filter(({ variants }) => !variants.includes('swarm')),
    scenarios: all.map(({ id }) => id),
    marks: [...new Set([...ENGINE_MARKS.map(({ mark }) => mark), ...all.flatMap(({ mustReach }) => mustReach)])],
    mutants: canaryNames(),
    severities: [...new Set(all.map(({ severity }) => severity))].filter((severity) => severity !== ''),
  });
  const config =
    configFrom === null
      ? null
      : (await import('./gate-config.ts')).readGateConfig(readUserFile(configFrom, 'configuration'), configFrom);
  return { policy, cited: { file, name: policy.name, sha256: sha256(text) }, config, source };
}
