import { type Job, Queue, QueueEvents } from 'bullmq';
import type { RunPlan } from '../../plan/plan.ts';
import { UserError } from '../../plan/user-error.ts';
import type { CampaignEngine, RangeJob } from '../engine.ts';
import type { Expand } from '../engine-local.ts';
import { plansOf } from '../expand.ts';
import type { PoolRun } from '../pool.ts';
import { ownBuild } from './build.ts';
import { ConnectionNews, checkRedis, readRedisUrl, withoutPassword } from './connection.ts';
import {
  type AnswerContent,
  type Build,
  hashOf,
  type JobData,
  jobData,
  jobId,
  QUEUE_DEFAULT,
  rangesOfName,
  readAnswer,
  readBuild,
  readRefusal,
  sameBuild,
} from './job.ts';

export interface BullmqOptions {
  /** `redis://host:6379`. */
  readonly redis: string;
  /** Version of firedrill, as `package.json` says it. */
  readonly version: string;
  /** What the user should hear of: lost connections, refusals, missing workers. One line each. */
  readonly report: (text: string) => void;
  readonly queue?: string;
  readonly expand?: Expand;
  /** How often outstanding ranges are looked for, should Redis have lost one. */
  readonly pollMs?: number;
  /** In place of this installation's own. */
  readonly build?: Build;
}

/** Ranges that wait or run at once, until the workers have shown themselves: enough for a few dozen cores. */
const RANGES_MIN = 64;
/** For each range that a worker runs, one waits: it never finds the queue empty. */
const RANGES_FOR_EACH = 2;
const POLL_MS_DEFAULT = 2_000;
/** Lower numbers go first (BullMQ). */
const PRIORITY = { 'new-coverage': 1, retest: 2, rest: 3 } as const;
/** How often a worker may fail with a range by an error of its own before the campaign fails with it. */
const ATTEMPTS = 3;
const RETRY_MS = 250;
/** Results that no coordinator has come for are dropped by Redis after a day; the ranges are then run again. */
const KEEP = { age: 86_400 } as const;
/** Ranges of an earlier life of the campaign that were not asked for again after so many polls are dropped. */
const INHERITED_POLLS = 5;
/** After so many looks without a worker in sight the user hears of it. */
const IDLE_LOOKS = 3;
const CLOSE_MS_MAX = 2_000;
/** News of one cause that come together are told in one line. */
const NEWS_MS = 200;
/** Answers that the event stream keeps: a coordinator that lags further asks for them (`poll`). */
const EVENTS_MAX = 500;

/** A range that has no result yet. */
interface Outstanding {
  readonly id: string;
  readonly job: RangeJob;
  readonly data: JobData;
  readonly settle: (runs: readonly PoolRun[]) => void;
  readonly fail: (error: Error) => void;
  /** False until Redis has taken it. */
  added: boolean;
  /** Somebody looks at it just now, and has heard that there is more to see. */
  looking: boolean;
  lookAgain: boolean;
}

/**
 * Connects to Redis and returns the engine whose runs are made by `firedrill worker` processes, wherever they are.
 *
 * @throws UserError when there is no Redis at that address
 */
export async function bullmqEngine(options: BullmqOptions): Promise<CampaignEngine> {
  const address = readRedisUrl(options.redis);
  const place = withoutPassword(new URL(options.redis));
  await checkRedis(address, place);
  const news = new ConnectionNews(place, options.report);
  const connection = { ...address, retryStrategy: news.retryStrategy };
  const name = options.queue ?? QUEUE_DEFAULT;
  const queue = new Queue(name, {
    connection,
    defaultJobOptions: { removeOnComplete: KEEP, removeOnFail: KEEP },
    streams: { events: { maxLen: EVENTS_MAX } },
  });
  // The queue's connection tells of losses; the others are lost with it.
  const events = new QueueEvents(name, { connection: { ...address, retryStrategy: retryQuietly } });
  queue.on('error', news.onError);
  events.on('error', () => {});
  queue.getBackend().on('ready', () => news.back());
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  return new BullmqEngine(options, queue, events);
}

function retryQuietly(times: number): number {
  return Math.min(100 * times, 2_000);
}

/**
 * The coordinator's side of the queue. Delivery is at least once: an outstanding range is known here, in memory, and by
 * the campaign's database; what Redis says of it is only news. A range that Redis does not know any more is handed out
 * again, and a result counts once, because its runs are compared with the plans that the coordinator expands itself.
 */
