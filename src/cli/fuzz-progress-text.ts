import { durationText } from '../report/duration.ts';
import type { FuzzProgressState } from './fuzz-meter.ts';
import { barText } from './progress-text.ts';

/** Signatures that are drawn; the report has all. */
const SIGNATURES_MAX = 6;

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

/** What is drawn on a terminal: bar, speed, the curve of coverage and the failures by signature. */
export function progressLines(state: FuzzProgressState): string[] {
  const { runs, total, features, curve, inconclusive, signatures } = state;
  const bar = total < 0 ? '' : `${barText(runs, total)} `;
  const left = leftText(state);
  return [
    `fuzzing ${bar}${runs}${total < 0 ? ' runs' : `/${total}`}${left === '' ? '' : `, ${left}`}`,
    `  ${speedParts(state).join(', ')}`,
    ...(features === 0 ? [] : [`  coverage ${features} features ${sparkline(curve)}`]),
    `  ${inconclusive} inconclusive, failures: ${signatures.length === 0 ? 'none' : ''}`,
    ...signatures
      .slice(0, SIGNATURES_MAX)
      .map(({ count, signature, known }) => `    ${count} x ${signature}${known ? ' (known)' : ' (new)'}`),
    ...(signatures.length > SIGNATURES_MAX ? [`    and ${signatures.length - SIGNATURES_MAX} more signatures`] : []),
  ];
}

function speedParts({ runsPerSecond, eventsPerSecond, virtualPerSecond }: FuzzProgressState): string[] {
  return [
    `${runsPerSecond.toFixed(1)} runs/s`,
    `${countText(eventsPerSecond)} events/s`,
    `${durationText(Math.round(virtualPerSecond * 1_000_000))} of virtual time a second`,
  ];
}

function leftText({ secondsLeft }: FuzzProgressState): string {
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
