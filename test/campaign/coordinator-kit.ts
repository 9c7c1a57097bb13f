import { type CampaignTask, Coordinator } from '../../src/campaign/coordinator.ts';
import type { CampaignEngine, RangeJob } from '../../src/campaign/engine.ts';
import { plansOf } from '../../src/campaign/expand.ts';
import { CampaignOrder } from '../../src/campaign/order.ts';
import type { PoolRun } from '../../src/campaign/pool.ts';
import type { RunPlan } from '../../src/plan/plan.ts';
import type { RunResult } from '../../src/plan/result.ts';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import type { CampaignSpec, RunRow } from '../../src/store/rows.ts';
import { sampleResult } from '../support/sample-plan.ts';

export const SPEC: CampaignSpec = {
  system: 'kimberlite',
  scenarios: ['swarm'],
  variants: ['swarm'],
  strategy: 'swarm',
  seedFrom: 1,
  seedTo: 40,
  unrestricted: false,
  campaignSeed: 1,
  firedrill: '9.9.9+test',
  node: 'v99.0.0',
  profile: 'intended',
};

export interface EngineChanges {
  readonly rangesMax?: number;
  readonly rangeRuns?: number;
  /** Makes a result; `nth` counts how often this index has run. */
  readonly result?: (plan: RunPlan, job: RangeJob, nth: number) => Partial<RunResult>;
  /** Milliseconds until a range is done; results then come in another order. */
  readonly delayMs?: (job: RangeJob) => number;
}

/** Runs nothing, but as an engine would: later, in another order, and no more at once than it may. */
export class PretendedEngine implements CampaignEngine {
  readonly name = 'pretended';
  readonly rangesMax: number;
  readonly rangeRuns: number;
  readonly jobs: RangeJob[] = [];
  closed = false;
  mostAtOnce = 0;
  private atOnce = 0;
  private readonly changes: EngineChanges;
  private readonly tries = new Map<number, number>();

  constructor(changes: EngineChanges = {}) {
    this.changes = changes;
    this.rangesMax = changes.rangesMax ?? 3;
    this.rangeRuns = changes.rangeRuns ?? 4;
  }

  async run(job: RangeJob): Promise<readonly PoolRun[]> {
    this.jobs.push(job);
    if (job.priority !== 'retest') this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    const plans = await plansOf(job.source, job.count);
    await new Promise((settle) => setTimeout(settle, this.changes.delayMs?.(job) ?? 0));
    if (this.closed) return new Promise(() => {});
    if (job.priority !== 'retest') this.atOnce--;
    return plans.map((plan, i) => ({ result: this.resultOf(plan, job, job.firstIndex + i), wallMs: 1 }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private resultOf(plan: RunPlan, job: RangeJob, index: number): RunResult {
    const nth = (this.tries.get(index) ?? 0) + 1;
    this.tries.set(index, nth);
    const traceHash = String(plan.seed).padStart(16, '0');
    const coverage = [plan.seed % 97, 100 + plan.faults.length];
    return sampleResult({ plan, traceHash, coverage, ...this.changes.result?.(plan, job, nth) });
  }
}

export interface Campaign {
  readonly store: CampaignStore;
  readonly id: number;
  readonly rows: () => RunRow[];
  readonly run: (engine: CampaignEngine, changes?: Partial<CampaignTask>) => ReturnType<Coordinator['run']>;
}

/** A campaign in a database of its own. */
export function campaignIn(path: string, spec: CampaignSpec = SPEC): Campaign {
  const store = CampaignStore.open(path);
  const id = store.create(spec);
  const order = new CampaignOrder([{ scenario: 'swarm', variant: 'swarm' }], spec.seedFrom, spec.seedTo);
  return {
    store,
    id,
    rows: () => store.runs(id, 0, order.total),
    run: (engine, changes = {}) =>
      new Coordinator({
        store,
        id,
        name: 'campaign-test',
        order,
        engine,
        plans: { kind: 'seeds', strategy: 'swarm', unrestricted: false },
        isOver: () => false,
        signal: new AbortController().signal,
        onRun: () => {},
        ...changes,
      }).run(),
  };
}

/** What must be equal in equal campaigns. */
export function comparable(rows: readonly RunRow[]): Omit<RunRow, 'wallMs'>[] {
  return rows.map(({ wallMs: _, ...rest }) => rest);
}
