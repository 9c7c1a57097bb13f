import type { RunPlan } from '../plan/plan.ts';
import type { CampaignStore } from '../store/campaign-store.ts';
import type { RunRow } from '../store/rows.ts';
import type { CampaignEngine, RangeJob, RangeSource } from './engine.ts';
import { type CampaignOrder, rangesOf, type Slot } from './order.ts';
import type { PoolRun } from './pool.ts';
import { rowOf } from './run-row.ts';
import { runsTwice, serialisedPlan } from './second-run.ts';
import type { FoldedRun, Strategy } from './strategy.ts';

/** Results wait no longer than this, so a killed campaign loses less than a second of them. */
const FLUSH_MS = 400;
const RANGE_RUNS = 16;

export interface CampaignTask {
  readonly store: CampaignStore;
  /** Key of the campaign in the store, and its name on a queue. */
  readonly id: number;
  readonly name: string;
  readonly order: CampaignOrder;
  readonly engine: CampaignEngine;
  /** How plans are made: by whoever runs them from a seed, or here, from what was learnt. */
  readonly plans:
    | { readonly kind: 'seeds'; readonly strategy: string; readonly unrestricted: boolean }
    | { readonly kind: 'learning'; readonly strategy: Strategy };
  /** Asked before each range: whether no more are to be handed out, since the time is over. */
  readonly isOver: () => boolean;
  /** Ends everything at once; what has a result is stored. */
  readonly signal: AbortSignal;
  /** Heard for each run when it goes to the store; `run` has what a bundle needs. */
  readonly onRun: (row: RunRow, run: PoolRun) => void;
}

export interface CampaignEnd {
  /** Whether every run of the campaign is stored. */
  readonly complete: boolean;
  /** Runs below this index belong to generations that are complete. */
  readonly comparedTo: number;
  /** The index after the last stored one. */
  readonly storedTo: number;
}

/** A plan of a learning strategy, and its origin, beside its slot. */
type Plans = readonly { readonly plan: RunPlan; readonly origin: string }[];

/**
 * Runs what is missing of a campaign and stores it. Each result goes under its index, so neither the number of workers
 * nor the engine, nor where an earlier session was killed, shows in what is stored.
 */
export class Coordinator {
  private readonly task: CampaignTask;
  private readonly stored: Set<number>;
  private readonly outstanding: Set<Promise<void>>;
  private waiting: RunRow[];
  private failure: Error | null;
  private storeBroken: boolean;
  private wake: () => void;

  constructor(task: CampaignTask) {
    this.task = task;
    this.stored = task.store.storedIndexes(task.id);
    this.outstanding = new Set();
    this.waiting = [];
    this.failure = null;
    this.storeBroken = false;
    this.wake = () => {};
  }

