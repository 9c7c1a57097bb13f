import { Box, render, Text } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { FuzzProgressState } from './fuzz-meter.ts';
import type { FuzzProgress } from './fuzz-progress.ts';
import { leftText, sparkline, speedParts } from './fuzz-progress-text.ts';

const BAR_CELLS = 30;
/** Signatures that are shown; the report has all. */
const SIGNATURES_MAX = 6;

const START: FuzzProgressState = {
  runs: 0,
  total: -1,
  runsPerSecond: 0,
  eventsPerSecond: 0,
  virtualPerSecond: 0,
  features: 0,
  curve: [],
  inconclusive: 0,
  signatures: [],
  secondsLeft: -1,
};

/** Progress bar, speed, the curve of coverage and the failures by signature. */
export function FuzzProgressView(state: FuzzProgressState): ReactElement {
  const { runs, total, features, curve, inconclusive, signatures } = state;
  const filled = total <= 0 ? 0 : Math.floor((BAR_CELLS * runs) / total);
  const bar = total < 0 ? '' : `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}] `;
  const left = leftText(state);
  const lines = [
    `fuzzing ${bar}${runs}${total < 0 ? ' runs' : `/${total}`}${left === '' ? '' : `, ${left}`}`,
    `  ${speedParts(state).join(', ')}`,
    ...(features === 0 ? [] : [`  coverage ${features} features ${sparkline(curve)}`]),
    `  ${inconclusive} inconclusive, failures: ${signatures.length === 0 ? 'none' : ''}`,
    ...signatures
      .slice(0, SIGNATURES_MAX)
      .map(({ count, signature, known }) => `    ${count} x ${signature}${known ? ' (known)' : ' (new)'}`),
    ...(signatures.length > SIGNATURES_MAX ? [`    and ${signatures.length - SIGNATURES_MAX} more signatures`] : []),
  ];
  return createElement(
    Box,
    { flexDirection: 'column' },
    ...lines.map((line, key) => createElement(Text, { key, wrap: 'truncate' }, line)),
  );
}

/** Draws on a terminal and clears itself at the end. Ctrl-C is the command's own. */
export function inkFuzzProgress(stderr: NodeJS.WriteStream): FuzzProgress {
  const app = render(createElement(FuzzProgressView, START), {
    stdout: stderr,
    stderr,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  return {
    show(state) {
      app.rerender(createElement(FuzzProgressView, state));
    },
    end() {
      app.clear();
      app.unmount();
    },
  };
}
