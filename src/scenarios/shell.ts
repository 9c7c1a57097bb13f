import {
  Bash,
  type Command,
  decodeBytesToUtf8,
  defineCommand,
  type ExecResult,
  type ResolvedCommandContext,
  type TransformPlugin,
} from 'just-bash';
import { DOMAIN, mix2, mixString } from '../sim/mix.ts';
import type { AmbientGuard } from './ambient-guard.ts';
import { type CommandResult, type CommandTable, failed, type OperatorCommand, ok } from './command.ts';
import { liftSubstitutions } from './shell-arith.ts';
import { date, mktemp, readSleep, sleep } from './shell-clock.ts';
import { HostFileSystem, type HostFiles, WriteRefused } from './shell-files.ts';
import { openSessions } from './shell-interactive.ts';
import type { LoadedShell } from './shell-loaded.ts';
import { refusalOf, refusedCommandResults } from './shell-refused.ts';
import { ScriptRun, type ShellClock, type ShellRun } from './shell-run.ts';
import { humanSort, isHumanSort } from './shell-sort.ts';
import { readSsh } from './shell-ssh.ts';

/** What a shell needs of the world. */
export interface ShellWorld<Fleet> {
  readonly loaded: LoadedShell;
  readonly guard: AmbientGuard;
  readonly table: CommandTable<Fleet>;
  readonly fleet: Fleet;
  readonly clock: ShellClock;
  /** Seed of the run; draws of the shell are keyed by it. */
  readonly seed: number;
  readonly files: HostFiles;
  /** The host's own name for a name or alias; null when it does not resolve. */
  resolveHost(name: string): string | null;
  /** Whether `ssh` from one host reaches another now (both by their own names). */
  canReach(from: string, to: string): boolean;
}

/** How long a connection attempt to a silent host takes: Linux gives up after six retransmitted SYNs (tcp(7)). */
const CONNECT_TIMEOUT_US = 127_000_000;

/** A loop that costs no virtual time ends here instead of never. */
const LIMITS = {
  maxExecutionTimeMs: Number.POSITIVE_INFINITY,
  maxExtensionCleanupTimeMs: Number.POSITIVE_INFINITY,
  maxLoopIterations: 10_000,
  maxCommandCount: 50_000,
  maxOutputSize: 16 * 1024 * 1024,
};

/** Mends what just-bash does wrong with commands within arithmetic. */
const ARITHMETIC: TransformPlugin<Record<string, never>> = {
  name: 'commands-in-arithmetic',
  transform: ({ ast }) => {
    liftSubstitutions(ast);
    return { ast };
  },
};

const UNTIMED_US = Number.MAX_SAFE_INTEGER;

/**
 * The operator's shells of one run: bash scripts in virtual time, on hosts that keep their files from step to step (R22).
 * Of the language, all is just-bash's; of the commands, those that meet time, chance or the fleet are ours. Pipelines run
 * from left to right, each command to its end before the next: a command without an end needs `timeout` in front of it.
 */
export class OperatorShell<Fleet> {
  private readonly world: ShellWorld<Fleet>;
  private readonly disks = new Map<string, HostFileSystem>();
  private readonly refused = refusedCommandResults();
  private shells = 0;
  private names = 0;
  private draws = 0;

  constructor(world: ShellWorld<Fleet>) {
    this.world = world;
  }

  /**
   * A script on a host (its own name), cut off with code 124 after `timeoutUs`. Nothing runs before the first `pump`.
   */
  start(script: string, onHost: string, timeoutUs: number = UNTIMED_US): ShellRun {
    const run = new ScriptRun(onHost, this.world.clock, this.world.guard, this.draw32, async () => {
      const deadline = run.beginDeadline(timeoutUs);
      const result = await this.script(run, script, '');
      run.timedOut = run.endDeadline(deadline);
      return run.timedOut ? { ...result, stdout: result.stdout + run.cutOutput, stderr: '', code: 124 } : result;
    });
    return run;
  }

  /** The files of a host's shells. */
  filesOf(host: string): HostFileSystem {
    let disk = this.disks.get(host);
    if (disk === undefined) {
      disk = new HostFileSystem(host, this.world.files);
      this.disks.set(host, disk);
    }
    return disk;
  }

