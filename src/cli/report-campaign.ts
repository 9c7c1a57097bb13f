import { existsSync } from 'node:fs';
import { DRAWN } from '../campaign/expand.ts';
import { ENGINE_MARKS, RARE_SHARE } from '../campaign/marks.ts';
import type { RunPlan } from '../plan/plan.ts';
import type { Finding, InconclusiveReason } from '../plan/result.ts';
import { UserError } from '../plan/user-error.ts';
import { propertyMeaning, reasonMeaning } from '../report/findings.ts';
import type { ReportCoverage, ReportDetail, ReportMark, ReportModel, ReportRun } from '../report/model.ts';
import type { MutantFate } from '../report/mutant-table.ts';
import { CampaignStore } from '../store/campaign-store.ts';
import type { CampaignRecord, RunRow } from '../store/rows.ts';
import { bundleOf, bundlePath, writeBundle } from './bundle.ts';
import { ReportAssembly } from './report-assemble.ts';
import { againOf, type ReportContext } from './report-context.ts';
import { detailOfTrace } from './report-detail.ts';
import { runId } from './report-run.ts';
import { shellWord } from './shell-word.ts';
import { traceRun } from './trace-of-run.ts';

const CHUNK = 1_024;
/** Points of the coverage curve. */
const POINTS_MAX = 200;

export interface CampaignReportOptions {
  readonly db: string;
  /** Null: the newest of the database. */
  readonly campaign: number | null;
  readonly mutants: readonly MutantFate[];
}

/** Reads a campaign; the first failures of its worst signatures are made again, and their bundles written. */
export async function campaignModel(options: CampaignReportOptions, context: ReportContext): Promise<ReportModel> {
  const store = CampaignStore.open(options.db);
  try {
    const record = campaignOf(store, options);
    const assembly = new ReportAssembly(context);
    const indexOf = new Map<string, number>();
    const last = lastIndex(store, record.id);
    for (let from = 0; from <= last; from += CHUNK) {
      for (const row of store.runs(record.id, from, from + CHUNK - 1)) {
        const run = runOfRow(row, record, context);
        if (run.signature !== '') indexOf.set(run.id, row.index);
        assembly.add(run);
      }
    }
    const problems: string[] = record.state === 'finished' ? [] : [`PARTIAL: the campaign is ${record.state}`];
    const parts = {
      kind: 'campaign',
      title: `campaign ${record.id} of ${options.db}`,
      source: options.db,
      coverage: coverageOf(store, record.id),
      marks: marksOf(store, record, context),
      mutants: options.mutants,
      problems,
    } as const;
    return await assembly.model(parts, (run) =>
      detailOfRow(store, record, indexOf.get(run.id) ?? -1, run, context, problems),
    );
  } finally {
    store.close();
  }
}

function campaignOf(store: CampaignStore, { db, campaign }: CampaignReportOptions): CampaignRecord {
  const all = store.campaigns();
  const found = campaign === null ? all.at(-1) : all.find(({ id }) => id === campaign);
  if (found !== undefined) return found;
  if (all.length === 0) throw new UserError(`${db} holds no campaign`, 'run firedrill fuzz first');
  throw new UserError(`${db} holds no campaign ${campaign}`, `it has ${all.map(({ id }) => id).join(', ')}`);
}

function lastIndex(store: CampaignStore, id: number): number {
  return [...store.storedIndexes(id)].reduce((last, index) => Math.max(last, index), -1);
}

function runOfRow(row: RunRow, { spec }: CampaignRecord, context: ReportContext): ReportRun {
  const { index, seed, scenario, variant, verdict, expected, reason, property, signature, traceHash, events } = row;
  const profile = spec.profile;
  const named = { scenario, variant, profile, seed } as RunPlan;
  const bundle = row.planJson === '' ? null : bundlePath(context.reports, { plan: named, traceHash });
  const there = bundle !== null && existsSync(bundle);
  return {
    id: `${runId(named)}-${index}`,
    scenario,
    variant,
    profile,
    seed,
    verdict,
    expected,
    reason,
    property,
    signature,
    explanation: explanationOf(row),
    traceHash,
    events,
    virtualUs: row.virtualUs,
    wallMs: row.wallMs,
    alertToRecoveryUs: row.recoveryUs ?? -1,
    bundle: there ? bundle : null,
    replay: there ? `npx firedrill replay ${shellWord(bundle)}` : seedLine(row, named),
  };
}

