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

/** The process's own streams. */
export function processOutput(): CommandOutput {
  const { NO_COLOR, TERM } = process.env;
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    colour: wantsColour({ NO_COLOR, TERM }, process.stdout.isTTY === true),
    terminal: canDraw(process.stderr, TERM),
  };
}
