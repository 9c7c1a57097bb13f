import { systemReason, UserError } from '../plan/user-error.ts';
import { EXIT, worstExit } from './exit-codes.ts';

/** Where a command writes; handed in so that tests can listen. */
export interface TextOutput {
  stdout(text: string): void;
  stderr(text: string): void;
}

export interface CommandOutput extends TextOutput {
  /** Whether stdout may carry colours, and whether stderr is a terminal on which progress may be drawn. */
  readonly colour: boolean;
  readonly terminal: boolean;
}

/** The variables that say what a terminal can show. */
export interface TerminalVariables {
  readonly NO_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
}

/** Whether to colour a stream: a terminal that is not dumb, and NO_COLOR unset or empty (no-color.org). */
export function wantsColour({ NO_COLOR, TERM }: TerminalVariables, isTerminal: boolean): boolean {
  return isTerminal && TERM !== 'dumb' && (NO_COLOR ?? '') === '';
}

/** Rows and columns that drawn progress needs. A terminal that knows no size would be wiped instead of redrawn. */
const ROWS_MIN = 4;
const COLUMNS_MIN = 40;

/** Whether progress may be drawn on a stream. */
export function canDraw(
  { isTTY, rows, columns }: { readonly isTTY?: boolean; readonly rows?: number; readonly columns?: number },
  term: string | undefined,
): boolean {
  return isTTY === true && term !== 'dumb' && (rows ?? 0) >= ROWS_MIN && (columns ?? 0) >= COLUMNS_MIN;
}

/**
 * Standard output as it is: it takes text, nobody reads it any more, or it refuses. A reader that closes early, such as
 * `firedrill list | head`, has seen what it wanted; the command goes on and ends with its own code. A full disk is told.
 */
export class Outlet {
  private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'on'>;
  private failure: NodeJS.ErrnoException | null;
  private told: boolean;

  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'on'>) {
    this.stream = stream;
    this.failure = null;
    this.told = false;
    stream.on('error', (error: NodeJS.ErrnoException) => this.heard(error));
  }

  /** Throws a `UserError` once the stream has refused; that may become known only with the next text. */
  write(text: string): void {
    if (this.failure === null) {
      try {
        this.stream.write(text);
      } catch (error) {
        this.heard(error as NodeJS.ErrnoException);
      }
    }
    const refusal = this.refusal();
    if (refusal === null) return;
    this.told = true;
    throw refusal;
  }

  /** A refusal that nobody has heard of; null for none. */
  untold(): UserError | null {
    return this.told ? null : this.refusal();
  }

  private heard(error: NodeJS.ErrnoException): void {
    this.failure ??= error;
  }

  private refusal(): UserError | null {
    if (this.failure === null || this.failure.code === 'EPIPE') return null;
    return new UserError(
      `cannot write to standard output: ${systemReason(this.failure)}`,
      'make room, or let standard output go somewhere else',
    );
  }
}

/** The process's own streams. What standard output refused last is told when the process ends, with exit code 64. */
export function processOutput(): CommandOutput {
  const { NO_COLOR, TERM } = process.env;
  const outlet = new Outlet(process.stdout);
  // A terminal that is gone takes no keys either; whoever closed standard error does not want to hear.
  if (process.stdout.isTTY) process.stdout.on('error', () => process.exit(EXIT.usage));
  process.stderr.on('error', () => {});
  process.on('exit', (code) => {
    const problem = outlet.untold();
    if (problem === null) return;
    process.stderr.write(`firedrill: ${problem.message}\n`);
    process.exitCode = worstExit([code, EXIT.usage]);
  });
  return {
    stdout: (text) => outlet.write(text),
    stderr: (text) => void process.stderr.write(text),
    colour: wantsColour({ NO_COLOR, TERM }, process.stdout.isTTY === true),
    terminal: canDraw(process.stderr, TERM),
  };
}
