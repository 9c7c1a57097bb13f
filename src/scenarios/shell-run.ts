import type { AmbientGuard } from './ambient-guard.ts';
import type { CommandContext, CommandResult, OperatorCommand, Wait } from './command.ts';
import { WriteRefused } from './shell-files.ts';

/** One command that a script ran, for reports. */
export interface CommandCall {
  readonly on: string;
  readonly argv: readonly string[];
  readonly startedUs: number;
  readonly endedUs: number;
  readonly code: number;
}

/** A script in flight. It advances in `pump` alone. */
export interface ShellRun {
  readonly state: 'running' | 'waiting' | 'done';
  /** What the kernel must let pass before `resume`, while `state` is `waiting`. */
  readonly wait: Wait | null;
  /** Once `state` is `done`. A script that its deadline cut off has code 124. */
  readonly result: CommandResult | null;
  readonly timedOut: boolean;
  readonly calls: readonly CommandCall[];
  /**
   * Runs the script until it waits for exactly one kernel call or is done: the promise is settled by that call itself,
   * never by counting promise turns. @throws Error when a command threw, or when another shell has its turn
   */
  pump(): Promise<void>;
  /** The wait is over: `value` is its answer (a sleep's is true). `pump` then carries on. */
  resume(value: boolean): void;
}

/** The run's view of time, in µs since its start and in ms since 1970 by a host's wall clock. */
export interface ShellClock {
  nowUs(): number;
  wallMs(host: string): number;
}

/** A time by which what runs within it has ended or is cut off. */
export interface Deadline {
  readonly atUs: number;
  readonly controller: AbortController;
}

/** What a wait came to: its answer, or that a deadline cut it off. */
type Answer = boolean | 'cut';

/** Drives one script: parks its commands for the kernel, keeps its deadlines and the host on which it is. */
export class ScriptRun implements ShellRun {
  state: ShellRun['state'] = 'running';
  wait: Wait | null = null;
  result: CommandResult | null = null;
  timedOut = false;
  readonly calls: CommandCall[] = [];
  /** What commands had printed when a deadline cut them off; just-bash drops the output of an aborted script. */
  cutOutput = '';
  private readonly clock: ShellClock;
  private readonly guard: AmbientGuard;
  private readonly draw32: () => number;
  private readonly body: (run: ScriptRun) => Promise<CommandResult>;
  private readonly hosts: string[];
  private readonly deadlines: Deadline[] = [];
  private parked: ((answer: Answer) => void) | null = null;
  private waitEndsUs = 0;
  private answer: boolean | null = null;
  private started = false;
  private failure: unknown = null;
  private settle: () => void = () => {};

  constructor(
    onHost: string,
    clock: ShellClock,
    guard: AmbientGuard,
    draw32: () => number,
    body: (run: ScriptRun) => Promise<CommandResult>,
  ) {
    this.hosts = [onHost];
    this.clock = clock;
    this.guard = guard;
    this.draw32 = draw32;
    this.body = body;
  }

  get host(): string {
    return this.hosts[this.hosts.length - 1] ?? '';
  }

  async pump(): Promise<void> {
    if (this.state === 'done') return;
    if (this.state === 'waiting') throw new Error('ShellRun.pump: the shell waits; call resume first');
    this.guard.enterShellTurn({ wallMs: () => this.clock.wallMs(this.host), draw32: this.draw32 });
    try {
      const settled = new Promise<void>((resolve) => {
        this.settle = resolve;
      });
      if (this.started) this.deliver();
      else this.launch();
      await settled;
    } finally {
      this.guard.leave();
    }
    if (this.failure !== null) throw this.failure;
  }

  resume(value: boolean): void {
    if (this.state !== 'waiting') throw new Error('ShellRun.resume: the shell does not wait');
    this.state = 'running';
    this.answer = value;
  }

  /** Whatever is run with the deadline's signal ends by then. Close it with `endDeadline`. */
  beginDeadline(us: number): Deadline {
    const deadline = { atUs: this.clock.nowUs() + us, controller: new AbortController() };
    this.deadlines.push(deadline);
    return deadline;
  }

