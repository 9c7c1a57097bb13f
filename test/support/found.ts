import type { Rules } from '../../src/cluster/vsr/rules.ts';
import { TestCluster } from './cluster-dsl.ts';
import type { ClusterOptions } from './cluster-parts.ts';

/** Runs `script` in a cluster under `rules` and returns what the properties found, one `INV-... site` each. */
export function found(
  rules: Partial<Rules>,
  script: (t: TestCluster) => void,
  options: Partial<ClusterOptions> = {},
): string[] {
  const t = new TestCluster({ ...options, recordOnly: true }, rules).boot();
  script(t);
  return [...new Set(t.findings.map((finding) => `${finding.property} ${finding.site}`))];
}
