import { type ChildProcess, fork } from 'node:child_process';
import type { RunPlan } from '../plan/plan.ts';
import type { InconclusiveReason, RunResult } from '../plan/result.ts';
import { UserError } from '../plan/user-error.ts';
import { RESIDENT_BYTES_MAX_DEFAULT, watchMemory } from './memory-watch.ts';
import type { RunAnswer, RunRequest } from './worker-protocol.ts';

/** A finished run: the result and the wall time around it, which is never part of a result (R21). */
export interface PoolRun {
  readonly result: RunResult;
  readonly wallMs: number;
}

export interface PoolOptions {
  readonly jobs: number;
  /** Entry of a worker; tests hand in one that misbehaves. */
  readonly worker: URL;
  /** Wall time after which a run is killed and repeated alone with ten times as much. */
  readonly watchdogMs: number;
  /** Resident memory at which a worker is killed, its run lost (default: `RESIDENT_BYTES_MAX_DEFAULT`). */
  readonly residentBytesMax?: number;
  /** Arguments of Node for the workers, such as a heap limit (default: this process's own and {@link ONE_CORE}). */
  readonly workerArguments?: readonly string[];
  /** Whether results carry coverage features (R25). */
  readonly coverage?: boolean;
  /** Heard after each run, in the order in which they end. */
  readonly onRun: (run: PoolRun) => void;
}

/**
 * A worker is meant to keep one core busy: V8's collector by default spreads over all of them, which takes from the
 * other workers what it gives to one (measured: a tenth of the throughput of two workers on two cores).
 */
const ONE_CORE: readonly string[] = ['--single-threaded-gc'];

/** What one worker process needs to know. */
export type WorkerOptions = Pick<PoolOptions, 'worker' | 'residentBytesMax' | 'workerArguments'>;

/** How often a lost run is tried: once among others, once alone (R28). */
export const ALONE_FACTOR = 10;
/** What a dying worker said last; a stack trace fits. */
const STDERR_CHARACTERS_MAX = 4_000;

/** How one try of a plan ended. */
export type Try =
  | { readonly kind: 'done'; readonly run: PoolRun }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'lost'; readonly reason: Extract<InconclusiveReason, 'crashed' | 'hung'>; readonly text: string };

/** The entry of the worker beside this file: compiled in `dist`, as written under a test. */
export function workerEntry(): URL {
  const entry = new URL('./worker.ts', import.meta.url);
  if (import.meta.url.endsWith('.js')) entry.pathname = entry.pathname.replace(/\.ts$/, '.js');
  return entry;
}

/** Runs plans in child processes that stay up between calls. */
export class Pool {
  private readonly options: PoolOptions;
  private readonly lanes: readonly Worker[];
  /** Every worker that may have a child process. */
  private readonly open: Set<Worker>;
  private readonly release: () => void;

  constructor(options: PoolOptions) {
    this.options = options;
    this.open = new Set();
    this.lanes = Array.from({ length: Math.max(1, options.jobs) }, () => new Worker(options, this.open));
    this.release = killOnSignals(this.open);
  }

  /**
   * Runs the plans and returns the runs in their order, whatever `jobs` is. A worker that dies or takes longer than the
   * watchdog costs its plan one retry, alone; a second loss is recorded as inconclusive (`crashed` or `hung`), which
   * says nothing about the system (R21, R28). Throws a `UserError` for a plan that the engine refuses. One call at a
   * time.
   */
  async run(plans: readonly RunPlan[]): Promise<PoolRun[]> {
    const coverage = this.options.coverage ?? false;
    const requests = plans.map((plan, index) => ({ index, planJson: JSON.stringify(plan), coverage }));
    const runs = new Array<PoolRun>(plans.length);
    const again: RunRequest[] = [];
    const finish = (index: number, run: PoolRun): void => {
      runs[index] = run;
      this.options.onRun(run);
    };
    let next = 0;
    const lane = async (worker: Worker): Promise<void> => {
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const tried = await worker.run(request, plans[request.index]!, this.options.watchdogMs);
        if (tried.kind === 'refused') {
          next = requests.length;
          throw new UserError(tried.text, 'correct the plan');
        }
        if (tried.kind === 'done') finish(request.index, tried.run);
        else again.push(request);
      }
    };
    await Promise.all(this.lanes.slice(0, plans.length).map(lane));
    again.sort((left, right) => left.index - right.index);
    for (const request of again) finish(request.index, await this.runAlone(plans[request.index]!, request));
    return runs;
  }

  /** Ends the workers, also those that still compute. */
  close(): void {
    for (const worker of this.open) worker.kill();
    this.release();
  }

  private async runAlone(plan: RunPlan, request: RunRequest): Promise<PoolRun> {
    const worker = new Worker(this.options, this.open);
    const tried = await worker.run(request, plan, this.options.watchdogMs * ALONE_FACTOR);
    worker.close();
    switch (tried.kind) {
      case 'done':
        return tried.run;
      case 'refused':
        throw new UserError(tried.text, 'correct the plan');
      case 'lost':
        return { result: lostResult(plan, tried.reason, tried.text), wallMs: 0 };
    }
  }
}

