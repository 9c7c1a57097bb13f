/** What a command printed and how it ended; the shape of a whole script's result, too. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * What a command waits for. `sleep` always answers true; `until` asks `poll` every `everyUs` and answers true as soon as
 * it holds, false after `timeoutUs`. `poll` runs in the kernel, outside a shell turn: no Date, no promises.
 */
export type Wait =
  | { readonly kind: 'sleep'; readonly us: number }
  | { readonly kind: 'until'; readonly poll: () => boolean; readonly everyUs: number; readonly timeoutUs: number };

/** What a command may see and touch besides its arguments. */
export interface CommandContext<Fleet> {
  readonly fleet: Fleet;
  /** Host whose shell runs the command. */
  readonly onHost: string;
  readonly env: ReadonlyMap<string, string>;
  /** Wall clock of `onHost` in ms since 1970. */
  nowMs(): number;
  /** Text of a file on `onHost` (relative paths from the working directory); null when there is none. */
  readFile(path: string): string | null;
  writeFile(path: string, text: string): void;
  /** Absolute path of a word by the shell's working directory. Without a shell, words are absolute. */
  resolvePath?(path: string): string;
  /**
   * Prints at once, before the result's `stdout`: what was printed so stays when the command is cut off by a timeout
   * (`--watch` and other commands without an end).
   */
  print(text: string): void;
}

/**
 * A command of the simulated fleet: a generator that yields when it costs virtual time. The kernel runs the world until
 * the wait is over, and the command goes on. It is closed (`return`) when a timeout cuts it off, so `finally` works.
 */
export type OperatorCommand<Fleet> = (
  argv: readonly string[],
  stdin: string,
  ctx: CommandContext<Fleet>,
) => Generator<Wait, CommandResult, boolean>;

/** The commands of a system, by name. One that is named like a command of the shell (`rm`, `sleep`) stands before it. */
export interface CommandTable<Fleet> {
  readonly commands: ReadonlyMap<string, OperatorCommand<Fleet>>;
}

export function ok(stdout: string): CommandResult {
  return { stdout, stderr: '', code: 0 };
}

export function failed(code: number, stderr: string): CommandResult {
  return { stdout: '', stderr, code };
}
