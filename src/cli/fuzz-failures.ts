import type { CampaignEngine } from '../campaign/engine.ts';
import type { CampaignSummary, OddRun } from '../campaign/summary.ts';
import type { Triage } from '../campaign/triage.ts';
import type { CampaignStore } from '../store/campaign-store.ts';
import type { FuzzBundles } from './fuzz-bundles.ts';
import type { ReportedOdd, ReportedSignature } from './fuzz-report.ts';
import { shellWord } from './shell-word.ts';

/** What makes a run again for its bundle; without an engine only bundles that exist are named. */
export interface Again {
  readonly bundles: FuzzBundles;
  readonly engine: CampaignEngine | null;
  readonly campaign: string;
}

/** Signatures that get a bundle of their first failure; more than this many are one bug seen in many ways. */
const BUNDLES_MAX = 40;

/** The failures of a campaign by signature, each with a bundle of the first one that nobody had declared. */
export async function reportedSignatures(
  store: CampaignStore,
  id: number,
  triage: Triage,
  { firstUnexpected }: Pick<CampaignSummary, 'firstUnexpected'>,
  again: Again,
): Promise<ReportedSignature[]> {
  const undeclared = new Map(firstUnexpected);
  const reported: ReportedSignature[] = [];
  for (const row of triage.signatures()) {
    const index = undeclared.get(row.signature);
    const [first] = index === undefined ? [] : store.runs(id, index, index);
    const wanted = first?.verdict === 'failed' && reported.length < BUNDLES_MAX;
    const bundle = wanted ? await again.bundles.of(first, again.engine, again.campaign) : null;
    const line = (verb: string): string | null =>
      bundle === null ? null : `npx firedrill ${verb} ${shellWord(bundle)}`;
    reported.push({ ...row, unexpected: first !== undefined, bundle, replay: line('replay'), shrink: line('shrink') });
  }
  return reported;
}

/** Lost and nondeterministic runs, each with its plan in a file and the line that runs it again. */
export function oddRuns(
  store: CampaignStore,
  id: number,
  runs: readonly OddRun[],
  bundles: FuzzBundles,
): ReportedOdd[] {
  return runs.map((odd) => {
    const [row] = store.runs(id, odd.index, odd.index);
    const path = row === undefined ? null : bundles.planOf(row);
    const check = odd.reason === 'crashed' || odd.reason === 'hung' ? '' : ' --check-determinism';
    return { ...odd, again: path === null ? null : `npx firedrill run --plan ${shellWord(path)}${check}` };
  });
}