/** One call of a pool of its own. */
export async function runPool(plans: readonly RunPlan[], options: PoolOptions): Promise<PoolRun[]> {
  const pool = new Pool(options);
  try {
    return await pool.run(plans);
  } finally {
    pool.close();
  }
}

/** The record of a run that gave no result. It is no verdict about the system. */
export function lostResult(plan: RunPlan, reason: 'crashed' | 'hung', pending: string): RunResult {
  return {
    plan,
    verdict: 'inconclusive',
    reason,
    property: '',
    findings: [],
    traceHash: '',
    traceCheckpoints: [],
    events: 0,
    virtualUs: 0,
    acknowledged: 0,
    committed: 0,
    reached: [],
    faultsFired: [],
    faultsSuppressed: [],
    alerts: [],
    commands: [],
    certificates: [],
    alertToRecoveryUs: -1,
    pending,
  };
}

/** A Ctrl-C must not leave workers computing; a handler for the signal replaces Node's own end of the process. */
function killOnSignals(workers: ReadonlySet<Worker>): () => void {
  const end = (signal: NodeJS.Signals): void => {
    for (const worker of workers) worker.kill();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  return () => {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  };
}

/** One child process, started when it is first needed and again after each loss. */
export class Worker {
  private readonly options: WorkerOptions;
  private readonly open: Set<Worker>;
  private child: ChildProcess | null;
  private said: string;

  constructor(options: WorkerOptions, open: Set<Worker>) {
    this.options = options;
    this.open = open;
    this.child = null;
    this.said = '';
    open.add(this);
  }

  /**
   * Runs `plan`, whose JSON is in the request; one at a time. The child is replaced when it did not answer, or answered
   * that our engine threw.
   */
  async run(request: RunRequest, plan: RunPlan, limitMs: number): Promise<Try> {
    const child = (this.child ??= this.start());
    this.said = '';
    const tried = await new Promise<Try>((settle) => {
      const timer = setTimeout(() => end({ kind: 'lost', reason: 'hung', text: timeText(limitMs) }), limitMs);
      const onAnswer = (answer: RunAnswer): void => end(judge(answer, plan));
      const onExit = (code: number | null, signal: string | null): void =>
        end({ kind: 'lost', reason: 'crashed', text: deathText(code, signal, this.said) });
      const onError = (error: Error): void => end({ kind: 'lost', reason: 'crashed', text: error.message });
      const bytesMax = this.options.residentBytesMax ?? RESIDENT_BYTES_MAX_DEFAULT;
      const onOver = (): void => end({ kind: 'lost', reason: 'crashed', text: memoryText(bytesMax) });
      const unwatch = child.pid === undefined ? () => {} : watchMemory(child.pid, bytesMax, onOver);
      const end = (outcome: Try): void => {
        clearTimeout(timer);
        unwatch();
        child.off('message', onAnswer).off('close', onExit).off('error', onError);
        settle(outcome);
      };
      child.on('message', onAnswer).on('close', onExit).on('error', onError);
      child.send(request, (error) => {
        // A child that died before the request reached it says why in its `close`, which follows.
        if (error !== null && child.connected) onError(error);
      });
    });
    if (tried.kind === 'lost') this.kill();
    return tried;
  }

  /** Lets the child end by itself. */
  close(): void {
    this.open.delete(this);
    if (this.child?.connected) this.child.disconnect();
    this.child = null;
  }

  kill(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  private start(): ChildProcess {
    const { worker, workerArguments = [...process.execArgv, ...ONE_CORE] } = this.options;
    const child = fork(worker, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [...workerArguments] });
    // One that dies between two runs is replaced before the next.
    child.on('close', () => {
      if (this.child === child) this.child = null;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-STDERR_CHARACTERS_MAX);
    });
    // Without a listener an error between two runs would end the parent.
    child.on('error', () => {});
    return child;
  }
}

function judge(answer: RunAnswer, plan: RunPlan): Try {
  if (answer.kind === 'done')
    return { kind: 'done', run: { result: { ...answer.result, plan }, wallMs: answer.wallMs } };
  return answer.user ? { kind: 'refused', text: answer.text } : { kind: 'lost', reason: 'crashed', text: answer.text };
}

function timeText(limitMs: number): string {
  return `no result after ${Math.round(limitMs / 100) / 10} s of wall time`;
}

function memoryText(bytesMax: number): string {
  return `memory: the worker passed ${Math.round(bytesMax / 1_048_576)} MiB of resident memory`;
}

function deathText(code: number | null, signal: string | null, said: string): string {
  const end = signal === null ? `the worker exited with code ${code}` : `the worker was killed by ${signal}`;
  const last = said.trim();
  return last === '' ? end : `${end}: ${last}`;
}