  /** Closes the innermost deadline; answers whether it, or one around it, cut something off. */
  endDeadline(deadline: Deadline): boolean {
    const at = this.deadlines.indexOf(deadline);
    if (at >= 0) this.deadlines.length = at;
    return deadline.controller.signal.aborted;
  }

  /** The signal that ends everything which is being run now. */
  get signal(): AbortSignal | undefined {
    return this.deadlines[this.deadlines.length - 1]?.controller.signal;
  }

  async withHost<T>(host: string, body: () => Promise<T>): Promise<T> {
    this.hosts.push(host);
    try {
      return await body();
    } finally {
      this.hosts.pop();
    }
  }

  /** Runs one of our commands to its end, parking it for the kernel at each wait. */
  async command<Fleet>(
    command: OperatorCommand<Fleet>,
    argv: readonly string[],
    stdin: string,
    context: Omit<CommandContext<Fleet>, 'print' | 'onHost' | 'nowMs'>,
  ): Promise<CommandResult> {
    const on = this.host;
    const startedUs = this.clock.nowUs();
    let printed = '';
    const print = (text: string): void => {
      printed += text;
    };
    const ctx = { ...context, onHost: on, nowMs: () => this.clock.wallMs(on), print };
    const end = (result: CommandResult): CommandResult => {
      this.calls.push({ on, argv, startedUs, endedUs: this.clock.nowUs(), code: result.code });
      return result;
    };
    try {
      const steps = command(argv.slice(1), stdin, ctx);
      let step = steps.next();
      while (step.done !== true) {
        const answer = await this.park(step.value);
        if (answer === 'cut') {
          steps.return({ stdout: '', stderr: '', code: 143 });
          this.cutOutput += printed;
          return end({ stdout: printed, stderr: '', code: 143 });
        }
        step = steps.next(answer);
      }
      return end({ ...step.value, stdout: printed + step.value.stdout });
    } catch (error) {
      if (error instanceof WriteRefused) {
        return end({ stdout: printed, stderr: `${argv[0]}: ${error.message}\n`, code: 1 });
      }
      this.failure ??= new Error(`${argv.join(' ')}: the command itself failed`, { cause: error });
      return end({ stdout: printed, stderr: `${argv[0]}: internal error\n`, code: 70 });
    }
  }

  /** Fails the run: the error leaves `pump`. */
  fail(error: unknown): void {
    this.failure ??= error;
  }

  private launch(): void {
    this.started = true;
    const finish = (result: CommandResult): void => {
      this.result = result;
      this.state = 'done';
      this.settle();
    };
    this.body(this).then(finish, (error: unknown) => {
      this.fail(error);
      finish({ stdout: '', stderr: '', code: 70 });
    });
  }

  private park(wait: Wait): Promise<Answer> {
    if (this.parked !== null) throw new Error('two commands of one shell wait at the same time');
    const nowUs = this.clock.nowUs();
    const wantedUs = wait.kind === 'sleep' ? wait.us : wait.timeoutUs;
    let leftUs = wantedUs;
    for (const { atUs } of this.deadlines) leftUs = Math.min(leftUs, Math.max(0, atUs - nowUs));
    this.waitEndsUs = leftUs < wantedUs ? nowUs + leftUs : Number.POSITIVE_INFINITY;
    this.wait = wait.kind === 'sleep' ? { kind: 'sleep', us: leftUs } : { ...wait, timeoutUs: leftUs };
    this.state = 'waiting';
    const answered = new Promise<Answer>((resolve) => {
      this.parked = resolve;
    });
    this.settle();
    return answered;
  }

  private deliver(): void {
    const { parked, answer, wait } = this;
    if (parked === null || answer === null) throw new Error('ShellRun.pump: nothing to resume');
    this.parked = null;
    this.answer = null;
    this.wait = null;
    const nowUs = this.clock.nowUs();
    const cut = nowUs >= this.waitEndsUs && !(wait?.kind === 'until' && answer);
    if (cut) this.expire(nowUs);
    parked(cut ? 'cut' : answer);
  }

  /** Ends the outermost deadline that is over, and with it everything within. */
  private expire(nowUs: number): void {
    const from = this.deadlines.findIndex(({ atUs }) => nowUs >= atUs);
    for (const { controller } of this.deadlines.slice(Math.max(0, from))) controller.abort();
  }
}