class BullmqEngine implements CampaignEngine {
  readonly name = 'bullmq';
  rangesMax: number;
  private readonly options: BullmqOptions;
  private readonly build: Build;
  private readonly queue: Queue;
  private readonly events: QueueEvents;
  private readonly outstanding: Map<string, Outstanding>;
  private readonly pollMs: number;
  private readonly timer: NodeJS.Timeout;
  /** Campaigns whose leftovers in the queue were looked at. */
  private readonly swept: Set<string>;
  private readonly refusals: Set<string>;
  /** Looks in a row without a worker; -1 when the user has heard of it. */
  private idleLooks: number;
  /** Ranges that Redis lost and nobody was told of. */
  private missing: number;
  private closed: boolean;

  constructor(options: BullmqOptions, queue: Queue, events: QueueEvents) {
    this.options = options;
    this.build = options.build ?? ownBuild(options.version);
    this.rangesMax = RANGES_MIN;
    this.pollMs = options.pollMs ?? POLL_MS_DEFAULT;
    this.queue = queue;
    this.events = events;
    this.outstanding = new Map();
    this.swept = new Set();
    this.refusals = new Set();
    this.idleLooks = 0;
    this.missing = 0;
    this.closed = false;
    events.on('completed', ({ jobId: id }) => this.look(id));
    events.on('failed', ({ jobId: id }) => this.look(id));
    events.on('duplicated', ({ jobId: id }) => this.look(id));
    events.on('progress', ({ data }) => this.heardRefusal(data));
    this.timer = setInterval(() => this.poll(), this.pollMs);
  }

