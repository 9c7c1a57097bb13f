import type { FuzzProgressState } from './fuzz-meter.ts';
import { progressLine, progressLines } from './fuzz-progress-text.ts';
import type { CommandOutput } from './output.ts';

/** Where a campaign shows how far it is. */
export interface FuzzProgress {
  show(state: FuzzProgressState): void;
  /** Takes away what was drawn. */
  end(): void;
}

/** A log gets a line so often; a terminal is drawn more often. */
export const LINE_MS = 5_000;
export const DRAW_MS = 500;

/** Progress on stderr: drawn with ink on a terminal, otherwise a plain line every few seconds. */
export async function fuzzProgressOn(
  out: CommandOutput,
  json: boolean,
): Promise<FuzzProgress & { readonly everyMs: number }> {
  if (out.terminal && !json) {
    const { inkProgress } = await import('./progress-ink.ts');
    return { ...inkProgress(process.stderr, progressLines), everyMs: DRAW_MS };
  }
  return { show: (state) => out.stderr(`${progressLine(state)}\n`), end: () => {}, everyMs: LINE_MS };
}
