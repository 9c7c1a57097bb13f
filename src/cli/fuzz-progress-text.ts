import { durationText } from '../report/duration.ts';
import type { FuzzProgressState } from './fuzz-meter.ts';

/** Runs, speed, failures and time left in one line. */
export function progressLine(state: FuzzProgressState): string {
  const failures = state.signatures.reduce((sum, each) => sum + each.count, 0);
  const fresh = state.signatures.filter(({ known }) => !known).length;
  const parts = [
    `${state.runs}${state.total < 0 ? '' : `/${state.total}`} runs`,
    ...speedParts(state),
    ...(state.features > 0 ? [`${state.features} features`] : []),
    `${state.inconclusive} inconclusive`,
    failures === 0 ? '0 failures' : `${failures} failures by ${state.signatures.length} signatures, ${fresh} new`,
    leftText(state),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export function speedParts({ runsPerSecond, eventsPerSecond, virtualPerSecond }: FuzzProgressState): string[] {
  return [
    `${runsPerSecond.toFixed(1)} runs/s`,
    `${countText(eventsPerSecond)} events/s`,
    `${durationText(Math.round(virtualPerSecond * 1_000_000))} of virtual time a second`,
  ];
}

export function leftText({ secondsLeft }: FuzzProgressState): string {
  return secondsLeft < 1 ? '' : `${durationText(Math.round(secondsLeft) * 1_000_000)} left`;
}

/** A large count in few characters: `950`, `12.3k`, `1.25M`. */
export function countText(count: number): string {
  if (count < 1_000) return String(Math.round(count));
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(2)}M`;
}

const BARS = '▁▂▃▄▅▆▇█';

/** A row of bars from 0 up to the largest value. */
export function sparkline(values: readonly number[]): string {
  const top = Math.max(1, ...values);
  return values.map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length))]!).join('');
}