/** Only plans of the plain generator and of scenario files follow from their seed; others need their bundle. */
function seedLine({ scenario, origin }: RunRow, named: RunPlan): string {
  return scenario === DRAWN && origin !== 'swarm' ? '' : againOf(named);
}

function explanationOf({ verdict, property, reason, detail }: RunRow): string {
  if (verdict === 'passed') return '';
  if (verdict === 'failed') return propertyMeaning(property);
  const { pending = '' } = detail.startsWith('{') ? (JSON.parse(detail) as { pending?: string }) : {};
  const meaning =
    reason === 'nondeterminism'
      ? 'it ended otherwise when it was run again'
      : reasonMeaning(reason as InconclusiveReason);
  return pending === '' ? meaning : `${meaning} (${pending})`;
}

/** Makes a stored failure again from its plan. What then differs from the store is nondeterminism, or another build. */
async function detailOfRow(
  store: CampaignStore,
  { id }: CampaignRecord,
  index: number,
  run: ReportRun,
  context: ReportContext,
  problems: string[],
): Promise<ReportDetail | null> {
  const [row] = store.runs(id, index, index);
  if (row === undefined || row.planJson === '' || row.verdict !== 'failed') return null;
  const plan = JSON.parse(row.planJson) as RunPlan;
  const traced = await traceRun(plan, await context.engine.runPlan());
  if (traced.result.traceHash !== row.traceHash) {
    problems.push(
      `${run.id}: made again, the run differs from the stored one (${storedFinding(row)}); was it another build?`,
    );
    return null;
  }
  const bundle = bundlePath(context.reports, traced.result);
  writeBundle(bundle, bundleOf(traced.result, context.engine.versions));
  return detailOfTrace(traced, { ...run, bundle, replay: `npx firedrill replay ${shellWord(bundle)}` });
}

function storedFinding({ detail, property }: RunRow): string {
  const { findings = [] } = detail.startsWith('{') ? (JSON.parse(detail) as { findings?: readonly Finding[] }) : {};
  return `stored: ${property} at ${findings[0]?.site ?? 'an unknown site'}`;
}

function coverageOf(store: CampaignStore, id: number): ReportCoverage | null {
  const features = store.featureCount(id);
  if (features === 0) return null;
  const all = store.throughputOf(id).map(({ runs, features: sofar }) => ({ runs, features: sofar }));
  const step = Math.max(1, Math.ceil(all.length / POINTS_MAX));
  return { features, points: all.filter((_, place) => place % step === 0 || place === all.length - 1) };
}

/** Of campaigns over scenarios only what was reached; of drawn plans also what never was. */
function marksOf(store: CampaignStore, { id, spec }: CampaignRecord, { entries }: ReportContext): ReportMark[] {
  const drawn = spec.scenarios.includes(DRAWN);
  const counts = new Map(store.marks(id));
  const { runs } = store.totals(id);
  const known = new Map(ENGINE_MARKS.map(({ mark, onlyElsewhere }) => [mark, onlyElsewhere]));
  const names = [...new Set([...counts.keys(), ...(drawn ? known.keys() : [])])].sort();
  return names.map((mark) => {
    const reached = counts.get(mark) ?? 0;
    const onlyElsewhere = drawn ? (known.get(mark) ?? '') : '';
    return {
      mark,
      runs: reached,
      rare: drawn && known.has(mark) && onlyElsewhere === '' && reached < Math.max(1, RARE_SHARE * runs),
      onlyElsewhere,
      scenarios: [...entries.values()].filter(({ mustReach }) => mustReach.includes(mark)).map((entry) => entry.id),
    };
  });
}
