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

/** The process's own streams. NO_COLOR (any value but an empty one) and TERM=dumb switch colours off. */
export function processOutput(): CommandOutput {
  const { NO_COLOR, TERM } = process.env;
  const plain = (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY === true && !plain,
    terminal: process.stderr.isTTY === true && TERM !== 'dumb',
  };
}
