import type { CommandOutput } from './output.ts';
import { runLines } from './progress-text.ts';

/** What has happened so far in a long command. */
export interface ProgressState {
  readonly label: string;
  readonly total: number;
  readonly done: number;
  /** The latest run, in a few words. */
  readonly latest: string;
}

/** Where progress is shown. */
export interface Progress {
  show(state: ProgressState): void;
  /** Takes away what was drawn. */
  end(): void;
}

/** Plain lines that a long command writes at most. */
const LINES_MAX = 20;

/**
 * Progress on stderr: drawn with ink on a terminal, otherwise plain lines, some twenty at most. With `json` nothing is
 * drawn either: stdout is then read by a program, and its user watches a log.
 */
export async function progressOn(out: CommandOutput, json: boolean): Promise<Progress> {
  if (out.terminal && !json) {
    const { inkProgress } = await import('./progress-ink.ts');
    return inkProgress(process.stderr, runLines);
  }
  return lineProgress(out);
}

/** A line for every twentieth part; the last run always gets one. */
export function lineProgress(out: Pick<CommandOutput, 'stderr'>): Progress {
  return {
    show({ label, total, done, latest }) {
      const step = Math.max(1, Math.ceil(total / LINES_MAX));
      if (done === 0 || (done % step !== 0 && done !== total)) return;
      out.stderr(`${label} ${done}/${total}${latest === '' ? '' : `: ${latest}`}\n`);
    },
    end() {},
  };
}