  run(job: RangeJob): Promise<readonly PoolRun[]> {
    if (!this.swept.has(job.campaign)) {
      this.swept.add(job.campaign);
      setTimeout(() => void this.sweep(job.campaign).catch(this.offline), INHERITED_POLLS * this.pollMs).unref();
    }
    const data = jobData(job, this.build);
    let id = jobId(data);
    // The same range twice at once is two ranges, else the second run would get the first one's result.
    while (this.outstanding.has(id)) id = `${id}-again`;
    return new Promise((settle, fail) => {
      const entry = { id, job, data, settle, fail, added: false, looking: false, lookAgain: false };
      this.outstanding.set(id, entry);
      void this.add(entry).catch(this.offline);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    const waiting = [...this.outstanding.keys()].map((id) => this.queue.remove(id).catch(this.offline));
    // Redis may be gone, and its answers with it.
    const ended = Promise.all(waiting).then(() => Promise.all([this.queue.close(), this.events.close()]));
    const timeout = new Promise((settle) => setTimeout(settle, CLOSE_MS_MAX).unref());
    await Promise.race([ended.catch(this.offline), timeout]);
    await Promise.all([this.queue.disconnect(), this.events.disconnect()]).catch(this.offline);
  }

  /** Puts a range into the queue. One of that id may be there, left by an earlier life; then `duplicated` is heard. */
  private async add(entry: Outstanding): Promise<void> {
    const { id, job, data } = entry;
    entry.added = false;
    await this.queue.add(job.campaign, data, {
      jobId: id,
      priority: PRIORITY[job.priority],
      attempts: ATTEMPTS,
      backoff: { type: 'fixed', delay: RETRY_MS },
    });
    entry.added = true;
  }

  private look(id: string): void {
    const entry = this.outstanding.get(id);
    if (entry !== undefined) void this.lookAt(entry).catch(this.offline);
  }

  /** Asks Redis how a range stands, and ends it or hands it out again when that is due. */
  private async lookAt(entry: Outstanding): Promise<void> {
    if (this.closed || !entry.added) return;
    if (entry.looking) {
      entry.lookAgain = true;
      return;
    }
    entry.looking = true;
    try {
      do {
        entry.lookAgain = false;
        await this.judge(entry, (await this.queue.getJob(entry.id)) as Job<JobData, unknown> | undefined);
      } while (entry.lookAgain && !this.closed && this.outstanding.has(entry.id));
    } finally {
      entry.looking = false;
    }
  }

  private async judge(entry: Outstanding, job: Job<JobData, unknown> | undefined): Promise<void> {
    if (this.closed) return;
    if (job === undefined) {
      this.missed();
      await this.add(entry);
      return;
    }
    this.heardRefusal(job.progress);
    if (job.finishedOn === undefined) return;
    await job.remove();
    if (job.returnvalue === null) {
      const { firstIndex, count } = entry.job;
      this.end(entry);
      entry.fail(new Error(`runs ${firstIndex}..${firstIndex + count - 1} failed on a worker: ${job.failedReason}`));
    } else if (sameBuild(readBuild(job.returnvalue), this.build)) {
      await this.finish(entry, readAnswer(job.returnvalue));
    } else await this.add(entry);
  }

  /** Redis restarted without all it knew, or somebody emptied it. */
  private missed(): void {
    if (this.missing++ > 0) return;
    setTimeout(() => {
      const ranges = this.missing === 1 ? '1 range is' : `${this.missing} ranges are`;
      this.options.report(`${ranges} gone from Redis and handed out again`);
      this.missing = 0;
    }, NEWS_MS).unref();
  }

  private async finish(entry: Outstanding, answer: AnswerContent): Promise<void> {
    const { job } = entry;
    this.end(entry);
    if (answer.kind === 'refused') {
      entry.fail(new UserError(answer.text, answer.remedy));
      return;
    }
    try {
      const plans = await (this.options.expand ?? plansOf)(job.source, job.count);
      entry.settle(runsOf(plans, answer.runs, job.firstIndex));
    } catch (error) {
      entry.fail(error as Error);
    }
  }

  private end(entry: Outstanding): void {
    this.outstanding.delete(entry.id);
    this.idleLooks = 0;
  }

  /** Events may be lost with a connection; whoever waits for them asks now and then. */
  private poll(): void {
    for (const entry of this.outstanding.values()) void this.lookAt(entry).catch(this.offline);
    void this.countWorkers().catch(this.offline);
  }

  /** Holds as many ranges as the workers can use, and says so when there is none. */
  private async countWorkers(): Promise<void> {
    const workers = await this.queue.getWorkers();
    const taken = workers.reduce((sum, { rawname = '' }) => sum + rangesOfName(rawname), 0);
    this.rangesMax = Math.max(RANGES_MIN, RANGES_FOR_EACH * taken);
    if (workers.length > 0) this.idleLooks = 0;
    if (workers.length > 0 || this.outstanding.size === 0 || this.idleLooks < 0) return;
    if (++this.idleLooks < IDLE_LOOKS) return;
    this.idleLooks = -1;
    const queue = this.queue.name === QUEUE_DEFAULT ? '' : ` --queue ${this.queue.name}`;
    const place = withoutPassword(new URL(this.options.redis));
    this.options.report(`no worker has come yet; start one: firedrill worker --redis ${place}${queue}`);
  }

  private heardRefusal(progress: unknown): void {
    const refusal = readRefusal(progress);
    if (refusal === null || this.refusals.has(refusal.refusedBy)) return;
    this.refusals.add(refusal.refusedBy);
    const { firedrill, build } = this.build;
    this.options.report(
      `worker ${refusal.refusedBy} runs firedrill ${refusal.firedrill} (build ${refusal.build}), this campaign ` +
        `${firedrill} (build ${build}): it took no part. Install the same version there`,
    );
  }

  /** Drops what an earlier life of the campaign left waiting and this one has not asked for. */
  private async sweep(campaign: string): Promise<void> {
    const jobs = await this.queue.getJobs(['prioritized', 'wait', 'delayed', 'completed', 'failed'], 0, 10_000);
    for (const job of jobs) {
      if (this.closed) return;
      if (job?.name !== campaign || this.outstanding.has(job.id ?? '')) continue;
      await job.remove().catch(this.offline);
    }
  }

  /** Nothing is lost by a command that failed: the next look makes up for it. */
  private readonly offline = (): void => {};
}

/** Puts the plans back to their results. @throws Error when a worker ran other plans than the coordinator would */
function runsOf(
  plans: readonly RunPlan[],
  runs: Extract<AnswerContent, { kind: 'runs' }>['runs'],
  firstIndex: number,
): PoolRun[] {
  if (runs.length !== plans.length) throw new Error(`a worker answered ${runs.length} runs of ${plans.length}`);
  return runs.map(({ hash, wallMs, result }, i) => {
    const plan = plans[i]!;
    if (hashOf(plan) !== hash)
      throw new Error(`run ${firstIndex + i}: the worker's plan differs from the coordinator's`);
    return { result: { ...result, plan }, wallMs };
  });
}
