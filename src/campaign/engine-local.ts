import type { RunPlan } from '../plan/plan.ts';
import { UserError } from '../plan/user-error.ts';
import type { CampaignEngine, RangeJob, RangeSource } from './engine.ts';
import { plansOf } from './expand.ts';
import { ALONE_FACTOR, lostResult, type PoolRun, Worker, type WorkerOptions } from './pool.ts';

/** Expands a range; tests and the command hand in one that knows other scenarios. */
export type Expand = (source: RangeSource, count: number) => Promise<readonly RunPlan[]>;

export interface LocalOptions extends WorkerOptions {
  readonly jobs: number;
  /** Wall time after which a run is killed and repeated alone with ten times as much (R21). */
  readonly watchdogMs: number;
  readonly expand?: Expand;
}

interface Task {
  readonly index: number;
  readonly plan: RunPlan;
  readonly coverage: boolean;
  readonly settle: (run: PoolRun) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Child processes of this machine. Every process takes the next run whatever range it belongs to, so all are busy until
 * the last one. A run that loses its process is repeated when no other runs, in a process of its own; lost again, it is
 * recorded as `crashed` or `hung` (R28).
 */
export class LocalEngine implements CampaignEngine {
  readonly name = 'local';
  readonly rangesMax: number;
  readonly rangeRuns = 1;
  private readonly options: LocalOptions;
  private readonly open: Set<Worker>;
  private readonly idle: Worker[];
  /** Repetitions go before first runs: a result waits for them. */
  private readonly retests: Task[];
  private readonly tasks: Task[];
  private readonly alone: Task[];
  private busy: number;
  private closed: boolean;

  constructor(options: LocalOptions) {
    this.options = options;
    // Two for each process: one that runs and one that is ready when it ends.
    this.rangesMax = 2 * options.jobs;
    this.open = new Set();
    this.idle = Array.from({ length: options.jobs }, () => new Worker(options, this.open));
    this.retests = [];
    this.tasks = [];
    this.alone = [];
    this.busy = 0;
    this.closed = false;
  }

  async run(job: RangeJob): Promise<readonly PoolRun[]> {
    const plans = await (this.options.expand ?? plansOf)(job.source, job.count);
    const coverage = job.source.kind === 'plans';
    const lane = job.priority === 'retest' ? this.retests : this.tasks;
    const runs = plans.map(
      (plan, i) =>
        new Promise<PoolRun>((settle, fail) => {
          lane.push({ index: job.firstIndex + i, plan, coverage, settle, fail });
        }),
    );
    this.pump();
    return Promise.all(runs);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const worker of this.open) worker.kill();
  }

  /** Hands out what can be handed out. */
  private pump(): void {
    if (this.closed) return;
    if (this.alone.length > 0) {
      if (this.busy === 0) void this.runAlone(this.alone.shift()!);
      return;
    }
    while (this.idle.length > 0) {
      const task = this.retests.shift() ?? this.tasks.shift();
      if (task === undefined) return;
      void this.runAmongOthers(this.idle.pop()!, task);
    }
  }

  private async runAmongOthers(worker: Worker, task: Task): Promise<void> {
    this.busy++;
    const tried = await worker.run(requestOf(task), task.plan, this.options.watchdogMs);
    this.busy--;
    this.idle.push(worker);
    if (this.closed) return;
    if (tried.kind === 'done') task.settle(tried.run);
    else if (tried.kind === 'refused') task.fail(new UserError(tried.text, 'correct the plan'));
    else this.alone.push(task);
    this.pump();
  }

  private async runAlone(task: Task): Promise<void> {
    this.busy++;
    const worker = new Worker(this.options, this.open);
    const tried = await worker.run(requestOf(task), task.plan, this.options.watchdogMs * ALONE_FACTOR);
    worker.close();
    this.busy--;
    if (this.closed) return;
    if (tried.kind === 'done') task.settle(tried.run);
    else if (tried.kind === 'refused') task.fail(new UserError(tried.text, 'correct the plan'));
    else task.settle({ result: lostResult(task.plan, tried.reason, tried.text), wallMs: 0 });
    this.pump();
  }
}

function requestOf({ index, plan, coverage }: Task): Parameters<Worker['run']>[0] {
  return { index, planJson: JSON.stringify(plan), coverage, slim: true };
}
