import type { ProgressState } from './progress.ts';

const BAR_CELLS = 30;

/** A bar in brackets; an empty one where nothing is to be done. */
export function barText(done: number, total: number): string {
  const filled = total <= 0 ? 0 : Math.floor((BAR_CELLS * done) / total);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}

/** A bar, the count and the latest run. */
export function runLines({ label, total, done, latest }: ProgressState): string[] {
  return [`${label} ${barText(done, total)} ${done}/${total} ${latest}`];
}
