import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type CampaignEnd, Coordinator } from '../../campaign/coordinator.ts';
import { type KeptEntry, readCorpus } from '../../campaign/corpus.ts';
import type { CampaignEngine } from '../../campaign/engine.ts';
import { campaignName } from '../../campaign/resume.ts';
import { strategyOf } from '../../campaign/strategy.ts';
import { summarise } from '../../campaign/summary.ts';
import { Triage } from '../../campaign/triage.ts';
import type { Variant } from '../../plan/plan.ts';
import { UserError } from '../../plan/user-error.ts';
import { painter } from '../../report/paint.ts';
import { CampaignStore } from '../../store/campaign-store.ts';
import type { Engine } from '../engine.ts';
import { FuzzBundles } from '../fuzz-bundles.ts';
import { campaignOf, type OpenCampaign } from '../fuzz-campaign.ts';
import { engineOf } from '../fuzz-engine.ts';
import { oddRuns, reportedSignatures } from '../fuzz-failures.ts';
import { keepReport, ownCommit } from '../fuzz-keep.ts';
import { FuzzMeter } from '../fuzz-meter.ts';
import { type FuzzProgress, fuzzProgressOn } from '../fuzz-progress.ts';
import { type FuzzReport, fuzzReport } from '../fuzz-report.ts';
import { fuzzText } from '../fuzz-text.ts';
import { type Interrupt, interruptOfProcess } from '../interrupt.ts';
import type { CommandOutput } from '../output.ts';
import type { Seeds } from '../select.ts';
import { makeFolder } from '../write-file.ts';

export interface FuzzOptions {
  readonly system: string | null;
  /** Empty: drawn plans. */
  readonly scenarios: readonly string[];
  readonly variant: Variant | null;
  readonly seeds: Seeds;
  /** Wall time of this session; null: up to the last seed. */
  readonly forMs: number | null;
  /** Worker processes; null: as many as there are cores. */
  readonly jobs: number | null;
  readonly db: string;
  readonly resume: boolean;
  /** Null: the default, or what the resumed campaign has. */
  readonly strategy: string | null;
  readonly unrestricted: boolean;
  readonly engine: 'local' | 'bullmq';
  readonly redis: string | null;
  readonly json: boolean;
  readonly reports: string;
  /** Folder of the corpus that triage reads; null: `corpus`, where there is one. */
  readonly corpus: string | null;
  /** Name of the report that is kept; null: none. */
  readonly keep: string | null;
}

/** Runs a campaign to its end, its time or Ctrl-C, reports what it shows, and returns the exit code. */
export async function fuzz(
  options: FuzzOptions,
  out: CommandOutput,
  engine: Engine,
  interrupt: Interrupt = interruptOfProcess(),
): Promise<number> {
  // Read first: an entry that is broken is told before anything runs.
  const kept = readCorpus(options.corpus ?? 'corpus', options.corpus === null);
  // A command that is mistaken, or that has no Redis, leaves no campaign behind: a later --resume would take it.
  const begin = await campaignOf(options, engine);
  const workers = await engineOf(options, jobsOf(options), engine, out);
  let store: CampaignStore | null = null;
  try {
    store = openStore(options);
    return await fuzzInto(store, begin(store), workers, { options, out, engine, interrupt, kept });
  } finally {
    interrupt.release();
    // Before the store: no result may come after it is closed.
    await workers.close();
    store?.close();
  }
}

interface Surroundings {
  readonly options: FuzzOptions;
  readonly out: CommandOutput;
  readonly engine: Engine;
  readonly interrupt: Interrupt;
  readonly kept: readonly KeptEntry[];
}

async function fuzzInto(
  store: CampaignStore,
  campaign: OpenCampaign,
  workers: CampaignEngine,
  { options, out, engine, interrupt, kept }: Surroundings,
): Promise<number> {
  announce(campaign, options, out);
  const triage = new Triage(store, campaign.record.id, kept);
  const report = await runAndReport(campaign, workers, options, out, engine, { store, triage, interrupt });
  if (options.json) out.stdout(`${JSON.stringify(report, null, 2)}\n`);
  else out.stdout(fuzzText(report, painter(out.colour)));
  if (options.keep !== null) {
    const paths = keepReport(report, options.reports, options.keep, commandText(), ownCommit());
    out.stderr(`kept: ${paths.join(', ')}\n`);
  }
  return report.exitCode;
}

const jobsOf = ({ jobs }: FuzzOptions): number => jobs ?? availableParallelism();

/** Opening makes a database where there is none, and there a campaign to resume cannot be. */
function openStore({ db, reports, resume }: FuzzOptions): CampaignStore {
  if (resume && !existsSync(db)) {
    throw new UserError(
      `there is no database ${db}, so there is no campaign to resume`,
      'name the database of the campaign with --db FILE, or leave out --resume to begin one',
    );
  }
  if (db.startsWith(`${reports}/`)) makeOwnFolder(db);
  return CampaignStore.open(db);
}

