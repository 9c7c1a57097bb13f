import { hostname } from 'node:os';
import { type Job, WaitingError, Worker } from 'bullmq';
import { isUserError } from '../../plan/user-error.ts';
import type { CampaignEngine } from '../engine.ts';
import { ownBuild } from './build.ts';
import { ConnectionNews, checkRedis, readRedisUrl, withoutPassword } from './connection.ts';
import {
  type Answer,
  answerOf,
  type Build,
  type JobData,
  QUEUE_DEFAULT,
  readBuild,
  readJob,
  refusalOf,
  sameBuild,
  workerName,
} from './job.ts';

export interface QueueWorkerOptions {
  /** `redis://host:6379`. */
  readonly redis: string;
  /** Version of firedrill, as `package.json` says it. */
  readonly version: string;
  /** What runs the ranges: the local engine of this machine. Closed when the worker ends. */
  readonly inner: CampaignEngine;
  /** Ranges that are taken at once. */
  readonly ranges: number;
  readonly report: (text: string) => void;
  /** Ends the worker; its ranges go back into the queue. */
  readonly stop: AbortSignal;
  readonly queue?: string;
  /** After so long without a sign of life a worker's ranges are given to others. */
  readonly lockMs?: number;
  /** In place of this installation's own. */
  readonly build?: Build;
}

/** Well above any pause of a worker that lives: it computes in child processes and has nothing else to do. */
const LOCK_MS_DEFAULT = 15_000;
/** How many workers a range may lose. Its runs cannot end a worker, so each loss was a machine's. */
const STALLED_MAX = 20;
const CLOSE_MS_MAX = 2_000;

/** How a worker ended. */
export type WorkerEnd = { readonly kind: 'stopped' } | { readonly kind: 'refused'; readonly campaign: Build | null };

/**
 * Takes ranges from the queue until it is stopped, or meets a campaign of another build: then it gives the range back
 * and ends.
 *
 * @throws UserError when there is no Redis at that address
 */
export async function serveQueue(options: QueueWorkerOptions): Promise<WorkerEnd> {
  const address = readRedisUrl(options.redis);
  const place = withoutPassword(new URL(options.redis));
  await checkRedis(address, place);
  const news = new ConnectionNews(place, options.report);
  const taker = new Taker(options);
  const lockMs = options.lockMs ?? LOCK_MS_DEFAULT;
  const worker = new Worker<JobData, Answer>(options.queue ?? QUEUE_DEFAULT, (job, token) => taker.take(job, token), {
    connection: { ...address, retryStrategy: news.retryStrategy },
    name: workerName(hostname(), process.pid, options.ranges),
    concurrency: options.ranges,
    lockDuration: lockMs,
    stalledInterval: Math.ceil(lockMs / 2),
    maxStalledCount: STALLED_MAX,
    // After a loss of the connection, not after each error: the default of 15 s would waste them.
    runRetryDelay: 1_000,
  });
  worker.on('error', news.onError);
  worker.getBackend().on('ready', () => news.back());
  // Else a range that is refused would be taken again at once.
  taker.onEnd = () => void worker.pause(true);
  options.stop.addEventListener('abort', () => taker.end({ kind: 'stopped' }));
  if (options.stop.aborted) taker.end({ kind: 'stopped' });
  const end = await taker.ended;
  await Promise.race([taker.giveBack(worker), timeout()]);
  await options.inner.close();
  await Promise.race([worker.close(true).catch(() => {}), timeout()]);
  return end;
}

/** Redis may be gone, and its answers with it. */
function timeout(): Promise<void> {
  return new Promise((settle) => setTimeout(settle, CLOSE_MS_MAX).unref());
}

/** Runs jobs, and knows those that it has in hand. */
class Taker {
  readonly ended: Promise<WorkerEnd>;
  end: (end: WorkerEnd) => void;
  /** Called at the end, before anything else can happen. */
  onEnd: () => void;
  private readonly options: QueueWorkerOptions;
  private readonly build: Build;
  private readonly held: Map<Job<JobData, Answer>, string>;
  private ending: boolean;

  constructor(options: QueueWorkerOptions) {
    this.options = options;
    this.build = options.build ?? ownBuild(options.version);
    this.held = new Map();
    this.ending = false;
    this.onEnd = () => {};
    this.end = () => {};
    this.ended = new Promise((settle) => {
      this.end = (end) => {
        this.ending = true;
        this.onEnd();
        settle(end);
      };
    });
  }

  async take(job: Job<JobData, Answer>, token = ''): Promise<Answer> {
    this.held.set(job, token);
    const theirs = readBuild(job.data);
    if (this.ending || !sameBuild(theirs, this.build)) {
      if (!this.ending) await job.updateProgress({ ...this.build, refusedBy: `${hostname()}:${process.pid}` });
      this.end({ kind: 'refused', campaign: theirs });
      // It is moved by `giveBack`, when this worker cannot take it again.
      throw new WaitingError();
    }
    try {
      return answerOf(await this.options.inner.run(readJob(job.data)), this.build);
    } catch (error) {
      // A plan that cannot be run is the campaign's mistake, and no worker would fare better.
      if (!isUserError(error)) throw error;
      const [problem = ''] = error.message.split('\n  remedy: ');
      return refusalOf(problem, error.remedy, this.build);
    } finally {
      this.held.delete(job);
    }
  }

  /** Puts what is in hand back into the queue of a paused worker: others need not wait for its lock to end. */
  async giveBack(worker: Worker<JobData, Answer>): Promise<void> {
    // Whoever waits for a job would take one that comes back.
    await worker.getBackend().disconnectBlocking(true);
    await Promise.all([...this.held].map(([job, token]) => job.moveToWait(token).catch(() => {})));
  }
}
