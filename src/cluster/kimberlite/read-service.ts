import type { CpuModel } from '../../sim/cpu-model.ts';
import { SECOND, type Us } from '../../sim/time.ts';

/** What one read costs the server that answers it. */
export interface ReadCost {
  /** CPU time of one read; 0: none that counts. */
  readonly cpuUs: Us;
  /** Threads that read at one time at most; who comes while all are taken is refused. */
  readonly workers: number;
}

const THREAD = { owner: 'server', command: 'kimberlite-server', symbol: 'kimberlite_query::read_stream' } as const;

/**
 * Reads that a server answers from its own state, eventually consistent where it is a standby: no more than its limit allows
 * and no more than its threads can work on. They come by the hundreds and are counted, not simulated one by one (design,
 * section 4); the CPU time that they take is real. All of it is memory of the process: a restart forgets it.
 */
export class ReadService {
  /** Reads per second that it answers at most; -1: no limit. */
  maxPerSecond: number;
  answered: number;
  refused: number;
  /** Rates of the last whole second in which anybody read. */
  offeredPerSecond: number;
  answeredPerSecond: number;
  private lastUs: Us;
  private second: number;
  private offeredNow: number;
  private answeredNow: number;
  private threads: number;

  constructor() {
    this.maxPerSecond = -1;
    this.answered = 0;
    this.refused = 0;
    this.offeredPerSecond = 0;
    this.answeredPerSecond = 0;
    this.lastUs = -1;
    this.second = -1;
    this.offeredNow = 0;
    this.answeredNow = 0;
    this.threads = 0;
  }

  /** `count` reads came within `overUs`. `answer` is called with the number of those that are done, each time that some are. */
  serve(
    count: number,
    overUs: Us,
    nowUs: Us,
    cost: ReadCost,
    model: CpuModel | null,
    answer: (count: number) => void,
  ): void {
    this.roll(nowUs);
    this.offeredNow += count;
    let taken = this.maxPerSecond < 0 ? count : Math.min(count, Math.floor((this.maxPerSecond * overUs) / SECOND));
    const done = (part: number): void => {
      this.answered += part;
      this.answeredNow += part;
      answer(part);
    };
    if (model === null || cost.cpuUs === 0) {
      this.refused += count - taken;
      done(taken);
      return;
    }
    const free = Math.min(model.threads.cores, cost.workers - this.threads);
    if (free <= 0) taken = 0;
    this.refused += count - taken;
    for (let left = free; left > 0 && taken > 0; left--) {
      const part = Math.ceil(taken / left);
      taken -= part;
      this.threads++;
      model.threads.spawn(THREAD, part * cost.cpuUs, () => {
        this.threads--;
        done(part);
      });
    }
  }

  /** Whether anybody has read within the last two seconds. */
  isBusy(nowUs: Us): boolean {
    return this.lastUs >= 0 && nowUs - this.lastUs < 2 * SECOND;
  }

  private roll(nowUs: Us): void {
    const second = Math.floor(nowUs / SECOND);
    this.lastUs = nowUs;
    if (second === this.second) return;
    this.second = second;
    this.offeredPerSecond = this.offeredNow;
    this.answeredPerSecond = this.answeredNow;
    this.offeredNow = 0;
    this.answeredNow = 0;
  }
}