  /** Rethrows what ended it early: the engine's refusal, or the store's. What had a result by then is stored. */
  async run(): Promise<CampaignEnd> {
    const { order, engine, signal } = this.task;
    const timer = setInterval(() => this.flushOrFail(), FLUSH_MS);
    const onAbort = (): void => this.wake();
    signal.addEventListener('abort', onAbort);
    try {
      for (let g = 0; g < order.generations && !this.mustStop(); g++) await this.generation(g);
      await this.outstandingBelow(1);
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted || this.failure !== null) await engine.close();
    }
    if (!this.storeBroken) this.flushOrFail();
    if (this.failure !== null) throw this.failure;
    return this.end();
  }

  private end(): CampaignEnd {
    const { order } = this.task;
    const complete = this.stored.size === order.total;
    if (complete) return { complete, comparedTo: order.total, storedTo: order.total };
    let storedTo = 0;
    for (const index of this.stored) storedTo = Math.max(storedTo, index + 1);
    let first = 0;
    while (this.stored.has(first)) first++;
    let comparedTo = 0;
    for (let g = 0; order.generation(g).to <= first; g++) comparedTo = order.generation(g).to;
    return { complete, comparedTo, storedTo };
  }

  private mustStop(): boolean {
    return this.isBroken() || this.task.isOver();
  }

  private isBroken(): boolean {
    return this.failure !== null || this.task.signal.aborted;
  }

  private async generation(g: number): Promise<void> {
    const { order, plans, engine } = this.task;
    const { from, to } = order.generation(g);
    const missing: Slot[] = [];
    for (let index = from; index < to; index++) if (!this.stored.has(index)) missing.push(order.slot(index));
    const made = plans.kind === 'learning' ? this.made(plans.strategy, g) : null;
    for (const range of rangesOf(missing, engine.rangeRuns ?? RANGE_RUNS)) {
      await this.outstandingBelow(engine.rangesMax);
      if (this.mustStop()) return;
      this.launch(range, made === null ? null : range.map(({ index }) => made[index - from]!));
    }
    if (plans.kind === 'learning') await this.fold(plans.strategy, g, made!);
  }

  private made(strategy: Strategy, g: number): Plans {
    const { order } = this.task;
    const { from, to } = order.generation(g);
    return strategy.generation(
      g,
      Array.from({ length: to - from }, (_, i) => order.slot(from + i).seed),
    );
  }

  /** What the next generation may know, read from the store: a resumed campaign learns the same (R25). */
  private async fold(strategy: Strategy, g: number, made: Plans): Promise<void> {
    await this.outstandingBelow(1);
    this.flushOrFail();
    if (this.isBroken()) return;
    const { store, id, order } = this.task;
    const { from, to } = order.generation(g);
    const runs = store.runs(id, from, to - 1).map(
      ({ index, events, coverage, verdict, acknowledged, faultsFired }): FoldedRun => ({
        index: index - from,
        plan: made[index - from]!.plan,
        events,
        coverage,
        verdict,
        acknowledged,
        faultsFired,
      }),
    );
    strategy.fold(g, runs);
  }

  private launch(range: readonly Slot[], made: Plans | null): void {
    const running = this.runRange(range, made)
      .catch((error: unknown) => {
        if (!this.task.signal.aborted) this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.outstanding.delete(running);
        this.wake();
      });
    this.outstanding.add(running);
  }

  private async runRange(range: readonly Slot[], made: Plans | null): Promise<void> {
    const { engine, name, onRun } = this.task;
    const job: RangeJob = {
      campaign: name,
      firstIndex: range[0]!.index,
      count: range.length,
      source: this.sourceOf(range[0]!, made),
      priority: made === null ? 'rest' : 'new-coverage',
    };
    const runs = await engine.run(job);
    const seconds = await Promise.all(range.map((slot, i) => this.again(slot, runs[i]!)));
    for (const [i, slot] of range.entries()) {
      const row = rowOf(slot, made === null ? this.origin() : made[i]!.origin, runs[i]!, seconds[i]!);
      this.waiting.push(row);
      onRun(row, runs[i]!);
    }
  }

  private sourceOf({ scenario, variant, seed }: Slot, made: Plans | null): RangeSource {
    if (made !== null) return { kind: 'plans', plans: made.map(({ plan }) => plan) };
    const { strategy, unrestricted } = this.task.plans as Extract<CampaignTask['plans'], { kind: 'seeds' }>;
    return { kind: 'seeds', scenario, variant, strategy, seedFrom: seed, unrestricted };
  }

  private origin(): string {
    const { plans } = this.task;
    return plans.kind === 'seeds' ? plans.strategy : plans.strategy.name;
  }

  /** The second run of R28 where this one needs it. Its name tells it from the first one on a queue. */
  private async again({ index }: Slot, { result }: PoolRun): Promise<PoolRun | null> {
    if (!runsTwice(index, result)) return null;
    const source: RangeSource = { kind: 'plans', plans: [serialisedPlan(result.plan)] };
    const campaign = `${this.task.name}/again`;
    const runs = await this.task.engine.run({ campaign, firstIndex: index, count: 1, source, priority: 'retest' });
    return runs[0]!;
  }

  /** Waits until fewer than `count` ranges are under way, or something ends the campaign. */
  private async outstandingBelow(count: number): Promise<void> {
    while (this.outstanding.size >= count && !this.isBroken()) {
      await new Promise<void>((wake) => {
        this.wake = wake;
      });
    }
  }

  /** Stores what waits. A store that refuses ends the campaign. */
  private flushOrFail(): void {
    if (this.waiting.length === 0 || this.storeBroken) return;
    const rows = this.waiting;
    this.waiting = [];
    try {
      this.task.store.putRuns(this.task.id, rows);
      for (const { index } of rows) this.stored.add(index);
    } catch (error) {
      this.storeBroken = true;
      this.failure ??= error instanceof Error ? error : new Error(String(error));
      this.wake();
    }
  }
}