  private readonly draw32 = (): number => mix2(this.world.seed, DOMAIN.shell, mixString(0, 'ambient'), this.draws++);

  /** Runs a script on the run's present host, as a shell of its own. */
  private async script(run: ScriptRun, text: string, stdin: string): Promise<CommandResult> {
    const script = openSessions(text);
    const refusal = refusalOf(script, this.known);
    if (refusal !== null) return failed(127, refusal);
    const host = run.host;
    const bash = new Bash({
      fs: this.filesOf(host),
      cwd: '/root',
      env: { HOME: '/root', USER: 'root', LOGNAME: 'root', SHELL: '/bin/bash', HOSTNAME: host },
      commands: [...this.world.loaded.bundled],
      customCommands: this.commandsOf(run),
      defenseInDepth: false,
      executionLimits: LIMITS,
      processInfo: { pid: 1000 + 10 * ++this.shells, ppid: 1, uid: 0, gid: 0 },
    });
    bash.registerTransformPlugin(ARITHMETIC);
    try {
      const { stdout, stderr, exitCode } = await bash.exec(script, {
        ...(run.signal === undefined ? {} : { signal: run.signal }),
        stdin,
        rawScript: true,
      });
      return { stdout, stderr, code: exitCode };
    } catch (error) {
      // just-bash does not expect a redirection to fail once its file is open: the script ends with it, as under set -e.
      if (error instanceof WriteRefused) return failed(1, `bash: ${error.message}\n`);
      throw error;
    }
  }

  private readonly known = (name: string): boolean => this.world.table.commands.has(name);

  private commandsOf(run: ScriptRun): Command[] {
    const commands: Command[] = [];
    const ours: [string, OperatorCommand<unknown>][] = [
      ['date', date],
      ['sleep', sleep],
      ['mktemp', mktemp(() => ++this.names)],
      ['hostname', printer(() => run.host)],
      ['whoami', printer(() => 'root')],
    ];
    for (const [name, command] of ours) {
      if (!this.known(name)) commands.push(this.wrap(run, name, command));
    }
    for (const [name, message] of this.refused) {
      if (!this.known(name)) commands.push(defineCommand(name, async () => execResult(failed(127, message))));
    }
    commands.push(defineCommand('sort', (argv, ctx) => this.sort(argv, ctx)));
    commands.push(defineCommand('timeout', (argv, ctx) => this.timeout(run, argv, ctx)));
    for (const name of ['bash', 'sh']) {
      commands.push(defineCommand(name, (argv, ctx) => this.subshell(argv, ctx)));
    }
    if (!this.known('ssh')) commands.push(defineCommand('ssh', (argv, ctx) => this.ssh(run, argv, ctx)));
    for (const [name, command] of this.world.table.commands) commands.push(this.wrap(run, name, command));
    return commands;
  }

  /** A command of ours as one of just-bash. It stands before a bundled one only for paths that belong to the host's model. */
  private wrap<F>(run: ScriptRun, name: string, command: OperatorCommand<F>): Command {
    return defineCommand(name, async (argv, ctx) => {
      const disk = this.filesOf(run.host);
      const path = (text: string): string => disk.resolvePath(ctx.cwd, text);
      const mine = argv.some((text) => !text.startsWith('-') && disk.isOnDataDisk(path(text)));
      if (ctx.origCommand !== undefined && this.world.loaded.has(name) && !mine) return ctx.origCommand(argv);
      const context = {
        fleet: this.world.fleet as unknown as F,
        env: ctx.env,
        resolvePath: path,
        readFile: (text: string) => disk.readTextNow(path(text)),
        writeFile: (text: string, content: string) => disk.writeTextNow(path(text), content),
      };
      return execResult(await run.command(command, [name, ...argv], decodeBytesToUtf8(ctx.stdin), context));
    });
  }

  private async sort(argv: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
    if (!isHumanSort(argv) && ctx.origCommand !== undefined) return ctx.origCommand(argv);
    const reverse = argv.some((text) => text.includes('r'));
    return execResult(ok(humanSort(decodeBytesToUtf8(ctx.stdin), reverse)));
  }

