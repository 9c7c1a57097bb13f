import { availableParallelism } from 'node:os';
import type { WorkerEnd } from '../../campaign/bullmq/worker-bullmq.ts';
import type { Engine } from '../engine.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandOutput } from '../output.ts';

export interface WorkerCommandOptions {
  /** `redis://host:6379`. */
  readonly redis: string;
  /** null: the one that coordinators use. */
  readonly queue: string | null;
  /** Worker processes; null: as many as there are cores. */
  readonly jobs: number | null;
}

/** Runs ranges of other machines' campaigns until Ctrl-C, and returns the exit code. */
export async function worker(options: WorkerCommandOptions, out: CommandOutput, engine: Engine): Promise<number> {
  const { serveQueue } = await import('../../campaign/bullmq/worker-bullmq.ts');
  const { LocalEngine } = await import('../../campaign/engine-local.ts');
  const jobs = options.jobs ?? availableParallelism();
  const inner = new LocalEngine({ jobs, worker: engine.worker, watchdogMs: engine.watchdogMs });
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const end = await serveQueue({
      redis: options.redis,
      version: engine.versions.firedrill,
      inner,
      // Its processes share the runs of all ranges in hand; a few ranges keep all of them busy.
      ranges: Math.ceil(jobs / 4) + 1,
      report: (text) => out.stderr(`firedrill worker: ${text}\n`),
      stop: stop.signal,
      ...(options.queue === null ? {} : { queue: options.queue }),
    });
    return exitOf(end, out, engine.versions.firedrill);
  } finally {
    await inner.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function exitOf(end: WorkerEnd, out: CommandOutput, own: string): number {
  if (end.kind === 'stopped') {
    out.stderr('firedrill worker: stopped; its ranges are back in the queue\n');
    return EXIT.expected;
  }
  const theirs = end.campaign?.firedrill ?? 'an unknown version';
  const which = theirs === own ? `${theirs}, but another build of it` : theirs;
  out.stderr(
    `firedrill worker: this is firedrill ${own}, the campaign runs ${which}; nothing was run, because results could differ\n` +
      '  remedy: install the same version here, built from the same sources, and start the worker again\n',
  );
  return EXIT.usage;
}