/** The folder of the reports may be new. Where it cannot be made, opening the database says why. */
function makeOwnFolder(db: string): void {
  try {
    makeFolder(dirname(db));
  } catch {
    // Told by the store.
  }
}

/** What runs, before anything does: a random range must be known even if the process is killed. */
function announce({ record }: OpenCampaign, { json, resume }: FuzzOptions, out: CommandOutput): void {
  const { seedFrom, seedTo, scenarios, strategy } = record.spec;
  const seeds = seedTo < 0 ? `seeds from ${seedFrom}` : `seeds ${seedFrom}..${seedTo}`;
  const text = `campaign ${record.id}${resume ? ' resumed' : ''}: ${seeds} of ${[...new Set(scenarios)].join(', ')} (${strategy})\n`;
  if (json) out.stderr(text);
  else out.stdout(text);
}

async function runAndReport(
  campaign: OpenCampaign,
  workers: CampaignEngine,
  options: FuzzOptions,
  out: CommandOutput,
  engine: Engine,
  { store, triage, interrupt }: { store: CampaignStore; triage: Triage; interrupt: Interrupt },
): Promise<FuzzReport> {
  const { record, order } = campaign;
  const seen = store.signatures(record.id).map(({ signature }) => signature);
  const bundles = new FuzzBundles(options.reports, engine.versions, seen);
  const startedMs = performance.now();
  const endsMs = options.forMs === null ? Number.POSITIVE_INFINITY : startedMs + options.forMs;
  const total = options.forMs === null ? order.total : -1;
  const meter = new FuzzMeter(store, record.id, triage, total, startedMs, endsMs);
  try {
    const end = await run(campaign, workers, { options, out, store, interrupt, bundles, meter, endsMs });
    const session = meter.session(performance.now());
    const interrupted = interrupt.signal.aborted;
    store.setState(record.id, interrupted ? 'interrupted' : 'finished');
    const openEnd = record.spec.seedTo < 0;
    const compared = openEnd && end.comparedTo > 0 ? end.comparedTo : end.storedTo;
    const summary = summarise(store, record.id, compared, end.storedTo);
    const again = { bundles, engine: interrupted ? null : workers, campaign: campaignName(record) };
    return fuzzReport({
      record,
      db: options.db,
      state: interrupted ? 'interrupted' : 'finished',
      engine: workers.name,
      jobs: jobsOf(options),
      summary,
      features: store.featureCount(record.id),
      signatures: await reportedSignatures(store, record.id, triage, summary, again),
      lost: oddRuns(store, record.id, summary.lost, bundles),
      nondeterministic: oddRuns(store, record.id, summary.nondeterministic, bundles),
      session,
      scenarios: (await engine.source()).list(),
      problems: bundles.problem === null ? [] : [bundles.problem],
    });
  } catch (error) {
    // What ended it is told by the caller; the campaign can be resumed when that is mended.
    markInterrupted(store, record.id);
    throw error;
  }
}

interface Session {
  readonly options: FuzzOptions;
  readonly out: CommandOutput;
  readonly store: CampaignStore;
  readonly interrupt: Interrupt;
  readonly bundles: FuzzBundles;
  readonly meter: FuzzMeter;
  readonly endsMs: number;
}

/** Throughput points in the database; progress is shown more often. */
const POINT_MS = 2_000;

async function run(
  { record, order, learning }: OpenCampaign,
  engine: CampaignEngine,
  session: Session,
): Promise<CampaignEnd> {
  const { options, out, store, interrupt, bundles, meter, endsMs } = session;
  const { strategy, campaignSeed, unrestricted } = record.spec;
  const progress = await fuzzProgressOn(out, options.json);
  const timers = [
    setInterval(() => show(progress, meter), progress.everyMs),
    setInterval(() => quietly(() => meter.point(performance.now())), POINT_MS),
  ];
  try {
    const coordinator = new Coordinator({
      store,
      id: record.id,
      name: campaignName(record),
      order,
      engine,
      plans: learning
        ? { kind: 'learning', strategy: strategyOf(strategy, campaignSeed, { unrestricted }) }
        : { kind: 'seeds', strategy, unrestricted },
      isOver: () => performance.now() >= endsMs,
      signal: interrupt.signal,
      onRun: (row, found) => {
        meter.add(row);
        bundles.heard(row, found);
      },
    });
    const end = await coordinator.run();
    meter.point(performance.now());
    return end;
  } finally {
    for (const timer of timers) clearInterval(timer);
    progress.end();
  }
}

function show(progress: FuzzProgress, meter: FuzzMeter): void {
  quietly(() => progress.show(meter.state(performance.now())));
}

/** A store that refuses ends the campaign through its results; a timer that threw would end the process. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

function markInterrupted(store: CampaignStore, id: number): void {
  quietly(() => store.setState(id, 'interrupted'));
}

function commandText(): string {
  return `npx firedrill ${process.argv.slice(2).join(' ')}`;
}