  /** `timeout [-s SIGNAL] [-k TIME] TIME COMMAND...`: 124 when the time is up. */
  private async timeout(run: ScriptRun, argv: readonly string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
    let at = 0;
    while (argv[at]?.startsWith('-')) at += /^-[sk]$/.test(argv[at] ?? '') ? 2 : 1;
    if (argv[0] === '--help')
      return execResult(ok('usage: timeout [-s SIGNAL] [-k TIME] TIME[smhd] COMMAND [ARG...]\n'));
    const us = readSleep(argv[at] ?? '');
    const name = argv[at + 1];
    if (us === null) return execResult(failed(125, `timeout: invalid time interval '${argv[at] ?? ''}'\n`));
    if (name === undefined || ctx.exec === undefined) return execResult(failed(125, 'timeout: missing operand\n'));
    const deadline = run.beginDeadline(us === 0 ? UNTIMED_US : us);
    const before = run.cutOutput.length;
    const result = await ctx.exec(quote(name), {
      cwd: ctx.cwd,
      ...(ctx.exportedEnv === undefined ? {} : { env: ctx.exportedEnv }),
      args: argv.slice(at + 2),
      stdin: ctx.stdin as unknown as string,
      stdinKind: 'bytes',
      signal: deadline.controller.signal,
    });
    if (!run.endDeadline(deadline)) return result;
    const stdout = result.stdout + run.cutOutput.slice(before);
    run.cutOutput = run.cutOutput.slice(0, before);
    return execResult({ stdout, stderr: '', code: 124 });
  }

  /** `bash -c TEXT` and `bash FILE`: just-bash's, once the text has been looked through. */
  private async subshell(argv: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
    if (ctx.origCommand === undefined) return execResult(failed(127, 'bash: not available here\n'));
    const at = argv.findIndex((text) => /^-[a-z]*c$/.test(text));
    const file = argv.find((text) => !text.startsWith('-'));
    let text = decodeBytesToUtf8(ctx.stdin);
    if (at >= 0) text = argv[at + 1] ?? '';
    else if (file !== undefined) text = await ctx.fs.readFile(ctx.fs.resolvePath(ctx.cwd, file)).catch(() => '');
    const refusal = refusalOf(text, this.known);
    return refusal === null ? ctx.origCommand(argv) : execResult(failed(127, refusal));
  }

  /** `ssh HOST TEXT`, or `ssh HOST` with the script on its standard input (see shell-interactive.ts). */
  private async ssh(run: ScriptRun, argv: readonly string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
    const asked = readSsh(argv);
    if (!asked.ok) return execResult(asked.result);
    const target = this.world.resolveHost(asked.host);
    if (target === null) {
      return execResult(failed(255, `ssh: Could not resolve hostname ${asked.host}: Name or service not known\n`));
    }
    if (!this.world.canReach(run.host, target)) {
      const us = asked.connectTimeoutUs ?? CONNECT_TIMEOUT_US;
      const refuse: OperatorCommand<unknown> = function* () {
        yield { kind: 'sleep', us };
        return failed(255, `ssh: connect to host ${asked.host} port 22: Connection timed out\n`);
      };
      return this.wrap(run, 'ssh', refuse).execute([...argv], ctx);
    }
    const stdin = decodeBytesToUtf8(ctx.stdin);
    const script = asked.script ?? stdin;
    if (script.trim() === '') {
      return execResult(
        failed(
          2,
          `ssh ${asked.host}: no command: write ssh ${asked.host} "COMMAND", or ssh on a line of its own followed by the lines to type there\n`,
        ),
      );
    }
    return execResult(await run.withHost(target, () => this.script(run, script, asked.script === null ? '' : stdin)));
  }
}

/** A command that prints one line. */
function printer(text: () => string): OperatorCommand<unknown> {
  // biome-ignore lint/correctness/useYield: takes no time
  return function* (): Generator<never, CommandResult, boolean> {
    return ok(`${text()}\n`);
  };
}

function execResult(result: CommandResult): ExecResult {
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.code };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
