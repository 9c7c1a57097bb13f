import { EVENT, type WorldCore } from './core.ts';
import type { Us } from './time.ts';

/** What a thread is, as the tools of its host show it. */
export interface ThreadSpec {
  /** Process that it belongs to: `server` ends with the host's own process, all others do not. */
  readonly owner: 'server' | 'other';
  readonly command: string;
  /** Function that it spends its time in, for profiles. */
  readonly symbol: string;
}

/** A thread that wants a core. */
export interface Thread extends ThreadSpec {
  /** CPU time that it still needs, in µs; Infinity: it never ends by itself. */
  leftUs: number;
  /** CPU time that it has had. */
  usedUs: number;
  ended: boolean;
  readonly done: () => void;
}

/** Spare that keeps the fractions of a µs from asking for a turn without end. */
const EPSILON_US = 0.001;
/** The load average looks back this far, in steps of a second. */
const LOAD_MARKS = 60;
const MARK_US: Us = 1_000_000;

/**
 * The threads of a host that want its cores beside the server's event loop, shared as a fair scheduler does: with more
 * threads than cores each gets `cores / threads` of one. Work is settled whenever that share changes, so a thread costs
 * two events however long it runs.
 */
export class HostThreads {
  cores: number;
  /** CPU time by symbol, of threads that have ended, too. */
  readonly bySymbol: Map<string, number>;
  /** CPU time of threads by the command of their process. */
  readonly byCommand: Map<string, number>;
  private readonly world: WorldCore;
  private readonly host: number;
  private threads: Thread[];
  private settledUs: Us;
  private generation: number;
  private frozen: boolean;
  /** Integral of the number of threads over time, and its value at each of the last seconds. */
  private area: number;
  private marks: { readonly atUs: Us; readonly area: number }[];

  constructor(world: WorldCore, host: number, cores: number) {
    this.world = world;
    this.host = host;
    this.cores = cores;
    this.bySymbol = new Map();
    this.byCommand = new Map();
    this.threads = [];
    this.settledUs = 0;
    this.generation = 0;
    this.frozen = false;
    this.area = 0;
    this.marks = [];
  }

  get running(): readonly Thread[] {
    return this.threads;
  }

  /** A thread begins; `done` is called when it has had `workUs` of CPU time. */
  spawn(spec: ThreadSpec, workUs: number, done: () => void): Thread {
    this.settle();
    const thread: Thread = { ...spec, leftUs: Math.max(1, workUs), usedUs: 0, ended: false, done };
    this.threads.push(thread);
    this.appoint();
    return thread;
  }

  /** Ends a thread before it is done; its `done` is not called. */
  end(thread: Thread): void {
    if (thread.ended) return;
    this.settle();
    thread.ended = true;
    this.threads = this.threads.filter((each) => each !== thread);
    this.appoint();
  }

  /** The process behind these threads is gone. */
  endOwner(owner: ThreadSpec['owner']): void {
    this.settle();
    for (const thread of this.threads) if (thread.owner === owner) thread.ended = true;
    this.threads = this.threads.filter((thread) => !thread.ended);
    this.appoint();
  }

  /** Nothing runs on the host until {@link thaw}. */
  freeze(): void {
    this.settle();
    this.frozen = true;
    this.appoint();
  }

  thaw(): void {
    this.settle();
    this.frozen = false;
    this.appoint();
  }

  /** Calls back at a time, such as when a thread's disk request ends. */
  at(atUs: Us, call: () => void): void {
    this.world.schedule(Math.max(atUs, this.world.nowUs), EVENT.resume, this.host, 2, 0, call);
  }

  /** A queue entry of this host came up: 1 a thread is done, 2 an appointment of {@link at}. */
  wake(what: number, generation: number, call: unknown): void {
    if (what === 2) {
      (call as () => void)();
      return;
    }
    if (generation !== this.generation) return;
    this.settle();
    const done = this.threads.filter((thread) => thread.leftUs <= EPSILON_US);
    for (const thread of done) thread.ended = true;
    this.threads = this.threads.filter((thread) => !thread.ended);
    this.appoint();
    for (const thread of done) thread.done();
  }

  /** Mean number of threads that wanted a core over the last minute. */
  loadAverage(): number {
    this.settle();
    const { nowUs } = this.world;
    const from = this.marks.find((mark) => mark.atUs >= nowUs - LOAD_MARKS * MARK_US) ?? { atUs: 0, area: 0 };
    return nowUs === from.atUs ? this.threads.length : (this.area - from.area) / (nowUs - from.atUs);
  }

  /** Books the CPU time since the last change. */
  settle(): void {
    const { nowUs } = this.world;
    const passedUs = nowUs - this.settledUs;
    this.settledUs = nowUs;
    if (passedUs <= 0) return;
    this.area += passedUs * this.threads.length;
    this.note(nowUs);
    if (this.frozen || this.threads.length === 0) return;
    const gotUs = passedUs * Math.min(1, this.cores / this.threads.length);
    for (const thread of this.threads) {
      thread.leftUs -= gotUs;
      thread.usedUs += gotUs;
      this.bySymbol.set(thread.symbol, (this.bySymbol.get(thread.symbol) ?? 0) + gotUs);
      this.byCommand.set(thread.command, (this.byCommand.get(thread.command) ?? 0) + gotUs);
    }
  }

  private note(nowUs: Us): void {
    const last = this.marks.at(-1);
    if (last !== undefined && nowUs - last.atUs < MARK_US) return;
    this.marks.push({ atUs: nowUs, area: this.area });
    if (this.marks.length > 2 * LOAD_MARKS) this.marks = this.marks.slice(LOAD_MARKS);
  }

  /** Asks for a turn when the thread with the least work left will be done. */
  private appoint(): void {
    this.generation++;
    if (this.frozen || this.threads.length === 0) return;
    let leastUs = Number.POSITIVE_INFINITY;
    for (const thread of this.threads) if (thread.leftUs < leastUs) leastUs = thread.leftUs;
    if (leastUs === Number.POSITIVE_INFINITY) return;
    const waitUs = Math.ceil(Math.max(0, leastUs) / Math.min(1, this.cores / this.threads.length));
    this.world.schedule(this.world.nowUs + waitUs, EVENT.resume, this.host, 1, this.generation, null);
  }
}
